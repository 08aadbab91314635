import type { Dice } from './dice.ts';

/**
 * The demo's city without its network: who does what next, and counts of the outcomes. Pure but for the injected dice,
 * so that a seed replays the same city.
 */

/** What the demo knows of its people and bikes. */
export interface City {
  riders: readonly CityRider[];
  bikeIds: readonly number[];
  /** Bikes that riders of the demo have, or are asking for. */
  takenBikeIds: ReadonlySet<number>;
}

export interface CityRider {
  userId: string;
  /** As far as the demo knows; null when the rider was never asked. */
  points: number | null;
  /** In the middle of a trip. */
  busy: boolean;
}

/** One rider's plan from wanting a bike to being done with it. Times in ms. */
export interface Trip {
  userId: string;
  /** Points to buy first; null when the rider has enough, or thinks so. */
  purchase: number | null;
  bikeId: number;
  /** From the reservation to getting on the bike, or to giving up. */
  walkMs: number;
  /** Null when the rider cancels instead. */
  rideMs: number | null;
}

/** What a reservation costs unless RESERVATION_FEE says otherwise. */
export const fee = 1_000;
const chances = { takenBike: 0.07, noPurchase: 0.15, cancel: 0.12 };

/** Which rider wants which bike next; null when no rider is free. */
export function nextTrip(city: City, dice: Dice): Trip | null {
  const rider = dice.pick(city.riders.filter(({ busy }) => !busy));
  if (!rider) return null;
  const free = city.bikeIds.filter((bikeId) => !city.takenBikeIds.has(bikeId));
  const taken = city.bikeIds.filter((bikeId) => city.takenBikeIds.has(bikeId));
  const wantsTaken = dice.chance(chances.takenBike);
  const bikeId = dice.pick((wantsTaken && taken.length > 0) || free.length === 0 ? taken : free);
  if (bikeId === undefined) return null;
  return {
    userId: rider.userId,
    purchase: purchaseOf(rider, dice),
    bikeId,
    walkMs: dice.between(2_000, 8_000),
    rideMs: dice.chance(chances.cancel) ? null : dice.between(5_000, 20_000),
  };
}

/** 1000 to 5000 points by those who have too few; some only find out when they are refused. */
function purchaseOf({ points }: CityRider, dice: Dice): number | null {
  if ((points ?? 0) >= fee || dice.chance(chances.noPurchase)) return null;
  return Math.floor(dice.between(1, 6)) * 1_000;
}

/** Random arrivals (Poisson), `rate` per second on average, at most ten seconds apart. */
export function nextArrivalMs(rate: number, dice: Dice): number {
  return Math.min(10_000, (-Math.log(1 - dice.between(0, 1)) / rate) * 1_000);
}

/** Mostly the green that gave 따릉이 its look. */
export function bikeColor(dice: Dice): string {
  return dice.pick(['green', 'green', 'green', 'green', 'green', 'green', 'white', 'white', 'yellow', 'blue']);
}

/** Counts of what the demo did, and of the outcomes. */
export interface Tally {
  did(what: Deed): void;
  refused(code: string): void;
  failed(code: string): void;
  /** How long reserveBike took, in ms, whatever its answer. */
  reserveTook(ms: number): void;
  /** One line for now. */
  progress(seconds: number, riding: number): string;
  /** The table at the end. */
  summary(seconds: number): string;
}

const deeds = {
  registered: 'bikes registered',
  bought: 'purchases of points',
  asked: 'reservations asked for',
  reserved: 'reservations made',
  cancelled: 'reservations cancelled',
  started: 'rides started',
  returned: 'bikes returned',
  idle: 'times no rider was free to ask',
} as const;
export type Deed = keyof typeof deeds;

export function createTally(): Tally {
  const did = new Map<Deed, number>();
  const refusals = new Map<string, number>();
  const errors = new Map<string, number>();
  const reserveMs: number[] = [];
  const of = (what: Deed) => did.get(what) ?? 0;

  return {
    did: (what) => count(did, what),
    refused: (code) => count(refusals, code),
    failed: (code) => count(errors, code),
    reserveTook: (ms) => void reserveMs.push(ms),
    progress(seconds, riding) {
      const words = [
        `${of('asked')} asked`,
        `${of('reserved')} reserved`,
        `${riding} under way`,
        `${of('cancelled')} cancelled`,
        `${of('returned')} returned`,
        `${total(refusals)} refused`,
        `${total(errors)} errors`,
      ];
      return `${String(Math.round(seconds)).padStart(5)} s   ${words.join(' · ')}`;
    },
    summary(seconds) {
      const done = (Object.keys(deeds) as Deed[])
        .filter((what) => what !== 'idle' || of(what) > 0)
        .map((what) => row(deeds[what], of(what)));
      const rate = seconds > 0 ? (of('reserved') / seconds).toFixed(1) : '0';
      return [
        `In ${Math.round(seconds)} s (${rate} reservations a second):`,
        ...done,
        ...section('Refusals', refusals),
        ...section('Errors', errors),
        `reserveBike: p50 ${milliseconds(reserveMs, 0.5)}, p99 ${milliseconds(reserveMs, 0.99)}`,
      ].join('\n');
    },
  };
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

function row(what: string, times: number): string {
  return `  ${what.padEnd(32)}${String(times).padStart(7)}`;
}

function section(title: string, counts: ReadonlyMap<string, number>): string[] {
  if (counts.size === 0) return [`${title}: none`];
  const most = [...counts].toSorted(([, one], [, other]) => other - one);
  return [`${title}:`, ...most.map(([code, times]) => row(code, times))];
}

function milliseconds(times: readonly number[], share: number): string {
  const sorted = times.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  return value === undefined ? '–' : `${Math.round(value)} ms`;
}
