import { Schema, type Connection } from 'mongoose';
import type { BikeCondition, DemandEvent, ReservationEvent, ReserveStatus } from '../../schema/events/index.ts';
import { boxAround, metersBetween, type Position } from '../../schema/places.ts';
import {
  createLruCache,
  paginate,
  rowVersion,
  type Connection as Page,
  type JournalDocument,
  type PageRequest,
  type ViewChange,
  type ViewRow,
} from '../../platform/index.ts';
import type { Span } from './pushes/occasions.ts';
import { reportOf, type ReturnReport } from './return-report.ts';
import type { NearStation } from './stations.ts';
import type { Place } from './place.ts';
import { latestIn, placeOf, reportsIn, type BikeSlot, type Reservation } from './reservation.ts';

/** A reservation as lists show it. */
export interface ReservationRow extends ViewRow, Reservation {
  _id: number;
}

/** A report of a return as lists show it: of one ride, the newest. */
export interface ReportRow extends ViewRow, ReturnReport {
  _id: number;
}

/** Which bikes are available, and where each stands if that is known; the reservations say who has one. */
export interface SlotRow extends ViewRow, Place {
  _id: number;
  condition: BikeCondition;
  /** In service, and not held. */
  isAvailable: boolean;
}

/** How many bikes stand at a station, and how many of them can be reserved. */
export interface Parked {
  bikes: number;
  available: number;
}

/** A bike, and how far it is. */
export interface NearBike {
  bikeId: number;
  meters: number;
  /** As the row shows it that was found. */
  shown?: ShownBike;
}

/** What anybody may ask of a bike that reservation knows. */
export type ShownBike = Pick<SlotRow, 'isAvailable' | 'stationId' | 'position'>;

export const nearestFirst = (one: NearBike, other: NearBike) => one.meters - other.meters || one.bikeId - other.bikeId;

export interface ReservationFilter {
  userId?: string | null;
  bikeId?: number | null;
  reserveStatus?: ReserveStatus[] | null;
}

const reservationSchema = new Schema<ReservationRow>(
  {
    _id: Number,
    version: Number,
    reserveNo: Number,
    userId: String,
    bikeId: Number,
    reserveStatus: String,
    fee: Number,
    reserveDateTime: String,
    deadline: String,
    startDateTime: String,
    returnDateTime: String,
    refusal: Schema.Types.Mixed,
  },
  { collection: 'reservations', versionKey: false },
);
reservationSchema.index({ reserveNo: -1 });
reservationSchema.index({ userId: 1, reserveNo: -1 });
reservationSchema.index({ bikeId: 1, reserveNo: -1 });
reservationSchema.index({ bikeId: 1, reserveStatus: 1 });
// A ride has no deadline: those that began at some time stand together.
reservationSchema.index({ reserveStatus: 1, deadline: 1, startDateTime: 1 });

const slotSchema = new Schema<SlotRow>(
  {
    _id: Number,
    version: Number,
    condition: String,
    isAvailable: Boolean,
    stationId: String,
    position: { latitude: Number, longitude: Number },
  },
  { collection: 'slots', versionKey: false },
);
slotSchema.index({ isAvailable: 1, _id: 1 });
slotSchema.index({ stationId: 1, isAvailable: 1, _id: 1 });
// Most bikes stand at stations, and cost nothing here.
slotSchema.index({ 'position.latitude': 1 }, { sparse: true });

/** Only the fields by which rows are found and ordered. */
const reportSchema = new Schema<ReportRow>(
  {
    ...{ _id: Number, version: Number, reserveNo: Number, status: String, reportedAt: String },
    ...{ userId: String, decidedAt: String },
  },
  { collection: 'reports', versionKey: false },
);
// Of the reports that ever were, few are open.
reportSchema.index({ status: 1, reportedAt: 1, reserveNo: 1 });
reportSchema.index({ decidedAt: 1 });
reportSchema.index({ userId: 1, reportedAt: -1, reserveNo: -1 });

const live: ReserveStatus[] = ['PENDING', 'RESERVED', 'IN_USE'];

/** What happens to a held bike does not change whether it is available; a ride only begins to change where it is. */
function changesSlot({ type, data }: ReservationEvent | DemandEvent): boolean {
  if (type === 'RideStarted') return data.stationId !== undefined || data.position !== undefined;
  return type !== 'ReservationConfirmed';
}

/** The ride whose report an event made or changed. */
const reportedIn = ({ data }: ReservationEvent | DemandEvent) => ('reserveNo' in data ? data.reserveNo : 0);

/** How many of a rider's reservations are looked through for what changed since a cursor: months of any rider's. */
const mostSince = 50;
/** A cursor has its time from the broker, a report from an instance: so far their clocks may differ. */
const clocksDifferMs = 3_600_000;

