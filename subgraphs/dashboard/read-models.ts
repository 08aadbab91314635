import { Schema, type Collection, type Connection } from 'mongoose';
import {
  isDuplicateKey,
  paginate,
  writeRows,
  type Connection as Page,
  type PageRequest,
  type ViewRow,
} from '../chassis/index.ts';
import {
  type AccountView,
  type BikeView,
  type RejectionCode,
  type ReservationView,
  type ReserveStatus,
  type Rows,
  type Totals,
  type Touched,
} from './projections.ts';

/** One change in the feed: what a subscriber sees. */
export interface Change {
  eventType: string;
  at: string;
  reservation: ReservationView | null;
  totals: Totals;
  /** Where the trace goes on that the event belongs to, while traces are collected. */
  traceparent?: string;
}

/**
 * One commit of the dashboard: the events of about 20 ms, applied at once. Its insert is the decision; the rows below are
 * its copies and can be written again from it.
 */
export interface FeedDocument {
  /** 1, 2, 3 … without gaps: two replicas want the same number, and one insert wins. */
  _id: number;
  at: Date;
  changes: Change[];
  reservations: ReservationView[];
  bikes: BikeView[];
  accounts: AccountView[];
  /** The subjects that were handled, and how far. */
  positions: { subject: string; version: number }[];
  totals: Totals;
}

/** Where the rows stand: everything up to this feed version is in them. */
interface Checkpoint {
  _id: 'feed';
  version: number;
  totals: Totals;
}

type Row<View> = ViewRow & View;
export type ReservationRow = Row<ReservationView> & { _id: number };

export interface ReservationRowFilter {
  reserveStatus?: ReserveStatus[] | null;
  userId?: string | null;
  bikeId?: number | null;
  reserveNo?: number | null;
}

export type RowOrder = 'UPDATED_AT_DESC' | 'RESERVE_NO_DESC' | 'RESERVE_NO_ASC';

/** Some engines scan for a range of _id (FACTS §1), so the version stands a second time in an index of its own. */
type StoredFeedDocument = FeedDocument & { version: number };

const feedSchema = new Schema<StoredFeedDocument>(
  {
    _id: Number,
    version: Number,
    at: Date,
    changes: Schema.Types.Mixed,
    reservations: Schema.Types.Mixed,
    bikes: Schema.Types.Mixed,
    accounts: Schema.Types.Mixed,
    positions: Schema.Types.Mixed,
    totals: Schema.Types.Mixed,
  },
  { collection: 'feed', versionKey: false },
);
feedSchema.index({ version: 1 }, { unique: true });

const checkpointSchema = new Schema<Checkpoint>(
  { _id: String, version: Number, totals: Schema.Types.Mixed },
  { collection: 'checkpoint', versionKey: false },
);

const reservationSchema = new Schema<ReservationRow>(
  {
    _id: Number,
    version: Number,
    reserveNo: Number,
    userId: String,
    bikeId: Number,
    reserveStatus: String,
    reserveDateTime: String,
    expiresAt: String,
    startDateTime: String,
    returnDateTime: String,
    fee: Number,
    refusalCode: String,
    updatedAt: String,
  },
  { collection: 'reservations', versionKey: false },
);
reservationSchema.index({ updatedAt: -1, reserveNo: -1 });
reservationSchema.index({ reserveNo: -1 });
reservationSchema.index({ reserveStatus: 1, updatedAt: -1, reserveNo: -1 });
reservationSchema.index({ reserveDateTime: 1 });

const bikeSchema = new Schema<Row<BikeView>>(
  { _id: Number, version: Number, bikeId: Number, condition: String, use: String },
  { collection: 'bikes', versionKey: false },
);
const accountSchema = new Schema<Row<AccountView>>(
  { _id: String, version: Number, userId: String, balance: Number },
  { collection: 'accounts', versionKey: false },
);
const positionSchema = new Schema<ViewRow & { handled: number }>(
  { _id: String, version: Number, handled: Number },
  { collection: 'positions', versionKey: false },
);

const orders = {
  UPDATED_AT_DESC: [
    ['updatedAt', -1],
    ['reserveNo', -1],
  ],
  RESERVE_NO_DESC: [['reserveNo', -1]],
  RESERVE_NO_ASC: [['reserveNo', 1]],
} as const;

const rowKinds: readonly (keyof Rows)[] = ['reservation', 'bike', 'account'];

