import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
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
import { until } from '../../test/support/until.ts';
import { realTime, type Time } from '../foundation/time.ts';
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
  time: Time = realTime,
) {
  const { logger, lines } = createLogbook();
  const silent = createSilentTally(runtime);
  const views = createViews({
    database,
    journal: silent.journal,
    logger,
    schemaVersion,
    changesOf: (document) => [{ collection: database.collection('tallies'), row: rowOf(document) }],
    time,
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

/** An update from rows with a total to rows with a holder; processes of both run for a while. */
describe('an update of the views, process by process,', () => {
  const stateOf = () => database.collection<{ _id: string }>('view_state').findOne({ _id: 'views' });
  let now: number;
  const time = { ...realTime, now: () => now };
  const holderOf = ({ stream, state, ...document }: TallyDocument): Row => ({
    _id: stream,
    version: rowVersion(document),
    holder: state.holder,
  });
  const createOlder = () => createTallyViews(1, undefined, time);
  const createNewer = () => createTallyViews(2, holderOf, time);
  type Process = ReturnType<typeof createTallyViews>;
  async function decide({ handle, views }: Process, stream: string): Promise<TallyDocument> {
    const outcome = await handle(stream, { type: 'Add', amounts: [1] }, originOf());
    if (outcome.kind !== 'decided') throw new Error('refused');
    await views.apply(outcome.document);
    return outcome.document;
  }
  const total = (_id: string, version: number, value: number) => ({ _id, version, total: value });
  const holder = (_id: string, version: number) => ({ _id, version, holder: null });
  let older: Process;
  let newer: Process;

  beforeEach(async () => {
    now = 0;
    for (const name of ['view_state', 'tallies', 'journal']) await database.collection(name).deleteMany({});
    older = createOlder();
    await older.views.catchUp();
    await decide(older, 'a');
    newer = createNewer();
  });

  it('replaces a while later what older processes wrote beside the rebuild, published or not', async () => {
    await newer.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 1));
    await decide(older, 'a');
    const { _id } = await decide(older, 'b');
    await database
      .collection<{ _id: string }>('journal')
      .updateOne({ _id }, { $set: { published: false, publishedAt: null } });
    expect(await find('tallies', 'a')).toEqual(total('a', 2, 2));
    now = 599_999;
    await newer.views.catchUp();
    expect(await find('tallies', 'b')).toEqual(total('b', 1, 1));
    now = 600_000;
    await newer.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 2));
    expect(await find('tallies', 'b')).toEqual(holder('b', 1));
    expect(newer.lines.map(({ message, documents }) => [message, documents])).toEqual([
      ['rebuilt the views from the journal', 1],
      ['replaced what older code wrote into the views', 3],
    ]);
  });

  it('is finished by another process when the one that rebuilt has ended', async () => {
    await newer.views.catchUp();
    await decide(older, 'a');
    const next = createNewer();
    await next.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 2));
    await decide(older, 'a');
    now = 600_000;
    await next.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 3));
  });

  it('costs a look at one document once it is over', async () => {
    await newer.views.catchUp();
    now = 600_000;
    await newer.views.catchUp();
    expect(await stateOf()).toMatchObject({ schemaVersion: 2, olderSince: null, olderUntil: null });
    newer.lines.length = 0;
    now = 1_200_000;
    await newer.views.catchUp();
    await createNewer().views.catchUp();
    expect(newer.lines).toEqual([]);
  });

  it('leaves the rows to the newest version when an older process starts beside it', async () => {
    await newer.views.catchUp();
    await createOlder().views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 1));
    expect(await stateOf()).toMatchObject({ schemaVersion: 2 });
  });

  it('goes on as long as older processes do', async () => {
    await newer.views.catchUp();
    for (let minute = 1; minute <= 30; minute += 1) {
      now = minute * 60_000;
      await older.views.catchUp();
      await newer.views.catchUp();
    }
    await decide(older, 'a');
    now += 599_999;
    await newer.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(total('a', 2, 2));
    now += 1;
    await newer.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 2));
  });

  it('after a rollback replaces what was written since', async () => {
    await newer.views.catchUp();
    now = 600_000;
    await newer.views.catchUp();
    // Back to the older version, for long.
    const back = createOlder();
    await back.views.catchUp();
    await decide(back, 'a');
    await decide(back, 'c');
    expect(await find('tallies', 'a')).toEqual(total('a', 2, 2));
    const again = createNewer();
    await again.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 2));
    expect(await find('tallies', 'c')).toEqual(holder('c', 1));
  });

  it('rebuilds again where code that knows nothing of newer versions has rebuilt them', async () => {
    await newer.views.catchUp();
    await database
      .collection<{ _id: string }>('view_state')
      .updateOne({ _id: 'views' }, { $set: { schemaVersion: 1 } });
    await decide(older, 'a');
    newer.views.start();
    await newer.views.catchUp();
    expect(await find('tallies', 'a')).toEqual(holder('a', 2));
    await newer.views.close();
  });

  it('is looked after every minute, until it is closed', async () => {
    const rounds = new Map<number, () => void>();
    const watched = createTallyViews(2, holderOf, {
      ...time,
      every(ms, call) {
        rounds.set(ms, call);
        return () => void rounds.delete(ms);
      },
    });
    watched.views.start();
    expect([...rounds.keys()]).toEqual([60_000]);
    rounds.get(60_000)?.();
    await until('the rows are rebuilt', async () => (await find('tallies', 'a'))?.holder === null);
    await watched.views.close();
    expect(rounds.size).toBe(0);
  });
});
