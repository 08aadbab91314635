import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mongoose';
import type { Runtime } from '../service/runtime.ts';
import {
  createLogbook,
  createSilentTally,
  createStage,
  originOf,
  type Stage,
  type TallyDocument,
} from '../service/testing.ts';
import { createViews, rowVersion, writeRows, type ViewRow } from './read-model.ts';

interface Row extends ViewRow {
  _id: string;
  total?: number;
  text?: string | undefined;
  holder?: string | null;
}

let stage: Stage;
let runtime: Runtime;
let database: Connection;

beforeAll(async () => {
  stage = await createStage();
  runtime = await stage.runtime('owner');
  ({ database } = runtime);
});
afterAll(() => stage.close());

const rowsIn = (name: string) => database.collection<Row>(name);
const find = (name: string, _id: string) => rowsIn(name).findOne({ _id });

function createTallyViews(
  schemaVersion: number,
  rowOf: (document: TallyDocument) => Row = (document) => ({
    _id: document.stream,
    version: rowVersion(document),
    total: document.state.total,
  }),
) {
  const { logger, lines } = createLogbook();
  const silent = createSilentTally(runtime);
  const views = createViews({
    database,
    journal: silent.journal,
    logger,
    schemaVersion,
    changesOf: (document) => [{ collection: database.collection('tallies'), row: rowOf(document) }],
  });
  return { ...silent, views, lines };
}

describe('rows', () => {
  it('end the same in whatever order and however often they are written', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({ _id: 'a', version: index + 1, total: index + 1 }));
    for (const row of [...rows.toReversed(), ...rows]) await writeRows(database.collection('orders'), [row]);
    expect(await find('orders', 'a')).toEqual({ _id: 'a', version: 20, total: 20 });
    const shuffled = [...rows, ...rows].sort(() => Math.random() - 0.5);
    await Promise.all(shuffled.map((row) => writeRows(database.collection('orders'), [{ ...row, _id: 'b' }])));
    expect(await find('orders', 'b')).toEqual({ _id: 'b', version: 20, total: 20 });
    expect(await rowsIn('orders').countDocuments({})).toBe(2);
  });

  it('of one write are all written, also when some are there in a newer version', async () => {
    const row = (_id: string, version: number) => ({ _id, version, total: version });
    await writeRows(database.collection('mixed'), [row('new', 9), row('old', 1)]);
    await writeRows(database.collection('mixed'), [row('new', 5), row('old', 5), row('more', 5), row('new', 10)]);
    expect(await rowsIn('mixed').find().sort({ _id: 1 }).toArray()).toEqual([
      row('more', 5),
      row('new', 10),
      row('old', 5),
    ]);
  });

  it('are replaced as a whole: what a newer version does not have is gone', async () => {
    const rows: Row[] = [
      { _id: 'a', version: 1, text: 'first' },
      { _id: 'a', version: 2, text: undefined },
    ];
    for (const row of rows) await writeRows(database.collection('whole'), [row]);
    expect((await find('whole', 'a'))?.text).toBeUndefined();
    expect(await find('whole', 'a')).toMatchObject({ version: 2 });
  });

  it('of two instances that write a new one at the same moment, the newer one stays', async () => {
    const collection = database.collection<Row>('race');
    const racing = {
      async updateMany(filter: never, change: never) {
        const updated = await collection.updateMany(filter, change);
        if (updated.matchedCount === 0) await collection.insertOne({ _id: 'a', version: 1, total: 1 });
        return updated;
      },
      insertMany: (rows: never, how: never) => collection.insertMany(rows, how),
    };
    const row: Row = { _id: 'a', version: 2, total: 2 };
    await writeRows(racing as never, [row]);
    expect(await find('race', 'a')).toEqual(row);
  });
});

describe('rows of which the caller says that they are new', () => {
  it('are written all the same when they are there, and never over a newer version', async () => {
    const row = (_id: string, version: number) => ({ _id, version, total: version });
    const collection = database.collection('supposed');
    await writeRows(collection, [row('older', 1), row('newer', 9)]);
    await writeRows(collection, [row('older', 5), row('newer', 5), row('new', 5)], { areNew: true });
    expect(await rowsIn('supposed').find().sort({ _id: 1 }).toArray()).toEqual([
      row('new', 5),
      row('newer', 9),
      row('older', 5),
    ]);
  });

  it('keep what looks like an instruction, however many they are', async () => {
    const rows = Array.from({ length: 250 }, (_, index) => ({ _id: `$a.${index}`, version: 1, text: '$version' }));
    const collection = database.collection('literal');
    for (const version of [1, 2])
      await writeRows(
        collection,
        rows.map((row) => ({ ...row, version })),
      );
    expect(await rowsIn('literal').countDocuments({ version: 2, text: '$version' })).toBe(250);
  });
});

describe('views', () => {
  it('show what was decided; a repetition changes nothing', async () => {
    const { handle, views } = createTallyViews(1);
    await views.catchUp();
    for (const amounts of [[1], [2, 3], [4]]) {
      const outcome = await handle('shown', { type: 'Add', amounts }, originOf());
      if (outcome.kind === 'decided') await Promise.all([views.apply(outcome.document), views.apply(outcome.document)]);
    }
    expect(await find('tallies', 'shown')).toEqual({ _id: 'shown', version: 4, total: 10 });
  });

  it('are built from the journal once, and again when their version is raised', async () => {
    await database.collection('view_state').deleteMany({});
    await database.collection('tallies').deleteMany({});
    const { add, handle, views } = createTallyViews(1);
    for (let stream = 0; stream < 60; stream += 1) await add(`built-${stream}`, 4);
    await handle('built-0', { type: 'Hold', by: 'me' }, originOf());
    await views.catchUp();
    expect(await find('tallies', 'built-0')).toEqual({ _id: 'built-0', version: 5, total: 10 });
    expect(await rowsIn('tallies').countDocuments({ _id: /^built/, version: 4, total: 10 })).toBe(59);

    // The same version: nothing is built.
    await rowsIn('tallies').deleteMany({ _id: 'built-1' });
    const same = createTallyViews(1);
    await same.views.catchUp();
    expect(await find('tallies', 'built-1')).toBeNull();
    expect(same.lines).toEqual([]);

    // Raised: every row shows the new shape, although its version in the journal is the same.
    const raised = createTallyViews(2, ({ state, ...document }) => ({
      _id: document.stream,
      version: rowVersion(document),
      holder: state.holder,
    }));
    await raised.views.catchUp();
    expect(await find('tallies', 'built-0')).toEqual({ _id: 'built-0', version: 5, holder: 'me' });
    expect(await find('tallies', 'built-1')).toEqual({ _id: 'built-1', version: 4, holder: null });
    expect(await rowsIn('tallies').countDocuments({ _id: /^built/, total: { $exists: true } })).toBe(0);
    expect(raised.lines).toMatchObject([{ message: 'rebuilt the views from the journal' }]);
  });
});
