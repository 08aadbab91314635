import { Schema, type Connection } from 'mongoose';
import type { DemandRefusal } from '../../schema/events/index.ts';
import { isDuplicateKey, writeRows, type PageRequest, type ViewRow } from '../../platform/index.ts';
import type { ReservationView, Totals } from './projections.ts';
import type { Written } from './row-keys.ts';
import { createRows, type ReservationRowFilter, type RowOrder, type ViewRows } from './rows.ts';

/** One change in the feed: what a subscriber sees. */
export interface Change {
  eventType: string;
  at: string;
  reservation: ReservationView | null;
  /** Who and what it was about, and the points that moved; older changes lack it. */
  userId?: string;
  bikeId?: number;
  points?: number;
  /** How many were refused before a number was taken, by reason. */
  refusals?: { code: DemandRefusal; count: number }[];
  totals: Totals;
  /** Of the event; older changes lack it. */
  id?: string;
  /** The `traceparent` of the event's trace, while traces are collected. */
  traceparent?: string;
}

/**
 * One commit of the dashboard: the events of about 20 ms, applied together. Its insert is the decision; the rows below
 * are copies of it and can be written again from it.
 */
export interface FeedDocument extends Written {
  /** 1, 2, 3 … without gaps: two replicas want the same number, and one insert wins. */
  _id: number;
  at: Date;
  changes: Change[];
  totals: Totals;
  /** The stations whose counts it may have changed; commits of older code lack it. */
  touched?: string[];
  /** With this commit, the rows of another generation replace the live ones. */
  generation?: number;
  /** How long other replicas must commit nothing: the replica that made this commit makes the next one. */
  holdMs?: number;
}

/** The position of the rows: everything up to this feed version is in them. */
interface Checkpoint {
  _id: 'feed';
  version: number;
  totals: Totals;
  /** Whose rows; from before there were generations: 0. */
  generation?: number;
}

/** Some engines scan for a range of _id (docs/facts.md), so the version is stored a second time, with its own index. */
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
    minutes: Schema.Types.Mixed,
    hours: Schema.Types.Mixed,
    stations: Schema.Types.Mixed,
    positions: Schema.Types.Mixed,
    totals: Schema.Types.Mixed,
    touched: [String],
    generation: Number,
    holdMs: Number,
  },
  { collection: 'feed', versionKey: false },
);
feedSchema.index({ version: 1 }, { unique: true });

const checkpointSchema = new Schema<Checkpoint>(
  { _id: String, version: Number, totals: Schema.Types.Mixed, generation: Number },
  { collection: 'checkpoint', versionKey: false },
);

/** What versions of MongoDB say of an index that is there with other options, and of one that is not there. */
const otherOptions: readonly unknown[] = [85, 86];
const indexNotFound = 27;
const codeOf = (error: unknown) => (error as { code?: unknown } | null)?.code;

export function createReadModels(database: Connection, feedRetentionSeconds: number) {
  const feed = database.model<StoredFeedDocument>('Feed', feedSchema);
  const checkpoints = database.model<Checkpoint>('Checkpoint', checkpointSchema);
  const made = new Map<number, ViewRows>();

  /** The rows of a generation. */
  function rows(generation: number): ViewRows {
    const known = made.get(generation) ?? createRows(database, generation);
    made.set(generation, known);
    return known;
  }

  let live = rows(0);

  /** Lets commits go after the retention, also where the index was made with another one. */
  async function expireFeed(): Promise<void> {
    const make = () => feed.collection.createIndex({ at: 1 }, { expireAfterSeconds: feedRetentionSeconds }, {});
    try {
      await make();
    } catch (error) {
      if (!otherOptions.includes(codeOf(error))) throw error;
      // To change it as it stands would need a right that services do not have. Another replica may be faster.
      await feed.collection.dropIndex('at_1').catch((late: unknown) => {
        if (codeOf(late) !== indexNotFound) throw late;
      });
      await make();
    }
  }

  return {
    async prepare() {
      await feed.createIndexes();
      await expireFeed();
      const checkpoint = await checkpoints.findById('feed').lean<Checkpoint>().exec();
      await rows(checkpoint?.generation ?? 0).prepare();
    },

    rows,
    /** The live generation. */
    live: () => live,
    /** Makes a generation the live one, for this replica. */
    use(generation: number) {
      live = rows(generation);
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
      await writeRows(checkpoints.collection, [
        { _id: 'feed', version, totals, generation: live.generation } as ViewRow,
      ]);
    },

    // Those of the live generation.
    write: (document: FeedDocument) => live.write(document._id, document),
    position: (subject: string) => live.position(subject),
    named: (rowNames: readonly string[]) => live.named(rowNames),
    list: (filter: ReservationRowFilter, order: RowOrder, page: PageRequest) => live.list(filter, order, page),
    hours: (names: readonly string[]) => live.find('hour', names),
    newestReservation: () => live.newestReservation(),
    reservationsBetween: (first: number, last: number) => live.reservationsBetween(first, last),
    perMinute: (minutes: readonly string[]) => live.perMinute(minutes),
  };
}

export type ReadModels = ReturnType<typeof createReadModels>;
