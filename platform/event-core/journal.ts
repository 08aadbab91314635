import { Schema, type Connection } from 'mongoose';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createBatcher } from '../foundation/batcher.ts';
import { hashOf } from './canonical-json.ts';
import { ChainBrokenError, UnavailableError, isUnavailable } from '../foundation/errors.ts';
import { journalId } from '../foundation/event-id.ts';
import { partsOf } from '../foundation/parts.ts';
import { assertLasting } from './lasting.ts';
import { realTime, type Time } from '../foundation/time.ts';

/**
 * One decision: optimistic lock, inbox, state and outbox in one insert (docs/architecture.md).
 * Only `published`, `publishedAt` and `refused` ever change, and losing them is harmless.
 */
export interface JournalDocument<State = unknown, Event extends Envelope = Envelope> {
  /** `<stream>@<version>`: two writers of the same version want the same id, and one wins. */
  _id: string;
  stream: string;
  /** The version of its first event; versions count the stream's events 1, 2, 3 … without gaps. */
  version: number;
  /** What caused it, unique in the whole journal: a command's idempotency key, or `<policy>:<event id>`. */
  cause: string;
  commandHash: string;
  events: Event[];
  /** The aggregate after the decision. */
  state: State;
  prevHash: string;
  /** SHA-256 of all of the above in canonical JSON; chains the documents of a stream. */
  hash: string;
  at: Date;
  /** Views written and every event in the broker. */
  published: boolean;
  /** When it was marked as published, by the database's clock. */
  publishedAt?: Date;
  /** Why publishing was refused, and when to try again; absent while it was not refused. */
  refused?: Refused;
}

/** A decision that the broker or a view refuses is set aside, so that the others are delivered. */
export interface Refused {
  because: string;
  times: number;
  since: Date;
  /** When to try again. */
  until: Date;
}

export interface Journal<State, Event extends Envelope> {
  /** The newest document of a stream. */
  head(stream: string): Promise<JournalDocument<State, Event> | null>;
  byCause(cause: string): Promise<JournalDocument<State, Event> | null>;
  /** Those that are there, by their cause. */
  byCauses(causes: readonly string[]): Promise<Map<string, JournalDocument<State, Event>>>;
  /** The stream's documents, newest first; with `upTo`, only those that begin at or before that version. */
  latest(stream: string, limit: number, upTo?: number): Promise<JournalDocument<State, Event>[]>;
  /** The documents that these events are in; fewer when it lacks some. */
  containing(events: readonly { stream: string; version: number }[]): Promise<JournalDocument<State, Event>[]>;
  /**
   * @returns false when another document has the same `_id` or `cause`.
   * @throws {UnavailableError} when it is not known whether the document is there.
   * @throws {ContractError} when it would not be read back as it is.
   */
  append(document: JournalDocument<State, Event>): Promise<boolean>;
  /** The stream's events after a version, oldest first. @throws {ChainBrokenError} */
  eventsAfter(stream: string, version: number, limit: number): Promise<Event[]>;
  /**
   * The first streams after a name, ordered by name, with their events, oldest first; about `limit` events in all. Of a
   * stream with more events than that, only the first ones: `eventsAfter` has the rest. Empty when there are no more.
   * @throws {ChainBrokenError}
   */
  streamsAfter(name: string, limit: number): Promise<StreamEvents<Event>[]>;
  /** Documents that were not published yet, oldest first, after so many of them; without those that were refused. */
  unpublished(limit: number, skipped?: number): Promise<JournalDocument<State, Event>[]>;
  /** Those of one stream, oldest first. */
  unpublishedOf(stream: string): Promise<JournalDocument<State, Event>[]>;
  countUnpublished(): Promise<number>;
  /** Documents that were refused, the next to be tried first. */
  refused(limit: number): Promise<JournalDocument<State, Event>[]>;
  /** Those whose retry is due, and those that a clock which was ahead has put off for longer than `longestMs`. */
  refusedDue(limit: number, now: Date, longestMs: number): Promise<JournalDocument<State, Event>[]>;
  countRefused(): Promise<number>;
  putAside(id: string, refused: Refused): Promise<void>;
  markPublished(ids: string[]): Promise<void>;
  /**
   * Each stream's last published version; with `since`, only of streams with something marked published since then,
   * and the last version of that. What is not published yet is on its way, not lost.
   */
  lastPublished(lately?: { since: Date | undefined; now: Date }): AsyncIterable<StreamVersion>;
  /** Every document that was marked published since then, by the database's clock, or is not yet; in any order. */
  markedSince(since: Date): AsyncIterable<JournalDocument<State, Event>>;
  /** Every document, stream by stream, newest first within a stream. */
  all(): AsyncIterable<JournalDocument<State, Event>>;
  createIndexes(): Promise<void>;
}

