import { streams, type DemandEvent, type ReservationEvent } from '../../schema/events/index.ts';
import {
  callerOf,
  clientError,
  isStaff,
  requireRole,
  requireSelfOrStaff,
  requireViewer,
  type ChangeFeed,
  type Connection as Page,
  type JournalDocument,
  type PageRequest,
  type RequestContext,
  type Resolvers,
  type Told,
  type Wish,
} from '../../platform/index.ts';
import { alternativesTo } from './alternatives.ts';
import { bikesNear, type BikesNearArguments } from './bikes-near.ts';
import type { Pushes, StartPushesInput, StopPushesInput } from './pushes/pushes.ts';
import { isPlace, type Place } from './place.ts';
import { latestIn, rideOf, type BikeSlot, type Reservation } from './reservation.ts';
import type { NearBike, ReservationFilter, ReservationRow, ShownBike, SlotRow } from './store.ts';
import {
  rejectReturn,
  reportReturn,
  settleReturn,
  type RejectReturnInput,
  type ReportReturnInput,
  type SettleReturnInput,
} from './report-return.ts';
import { isReportable, type ReturnReport } from './return-report.ts';
import { stopWaiting, waitForBike, type StopWaitingInput, type WaitingDependencies } from './wait-for-bike.ts';
import { heardBy, type ListChange, type Waiting } from './waiting.ts';
import { whereIn } from './waiting-lists.ts';
import {
  cancelReservation,
  moveBikes,
  reserveBike,
  returnBike,
  startRide,
  type Dependencies as UseCaseDependencies,
  type ReserveBikeInput,
  type ReserveBikePayload,
  type EndInput,
  type MoveBikesLine,
  type ReserveNoInput,
  type ReturnBikeInput,
} from './use-cases.ts';

interface Dependencies extends UseCaseDependencies, WaitingDependencies {
  pushes: Pushes;
  changes: ChangeFeed<Change>;
  clock(): Date;
  /** This subgraph's part of the tariff. */
  tariff: { reservationFee: number; holdMinutes: number; waitMinutes: number; offerSeconds: number };
}

/** What subscribers hear of: a reservation and the report of its return, or a list. */
export type Change = ReservationChange | ListChange;

/** What a decision on a bike changed; an earlier ride is not told anew, only its report. */
interface ReservationChange {
  reservation?: Reservation;
  report?: ReturnReport;
}

/** A reservation, and the report of its return where it is at hand. */
type Reported = Reservation & { returnReport?: ReturnReport };

interface OfBike {
  bikeId: number;
}

/** A bike whose row is at hand: an answer tells of the place by which it was found. */
interface Found extends OfBike {
  shown?: ShownBike;
}

interface OfStation {
  stationId: string;
}

interface OfUser {
  userId: string;
}

interface Which {
  reserveNo?: number | null;
  userId?: string | null;
}

/**
 * How many decisions on a bike are searched for those of one reservation: its own are the few up to its last, with the
 * bike's changes of condition in between.
 */
const longestHistory = 100;

/** How many decisions on a bike are searched for its moves, as many as its history in `bike` has entries. */
const longestSearch = 200;

