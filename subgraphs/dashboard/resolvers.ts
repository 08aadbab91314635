import {
  ContractError,
  requireRole,
  requireViewer,
  type PageRequest,
  type RequestContext,
  type Resolvers,
} from '../../platform/index.ts';
import type { FeedItem } from './feed-follower.ts';
import type { Feed, Snapshot } from './feed.ts';
import { hourCounts, hoursOn, type Counts } from './hours.ts';
import { beginsOf, bucketsOf, hoursIn, refusalsIn, rideMinutesIn, type HistoryRange } from './history.ts';
import { dayOf, ledgerImbalance, minuteOf, onDay, upgraded, type Totals } from './projections.ts';
import type { ReadModels } from './read-models.ts';
import type { ReservationRowFilter, RowOrder } from './rows.ts';
import type { createStationCounts, StationCounts } from './station-counts.ts';
import { parkedFields } from './table-resolvers.ts';

interface Dependencies {
  feed: Feed;
  models: ReadModels;
  stationCounts: ReturnType<typeof createStationCounts>;
  landscape: string;
  clock(): Date;
  pendingEvents(): Promise<number>;
  parkedEvents(): Promise<number>;
  /** The bike that open data calls so now. */
  bikeNamed(vehicleId: string): Promise<number | undefined>;
}

const longestSeriesMinutes = 180;
const mostRecent = 100;

export function createResolvers(dependencies: Dependencies): Resolvers {
  const { feed, models, clock, landscape } = dependencies;
  const watch = ({ viewer }: RequestContext) => requireRole(viewer, 'operator', 'auditor', 'admin');

  return {
    Query: {
      dashboard(_root: unknown, _arguments: unknown, context: RequestContext) {
        watch(context);
        const { at, cursor, totals } = feed.snapshot();
        return { at: at ?? clock().toISOString(), cursor, landscape, totals, lag: {} };
      },
      stationCounts: () => dependencies.stationCounts.now(),
      async bikeOfVehicle(_root: unknown, { vehicleId }: { vehicleId: string }, { viewer }: RequestContext) {
        requireViewer(viewer);
        const bikeId = await dependencies.bikeNamed(vehicleId);
        return bikeId === undefined ? null : { __typename: 'Bike', bikeId };
      },
    },

    Subscription: {
      dashboardUpdated: {
        subscribe: (_root: unknown, { after }: { after?: string | null }, context: RequestContext) => {
          watch(context);
          return feed.follow(after ?? null);
        },
        resolve: (item: FeedItem) => item,
      },
      stationCountsChanged: {
        subscribe: async (_root: unknown, { after }: { after?: string | null }) =>
          dependencies.stationCounts.follow(await feed.placeAfter(after ?? null)),
        resolve: (counts: StationCounts) => counts,
      },
    },

    Dashboard: {
      async totals({ totals }: Snapshot) {
        const day = dayOf(clock().toISOString());
        return totals.day === day ? totals : onDay(totals, day, (await models.hours(hoursOn(day))).values());
      },
      reservations: (
        _dashboard: unknown,
        { filter, orderBy, ...page }: { filter?: ReservationRowFilter | null; orderBy: RowOrder } & PageRequest,
      ) => models.list(filter ?? {}, orderBy, page),
      recent({ cursor }: Snapshot, { first }: { first: number }) {
        if (first < 1 || first > mostRecent)
          throw new ContractError(`"first" must be 1 to ${mostRecent}, not ${first}.`);
        return feed.recent(cursor, first);
      },
      series: (_dashboard: unknown, { minutes }: { minutes: number }) => series(models, minutes, clock()),
      history: (_dashboard: unknown, range: HistoryRange) => history(models, range),
    },

    DashboardBucket: {
      ...Object.fromEntries(hourCounts.map((name) => [name, ({ counts }: Counts) => counts[name] ?? 0])),
      rideMinutes: rideMinutesIn,
      refused: ({ refused }: Counts) => Object.values(refused).reduce((sum, count) => sum + count, 0),
      refusals: refusalsIn,
    },

    DashboardTotals: {
      ledgerImbalance,
      // Totals in the feed may be from before these were counted.
      refusedToday: (totals: Totals) => upgraded(totals).refusedToday,
    },

    DashboardUpdate: {
      userId: ({ userId, reservation }: FeedItem) => userId ?? reservation?.userId ?? null,
      bikeId: ({ bikeId, reservation }: FeedItem) => bikeId ?? reservation?.bikeId ?? null,
      points: ({ points }: FeedItem) => points ?? null,
      refusals: ({ refusals }: FeedItem) => refusals ?? [],
    },

    StationCounts: { at: ({ at }: StationCounts) => at.toISOString() },
    StationCount: parkedFields,

    DashboardLag: {
      pendingEvents: () => dependencies.pendingEvents(),
      parkedEvents: () => dependencies.parkedEvents(),
    },

    DashboardReservation: {
      reservation: ({ reserveNo }: { reserveNo: number }) => ({ __typename: 'Reservation', reserveNo }),
      bike: ({ bikeId }: { bikeId: number }) => ({ __typename: 'Bike', bikeId }),
    },
  };
}

async function series(models: ReadModels, minutes: number, now: Date) {
  if (minutes < 1 || minutes > longestSeriesMinutes) {
    throw new ContractError(`"minutes" must be 1 to ${longestSeriesMinutes}, not ${minutes}.`);
  }
  const thisMinute = Math.floor(now.getTime() / 60_000);
  const begins = Array.from({ length: minutes }, (_, index) =>
    new Date((thisMinute - minutes + 1 + index) * 60_000).toISOString(),
  );
  const counted = await models.perMinute(begins.map(minuteOf));
  const none = { requested: 0, rejected: 0, refused: 0, refusals: [] };
  return begins.map((minute) => ({ minute, ...(counted.get(minuteOf(minute)) ?? none) }));
}

async function history(models: ReadModels, range: HistoryRange) {
  const begins = beginsOf(range);
  const rows = await models.hours(hoursIn(begins, range.by));
  return bucketsOf(begins, range.by, rows.values());
}