/** The fields of a reservation that never change. */
export type ReservationKey = Pick<Reservation, 'reserveNo' | 'userId' | 'bikeId'>;

/**
 * How far to look for bikes beside stations first: where they stand close together, a question for a few reads not those
 * of a whole district.
 */
const looksMeters = [100, 300, 1_000];
/** Where no more of them stand as far as is asked, as in a city of stations, one look has all. */
const fewBeside = 100;
/** Of rows that are read at once: more than a look has. Without it, each answer above 101 rows is two. */
const batchSize = 2_000;

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 3;

/** @param cacheSize how many reservations' keys to remember. */
export function createReservationStore(database: Connection, cacheSize: number) {
  const reservations = database.model<ReservationRow>('Reservation', reservationSchema);
  const slots = database.model<SlotRow>('Slot', slotSchema);
  const reports = database.model<ReportRow>('ReturnReport', reportSchema);
  const keys = createLruCache<number, ReservationKey>(cacheSize);
  const remember = ({ reserveNo, userId, bikeId }: ReservationKey) =>
    keys.set(reserveNo, { reserveNo, userId, bikeId });

  async function byIds(reserveNos: readonly number[]): Promise<Map<number, ReservationRow>> {
    const rows = await reservations
      .find({ _id: { $in: reserveNos } })
      .lean<ReservationRow[]>()
      .exec();
    return new Map(rows.map((row) => [row.reserveNo, row]));
  }

  /** About so near, at positions of their own. */
  function rowsBeside(near: Position, meters: number, isAvailable: boolean | undefined, limit?: number) {
    const { south, north, west, east } = boxAround(near, meters);
    return slots
      .find(
        {
          'position.latitude': { $gte: south, $lte: north },
          'position.longitude': { $gte: west, $lte: east },
          ...(isAvailable === undefined ? {} : { isAvailable }),
        },
        { position: 1, isAvailable: 1 },
        { batchSize, ...(limit === undefined ? {} : { limit }) },
      )
      .lean<SlotRow[]>()
      .exec();
  }

  /** Those that are so near, the nearest first, then by number. */
  function nearestOf(rows: readonly SlotRow[], near: Position, meters: number): NearBike[] {
    return rows
      .flatMap(({ _id, ...shown }) =>
        shown.position ? { bikeId: _id, meters: metersBetween(near, shown.position), shown } : [],
      )
      .filter((one) => one.meters <= meters)
      .sort(nearestFirst);
  }

  async function ridersOf(filter: object): Promise<string[]> {
    const rows = await reservations.find(filter, { userId: 1 }).lean<ReservationRow[]>().exec();
    return rows.map(({ userId }) => userId);
  }

  return {
    prepare: () => Promise.all([reservations.createIndexes(), slots.createIndexes(), reports.createIndexes()]),

    changesOf({
      state,
      ...document
    }: JournalDocument<BikeSlot, ReservationEvent | DemandEvent>): ViewChange<ReservationRow | SlotRow | ReportRow>[] {
      if (state.status === 'unknown') return [];
      const version = rowVersion(document);
      const { bikeId, condition } = state;
      const isAvailable = state.status === 'free' && condition === 'IN_SERVICE';
      const slot: SlotRow = { _id: bikeId, version, condition, isAvailable, ...placeOf(state) };
      const latest = latestIn(state);
      const isNew = document.events.some(({ type }) => type === 'ReservationRequested');
      if (latest) remember(latest);
      return [
        ...(document.events.some(changesSlot) ? [{ collection: slots.collection, row: slot }] : []),
        ...(latest
          ? [{ collection: reservations.collection, row: { _id: latest.reserveNo, version, ...latest }, isNew }]
          : []),
        ...[...new Set(document.events.map(reportedIn))].flatMap((reserveNo) => {
          const report = reportOf(reportsIn(state), reserveNo);
          return report ? [{ collection: reports.collection, row: { _id: reserveNo, version, ...report } }] : [];
        }),
      ];
    },

    byIds,

    /** Whose reservation it is, and of which bike; read only of those that other instances decided. */
    async keyOf(reserveNo: number): Promise<ReservationKey | undefined> {
      const known = keys.get(reserveNo) ?? (await byIds([reserveNo])).get(reserveNo);
      if (known) remember(known);
      return known;
    },

    async slotsByIds(bikeIds: readonly number[]): Promise<Map<number, SlotRow>> {
      const rows = await slots
        .find({ _id: { $in: bikeIds } })
        .lean<SlotRow[]>()
        .exec();
      return new Map(rows.map((row) => [row._id, row]));
    },

    /** Bikes that stand at a station, by number. */
    parkedAt(stationId: string, isAvailable: boolean | undefined, page: PageRequest): Promise<Page<SlotRow>> {
      const filter = { stationId, ...(isAvailable === undefined ? {} : { isAvailable }) };
      return paginate(slots, filter, [['_id', 1]], page);
    },

    /** How many bikes stand at each of these stations; those without any are left out. */
    async countParked(stationIds: readonly string[]): Promise<Map<string, Parked>> {
      const groups = await slots
        .aggregate<{ _id: { stationId: string; isAvailable: boolean }; count: number }>([
          { $match: { stationId: { $in: stationIds } } },
          { $group: { _id: { stationId: '$stationId', isAvailable: '$isAvailable' }, count: { $sum: 1 } } },
        ])
        .exec();
      const counts = new Map<string, Parked>();
      for (const { _id, count } of groups) {
        const { bikes, available } = counts.get(_id.stationId) ?? { bikes: 0, available: 0 };
        counts.set(_id.stationId, { bikes: bikes + count, available: available + (_id.isAvailable ? count : 0) });
      }
      return counts;
    },

    /** The bikes at these stations, each of which is so far; the nearest first, then by number. */
    async nearAt(stations: readonly NearStation[], isAvailable: boolean | undefined): Promise<NearBike[]> {
      const meters = new Map(stations.map((station) => [station.stationId, station.meters]));
      const rows = await slots
        // Those that cannot be reserved are left out here: asked for others, some engines try the index of all available
        // bikes, too, which takes longer than to read the few that are held.
        .find({ stationId: { $in: [...meters.keys()] } }, { stationId: 1, isAvailable: 1 }, { batchSize })
        .lean<SlotRow[]>()
        .exec();
      return rows
        .filter((row) => isAvailable === undefined || row.isAvailable === isAvailable)
        .map(({ _id, ...shown }) => ({ bikeId: _id, meters: meters.get(shown.stationId ?? '') ?? 0, shown }))
        .sort(nearestFirst);
    },

    /** The bikes at positions of their own that are so near, at least so many of them; the nearest first, then by number. */
    async nearBeside(
      near: Position,
      meters: number,
      isAvailable: boolean | undefined,
      size: number,
    ): Promise<NearBike[]> {
      const some = await rowsBeside(near, meters, isAvailable, fewBeside + 1);
      if (some.length <= fewBeside) return nearestOf(some, near, meters);
      for (const look of looksMeters.filter((each) => each < meters)) {
        const found = nearestOf(await rowsBeside(near, look, isAvailable), near, look);
        if (found.length >= size) return found;
      }
      return nearestOf(await rowsBeside(near, meters, isAvailable), near, meters);
    },

    /** Some bikes at a station that can be reserved. */
    async availableAt(stationId: string, limit: number): Promise<number[]> {
      const rows = await slots
        .find({ stationId, isAvailable: true }, { _id: 1 })
        // In the order of the index of stations: some engines try that of all available bikes, too.
        .sort({ _id: 1 })
        .limit(limit)
        .lean<SlotRow[]>()
        .exec();
      return rows.map(({ _id }) => _id);
    },

    /** Of these bikes, and of all at these stations, those that can be reserved, by number. */
    async availableFor(bikeIds: readonly number[], stationIds: readonly string[]) {
      const look = (which: object) =>
        slots
          .find({ ...which, isAvailable: true }, { stationId: 1 })
          .lean<SlotRow[]>()
          .exec();
      // Not one question with $or: some engines look at all bikes for it.
      const found = await Promise.all([
        bikeIds.length > 0 ? look({ _id: { $in: bikeIds } }) : [],
        stationIds.length > 0 ? look({ stationId: { $in: stationIds } }) : [],
      ]);
      const rows = new Map(found.flat().map((row) => [row._id, row]));
      return [...rows.values()]
        .map(({ _id: bikeId, stationId }) => ({ bikeId, ...(stationId !== undefined && { stationId }) }))
        .sort((one, other) => one.bikeId - other.bikeId);
    },

    /** Available bikes, by number. */
    available: (page: PageRequest): Promise<Page<SlotRow>> =>
      paginate(slots, { isAvailable: true }, [['_id', 1]], page),

    /** The available bike whose number is nearest to this one, except the bike itself. */
    async nearestAvailable(bikeId: number): Promise<SlotRow | undefined> {
      const beside = (side: '$lt' | '$gt') =>
        slots
          .findOne({ isAvailable: true, _id: { [side]: bikeId } })
          .sort({ _id: side === '$lt' ? -1 : 1 })
          .lean<SlotRow | null>()
          .exec();
      const found = (await Promise.all([beside('$lt'), beside('$gt')])).filter((row) => row !== null);
      return found.sort((one, other) => Math.abs(one._id - bikeId) - Math.abs(other._id - bikeId))[0];
    },

    async liveByBikeIds(bikeIds: readonly number[]): Promise<Map<number, ReservationRow>> {
      const rows = await reservations
        .find({ bikeId: { $in: bikeIds }, reserveStatus: { $in: live } })
        .lean<ReservationRow[]>()
        .exec();
      return new Map(rows.map((row) => [row.bikeId, row]));
    },

    async liveByUserIds(userIds: readonly string[]): Promise<Map<string, ReservationRow>> {
      const rows = await reservations
        .find({ userId: { $in: userIds }, reserveStatus: { $in: live } })
        .sort({ reserveNo: -1 })
        .lean<ReservationRow[]>()
        .exec();
      return new Map(rows.toReversed().map((row) => [row.userId, row]));
    },

    /** Riders with a hold that ends in this time. */
    ridersWhoseHoldEnds: ({ after, until }: Span): Promise<string[]> =>
      ridersOf({ reserveStatus: 'RESERVED', deadline: { $gt: after, $lte: until } }),

    /** Riders on a ride that began in this time. */
    ridersWhoseRideBegan: ({ after, until }: Span): Promise<string[]> =>
      ridersOf({ reserveStatus: 'IN_USE', deadline: null, startDateTime: { $gt: after, $lte: until } }),

    list({ userId, bikeId, reserveStatus }: ReservationFilter, page: PageRequest): Promise<Page<ReservationRow>> {
      const filter = {
        ...(userId ? { userId } : {}),
        ...(typeof bikeId === 'number' ? { bikeId } : {}),
        ...(reserveStatus ? { reserveStatus: { $in: reserveStatus } } : {}),
      };
      return paginate(reservations, filter, [['reserveNo', -1]], page);
    },

    /** The bikes on which one reservation, or a rider's, may have changed since; null when they are too many to tell. */
    async bikesSince(since: string, which: { reserveNo?: number | undefined; userId?: string | undefined }) {
      const filter = {
        ...(which.reserveNo === undefined ? {} : { _id: which.reserveNo }),
        ...(which.userId === undefined ? {} : { userId: which.userId }),
      };
      const early = new Date(Date.parse(since) - clocksDifferMs).toISOString();
      const reportsThat = (changed: object) =>
        reports
          .find({ ...filter, ...changed })
          .limit(mostSince)
          .lean<ReportRow[]>()
          .exec();
      const [rows, reported, decided] = await Promise.all([
        reservations.find(filter).sort({ reserveNo: -1 }).limit(mostSince).lean<ReservationRow[]>().exec(),
        reportsThat({ status: 'OPEN', reportedAt: { $gte: early } }),
        reportsThat({ decidedAt: { $gte: early } }),
      ]);
      // A rider has one reservation at a time: older ones than these had ended, and only a report changed one.
      const isAll =
        (rows.length < mostSince || (rows.at(-1)?.reserveDateTime ?? '') < since) &&
        Math.max(reported.length, decided.length) < mostSince;
      return isAll ? [...new Set([...rows, ...reported, ...decided].map(({ bikeId }) => bikeId))] : null;
    },

    async reportsByIds(reserveNos: readonly number[]): Promise<Map<number, ReportRow>> {
      const rows = await reports
        .find({ _id: { $in: reserveNos } })
        .lean<ReportRow[]>()
        .exec();
      return new Map(rows.map((row) => [row.reserveNo, row]));
    },

    /** Reports that wait for an operator, the oldest first. */
    openReports: (page: PageRequest): Promise<Page<ReportRow>> =>
      paginate(
        reports,
        { status: 'OPEN' },
        [
          ['reportedAt', 1],
          ['reserveNo', 1],
        ],
        page,
      ),

    /** A rider's reports, the newest first. */
    reportsOf: (userId: string, page: PageRequest): Promise<Page<ReportRow>> =>
      paginate(
        reports,
        { userId },
        [
          ['reportedAt', -1],
          ['reserveNo', -1],
        ],
        page,
      ),

    /** How many reservations' deadline had passed at a time. */
    countDue: (at: string): Promise<number> =>
      reservations.countDocuments({ reserveStatus: { $in: ['PENDING', 'RESERVED'] }, deadline: { $lte: at } }).exec(),

    /** Reservations whose deadline has passed, in the order of their numbers, after one of them. */
    due(at: string, after: number, limit: number): Promise<ReservationRow[]> {
      // Without a number first: some engines would look through all reservations by number.
      const behind = after > 0 ? { reserveNo: { $gt: after } } : {};
      return reservations
        .find({ reserveStatus: { $in: ['PENDING', 'RESERVED'] }, deadline: { $lte: at }, ...behind })
        .sort({ reserveNo: 1 })
        .limit(limit)
        .lean<ReservationRow[]>()
        .exec();
    },
  };
}

export type ReservationStore = ReturnType<typeof createReservationStore>;
