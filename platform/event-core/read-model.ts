import { Schema, type Collection, type Connection } from 'mongoose';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createBatcher } from '../foundation/batcher.ts';
import { UnavailableError, isUnavailable } from '../foundation/errors.ts';
import { partsOf } from '../foundation/parts.ts';
import { realTime, type Time } from '../foundation/time.ts';
import { duplicateKey, lastVersionOf, writeFailuresOf, type Journal, type JournalDocument } from './journal.ts';
import type { Logger } from '../server/logger.ts';

/**
 * What a decision changes in a view: the whole row, so that writes in any order end the same. The subgraph's store
 * makes it from one journal document.
 */
export interface ViewChange<Row extends ViewRow = ViewRow> {
  collection: Collection;
  row: Row;
  /** The decision makes the row: it is inserted, without a look for an older version. */
  isNew?: boolean;
}

/**
 * A row remembers the version it shows: an older decision never overwrites a newer one. A view collection has no unique
 * index but `_id`; what must be unique is part of it.
 */
export interface ViewRow {
  _id: string | number;
  version: number;
}

export interface Views<State, Event extends Envelope> {
  /** Writes what a decision changes; safe to repeat. */
  apply(document: JournalDocument<State, Event>): Promise<void>;
  /**
   * Rebuilds every view from the journal when older code made the rows. During an update processes of older code go on
   * writing theirs, and a rollback brings them back: what they wrote is replaced when a process of the newest code starts,
   * and once more when none of them was heard of for ten minutes. Older code leaves the rows as they are: it reads newer
   * ones during every update.
   */
  catchUp(): Promise<void>;
  /** Catches up every minute: with nothing to do that is a look at one document. */
  start(): void;
  close(): Promise<void>;
}

/** How often processes of older code say that they are there, and those of the newest ask. */
const lookEveryMs = 60_000;
/**
 * Older code counts as gone after that: twice as long as an update may stand still (`progressDeadlineSeconds`), and far
 * longer than a process takes to end. Code from before these marks says nothing: then it is the time from the rebuild on.
 */
const olderGoneMs = 600_000;
/** Older code may have written for so long before it says that it is there: a look, and one that was late. */
const unsaidMs = 2 * lookEveryMs;

/** All dates are the database's. */
interface ViewState {
  _id: string;
  /** The newest code that has rebuilt the rows. */
  schemaVersion: number;
  /** When the last rebuild began. */
  rebuiltSince?: Date;
  /** From when until when older code was there beside the newest; null when what it wrote is replaced. */
  olderSince?: Date | null;
  olderUntil?: Date | null;
}

const viewStateSchema = new Schema<ViewState>(
  { _id: String, schemaVersion: Number, rebuiltSince: Date, olderSince: Date, olderUntil: Date },
  { collection: 'view_state', versionKey: false },
);

export interface ViewsOptions<State, Event extends Envelope> {
  database: Connection;
  journal: Journal<State, Event>;
  logger: Logger;
  /** Raise it when rows must be rebuilt. */
  schemaVersion: number;
  changesOf(document: JournalDocument<State, Event>): ViewChange[];
  time?: Time;
}

export function createViews<State, Event extends Envelope>(options: ViewsOptions<State, Event>): Views<State, Event> {
  const { journal, logger, schemaVersion, time = realTime } = options;
  const viewState = options.database.model<ViewState>('ViewState', viewStateSchema);
  const writes = createBatcher<ViewChange>((changes) => writeChanges(changes, writeRows));
  const rebuilds = createBatcher<ViewChange>((changes) => writeChanges(changes, rebuildRows));

  /** The last that was heard of older code, and when this process first saw that. */
  let heard: { until: number; at: number } | undefined;
  let running: Promise<void> | undefined;
  let stop: () => void = () => undefined;
  let closed = false;

  const apply = async (document: JournalDocument<State, Event>, batcher = writes) => {
    await Promise.all(options.changesOf(document).map((change) => batcher.add(change)));
  };

  /** Returns how many there were. */
  async function replaceRows(documents: AsyncIterable<JournalDocument<State, Event>>): Promise<number> {
    let count = 0;
    let pending: Promise<void>[] = [];
    for await (const document of documents) {
      if (closed) throw new UnavailableError('closing');
      pending.push(apply(document, rebuilds));
      count += 1;
      if (pending.length < 200) continue;
      await Promise.all(pending);
      pending = [];
    }
    await Promise.all(pending);
    return count;
  }

  async function rebuild(isUpdate: boolean): Promise<void> {
    const begun = isUpdate
      ? await viewState
          .findOneAndUpdate({ _id: 'views' }, { $currentDate: { rebuiltSince: true } }, { returnDocument: 'after' })
          .lean()
          .exec()
      : null;
    const documents = await replaceRows(journal.all());
    const { rebuiltSince: olderUntil = null, olderSince } = begun ?? {};
    const state = { schemaVersion, olderUntil, olderSince: olderSince ?? olderUntil };
    await viewState.updateOne({ _id: 'views' }, state, { upsert: true }).exec();
    if (olderUntil) heard = { until: olderUntil.getTime(), at: time.now() };
    if (documents > 0) logger.info({ documents }, 'rebuilt the views from the journal');
  }

  /** Older code says that it is there; the end first: what is said while the newest forgets the one before stays. */
  async function sayOlder(): Promise<void> {
    await viewState.updateOne({ _id: 'views' }, { $currentDate: { olderUntil: true } }).exec();
    await viewState.updateOne({ _id: 'views', olderSince: null }, { $currentDate: { olderSince: true } }).exec();
  }

  async function replaceOlder(olderSince: Date, olderUntil: Date): Promise<void> {
    const until = olderUntil.getTime();
    const isStart = heard === undefined;
    if (heard?.until !== until) heard = { until, at: time.now() };
    const isGone = time.now() - heard.at >= olderGoneMs;
    if (!isStart && !isGone) return;
    const documents = await replaceRows(journal.markedSince(new Date(olderSince.getTime() - unsaidMs)));
    if (documents > 0) logger.info({ documents }, 'replaced what older code wrote into the views');
    if (!isGone) return;
    // Unless older code was there again meanwhile.
    await viewState
      .updateOne({ _id: 'views', schemaVersion, olderUntil }, { olderSince: null, olderUntil: null })
      .exec();
  }

  async function lookAtState(): Promise<void> {
    const current = await viewState.findById('views').lean().exec();
    if (!current || current.schemaVersion < schemaVersion) return rebuild(current !== null);
    if (current.schemaVersion > schemaVersion) return sayOlder();
    if (current.olderSince && current.olderUntil) await replaceOlder(current.olderSince, current.olderUntil);
  }

  const catchUp = () => {
    running ??= lookAtState().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    apply: (document) => apply(document),
    catchUp,
    start() {
      stop = time.every(lookEveryMs, () => {
        catchUp().catch((error: unknown) => {
          if (!isUnavailable(error)) logger.error({ err: error }, 'the views could not be caught up');
        });
      });
    },
    async close() {
      closed = true;
      stop();
      await running?.catch(() => undefined);
    },
  };
}