export function createResolvers(dependencies: Dependencies): Resolvers {
  const { store } = dependencies;

  const load = (context: RequestContext, reserveNo: number) =>
    context.load('reservation', reserveNo, (ids) => store.byIds(ids));
  const shownOf = ({ bikeId, shown }: Found, context: RequestContext): ShownBike | null | Promise<ShownBike | null> =>
    shown ?? context.load('slot', bikeId, (ids) => store.slotsByIds(ids));
  const loadHolder = (context: RequestContext, bikeId: number) =>
    context.load('holder', bikeId, (ids) => store.liveByBikeIds(ids));

  const loadReport = (context: RequestContext, reserveNo: number) =>
    context.load('report', reserveNo, (ids) => store.reportsByIds(ids));

  const reportFor = (context: RequestContext, { reserveNo, returnReport }: Reported) =>
    returnReport ?? loadReport(context, reserveNo);

  const loadParked = async (context: RequestContext, stationId: string) =>
    (await context.load('parked', stationId, (ids) => store.countParked(ids))) ?? { bikes: 0, available: 0 };

  async function visible(reserveNo: number, context: RequestContext): Promise<ReservationRow | null> {
    requireViewer(context.viewer);
    const row = await load(context, reserveNo);
    if (row) requireSelfOrStaff(context.viewer, row.userId);
    return row;
  }

  /** Staff may filter freely; riders see only their own. */
  function list(filter: ReservationFilter, page: PageRequest, { viewer }: RequestContext) {
    const own = requireViewer(viewer).userId;
    if (filter.userId) requireSelfOrStaff(viewer, filter.userId);
    return store.list(isStaff(viewer) ? filter : { ...filter, userId: own }, page);
  }

  /** Which changes a subscriber gets: of this reservation, of this rider, or all. */
  const wishFor = (reserveNo: number | undefined, userId: string | undefined): Omit<Wish<Change>, 'after'> => ({
    name: JSON.stringify([reserveNo ?? null, userId ?? null]),
    wants(change) {
      const of = 'list' in change ? undefined : (change.reservation ?? change.report);
      return (
        of !== undefined &&
        (reserveNo === undefined || of.reserveNo === reserveNo) &&
        (userId === undefined || of.userId === userId)
      );
    },
    ...(reserveNo === undefined && userId === undefined
      ? {}
      : {
          async streamsSince(since) {
            const bikeIds = await store.bikesSince(since.toISOString(), { reserveNo, userId });
            return bikeIds?.map((bikeId) => streams.bike(bikeId)) ?? null;
          },
        }),
  });

  return {
    Query: {
      reservation: (_root: unknown, { reserveNo }: { reserveNo: number }, context: RequestContext) =>
        visible(reserveNo, context),
      reservations: (
        _root: unknown,
        { filter, ...page }: { filter?: ReservationFilter | null } & PageRequest,
        context: RequestContext,
      ) => list(filter ?? {}, page, context),
      openReturnReports(_root: unknown, page: PageRequest, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return store.openReports(page);
      },
      tariff: () => dependencies.tariff,
      pushKey: () => dependencies.pushes.publicKey,
      availableBikes: async (_root: unknown, page: PageRequest) => bikesIn(await store.available(page)),
      bikesNear: async (_root: unknown, given: BikesNearArguments) =>
        (await bikesNear(dependencies, given)).map(nearBikeOf),
      async nearestAvailableBike(_root: unknown, { bikeId }: OfBike) {
        const found = await store.nearestAvailable(bikeId);
        return found ? bikeOf(found) : null;
      },
    },

    Mutation: {
      reserveBike: (_root: unknown, { input }: { input: ReserveBikeInput }, context: RequestContext) =>
        reserveBike(dependencies, input, context),
      waitForBike: (_root: unknown, { input }: { input: ReserveBikeInput }, context: RequestContext) =>
        waitForBike(dependencies, input, context),
      stopWaiting: (_root: unknown, { input }: { input: StopWaitingInput }, context: RequestContext) =>
        stopWaiting(dependencies, input, context),
      startPushes: (_root: unknown, { input }: { input: StartPushesInput }, { viewer }: RequestContext) =>
        dependencies.pushes.start(requireRole(viewer, 'rider').userId, input),
      stopPushes: (_root: unknown, { input }: { input: StopPushesInput }, { viewer }: RequestContext) =>
        dependencies.pushes.stop(requireRole(viewer, 'rider').userId, input),
      startRide: (_root: unknown, { input }: { input: ReserveNoInput }, context: RequestContext) =>
        startRide(dependencies, input, context),
      cancelReservation: (_root: unknown, { input }: { input: EndInput }, context: RequestContext) =>
        cancelReservation(dependencies, input, context),
      returnBike: (_root: unknown, { input }: { input: ReturnBikeInput }, context: RequestContext) =>
        returnBike(dependencies, input, context),
      reportReturn: (_root: unknown, { input }: { input: ReportReturnInput }, context: RequestContext) =>
        reportReturn(dependencies, input, context),
      settleReturn: (_root: unknown, { input }: { input: SettleReturnInput }, context: RequestContext) =>
        settleReturn(dependencies, input, context),
      rejectReturn: (_root: unknown, { input }: { input: RejectReturnInput }, context: RequestContext) =>
        rejectReturn(dependencies, input, context),
      moveBikes: async (_root: unknown, { input }: { input: { moves: MoveBikesLine[] } }, context: RequestContext) => ({
        results: await moveBikes(dependencies, input.moves, context),
      }),
    },

    ReserveBikePayload: {
      alternatives: async ({ asked, refusal }: ReserveBikePayload) =>
        (await alternativesTo(dependencies, asked, refusal?.code)).map(nearBikeOf),
    },

    Subscription: {
      reservationChanged: {
        subscribe: async (
          _root: unknown,
          { after, ...which }: Which & { after?: string | null },
          context: RequestContext,
        ) => {
          const userId = await whose(which, context, (reserveNo) => visible(reserveNo, context));
          return dependencies.changes.follow({
            after: after ?? null,
            ...wishFor(which.reserveNo ?? undefined, userId),
          });
        },
        async resolve(
          { value: { reservation, report }, cursor }: Told<ReservationChange>,
          _arguments: unknown,
          context: RequestContext,
        ) {
          const told = reservation ?? (report && (await load(context, report.reserveNo)));
          return { ...told, ...(report && { returnReport: report }), cursor };
        },
      },
      returnReportChanged: {
        subscribe(_root: unknown, { after }: { after?: string | null }, { viewer }: RequestContext) {
          requireRole(viewer, 'operator', 'auditor', 'admin');
          const wants = (change: Change) => 'report' in change;
          return dependencies.changes.follow({ after: after ?? null, name: JSON.stringify(['reports']), wants });
        },
        resolve: ({ value, cursor }: Told<ReservationChange>) => ({ ...value.report, cursor }),
      },
      waitingChanged: {
        async subscribe(
          _root: unknown,
          { userId, after }: { userId?: string | null; after?: string | null },
          { viewer }: RequestContext,
        ) {
          // Staff with the same roles share a subscription upstream (authScope): it cannot be about the caller.
          if (isStaff(viewer) && !userId)
            throw clientError('BAD_USER_INPUT', 'Staff say whose wait they follow: "userId".');
          const who = userId ?? requireViewer(viewer).userId;
          requireSelfOrStaff(viewer, who);
          const name = JSON.stringify(['waiting', who]);
          const wants = (change: Change) => 'list' in change && heardBy(change, who) !== null;
          return dependencies.changes.follow({ after: after ?? null, name, wants });
        },
        resolve: (
          { value, cursor }: Told<ListChange>,
          { userId }: { userId?: string | null },
          { viewer }: RequestContext,
        ) => ({ ...heardBy(value, userId ?? requireViewer(viewer).userId), cursor }),
      },
    },

    Reservation: {
      __resolveReference: ({ reserveNo }: { reserveNo: number }, context: RequestContext) =>
        visible(reserveNo, context),
      user: ({ userId }: OfUser) => ({ __typename: 'User', userId }),
      bike: ({ bikeId }: OfBike) => ({ __typename: 'Bike', bikeId }),
      expiresAt: ({ reserveStatus, deadline }: Reservation) => (reserveStatus === 'RESERVED' ? deadline : null),
      startPlace: ({ startPlace }: Reservation) => shownPlace(startPlace),
      returnPlace: ({ returnPlace }: Reservation) => shownPlace(returnPlace),
      returnReport: (reservation: Reported, _arguments: unknown, context: RequestContext) =>
        reportFor(context, reservation),
      async isReturnReportable(reservation: Reported, _arguments: unknown, context: RequestContext) {
        const report = await reportFor(context, reservation);
        return isReportable(rideOf(reservation), report, dependencies.clock().toISOString());
      },
      async history({ reserveNo, bikeId }: Reservation, _arguments: unknown, context: RequestContext) {
        requireRole(context.viewer, 'operator', 'auditor', 'admin');
        const [row, report] = await Promise.all([load(context, reserveNo), loadReport(context, reserveNo)]);
        if (!row) return [];
        const upTo = (version: number) =>
          dependencies.slots.journal.latest(streams.bike(bikeId), longestHistory, version);
        const own = await upTo(row.version);
        // A report may have come when others had long had the bike.
        const later = report && report.version > row.version ? await upTo(report.version) : [];
        const documents = [...later.filter(({ version }) => version > row.version), ...own];
        return documents.flatMap((document) => historyIn(document, reserveNo));
      },
    },

    ReturnReport: {
      reservation: async ({ reserveNo, userId, bikeId }: ReturnReport, _: unknown, context: RequestContext) =>
        (await load(context, reserveNo)) ?? { reserveNo, userId, bikeId },
      place: ({ place }: ReturnReport) => shownPlace(place),
    },

    Waiting: {
      user: ({ userId }: Waiting) => ({ __typename: 'User', userId }),
      bike: ({ awaited }: Waiting) => ('bikeId' in awaited ? { __typename: 'Bike', ...awaited } : null),
      station: ({ awaited }: Waiting) => ('stationId' in awaited ? { __typename: 'Station', ...awaited } : null),
      offer: ({ offer }: Waiting) =>
        offer && { bike: { __typename: 'Bike', bikeId: offer.bikeId }, until: offer.until },
    },

    Bike: {
      __resolveReference: ({ bikeId }: OfBike) => ({ bikeId }),
      async isAvailable(bike: Found, _arguments: unknown, context: RequestContext) {
        return (await shownOf(bike, context))?.isAvailable === true;
      },
      async station(bike: Found, _arguments: unknown, context: RequestContext) {
        const stationId = (await shownOf(bike, context))?.stationId;
        return stationId === undefined ? null : { __typename: 'Station', stationId };
      },
      async position(bike: Found, _arguments: unknown, context: RequestContext) {
        return (await shownOf(bike, context))?.position ?? null;
      },
      async currentReservation({ bikeId }: OfBike, _arguments: unknown, context: RequestContext) {
        if (!context.viewer) return null;
        const holder = await loadHolder(context, bikeId);
        return holder && (isStaff(context.viewer) || holder.userId === context.viewer.userId) ? holder : null;
      },
      reservations: ({ bikeId }: OfBike, page: PageRequest, context: RequestContext) => list({ bikeId }, page, context),
      async moves({ bikeId }: OfBike, _arguments: unknown, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return (await dependencies.slots.journal.latest(streams.bike(bikeId), longestSearch)).flatMap(movesIn);
      },
    },

    Station: {
      __resolveReference: (station: OfStation) => station,
      bikesParked: async ({ stationId }: OfStation, _arguments: unknown, context: RequestContext) =>
        (await loadParked(context, stationId)).bikes,
      bikesAvailable: async ({ stationId }: OfStation, _arguments: unknown, context: RequestContext) =>
        (await loadParked(context, stationId)).available,
      freeRacks: async ({ stationId, racks }: OfStation & { racks: number }, _: unknown, context: RequestContext) =>
        racks - (await loadParked(context, stationId)).bikes,
      bikes: async ({ stationId }: OfStation, { available, ...page }: { available?: boolean | null } & PageRequest) =>
        bikesIn(await store.parkedAt(stationId, available ?? undefined, page)),
    },

    User: {
      __resolveReference: ({ userId }: OfUser) => ({ userId }),
      currentReservation({ userId }: OfUser, _arguments: unknown, context: RequestContext) {
        requireSelfOrStaff(context.viewer, userId);
        return context.load('liveReservation', userId, (ids) => store.liveByUserIds(ids));
      },
      waiting({ userId }: OfUser, _arguments: unknown, context: RequestContext) {
        requireSelfOrStaff(context.viewer, userId);
        return context.load('waiting', userId, async (ids) => {
          const found = await dependencies.rows.of(ids);
          return new Map(
            ids.flatMap((id) => {
              const waits = whereIn(found, id);
              return waits ? [[id, waits] as const] : [];
            }),
          );
        });
      },
      reservations({ userId }: OfUser, page: PageRequest, context: RequestContext) {
        requireSelfOrStaff(context.viewer, userId);
        return store.list({ userId }, page);
      },
      returnReports({ userId }: OfUser, page: PageRequest, context: RequestContext) {
        requireSelfOrStaff(context.viewer, userId);
        return store.reportsOf(userId, page);
      },
    },
  };
}