export interface StreamVersion {
  stream: string;
  version: number;
}

export interface StreamEvents<Event extends Envelope = Envelope> {
  stream: string;
  events: Event[];
}

/** A decision that was refused, as operators see it. */
export interface RefusedDecision {
  /** `<stream>@<version>` */
  id: string;
  because: string;
  times: number;
  since: string;
}

/** A decision has a handful of events at most; `eventsAfter` relies on it. */
export const maxEventsPerDecision = 8;

const majority = { writeConcern: { w: 'majority', j: true } } as const;

export function lastVersionOf(document: Pick<JournalDocument, 'version' | 'events'> | null): number {
  return document ? document.version + document.events.length - 1 : 0;
}

/** The part of a document that its hash covers. */
type Hashed = Omit<JournalDocument, 'hash' | 'published' | 'publishedAt' | 'refused' | 'at'>;

/** The hash that a document must carry as its link of the chain. */
export function chainHash(document: Hashed): string {
  return hashOf(hashed(document));
}

export function hashed(document: Hashed): Hashed {
  const { _id, stream, version, cause, commandHash, events, state, prevHash } = document;
  return { _id, stream, version, cause, commandHash, events, state, prevHash };
}

/** @param documents of one stream, by version. @throws {ChainBrokenError} when one does not fit, or was changed. */
export function checkChain(documents: readonly JournalDocument[]): void {
  let before: JournalDocument | undefined;
  for (const document of documents) {
    const fits = before ? document.prevHash === before.hash : document.version > 1 || document.prevHash === '';
    if (!fits) throw new ChainBrokenError(`${document._id} does not follow what stands before it.`);
    if (document.hash !== chainHash(document)) throw new ChainBrokenError(`${document._id} was changed.`);
    before = document;
  }
}

interface Entry<Document> {
  document: Document;
  /** False when another document has its `_id` or `cause`. */
  taken: boolean | Error;
}

/** The document as mongoose knows it: events and state are opaque to the database. */
type Stored = Omit<JournalDocument, 'events'> & { events: unknown };

const schema = new Schema<Stored>(
  {
    _id: { type: String, required: true },
    stream: { type: String, required: true },
    version: { type: Number, required: true },
    cause: { type: String, required: true },
    commandHash: { type: String, required: true },
    events: { type: Schema.Types.Mixed, required: true },
    state: { type: Schema.Types.Mixed },
    prevHash: { type: String, default: '' },
    hash: { type: String, required: true },
    at: { type: Date, required: true },
    published: { type: Boolean, required: true },
    publishedAt: Date,
    refused: { type: Schema.Types.Mixed },
  },
  { collection: 'journal', versionKey: false, minimize: false },
);
schema.index({ stream: 1, version: -1 }, { unique: true });
schema.index({ cause: 1 }, { unique: true });
schema.index({ publishedAt: 1 });
// Only unpublished documents: a full index would grow with every event ever decided.
schema.index({ published: 1, 'refused.until': 1, at: 1 }, { partialFilterExpression: { published: false } });

/**
 * What was published lately is read in spans of time with about this many decisions each: one statement for the minutes
 * that are compared keeps the decisions of a busy service waiting for half a second.
 */
const [fewMarks, manyMarks, firstSpanMs] = [250, 1_000, 1_000] as const;

/** Later than any real date; some databases cannot store JavaScript's own last date. */
const endOfTime = new Date('9999-12-31T23:59:59.999Z');

/**
 * How long a decision of a busy service waits for others, to share an insert: from about eighty decisions a second on. A
 * reservation makes three decisions one after the other, so that it waits three times as long.
 */
const groupCommitMs = 3;

