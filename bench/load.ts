import { setTimeout as delay } from 'node:timers/promises';
import { GraphqlRequestError, type Client } from '../schema/client/client.ts';
import {
  MeDocument,
  ReservationDocument,
  ReserveBikeDocument,
  ReturnBikeDocument,
  StartRideDocument,
} from '../schema/client/generated/graphql.ts';
import { createCounter, distributionOf, round, type Distribution } from './statistics.ts';

export interface LoadOptions {
  /** When reservations are asked for, in ms from the start and in order, whatever becomes of the earlier ones. */
  schedule: readonly number[];
  riders: readonly Client[];
  bikeIds: readonly number[];
  /** Every bike is returned to one of these; without any, nowhere that is known. */
  stationIds?: readonly string[];
  /** Asks for any bike at one of the stations, not for a bike by its number. */
  byStation?: boolean;
  /** Pause of the rider before getting on the bike, and how long the ride takes. */
  pauseMs: number;
  rideMs?: number;
  /** Tells reserveBike apart by when it was due, in slices of this length. */
  sliceMs?: number;
  signal: AbortSignal;
}

/** Times are in ms. Those of reserveBike and of the story count from the moment at which the request was due. */
export interface LoadResult {
  asked: number;
  /** Reserved, started and returned. */
  completed: number;
  completedPerSecond: number;
  reserveBike: Distribution;
  /** The same by slices; empty without `sliceMs`. */
  slices: Distribution[];
  startRide: Distribution;
  returnBike: Distribution;
  /** The three together, without the rider's pauses. */
  story: Distribution;
  /** Answers that were none yet, because the saga took longer than the mutation waits. */
  pending: number;
  refusals: Record<string, number>;
  errors: Record<string, number>;
}

/** How long the stories that are under way may still take once the last one has begun. */
const patienceMs = 60_000;

/**
 * Open loop: requests leave at their times also when the system is slow, and their latency counts from the time at which
 * they were due. So a pause of the system shows in every request that fell into it (no coordinated omission).
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const riders = createPool(options.riders);
  const bikes = createPool(options.bikeIds);
  const times = { reserveBike: [] as number[], startRide: [] as number[], returnBike: [] as number[] };
  const stories: number[] = [];
  const { pauseMs, rideMs = pauseMs, sliceMs = Infinity, stationIds = [], byStation = false } = options;
  let asked = 0;
  /** The next in turn; they are many more than there are stories at a time. */
  const nextStation = () => stationIds[asked++ % stationIds.length] ?? null;
  const slices = sliceMs === Infinity ? [] : perSlice(options.schedule, sliceMs);
  const { counts: refusals, count: countRefusal } = createCounter();
  const { counts: errors, count: countError } = createCounter();
  let pending = 0;

  async function timed<Result>(name: keyof typeof times, dueAt: number, work: Promise<Result>): Promise<Result> {
    const result = await work;
    const ms = performance.now() - dueAt;
    times[name].push(ms);
    if (name === 'reserveBike') slices[Math.floor((dueAt - startedAt) / sliceMs)]?.push(ms);
    return result;
  }

  async function play(dueAt: number): Promise<void> {
    const [rider, bikeId] = await Promise.all([riders.take(), bikes.take()]);
    try {
      await ride(dueAt, rider, bikeId);
    } catch (error) {
      countError(codeOf(error));
      // What became of the reservation is not known. Who cannot be freed stays out of the game, with the bike.
      await free(rider);
    }
    riders.give(rider);
    bikes.give(bikeId);
  }

  async function ride(dueAt: number, rider: Client, bikeId: number): Promise<void> {
    const input = byStation ? { stationId: nextStation() } : { bikeId };
    const { reserveBike } = await timed('reserveBike', dueAt, rider.request(ReserveBikeDocument, { input }));
    const reserveNo = reserveBike.reservation?.reserveNo;
    if (reserveBike.refusal || reserveNo === undefined) {
      countRefusal(reserveBike.refusal?.code ?? 'NO_RESERVATION');
    } else {
      if (reserveBike.reservation?.reserveStatus === 'PENDING') {
        pending += 1;
        await outcomeOf(rider, reserveNo);
      }
      await delay(pauseMs);
      const { startRide } = await timed(
        'startRide',
        performance.now(),
        rider.request(StartRideDocument, { input: { reserveNo } }),
      );
      await delay(rideMs);
      const { returnBike } = await timed(
        'returnBike',
        performance.now(),
        rider.request(ReturnBikeDocument, { input: { reserveNo, stationId: nextStation() } }),
      );
      const refusal = startRide.refusal ?? returnBike.refusal;
      if (refusal) countRefusal(refusal.code);
      else stories.push(performance.now() - dueAt - pauseMs - rideMs);
    }
  }

  const startedAt = performance.now();
  const running: Promise<void>[] = [];
  for (const dueMs of options.schedule) {
    if (options.signal.aborted) break;
    const dueAt = startedAt + dueMs;
    const early = dueAt - performance.now();
    if (early > 0) await delay(early);
    running.push(play(dueAt).catch(() => undefined));
  }
  const late = new AbortController();
  await Promise.race([
    Promise.all(running),
    delay(patienceMs, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
  const seconds = (performance.now() - startedAt - pauseMs - rideMs) / 1000;
  return {
    asked: running.length,
    completed: stories.length,
    completedPerSecond: round(stories.length / seconds),
    reserveBike: distributionOf(times.reserveBike),
    slices: slices.map(distributionOf),
    startRide: distributionOf(times.startRide),
    returnBike: distributionOf(times.returnBike),
    story: distributionOf(stories),
    pending,
    refusals: { ...refusals },
    errors: { ...errors },
  };
}

/** Requests at even distances. */
export function evenly(rate: number, seconds: number): number[] {
  return Array.from({ length: Math.round(rate * seconds) }, (_, index) => (index * 1000) / rate);
}

function perSlice(schedule: readonly number[], sliceMs: number): number[][] {
  return Array.from({ length: Math.floor((schedule.at(-1) ?? 0) / sliceMs) + 1 }, () => []);
}

/** Ends whatever the rider has. @throws {Error} when that does not succeed for ten seconds. */
async function free(rider: Client): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await delay(1_000);
    try {
      const reserveNo = (await rider.request(MeDocument, {})).me?.currentReservation?.reserveNo;
      if (reserveNo === undefined) return;
      await outcomeOf(rider, reserveNo);
      await rider.request(ReturnBikeDocument, { input: { reserveNo } });
      return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

/** Asks until a pending reservation has its outcome, at most 20 s. */
async function outcomeOf(rider: Client, reserveNo: number): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    await delay(500);
    const { reservation } = await rider.request(ReservationDocument, { reserveNo });
    if (reservation && reservation.reserveStatus !== 'PENDING') return;
  }
}

export function codeOf(error: unknown): string {
  return error instanceof GraphqlRequestError ? error.code : error instanceof Error ? error.message : String(error);
}

/** Hands out what is free; who comes while nothing is waits in line. */
function createPool<Item>(items: readonly Item[]) {
  const free = [...items];
  const waiting: ((item: Item) => void)[] = [];
  return {
    take(): Promise<Item> {
      const item = free.shift();
      return item === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(item);
    },
    give(item: Item): void {
      const next = waiting.shift();
      if (next) next(item);
      else free.push(item);
    },
  };
}