export function createReadModels(database: Connection, feedRetentionSeconds: number) {
  const feed = database.model<StoredFeedDocument>('Feed', feedSchema);
  const checkpoints = database.model<Checkpoint>('Checkpoint', checkpointSchema);
  const reservations = database.model<ReservationRow>('Reservation', reservationSchema);
  const bikes = database.model<Row<BikeView>>('Bike', bikeSchema);
  const accounts = database.model<Row<AccountView>>('Account', accountSchema);
  const positions = database.model<ViewRow & { handled: number }>('Position', positionSchema);

  return {
    async prepare() {
      await Promise.all([feed.createIndexes(), reservations.createIndexes()]);
      await feed.collection.createIndex({ at: 1 }, { expireAfterSeconds: feedRetentionSeconds }, {});
    },

    /** @returns false when another replica has this version. */
    async append(document: FeedDocument): Promise<boolean> {
      try {
        const stored: StoredFeedDocument = { ...document, version: document._id };
        await feed.collection.insertOne(stored as never, { writeConcern: { w: 'majority', journal: true } });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },

    feedAfter: (version: number, limit: number): Promise<FeedDocument[]> =>
      feed
        .find({ version: { $gt: version } })
        .sort({ version: 1 })
        .limit(limit)
        .lean<FeedDocument[]>()
        .exec(),

    async oldestVersion(): Promise<number | null> {
      const oldest = await feed.findOne().sort({ version: 1 }).select({ _id: 1 }).lean<FeedDocument>().exec();
      return oldest?._id ?? null;
    },

    checkpoint: () => checkpoints.findById('feed').lean<Checkpoint>().exec(),
    async saveCheckpoint(version: number, totals: Totals) {
      await writeRows(checkpoints.collection, [{ _id: 'feed', version, totals } as ViewRow]);
    },

    /** Copies a commit into the rows; safe to repeat, in any order. */
    async write(document: FeedDocument): Promise<void> {
      const version = document._id;
      const write = (collection: Collection, rows: ViewRow[]) =>
        rows.length > 0 ? writeRows(collection, rows) : Promise.resolve();
      await Promise.all([
        write(
          reservations.collection,
          document.reservations.map((row): ReservationRow => ({ _id: row.reserveNo, version, ...row })),
        ),
        write(
          bikes.collection,
          document.bikes.map((row) => ({ _id: row.bikeId, version, ...row })),
        ),
        write(
          accounts.collection,
          document.accounts.map((row) => ({ _id: row.userId, version, ...row })),
        ),
        write(
          positions.collection,
          document.positions.map((row): ViewRow => ({ _id: row.subject, version, handled: row.version }) as ViewRow),
        ),
      ]);
    },

    async position(subject: string): Promise<number> {
      return (await positions.findById(subject).lean<{ handled: number }>().exec())?.handled ?? 0;
    },

    /** The rows of these kinds as they are; what does not exist is left out. */
    async read({ reserveNo, bikeId, userId }: Touched, kinds = rowKinds): Promise<Rows> {
      const wanted = (kind: keyof Rows, key: unknown) => key !== undefined && kinds.includes(kind);
      const [reservation, bike, account] = await Promise.all([
        wanted('reservation', reserveNo) ? reservations.findById(reserveNo).lean<ReservationRow>().exec() : null,
        wanted('bike', bikeId) ? bikes.findById(bikeId).lean<Row<BikeView>>().exec() : null,
        wanted('account', userId) ? accounts.findById(userId).lean<Row<AccountView>>().exec() : null,
      ]);
      return {
        reservation: reservation ? withoutKey(reservation) : undefined,
        bike: bike ? withoutKey(bike) : undefined,
        account: account ? withoutKey(account) : undefined,
      };
    },

    list(filter: ReservationRowFilter, order: RowOrder, page: PageRequest): Promise<Page<ReservationRow>> {
      const { reserveStatus, userId, bikeId, reserveNo } = filter;
      const conditions = {
        ...(reserveStatus ? { reserveStatus: { $in: reserveStatus } } : {}),
        ...(userId ? { userId } : {}),
        ...(typeof bikeId === 'number' ? { bikeId } : {}),
        ...(typeof reserveNo === 'number' ? { reserveNo } : {}),
      };
      return paginate(reservations, conditions, orders[order], page);
    },

    /** Requests per minute since a moment; minutes without any are left out. */
    async perMinute(since: string): Promise<Map<string, MinuteCounts>> {
      const groups = await reservations.aggregate<RequestGroup>([
        { $match: { reserveDateTime: { $gte: since } } },
        {
          $group: {
            _id: {
              minute: { $substrBytes: ['$reserveDateTime', 0, 16] },
              status: '$reserveStatus',
              code: { $ifNull: ['$refusalCode', null] },
            },
            count: { $sum: 1 },
          },
        },
      ]);
      return countsPerMinute(groups);
    },
  };
}

/** Requests of one minute that ended, or stand, the same way. */
interface RequestGroup {
  _id: { minute: string; status: ReserveStatus; code: RejectionCode | null };
  count: number;
}

export interface MinuteCounts {
  requested: number;
  rejected: number;
  /** The most frequent first. */
  refusals: { code: RejectionCode; count: number }[];
}

function countsPerMinute(groups: readonly RequestGroup[]): Map<string, MinuteCounts> {
  const minutes = new Map<string, MinuteCounts>();
  for (const { _id, count } of groups.toSorted((a, b) => b.count - a.count)) {
    const counts = minutes.get(_id.minute) ?? { requested: 0, rejected: 0, refusals: [] };
    minutes.set(_id.minute, counts);
    counts.requested += count;
    if (_id.status === 'REJECTED') counts.rejected += count;
    if (_id.code) counts.refusals.push({ code: _id.code, count });
  }
  return minutes;
}

function withoutKey<View>(row: Row<View>): View {
  const { _id, version: _version, ...view } = row;
  return view as View;
}

export type ReadModels = ReturnType<typeof createReadModels>;
