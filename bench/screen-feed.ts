import { createFeed } from '../router/testing/feed.ts';

/** A city that reserves, rides and returns at a given pace, as the dashboard service would tell it. */
export interface CityFeed {
  /** Of the dashboard and the bike subgraph. */
  resolvers: { dashboard: Record<string, unknown>; bike: Record<string, unknown> };
  /** Starts, or goes on at another pace; 0 stops. */
  pace(updatesPerSecond: number): void;
  published(): number;
}

interface Row {
  reserveNo: number;
  userId: string;
  bikeId: number;
  reserveStatus: string;
  reserveDateTime: string;
  expiresAt: string | null;
  startDateTime: string | null;
  returnDateTime: string | null;
  fee: number;
  refusalCode: string | null;
  updatedAt: string;
}

const bikes = 400;
/** The services tell what came together every 20 ms or so. */
const tickMs = 20;
const isoNow = () => new Date().toISOString();

export function createCityFeed(rowCount: number): CityFeed {
  const feed = createFeed<Record<string, unknown>>();
  const rows = new Map<number, Row>();
  const today = { reservationsToday: rowCount, returnedToday: rowCount };
  /** What happens next to whom: five events a story, many stories at once. */
  const stories: Generator<string, void>[] = [];
  let lastNo = 0;
  let turn = 0;

  const bikeOf = (reserveNo: number) => (reserveNo % bikes) + 1;
  const newRow = (reserveNo: number): Row => ({
    reserveNo,
    userId: `rider-${reserveNo % 700}`,
    bikeId: bikeOf(reserveNo),
    reserveStatus: 'PENDING',
    reserveDateTime: isoNow(),
    expiresAt: null,
    startDateTime: null,
    returnDateTime: null,
    fee: 1000,
    refusalCode: null,
    updatedAt: isoNow(),
  });
  while (lastNo < rowCount) {
    lastNo += 1;
    rows.set(lastNo, { ...newRow(lastNo), reserveStatus: 'RETURNED', returnDateTime: isoNow() });
  }

  function totals() {
    const busy = stories.length;
    return {
      ...{ bikes, available: bikes - busy, reserved: busy >> 1, inUse: busy - (busy >> 1), outOfService: 0 },
      ...{ ...today, cancelledToday: 0, rejectedToday: 0, refusedToday: 0, expiredToday: 0 },
      ...{ pointsPurchasedToday: lastNo * 1000, pointsSpentToday: lastNo * 1000, pointsRestoredToday: 0 },
      ...{ pointsInCirculation: 0, ledgerImbalance: 0 },
    };
  }

  function publish(eventType: string, row: Row | null): void {
    const cursor = String(feed.items.length + 1);
    feed.publish({ cursor, at: isoNow(), eventType, reservation: row, refusals: [], totals: totals() });
  }

  function change(reserveNo: number, eventType: string, changes: Partial<Row>): void {
    const row = { ...(rows.get(reserveNo) ?? newRow(reserveNo)), ...changes, updatedAt: isoNow() };
    rows.set(reserveNo, row);
    publish(eventType, row);
  }

  function* story(reserveNo: number): Generator<string, void> {
    today.reservationsToday += 1;
    change(reserveNo, 'ReservationRequested', {});
    yield 'requested';
    publish('PointsDeducted', null);
    yield 'deducted';
    const expiresAt = new Date(Date.now() + 600_000).toISOString();
    change(reserveNo, 'ReservationConfirmed', { reserveStatus: 'RESERVED', expiresAt });
    yield 'confirmed';
    change(reserveNo, 'RideStarted', { reserveStatus: 'IN_USE', expiresAt: null, startDateTime: isoNow() });
    yield 'started';
    today.returnedToday += 1;
    change(reserveNo, 'BikeReturned', { reserveStatus: 'RETURNED', returnDateTime: isoNow() });
  }

  const storiesAtOnce = 100;
  function publishOne(): void {
    while (stories.length < storiesAtOnce) stories.push(story((lastNo += 1)));
    turn = (turn + 1) % stories.length;
    if (stories[turn]?.next().done) stories.splice(turn, 1);
  }

  let timer: ReturnType<typeof setInterval> | undefined;
  function pace(updatesPerSecond: number): void {
    clearInterval(timer);
    const startedAt = performance.now();
    let done = 0;
    if (updatesPerSecond === 0) return;
    timer = setInterval(() => {
      const due = ((performance.now() - startedAt) / 1000) * updatesPerSecond;
      for (; done < due; done += 1) publishOne();
    }, tickMs);
  }

  function page(first: number, after: string | null | undefined) {
    const newest = [...rows.values()].toReversed();
    const from = after ? newest.findIndex(({ reserveNo }) => reserveNo < Number(after)) : 0;
    const nodes = newest.slice(from, from + first);
    const endCursor = String(nodes.at(-1)?.reserveNo ?? 0);
    return { totalCount: rows.size, nodes, pageInfo: { hasNextPage: from + first < newest.length, endCursor } };
  }

  const dashboard = () => ({
    at: isoNow(),
    cursor: String(feed.items.length),
    landscape: 'development',
    totals: totals(),
    reservations: ({ first, after }: { first: number; after?: string | null }) => page(first, after),
    series: [],
    recent: [],
    lag: { pendingEvents: 0, parkedEvents: 0 },
  });
  const fleet = Array.from({ length: bikes }, (_, place) => ({ bikeId: place + 1, condition: 'IN_SERVICE' }));

  return {
    resolvers: {
      dashboard: {
        Query: { dashboard },
        Subscription: {
          dashboardUpdated: {
            subscribe: (_root: unknown, { after }: { after?: string | null }) =>
              feed.follow(after ? Number(after) : feed.items.length),
            resolve: (update: unknown) => update,
          },
        },
      },
      bike: {
        Query: {
          bikes(_root: unknown, { first, after }: { first: number; after?: string | null }) {
            const from = Number(after ?? 0);
            const nodes = fleet.slice(from, from + first);
            const pageInfo = { hasNextPage: from + first < bikes, endCursor: String(from + first) };
            return { totalCount: bikes, nodes, pageInfo };
          },
        },
      },
    },
    pace,
    published: () => feed.items.length,
  };
}
