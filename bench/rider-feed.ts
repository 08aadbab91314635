import { createFeed } from '../router/testing/feed.ts';

/** A rider with points and past rides, as the services that know of them would tell; nothing happens to them. */
export interface RiderFeed {
  resolvers: Record<'reservation' | 'point' | 'approval', Record<string, object>>;
  /** How many subscriptions follow their reservations. */
  followers(): number;
}

const points = 5_000;
const pastRides = 20;

export function createRiderFeed(): RiderFeed {
  const changes = createFeed<object>();
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const rideOf = (userId: string, days: number) => ({
    ...{ reserveNo: 1_000 - days, userId, bikeId: days, reserveStatus: 'RETURNED', fee: 1_000 },
    ...{ reserveDateTime: daysAgo(days), startDateTime: daysAgo(days), returnDateTime: daysAgo(days) },
    ...{ startPlace: { station: { stationId: 'ST-1' } }, returnPlace: { station: { stationId: 'ST-2' } } },
    isReturnReportable: false,
  });
  const entryOf = (seq: number) => ({
    ...{ seq, kind: 'PURCHASED', amount: 1_000, balanceAfter: points, at: daysAgo(seq), confirmId: seq },
  });
  const past = Array.from({ length: pastRides }, (_, place) => place + 1);
  const connectionOf = (nodes: readonly object[]) => ({ totalCount: nodes.length, nodes, edges: [] });
  const none = connectionOf([]);

  return {
    resolvers: {
      reservation: {
        Query: {
          reservations: (_root: unknown, { filter }: { filter: { userId: string; reserveStatus?: string[] } }) =>
            filter.reserveStatus ? none : connectionOf(past.map((days) => rideOf(filter.userId, days))),
          availableBikes: () => none,
          tariff: () => ({ reservationFee: 1_000, holdMinutes: 10, waitMinutes: 30, offerSeconds: 60 }),
          pushKey: () => null,
        },
        User: { waiting: () => null },
        Subscription: {
          reservationChanged: { subscribe: () => changes.follow(0), resolve: (change: unknown) => change },
          waitingChanged: { subscribe: () => createFeed<object>().follow(0), resolve: (change: unknown) => change },
        },
      },
      point: {
        Query: {
          user: (_root: unknown, { userId }: { userId: string }) => ({ userId }),
          pointAccount: (_root: unknown, { userId }: { userId: string }) => ({ userId, totalPoint: points, debt: 0 }),
          tariff: () => ({
            ...{ overtimeFreeMinutes: 60, overtimeStepMinutes: 5, overtimeStepPrice: 200, overtimeCap: 50_000 },
          }),
        },
        User: { totalPoint: () => points, pointEntries: () => connectionOf(past.map(entryOf)) },
        Reservation: { overtime: () => 0 },
      },
      approval: { Query: { tariff: () => ({ maxPurchase: 100_000 }) } },
    },
    followers: changes.followers,
  };
}
