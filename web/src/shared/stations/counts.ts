/** What stands at stations, as a stream tells it; pure. Times are this page's, by `performance.now()`. */
import type { StationCountFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import type { Station } from './places.ts';

export type StationCount = StationCountFieldsFragment;

export interface Counts {
  of: ReadonlyMap<string, { count: StationCount; toldAt: number }>;
  /** Whether the stream runs. */
  isLive: boolean;
}

export const noCounts: Counts = { of: new Map(), isLive: false };

/** A message says what is, not what changed: it may come twice. */
export function told(counts: Counts, stations: readonly StationCount[], toldAt: number): Counts {
  const of = new Map(counts.of);
  for (const count of stations) of.set(count.stationId, { count, toldAt });
  return { ...counts, of };
}

/** How each station was shown last, by how it was answered: while nothing of it changes, it stays the same object. */
export type Shown = WeakMap<Station, Station>;

/**
 * So long after the stream has told of a change, an answer may not know it yet: whether a bike is in service is heard from
 * another service, by the one that answers a little later, at times, than by the one that tells.
 */
export const graceMs = 5_000;

/**
 * Stations with the newer of two: what was answered, and what the stream told. What the page had heard some time before it
 * asked, the answer knows; what came after that is newer. A stream that runs tells the rest; of one that is lost, an answer
 * is the only news.
 */
export function withCounts(
  stations: readonly Station[],
  askedAt: number | null,
  counts: Counts | null,
  shown: Shown,
): readonly Station[] {
  if (!counts) return stations;
  return stations.map((station) => {
    const heard = counts.of.get(station.stationId);
    if (!heard) return station;
    const isOlder = heard.toldAt + (counts.isLive ? graceMs : 0) <= (askedAt ?? -Infinity);
    // The service that counts was away: what a stream that runs told last still holds.
    const isCounted = station.bikesParked !== undefined;
    return isOlder && (isCounted || !counts.isLive) ? station : counted(station, heard.count, shown);
  });
}

function counted(station: Station, count: StationCount, shown: Shown): Station {
  const before = shown.get(station) ?? station;
  const { state, racks, bikesParked, bikesAvailable, freeRacks } = count;
  const isSame =
    before.state === state &&
    before.racks === racks &&
    before.bikesParked === bikesParked &&
    before.bikesAvailable === bikesAvailable &&
    before.freeRacks === freeRacks;
  if (isSame) return before;
  const now = { ...station, state, racks, bikesParked, bikesAvailable, freeRacks };
  shown.set(station, now);
  return now;
}

/** How many stations the stream tells of that are not among those: they opened since. */
export function strangersIn({ of }: Counts, known: ReadonlySet<string>): number {
  let strangers = 0;
  for (const stationId of of.keys()) if (!known.has(stationId)) strangers += 1;
  return strangers;
}
