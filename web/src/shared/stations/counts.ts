/** What stands at stations, as a stream tells it; pure. */
import type { StationCountFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import type { Station } from './places.ts';

export type StationCount = StationCountFieldsFragment;

export interface Counts {
  of: ReadonlyMap<string, StationCount>;
  /** When the stream was lost, by the server's clock; null while it runs. */
  lostAt: number | null;
}

export const countsOf = (stations: readonly StationCount[]): Counts => ({
  of: new Map(stations.map((station) => [station.stationId, station])),
  lostAt: null,
});

/** A message says what is, not what changed: it may come twice. */
export const told = ({ of }: Counts, stations: readonly StationCount[]): Counts => ({
  of: new Map([...of, ...stations.map((station) => [station.stationId, station] as const)]),
  lostAt: null,
});

/** Stations with their counts; as they were answered where the stream was lost before that. */
export function withCounts(
  stations: readonly Station[],
  askedAt: number | null,
  counts: Counts | null,
): readonly Station[] {
  if (!counts || (counts.lostAt !== null && (askedAt ?? 0) >= counts.lostAt)) return stations;
  return stations.map((station) => {
    const count = counts.of.get(station.stationId);
    if (!count) return station;
    const { state, racks, bikesParked, bikesAvailable, freeRacks } = count;
    return { ...station, state, racks, bikesParked, bikesAvailable, freeRacks };
  });
}

/** How many stations the stream tells of that are not among those: they opened since. */
export function strangersIn({ of }: Counts, stations: readonly Station[]): number {
  const known = new Set(stations.map(({ stationId }) => stationId));
  return [...of.keys()].filter((stationId) => !known.has(stationId)).length;
}
