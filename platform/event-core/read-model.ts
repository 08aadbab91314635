import { Schema, type Collection, type Connection } from 'mongoose';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createBatcher } from '../foundation/batcher.ts';
import { partsOf } from '../foundation/parts.ts';
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
  /** Rebuilds every view from the journal when another version of the code made the rows. */
  catchUp(): Promise<void>;
}

interface ViewState {
  _id: string;
  schemaVersion: number;
}

const viewStateSchema = new Schema<ViewState>(
  { _id: String, schemaVersion: Number },
  { collection: 'view_state', versionKey: false },
);

export interface ViewsOptions<State, Event extends Envelope> {
  database: Connection;
  journal: Journal<State, Event>;
  logger: Logger;
  /** Raise it when rows must be rebuilt. */
  schemaVersion: number;
  changesOf(document: JournalDocument<State, Event>): ViewChange[];
}

export function createViews<State, Event extends Envelope>(options: ViewsOptions<State, Event>): Views<State, Event> {
  const viewState = options.database.model<ViewState>('ViewState', viewStateSchema);
  const writes = createBatcher<ViewChange>((changes) => writeChanges(changes, writeRows));
  const rebuilds = createBatcher<ViewChange>((changes) => writeChanges(changes, rebuildRows));

  const apply = async (document: JournalDocument<State, Event>, batcher = writes) => {
    await Promise.all(options.changesOf(document).map((change) => batcher.add(change)));
  };

  return {
    apply: (document) => apply(document),
    async catchUp() {
      const current = await viewState.findById('views').lean().exec();
      if (current?.schemaVersion === options.schemaVersion) return;
      let documents = 0;
      let pending: Promise<void>[] = [];
      for await (const document of options.journal.all()) {
        pending.push(apply(document, rebuilds));
        documents += 1;
        if (pending.length < 200) continue;
        await Promise.all(pending);
        pending = [];
      }
      await Promise.all(pending);
      await viewState.updateOne({ _id: 'views' }, { schemaVersion: options.schemaVersion }, { upsert: true }).exec();
      if (documents > 0) options.logger.info({ documents }, 'rebuilt the views from the journal');
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