/** @param onBroken called when a stream's hash chain turns out to be broken. */
export function createJournal<State, Event extends Envelope>(
  database: Connection,
  onBroken: (stream: string, error: unknown) => void = () => undefined,
  time: Time = realTime,
): Journal<State, Event> {
  type Document = JournalDocument<State, Event>;
  const model = database.model<Stored>('Journal', schema);
  const { collection } = model;
  const inserts = createBatcher<Entry<Document>>(insert, { busyMs: groupCommitMs, time });

  /** Concurrent decisions share a database command; each is accepted or refused on its own. */
  async function insert(entries: Entry<Document>[]): Promise<void> {
    const documents = entries.map(({ document }) => document as never);
    const failures = await collection.insertMany(documents, { ...majority, ordered: false }).then(
      () => new Map<number, WriteFailure>(),
      (error: unknown) => writeFailuresOf(error),
    );
    entries.forEach((entry, index) => {
      const failure = failures.get(index);
      if (!failure || failure.code === duplicateKey) entry.taken = !failure;
      else entry.taken = new Error(`The journal refused ${entry.document._id}: ${failure.errmsg ?? failure.code}`);
    });
  }

  /** Checks documents that follow each other, oldest first. @throws {ChainBrokenError} */
  function trusted(stream: string, documents: Document[]): Event[] {
    try {
      checkChain(documents);
    } catch (error) {
      onBroken(stream, error);
      throw error;
    }
    return documents.flatMap(({ events }) => events);
  }

  async function eventsAfter(stream: string, version: number, limit: number): Promise<Event[]> {
    const documents = await model
      .find({ stream, version: { $gt: version - maxEventsPerDecision } })
      .sort({ version: 1 })
      // The first ones may end before the version.
      .limit(limit + maxEventsPerDecision)
      .lean<Document[]>()
      .exec();
    return trusted(stream, documents).filter(({ sequence }) => sequence > version);
  }

  const findRefused = (until: object, limit: number) =>
    model
      .find({ published: false, 'refused.until': until })
      .sort({ 'refused.until': 1 })
      .limit(limit)
      .lean<Document[]>()
      .exec();

  async function* publishedBetween(since: Date, now: Date): AsyncGenerator<StreamVersion> {
    const newest = new Map<string, number>();
    let spanMs = firstSpanMs;
    for (let from: Date | undefined = since; from;) {
      const to: Date = new Date(from.getTime() + spanMs);
      // The last one has no end: the database's clock may be ahead.
      const publishedAt = { $gte: from, ...(to < now ? { $lt: to } : {}) };
      const marked = await model
        .find({ publishedAt })
        .select({ _id: 0, stream: 1, 'events.sequence': 1 })
        .lean<Pick<Document, 'stream' | 'events'>[]>()
        .exec();
      for (const { stream, events } of marked) {
        const version = events.at(-1)?.sequence ?? 0;
        if (version > (newest.get(stream) ?? 0)) newest.set(stream, version);
      }
      from = to < now ? to : undefined;
      if (marked.length < fewMarks) spanMs *= 2;
      else if (marked.length > manyMarks) spanMs /= 2;
    }
    for (const [stream, version] of newest) yield { stream, version };
  }

  return {
    createIndexes: () => model.createIndexes(),
    head: (stream) => model.findOne({ stream }).sort({ version: -1 }).lean<Document>().exec(),
    byCause: (cause) => model.findOne({ cause }).lean<Document>().exec(),
    async byCauses(causes) {
      const documents = await model
        .find({ cause: { $in: causes } })
        .lean<Document[]>()
        .exec();
      return new Map(documents.map((document) => [document.cause, document]));
    },
    latest: (stream, limit, upTo = Number.MAX_SAFE_INTEGER) =>
      model
        .find({ stream, version: { $lte: upTo } })
        .sort({ version: -1 })
        .limit(limit)
        .lean<Document[]>()
        .exec(),
    async containing(events) {
      if (events.length === 0) return [];
      // A document is named by its first event, which is one of the few up to this one.
      const names = events.flatMap(({ stream, version }) =>
        Array.from({ length: Math.min(version, maxEventsPerDecision) }, (_, back) => journalId(stream, version - back)),
      );
      const documents = await model
        .find({ _id: { $in: [...new Set(names)] } })
        .lean<Document[]>()
        .exec();
      const wanted = new Set(events.map(({ stream, version }) => journalId(stream, version)));
      return documents.filter((document) =>
        document.events.some((_event, index) => wanted.has(journalId(document.stream, document.version + index))),
      );
    },
    async append(document) {
      assertLasting(hashed(document));
      const entry: Entry<Document> = { document, taken: false };
      try {
        await inserts.add(entry);
      } catch (error) {
        // The insert may have reached the database: a retry is answered from the document with its cause.
        if (isUnavailable(error)) throw new UnavailableError('The journal did not answer.', { cause: error });
        throw error;
      }
      if (entry.taken instanceof Error) throw entry.taken;
      return entry.taken;
    },
    eventsAfter,
    async streamsAfter(name, limit) {
      const documents = await model
        .find({ stream: { $gt: name } })
        // In the order of the index: no engine needs to sort.
        .sort({ stream: 1, version: -1 })
        .limit(limit)
        .lean<Document[]>()
        .exec();
      const streams = [...Map.groupBy(documents, ({ stream }) => stream)];
      // The page may end in the middle of the last one.
      const last = documents.length < limit ? undefined : streams.pop();
      if (last && streams.length === 0) return [{ stream: last[0], events: await eventsAfter(last[0], 0, limit) }];
      return streams.map(([stream, newestFirst]) => ({ stream, events: trusted(stream, newestFirst.toReversed()) }));
    },
    unpublished: (limit, skipped = 0) =>
      model
        .find({ published: false, 'refused.until': null })
        .sort({ at: 1 })
        .skip(skipped)
        .limit(limit)
        .lean<Document[]>()
        .exec(),
    unpublishedOf: (stream) => model.find({ stream, published: false }).sort({ version: 1 }).lean<Document[]>().exec(),
    countUnpublished: () => model.countDocuments({ published: false }).exec(),
    refused: (limit) => findRefused({ $lte: endOfTime }, limit),
    async refusedDue(limit, now, longestMs) {
      const beyond = new Date(now.getTime() + longestMs);
      const isDue = ({ refused }: Document) => refused !== undefined && refused.until <= now;
      const isPutOff = ({ refused }: Document) => refused !== undefined && refused.until > beyond;
      // Asked each second, and few are refused, if any: then one question has them all. Not one with $or: some engines
      // look at the whole journal for it.
      const first = await findRefused({ $lte: endOfTime }, limit);
      if (first.length < limit) return first.filter((document) => isDue(document) || isPutOff(document));
      const due = first.filter(isDue);
      const putOff = due.length < limit ? await findRefused({ $gt: beyond }, limit - due.length) : [];
      return [...due, ...putOff];
    },
    countRefused: () => model.countDocuments({ published: false, 'refused.until': { $ne: null } }).exec(),
    async putAside(id, refused) {
      await model.updateOne({ _id: id }, { $set: { refused } }).exec();
    },
    async markPublished(ids) {
      // The database's clock: a write that arrives late must not look as if it had been made before.
      const marked = { $set: { published: true }, $currentDate: { publishedAt: true } } as const;
      for (const some of partsOf(ids)) await model.updateMany({ _id: { $in: some } }, marked).exec();
    },
    async *lastPublished(lately) {
      if (lately?.since) {
        yield* publishedBetween(lately.since, lately.now);
        return;
      }
      const cursor = model.aggregate<{ _id: string; version: number }>([
        { $match: { published: true } },
        { $project: { stream: 1, last: { $subtract: [{ $add: ['$version', { $size: '$events' }] }, 1] } } },
        { $group: { _id: '$stream', version: { $max: '$last' } } },
      ]);
      for await (const { _id, version } of cursor.cursor()) yield { stream: String(_id), version: Number(version) };
    },
    async *markedSince(since) {
      // In this order: what is marked in between is found twice, and not missed.
      for (const filter of [{ published: false }, { publishedAt: { $gte: since } }])
        yield* model.find(filter).lean<Document>().cursor() as AsyncIterable<Document>;
    },
    all: () => model.find().sort({ stream: 1, version: -1 }).lean<Document>().cursor() as AsyncIterable<Document>,
  };
}

/** MongoDB's error code. */
export const duplicateKey = 11000;

/** Error 11000, from any operation. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === duplicateKey;
}

export interface WriteFailure {
  index: number;
  code?: number;
  errmsg?: string;
}

/** Which documents of a bulk write were refused, by their place in it. @throws the error when all of it failed. */
export function writeFailuresOf(error: unknown): Map<number, WriteFailure> {
  const { writeErrors = [] } = error as { writeErrors?: WriteFailure | WriteFailure[] };
  const failures = [writeErrors].flat();
  if (failures.length === 0) throw error;
  return new Map(failures.map((failure) => [failure.index, failure]));
}
