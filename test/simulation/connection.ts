import type { Connection, Schema } from 'mongoose';
import type { WriteFailure } from '../../platform/event-core/journal.ts';
import type { Change, Database, Filter, Pipeline, Row, Table } from './database.ts';
import type { Link } from './network.ts';

/**
 * A mongoose connection to a simulated database, with the operations that the services' stores use; each request
 * travels over the link. Schemas are mongoose's own: they name the collection and its unique fields.
 */
export function createConnection(database: Database, link: Link): Connection {
  const collectionOf = (name: string) => createCollection(name, database.table(name), link);
  const connection = {
    model: (_name: string, schema: Schema, collection?: string) =>
      createModel(database, collection ?? schema.get('collection') ?? '', schema, link),
    collection: collectionOf,
    db: { command: () => link.call('ping', () => ({ ok: 1 })) },
  };
  return connection as unknown as Connection;
}

interface WriteOptions {
  upsert?: boolean;
}

function createCollection(name: string, table: Table, link: Link) {
  const ask = <Result>(what: string, effect: (portion: number) => Result) => link.call(`${what} ${name}`, effect);

  /** Each by itself, unordered; where the answer is lost, some may not have been executed. */
  function writeMany<Item>(what: string, items: Item[], write: (item: Item) => void): Promise<void> {
    return ask(what, (portion) => {
      const writeErrors: WriteFailure[] = [];
      items.slice(0, Math.ceil(items.length * portion)).forEach((item, index) => {
        try {
          write(item);
        } catch (error) {
          const { code, message } = error as Error & { code: number };
          writeErrors.push({ index, code, errmsg: message });
        }
      });
      if (writeErrors.length > 0) throw Object.assign(new Error('MongoBulkWriteError'), { writeErrors });
    });
  }

  return {
    insertMany: (rows: Row[]) =>
      writeMany(`insert ${rows.map(({ _id }) => String(_id)).join()} into`, rows, table.insert),
    insertOne: (row: Row) => ask(`insert ${String(row._id)} into`, () => table.insert(row)),
    /** Each row by itself, as above. */
    updateMany: (filter: Filter, change: Change | Pipeline) =>
      ask('update', (portion) => {
        const ids = table.find(filter).map(({ _id }) => _id);
        const reached = ids.slice(0, Math.ceil(ids.length * portion));
        for (const _id of reached) table.update({ _id }, change, {});
        return { matchedCount: ids.length };
      }),
    findOneAndUpdate: (filter: Filter, change: Change, options: WriteOptions) =>
      ask('update', () => table.update(filter, change, options)[0] ?? null),
    updateOne: (filter: Filter, change: Change, options: WriteOptions = {}) =>
      ask('update', () => void table.update(filter, change, options)),
    countDocuments: (filter: Filter) => ask('count', () => table.find(filter).length),
    createIndex: () => ask('index', () => undefined),
    find: (filter: Filter) => createQuery(filter, (...question) => ask('find', () => table.find(...question)), toMany),
  };
}

function createModel(database: Database, name: string, schema: Schema, link: Link) {
  const table = database.table(name);
  const collection = createCollection(name, table, link);
  const read: Read = (...question) => link.call(`find ${name}`, () => table.find(...question));
  const change = (filter: Filter, what: Change, options: WriteOptions & { many?: boolean }) =>
    link.call(`update ${name}`, () => table.update(filter, what, options));
  return {
    collection,
    async createIndexes() {
      await link.call(`index ${name}`, () => {
        for (const [fields, { unique }] of schema.indexes()) if (unique === true) table.makeUnique(Object.keys(fields));
      });
    },
    find: (filter: Filter = {}) => createQuery(filter, read, toMany),
    findOne: (filter: Filter = {}) => createQuery(filter, read, toOne),
    findById: (_id: unknown) => createQuery({ _id }, read, toOne),
    findOneAndUpdate: (filter: Filter, what: Change, options: WriteOptions = {}) =>
      createQuery(filter, () => change(filter, what, options), toOne),
    updateOne: (filter: Filter, what: Change, options: WriteOptions = {}) => ({
      exec: () => change(filter, what, options),
    }),
    updateMany: (filter: Filter, what: Change) => ({ exec: () => change(filter, what, { many: true }) }),
    deleteOne: (filter: Filter) => ({ exec: () => link.call(`delete ${name}`, () => table.remove(filter)) }),
    countDocuments: (filter: Filter = {}) => ({ exec: () => collection.countDocuments(filter) }),
    aggregate: (pipeline: Record<string, unknown>[]) => ({
      cursor: () => each(() => link.call(`aggregate ${name}`, () => table.aggregate(pipeline))),
    }),
  };
}

type Read = (...question: Parameters<Table['find']>) => Promise<Row[]>;
const toMany = (rows: Row[]) => rows;
const toOne = (rows: Row[]) => rows[0] ?? null;

function createQuery<Answer>(filter: Filter, read: Read, toAnswer: (rows: Row[]) => Answer) {
  let order: Record<string, unknown> | undefined;
  let most: number | undefined;
  let skipped = 0;
  const exec = async () => toAnswer((await read(filter, order, most && skipped + most)).slice(skipped));
  const query = {
    sort(by: Record<string, unknown>) {
      order = by;
      return query;
    },
    skip(rows: number) {
      skipped = rows;
      return query;
    },
    limit(rows: number) {
      most = rows;
      return query;
    },
    lean: () => query,
    select: () => query,
    orFail: () => query,
    exec,
    toArray: exec,
    cursor: () => each(() => read(filter, order, most)),
  };
  return query;
}

async function* each(read: () => Promise<Row[]>): AsyncGenerator<Row> {
  yield* await read();
}
