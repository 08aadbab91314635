import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Time } from '../../platform/index.ts';
import { readCursor } from './feed-follower.ts';
import { bikeNumbered, stationNumbered } from './open-data/testing.ts';
import { createPictures } from './picture.ts';
import { noTotals, type BikeView, type StationView } from './projections.ts';
import type { FeedDocument } from './read-models.ts';
import { rowKey, writtenFrom, type View } from './row-keys.ts';
import { createStationCounts, mostRead, stationsTouched, tellEveryMs, type StationCounts } from './station-counts.ts';

/** Time that passes when somebody waits for it. */
function createTime(): Time & { waited: number[] } {
  let now = 1_000_000;
  const waited: number[] = [];
  return {
    waited,
    now: () => now,
    async wait(ms) {
      waited.push(ms);
      now += ms;
    },
    after: () => () => undefined,
    every: () => () => undefined,
  };
}

/** Commits, the rows after them, and a process that tells of them; it may be started again. */
function createCity() {
  const commits: FeedDocument[] = [];
  const rows = new Map<string, View>();
  const time = createTime();
  const watchers = new Set<() => void>();
  /** Commits before this one are gone. */
  let oldest = 1;

  function start() {
    async function* all(kind: 'bike' | 'station') {
      const views = [...rows].filter(([name]) => name.startsWith(`${kind}:`)).map(([, view]) => view);
      yield new Map(
        views.map((view) => ['bikeId' in view ? view.bikeId : (view as StationView).stationId, view] as never),
      );
    }
    const pictures = createPictures(() => ({ all }) as never, new Date(0));
    const source = {
      // A few at a time, as from a database.
      commitsAfter: async (version: number) => commits.filter(({ _id }) => _id > version && _id >= oldest).slice(0, 3),
      watchers,
      head: () => commits.length,
      isClosed: () => false,
    };
    return { pictures, counts: createStationCounts({ source, picture: pictures.read, time }) };
  }

  let running = start();
  return {
    time,
    restart: () => (running = start()),
    counts: () => running.counts,
    forget: (version: number) => (oldest = version),
    commit(changed: (BikeView | StationView)[], said: Partial<FeedDocument> = {}) {
      const named = changed.map((view): [string, View] => [
        'bikeId' in view ? rowKey('bike', view.bikeId) : rowKey('station', view.stationId),
        view,
      ]);
      const document: FeedDocument = {
        _id: commits.length + 1,
        at: new Date(commits.length),
        changes: [],
        ...writtenFrom(named),
        totals: noTotals,
        touched: stationsTouched(named, rows),
        ...said,
      };
      if (said.touched === undefined && 'touched' in said) delete document.touched;
      for (const [name, view] of named) rows.set(name, view);
      commits.push(document);
      running.pictures.absorb(document);
      for (const wake of watchers) wake();
    },
  };
}

type City = ReturnType<typeof createCity>;

const placeIn = (cursor: string) => readCursor(cursor) ?? { version: -1, index: 0 };
const shown = ({ stations }: StationCounts) =>
  stations.map(({ stationId, state, racks, bikes, available }) => [stationId, state, racks, bikes, available] as const);

/** What a watcher knows, and all messages that there are for one who has seen this much. */
function createWatcher(city: City, first: StationCounts) {
  const known = new Map(shown(first).map((line) => [line[0], line]));
  let { cursor } = first;
  const messages: StationCounts[] = [];
  return {
    known,
    messages,
    async catchUp() {
      const items = city.counts().follow(placeIn(cursor));
      for (;;) {
        const message = await Promise.race([items.next(), quiet()]);
        if (!message || message.done) break;
        messages.push(message.value);
        cursor = message.value.cursor;
        for (const line of shown(message.value)) known.set(line[0], line);
      }
      await items.return?.();
    },
  };
}

/** Longer than it takes to tell what is there: no time passes, only turns of the event loop. */
async function quiet(): Promise<undefined> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return undefined;
}

const stationIds = ['ST-1', 'ST-2', 'ST-3'];
const bike = fc
  .record({
    bikeId: fc.integer({ min: 1, max: 6 }),
    condition: fc.constantFrom('IN_SERVICE' as const, 'MAINTENANCE' as const, null),
    use: fc.constantFrom('free' as const, 'reserved' as const),
    stationId: fc.option(fc.constantFrom(...stationIds, 'ST-99'), { nil: undefined }),
  })
  .map(({ bikeId, stationId, ...said }) => bikeNumbered(bikeId, { ...said, ...(stationId ? { stationId } : {}) }));