function shownPlace(place: Place | undefined) {
  if (!place) return null;
  const { stationId, position } = place;
  return { station: stationId === undefined ? null : { __typename: 'Station', stationId }, position };
}

/** Of a bike, reservation knows only its number. */
const bikeOf = ({ _id }: Pick<SlotRow, '_id'>) => ({ __typename: 'Bike', bikeId: _id });

const nearBikeOf = ({ bikeId, meters, shown }: NearBike) => ({
  meters: Math.round(meters),
  bike: { ...bikeOf({ _id: bikeId }), shown },
});

function bikesIn(found: Page<SlotRow>) {
  const edges = found.edges.map(({ cursor, node }) => ({ cursor, node: bikeOf(node) }));
  return { ...found, edges, nodes: edges.map(({ node }) => node) };
}

/** Whose reservations a subscriber may see; undefined = everybody's. */
async function whose(
  { reserveNo, userId }: Which,
  { viewer }: RequestContext,
  checkReservation: (reserveNo: number) => Promise<unknown>,
): Promise<string | undefined> {
  const own = requireViewer(viewer).userId;
  if (typeof reserveNo === 'number') await checkReservation(reserveNo);
  if (userId) {
    requireSelfOrStaff(viewer, userId);
    return userId;
  }
  return isStaff(viewer) ? undefined : own;
}

function historyIn(
  { events, state, cause }: JournalDocument<BikeSlot, ReservationEvent | DemandEvent>,
  reserveNo: number,
) {
  return events.toReversed().flatMap(({ type, time, correlationid, data }) => {
    const latest = latestIn(state);
    if (!('reserveNo' in data) || data.reserveNo !== reserveNo || !latest) return [];
    return {
      at: time,
      eventType: type,
      // Only a report can be of a ride before the newest one, and leaves it as it ended.
      reserveStatus: latest.reserveNo === reserveNo ? latest.reserveStatus : 'RETURNED',
      by: callerOf(cause),
      reason: 'reason' in data ? data.reason : null,
      bikeWithdrawn: 'because' in data && data.because === 'BIKE_WITHDRAWN',
      correlationId: correlationid,
    };
  });
}

function movesIn({ events, cause }: JournalDocument<BikeSlot, ReservationEvent | DemandEvent>) {
  return events.toReversed().flatMap(({ type, time, correlationid, data }) =>
    type === 'BikeMoved'
      ? [
          {
            at: time,
            place: isPlace(data) ? shownPlace(data) : null,
            by: callerOf(cause),
            reason: data.reason,
            correlationId: correlationid,
          },
        ]
      : [],
  );
}
