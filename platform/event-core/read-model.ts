import { Schema, type Collection, type Connection } from 'mongoose';
import type { Envelope } from '../../schema/events/envelope.ts';
import { createBatcher } from '../foundation/batcher.ts';
import { duplicateKey, lastVersionOf, writeFailuresOf, type Journal, type JournalDocument } from './journal.ts';
import type { Logger } from '../server/logger.ts';

/**
 * What a decision changes in a view: the whole row, so that writes in any order end the same. The subgraph's store
 * makes it from one journal document.
 */
export interface ViewChange<Row extends ViewRow = ViewRow> {
  collection: Collection;
  row: Row;
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
  await Promise.all([...byCollection].map(([collection, group]) => write(collection, newestOf(group))));
}

/** Each row once, as its newest change has it. */
function newestOf(changes: ViewChange[]): ViewRow[] {
  const newest = new Map<ViewRow['_id'], ViewRow>();
  for (const { row } of changes) {
    if (row.version >= (newest.get(row._id)?.version ?? 0)) newest.set(row._id, row);
  }
  return [...newest.values()];
}

/** Writes whole rows, each unless the collection has it with this version or a newer one. */
export async function writeRows(collection: Collection, rows: ViewRow[]): Promise<void> {
  await replaceRows(collection, rows, '$lt');
}

/** Replaces rows that other code made: also those of the same version. */
async function rebuildRows(collection: Collection, rows: ViewRow[]): Promise<void> {
  await replaceRows(collection, rows, '$lte');
}

async function replaceRows(collection: Collection, rows: ViewRow[], than: '$lt' | '$lte'): Promise<void> {
  const write = (some: ViewRow[], upsert: boolean) =>
    collection.bulkWrite(
      some.map((row) => ({
        replaceOne: { filter: { _id: row._id, version: { [than]: row.version } }, replacement: row, upsert },
      })) as never,
      { ordered: false },
    );
  try {
    await write(rows, true);
  } catch (error) {
    // Either the row has this version or a newer one, and the upsert tried to insert it a second time; or another
    // instance inserted an older one at this moment, which is overwritten now.
    const inTheWay = writeFailuresOf(error);
    // `_id` is the only unique index of a view: with several, engines differ in which one they name.
    if ([...inTheWay.values()].some(({ code }) => code !== duplicateKey)) throw error;
    await write(
      rows.filter((_, index) => inTheWay.has(index)),
      false,
    );
  }
}

/** The version of a view row that shows the aggregate after a decision. */
export const rowVersion = (document: Pick<JournalDocument, 'version' | 'events'>) => lastVersionOf(document);
