import { createDice } from '../cli/demo/dice.ts';
import { seoul } from '../cli/demo/seoul.ts';
import { createFeed } from '../router/testing/feed.ts';
import { stationIdOf } from '../schema/places.ts';
import { tellEveryMs } from '../subgraphs/dashboard/station-counts.ts';

/** The stations of a made-up city, as the services that know of them would tell. */
export interface StationFeed {
  resolvers: Record<'dashboard' | 'station' | 'reservation', Record<string, object>>;
  /** Starts, or goes on at another pace; 0 stops. */
  pace(changesPerSecond: number): void;
  /** How many subscriptions follow the counts. */
  followers(): number;
}

export function createStationFeed(count: number): StationFeed {
  const dice = createDice(1);
  const stations = seoul(dice, count).map(({ nameKo, nameEn, ...station }) => ({
    ...station,
    stationId: stationIdOf(station.number),
    state: 'OPEN',
    address: null,
    openedDate: null,
    history: [],
    name: ({ language }: { language: string }) => (language === 'EN' ? nameEn : nameKo),
  }));
  type PlayedStation = (typeof stations)[number];
  const byId = new Map(stations.map((station) => [station.stationId, station]));
  const parked = new Map(stations.map(({ stationId, racks }) => [stationId, dice.below(racks)]));
  const countOf = ({ stationId, racks }: PlayedStation) => {
    const bikes = parked.get(stationId) ?? 0;
    return { stationId, state: 'OPEN', racks, bikesParked: bikes, bikesAvailable: bikes, freeRacks: racks - bikes };
  };
  const told = createFeed<object>();
  const countsNow = (of: readonly PlayedStation[]) => ({ at: new Date().toISOString(), stations: of.map(countOf) });

  /** As station-counts.ts tells it: what changed since, each station once. */
  let timer: ReturnType<typeof setInterval> | undefined;
  function pace(changesPerSecond: number): void {
    clearInterval(timer);
    if (changesPerSecond === 0) return;
    timer = setInterval(() => {
      const changed = new Set<PlayedStation>();
      for (let due = (changesPerSecond * tellEveryMs) / 1000; due > 0; due -= 1) {
        const station = dice.pick(stations);
        if (!station) continue;
        parked.set(station.stationId, dice.below(station.racks + 2));
        changed.add(station);
      }
      told.publish({ cursor: String(told.items.length + 1), ...countsNow([...changed]) });
    }, tellEveryMs);
  }

  function page(first: number, after: string | null | undefined, of: readonly PlayedStation[]) {
    const from = Number(after ?? 0);
    const nodes = of.slice(from, from + first);
    return {
      ...{ totalCount: of.length, nodes, edges: [] },
      pageInfo: { hasNextPage: from + first < of.length, endCursor: String(from + first) },
    };
  }

  return {
    resolvers: {
      dashboard: {
        Query: { stationCounts: () => ({ cursor: String(told.items.length), ...countsNow(stations) }) },
        Subscription: {
          stationCountsChanged: {
            subscribe: (_root: unknown, { after }: { after?: string | null }) =>
              told.follow(after ? Number(after) : told.items.length),
            resolve: (counts: unknown) => counts,
          },
        },
      },
      station: {
        Query: {
          stations: (
            _root: unknown,
            { first, after, filter }: { first: number; after?: string; filter?: { district?: string } },
          ) =>
            page(
              first,
              after,
              filter?.district ? stations.filter(({ district }) => district === filter.district) : stations,
            ),
        },
        Station: { name: (station: PlayedStation, said: { language: string }) => station.name(said) },
      },
      reservation: {
        Station: {
          __resolveReference({ stationId }: { stationId: string }) {
            const station = byId.get(stationId);
            return station && countOf(station);
          },
        },
      },
    },
    pace,
    followers: told.followers,
  };
}
