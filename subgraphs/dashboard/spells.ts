/** When stations were empty or full, worked out from the past of the bikes that stood there. */
import { conditionsOf, dayMs, sizesOf, standsOf, type Past } from './past.ts';
import type { Picture } from './picture.ts';
import type { BikeView, StationView } from './projections.ts';
import { inSlices } from './slices.ts';

/** A time without a break, in ms since 1970; until now where it has no end. */
export interface Spell {
  from: number;
  to?: number;
}

/** When a station had no bike to reserve, and no free rack; the oldest first, as far back as is known. */
export interface Spells {
  empty: Spell[];
  full: Spell[];
}

/** What there is to say of spells now. */
export interface Told {
  isNow: boolean;
  /** Null when it is not so, or has been for longer than a day. */
  since: number | null;
  /** How often it began in the last day. */
  times: number;
  /** How long it was so in the last day. */
  ms: number;
}

/** Each at a time, in ms since 1970. */
interface Change {
  at: number;
  bikes: number;
  available: number;
}

/** How a bike changed what stood at each station, in the order of time. */
export function changesBy(bike: BikeView): Map<string, Change[]> {
  const changes = new Map<string, Change[]>();
  const note = (stationId: string | undefined, change: Change) => {
    if (stationId === undefined || (change.bikes === 0 && change.available === 0)) return;
    const known = changes.get(stationId);
    if (known) known.push(change);
    else changes.set(stationId, [change]);
  };
  let [here, available]: [string | undefined, number] = [undefined, 0];
  for (const { at, one: stand, other } of together(standsOf(bike), conditionsOf(bike))) {
    // It counts once it is registered.
    const place = other && stand?.stationId;
    const canBeHad = Number(place !== undefined && stand?.isFree === true && other?.condition === 'IN_SERVICE');
    if (place === here) note(here, { at, bikes: 0, available: canBeHad - available });
    else {
      note(here, { at, bikes: -1, available: -available });
      note(place, { at, bikes: 1, available: canBeHad });
    }
    [here, available] = [place, canBeHad];
  }
  return changes;
}

/** Two pasts side by side: at each step of either, what both were; undefined before it is known. */
function* together<One, Other>(ones: Past<One>, others: Past<Other>) {
  let [one, other] = [-1, -1];
  while (one + 1 < ones.length || other + 1 < others.length) {
    const at = Math.min(ones[one + 1]?.at ?? Infinity, others[other + 1]?.at ?? Infinity);
    while ((ones[one + 1]?.at ?? Infinity) <= at) one += 1;
    while ((others[other + 1]?.at ?? Infinity) <= at) other += 1;
    yield { at, one: ones[one], other: others[other] };
  }
}

/** The spells of a station, from what changed there. What happened at the same moment counts together. */
export function spellsOf(station: StationView, changes: Change[]): Spells {
  const summed: Change[] = [];
  let count: Change = { at: -Infinity, bikes: 0, available: 0 };
  for (const { at, bikes: more, available } of changes.sort((one, other) => one.at - other.at)) {
    count = { at, bikes: count.bikes + more, available: count.available + available };
    summed.push(count);
  }
  const spells: Spells = { empty: [], full: [] };
  for (const { at, one: size, other } of together(sizesOf(station), summed)) {
    // Before it opened a station was neither.
    if (!size) continue;
    note(spells.empty, at, (other?.available ?? 0) <= 0);
    note(spells.full, at, (other?.bikes ?? 0) >= size.racks);
  }
  return spells;
}

function note(spells: Spell[], at: number, isSo: boolean): void {
  const last = spells.at(-1);
  const isOpen = last !== undefined && last.to === undefined;
  if (isSo && !isOpen) spells.push({ from: at });
  if (!isSo && isOpen) last.to = at;
}

/** @param now in ms since 1970. */
export function tell(spells: readonly Spell[], now: number): Told {
  const begin = now - dayMs;
  const last = spells.at(-1);
  const isNow = last !== undefined && last.to === undefined;
  const lasted = ({ from, to = now }: Spell) => Math.max(0, Math.min(to, now) - Math.max(from, begin));
  return {
    isNow,
    // Before that day bikes stood there of which nothing is known any more.
    since: isNow && last.from > begin ? last.from : null,
    times: spells.filter(({ from }) => from > begin).length,
    ms: spells.reduce((sum, spell) => sum + lasted(spell), 0),
  };
}

function isSame(ones: readonly Change[], others: readonly Change[] = []): boolean {
  return (
    ones.length === others.length &&
    ones.every(({ at, bikes, available }, place) => {
      const other = others[place];
      return other?.at === at && other.bikes === bikes && other.available === available;
    })
  );
}

/** The spells of stations in the newest picture: worked out when somebody asks, and again once a bike changed there. */
export function createSpells() {
  let of: Picture | undefined;
  let version = -1;
  const seen = new Map<number, { bike: BikeView; stationIds: string[] }>();
  /** By station and bike. */
  const changes = new Map<string, Map<number, Change[]>>();
  const known = new Map<string, { station: StationView; spells: Spells }>();

  /** @returns whether there was work to do. */
  function see(bike: BikeView): boolean {
    const { bikeId } = bike;
    const before = seen.get(bikeId);
    if (before?.bike === bike) return false;
    const after = changesBy(bike);
    seen.set(bikeId, { bike, stationIds: [...after.keys()] });
    for (const stationId of before?.stationIds ?? []) {
      if (after.has(stationId)) continue;
      changes.get(stationId)?.delete(bikeId);
      known.delete(stationId);
    }
    for (const [stationId, some] of after) {
      const there = changes.get(stationId) ?? new Map<number, Change[]>();
      if (isSame(some, there.get(bikeId))) continue;
      changes.set(stationId, there.set(bikeId, some));
      known.delete(stationId);
    }
    return true;
  }

  /** Looks at each bike of the picture, and works on those that changed. */
  async function look(picture: Picture): Promise<void> {
    if (of === picture && version === picture.version) return;
    if (of !== picture) {
      seen.clear();
      changes.clear();
      known.clear();
      [of, version] = [picture, -1];
    }
    // What changes meanwhile, the next look sees.
    const until = picture.version;
    await inSlices(picture.bikes.values(), bikesAtOnce, see);
    await inSlices(picture.stations.values(), stationsAtOnce, (station) => {
      const isNews = known.get(station.stationId)?.station !== station;
      spellsAt(station);
      return isNews;
    });
    version = until;
  }

  function spellsAt(station: StationView): Spells {
    const before = known.get(station.stationId);
    if (before?.station === station) return before.spells;
    const spells = spellsOf(station, [...(changes.get(station.stationId)?.values() ?? [])].flat());
    known.set(station.stationId, { station, spells });
    return spells;
  }

  let looking: Promise<unknown> = Promise.resolve();

  /** Those of the picture's stations. */
  return async (picture: Picture): Promise<(station: StationView) => Spells> => {
    const looked = looking.then(() => look(picture));
    // One that fails is told to who asked for it; the next one looks again.
    looking = looked.catch(() => undefined);
    await looked;
    return spellsAt;
  };
}

/** Some milliseconds of work. A start works on all bikes, and on all stations. */
const [bikesAtOnce, stationsAtOnce] = [500, 50] as const;

export type SpellsIn = Awaited<ReturnType<ReturnType<typeof createSpells>>>;