async function writeChanges(changes: ViewChange[], write: typeof writeRows): Promise<void> {
  const byCollection = Map.groupBy(changes, ({ collection }) => collection);
  const writes = [...byCollection].flatMap(([collection, group]) => {
    const { made = [], changed = [] } = Object.groupBy(newestOf(group), ({ isNew }) => (isNew ? 'made' : 'changed'));
    return [
      write(collection, made.map(toRow), { areNew: true }),
      write(collection, changed.map(toRow), { areNew: false }),
    ];
  });
  await Promise.all(writes);
}

const toRow = ({ row }: Pick<ViewChange, 'row'>) => row;

/** Each row once, as its newest change has it. */
function newestOf<Change extends Pick<ViewChange, 'row'>>(changes: readonly Change[]): Change[] {
  const newest = new Map<ViewRow['_id'], Change>();
  for (const change of changes) {
    const { _id, version } = change.row;
    if (version >= (newest.get(_id)?.row.version ?? 0)) newest.set(_id, change);
  }
  return [...newest.values()];
}

/**
 * Writes whole rows, each unless the collection has it with this version or a newer one.
 * @param areNew the collection has none of them, as far as the caller knows.
 */
export async function writeRows(collection: Collection, rows: ViewRow[], { areNew = false } = {}): Promise<void> {
  // A row of its stream's first event is there only if that is told again.
  const isMade = ({ version }: ViewRow) => areNew || version === 1;
  const { made = [], changed = [] } = Object.groupBy(rows, (row) => (isMade(row) ? 'made' : 'changed'));
  await storeRows(collection, made, '$lt', true);
  await storeRows(collection, changed, '$lt', false);
}

/** Replaces rows that other code made: also those of the same version. */
async function rebuildRows(collection: Collection, rows: ViewRow[]): Promise<void> {
  await storeRows(collection, rows, '$lte', false);
}

async function storeRows(collection: Collection, rows: ViewRow[], than: '$lt' | '$lte', areNew: boolean) {
  const distinct = newestOf(rows.map((row) => ({ row }))).map(toRow);
  for (const some of partsOf(distinct)) {
    const there = areNew ? 0 : await replaceThere(collection, some, than);
    if (there === some.length) continue;
    const inTheWay = await insertMissing(collection, some);
    // Another instance has inserted some at this moment, perhaps in an older version.
    if (inTheWay.length > there) await replaceThere(collection, inTheWay, than);
  }
}

/**
 * Replaces those of these rows that are there, in one statement: a statement each would be a commit each. Returns how
 * many are there.
 */
async function replaceThere(collection: Collection, rows: ViewRow[], than: '$lt' | '$lte'): Promise<number> {
  const ids = rows.map(({ _id }) => _id);
  const row = { $arrayElemAt: [{ $literal: rows }, { $indexOfArray: [{ $literal: ids }, '$_id'] }] };
  const newer = { $cond: [{ [than]: ['$version', '$$row.version'] }, '$$row', '$$ROOT'] };
  const change = [{ $replaceWith: { $let: { vars: { row }, in: newer } } }];
  return (await collection.updateMany({ _id: { $in: ids } } as object, change)).matchedCount;
}

/** Inserts those of these rows that are not there; returns the others. */
async function insertMissing(collection: Collection, rows: ViewRow[]): Promise<ViewRow[]> {
  try {
    await collection.insertMany(rows as never, { ordered: false });
    return [];
  } catch (error) {
    const inTheWay = writeFailuresOf(error);
    // `_id` is the only unique index of a view: with several, engines differ in which one they name.
    if ([...inTheWay.values()].some(({ code }) => code !== duplicateKey)) throw error;
    return rows.filter((_, index) => inTheWay.has(index));
  }
}

/** The version of a view row that shows the aggregate after a decision. */
export const rowVersion = (document: Pick<JournalDocument, 'version' | 'events'>) => lastVersionOf(document);