const station = fc
  .record({
    number: fc.integer({ min: 1, max: 3 }),
    state: fc.constantFrom('OPEN' as const, 'CLOSED' as const),
    racks: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ number, ...said }) => stationNumbered(number, said));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ commit: fc.array(fc.oneof(bike, station), { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ restart: true } as const) },
  { weight: 1, arbitrary: fc.constant({ older: true } as const) },
  { weight: 2, arbitrary: fc.constant({ look: true } as const) },
);

describe('the counts of stations', () => {
  it('are for who follows them what they are for who asks, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const city = createCity();
        city.commit([1, 2].map((number) => stationNumbered(number)));
        const watcher = createWatcher(city, await city.counts().now());
        const isRight = async () => {
          await watcher.catchUp();
          const now = shown(await city.counts().now());
          expect([...watcher.known.values()].sort()).toEqual([...now].sort());
        };
        for (const each of steps) {
          if ('commit' in each) {
            // A commit has each row once.
            const rows = new Map(each.commit.map((view) => ['bikeId' in view ? view.bikeId : view.stationId, view]));
            city.commit([...rows.values()]);
          } else if ('older' in each)
            city.commit([bikeNumbered(1, { stationId: 'ST-2' })], { touched: undefined as never });
          else if ('restart' in each) city.restart();
          else await isRight();
        }
        await isRight();
      }),
      { numRuns: 200 },
    );
  });

  it('are told at once after a quiet moment, then a few times a second, of each station once', async () => {
    const city = createCity();
    city.commit(stationIds.map((_, index) => stationNumbered(index + 1)));
    const first = await city.counts().now();
    const items = city.counts().follow(placeIn(first.cursor));
    city.commit([bikeNumbered(1, { stationId: 'ST-1' })]);
    const told = (await items.next()).value as StationCounts;
    expect(shown(told)).toEqual([['ST-1', 'OPEN', 10, 1, 1]]);
    city.commit([bikeNumbered(1, { stationId: 'ST-2' })]);
    city.commit([bikeNumbered(2, { stationId: 'ST-2' })]);
    const next = (await items.next()).value as StationCounts;
    expect(shown(next)).toEqual([
      ['ST-1', 'OPEN', 10, 0, 0],
      ['ST-2', 'OPEN', 10, 2, 2],
    ]);
    expect(city.time.waited).toEqual([0, tellEveryMs]);
    await items.return?.();
  });

  it('are told of the same commits to all who follow', async () => {
    const city = createCity();
    city.commit([stationNumbered(1)]);
    const { cursor } = await city.counts().now();
    const both = [1, 2].map(() => city.counts().follow(placeIn(cursor)));
    for (let round = 1; round <= 3; round += 1) {
      const next = both.map((items) => items.next());
      city.commit([bikeNumbered(round, { stationId: 'ST-1' })]);
      const [one, other] = await Promise.all(next);
      expect(one?.value).toEqual(other?.value);
    }
    expect(city.time.waited).toHaveLength(3);
  });

  it('are all told once other rows have taken the place of those that were followed', async () => {
    const city = createCity();
    city.commit([1, 2, 3].map((number) => stationNumbered(number)));
    const watcher = createWatcher(city, await city.counts().now());
    city.commit([], { generation: 1 });
    await watcher.catchUp();
    expect(watcher.messages.map(({ stations }) => stations.length)).toEqual([3]);
  });

  it('are all told to who is far behind, without reading what changed since', async () => {
    const city = createCity();
    city.commit([1, 2].map((number) => stationNumbered(number)));
    const { cursor } = await city.counts().now();
    city.commit([bikeNumbered(1, { stationId: 'ST-1' })]);
    for (let index = 0; index < mostRead; index += 1) city.commit([]);
    city.forget(5);
    const told = (await city.counts().follow(placeIn(cursor)).next()).value as StationCounts;
    expect(shown(told)).toEqual([
      ['ST-1', 'OPEN', 10, 1, 1],
      ['ST-2', 'OPEN', 10, 0, 0],
    ]);
    const items = city.counts().follow(placeIn(told.cursor));
    city.commit([bikeNumbered(1, { stationId: 'ST-2' })]);
    expect(shown((await items.next()).value as StationCounts)).toHaveLength(2);
    await items.return?.();
  });

  it('are not told where nothing changed at a station', async () => {
    const city = createCity();
    city.commit([stationNumbered(1)]);
    const watcher = createWatcher(city, await city.counts().now());
    city.commit([bikeNumbered(1), bikeNumbered(2, { stationId: 'ST-99' })]);
    city.commit([]);
    await watcher.catchUp();
    expect(watcher.messages).toEqual([]);
  });

  it('cannot be followed from a place that the feed has forgotten', async () => {
    const city = createCity();
    for (let index = 1; index <= 4; index += 1) city.commit([stationNumbered(1, { racks: index })]);
    city.forget(4);
    const items = city.counts().follow({ version: 1, index: 0 });
    await expect(items.next()).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
  });
});
