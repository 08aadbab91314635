import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seoul, stationsInSeoul } from '../../cli/demo/seoul.ts';
import { createDice } from '../../cli/demo/dice.ts';
import { metersBetween, type Position } from '../../schema/places.ts';
import type { StationEvent } from '../../schema/events/index.ts';
import { writeRows, type JournalDocument } from '../../platform/index.ts';
import { createStage, type Stage } from '../../platform/service/testing.ts';
import { stationIdOf } from '../../schema/places.ts';
import { createStationStore, type StationStore } from './store.ts';
import type { Station, StationState } from './station.ts';

type Known = Extract<Station, { status: 'known' }>;

const city = seoul(createDice(7)).map((station): Known => ({
  status: 'known',
  ...station,
  stationId: stationIdOf(station.number),
  address: null,
  openedDate: null,
  state: station.number % 10 === 0 ? 'CLOSED' : 'OPEN',
}));

async function write(store: StationStore, stations: readonly Known[], version: number): Promise<void> {
  const changes = stations.flatMap((state) =>
    store.changesOf({ version, events: [{}], state } as unknown as JournalDocument<Station, StationEvent>),
  );
  const rows = changes.map(({ row }) => row);
  if (changes[0]) await writeRows(changes[0].collection, rows);
}

/** By rules of its own: every station, its distance, in order. */
function expected(near: Position, meters: number, state: StationState | null = null, all = city): number[] {
  return all
    .filter((station) => state === null || station.state === state)
    .map((station) => ({ number: station.number, away: metersBetween(near, station.position) }))
    .filter(({ away }) => away <= meters)
    .sort((one, other) => one.away - other.away || one.number - other.number)
    .map(({ number }) => number);
}

describe('the stations near a place, of a city of 2,800', () => {
  let stage: Stage;
  let store: StationStore;
  /** Whether each query since asked for whole rows. */
  let reads: boolean[] = [];
  beforeAll(async () => {
    stage = await createStage();
    const { database } = await stage.runtime('station');
    store = createStationStore(database);
    database.set('debug', (_collection: string, method: string, _filter: object, options?: { projection?: object }) => {
      if (method === 'find') reads.push(options?.projection === undefined);
      if (method === 'countDocuments') reads.push(false);
    });
    await store.prepare();
    await write(store, city, 1);
  });
  afterAll(() => stage.close());

  const somewhere = fc.record({
    latitude: fc.double({ min: 37.3, max: 37.8, noNaN: true }),
    longitude: fc.double({ min: 126.6, max: 127.3, noNaN: true }),
  });

  it('are all of those that are so near, to the meter', async () => {
    expect(city).toHaveLength(stationsInSeoul);
    await fc.assert(
      fc.asyncProperty(somewhere, fc.integer({ min: 1, max: 30_000 }), async (near, meters) => {
        const found = await store.within(near, meters);
        expect(found.map(({ station }) => station.number)).toEqual(expected(near, meters));
      }),
      { numRuns: 20 },
    );
  });

  it('are read page by page, the nearest first, each once, with or without an end', async () => {
    await fc.assert(
      fc.asyncProperty(
        somewhere,
        fc.option(fc.integer({ min: 500, max: 5_000 })),
        fc.constantFrom(null, 'OPEN' as const, 'CLOSED' as const),
        async (near, withinMeters, state) => {
          const all = expected(near, withinMeters ?? Infinity, state);
          const numbers: number[] = [];
          let after: string | null = null;
          for (let page = 0; page < 3; page += 1) {
            const found: Awaited<ReturnType<StationStore['listNear']>> = await store.listNear(
              { state },
              { near, withinMeters },
              { first: 40, after },
            );
            expect(await found.totalCount()).toBe(all.length);
            numbers.push(...found.nodes.map(({ number }) => number));
            after = found.pageInfo.endCursor;
            if (!found.pageInfo.hasNextPage) break;
          }
          expect(numbers).toEqual(all.slice(0, 120));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('cost few reads, and whole rows only of those around and those shown, however little matches', async () => {
    const near = { latitude: 37.55, longitude: 126.99 };
    for (const [withinMeters, state] of [
      [null, 'CLOSED'],
      [null, null],
      [20_000, 'CLOSED'],
    ] as const) {
      reads = [];
      const page = await store.listNear({ state, district: 'JONGNO' }, { near, withinMeters }, { first: 200 });
      const shown = page.nodes.length;
      expect(shown).toBeGreaterThan(0);
      expect(page.nodes.every(({ nameKo }) => nameKo.length > 0)).toBe(true);
      await page.totalCount();
      expect(reads.length).toBeLessThanOrEqual(5);
      expect([reads[0], reads.slice(1, -1).includes(true), reads.at(-1)]).toEqual([true, false, true]);
    }
  });

  it('cost one look where there are as many as usual, and how many there are costs none where it has all', async () => {
    reads = [];
    const near = { latitude: 37.55, longitude: 126.99 };
    const page = await store.listNear({}, { near, withinMeters: null }, { first: 50 });
    expect([page.nodes.length, reads]).toEqual([50, [true]]);
    reads = [];
    const few = await store.listNear({ state: 'OPEN' }, { near, withinMeters: 1_000 }, { first: 50 });
    expect(await few.totalCount()).toBe(expected(near, 1_000, 'OPEN').length);
    expect(reads).toEqual([true]);
  });

  it('of further pages are read no more than what is shown, and where the others are', async () => {
    const near = { latitude: 37.55, longitude: 126.99 };
    const { pageInfo } = await store.listNear({}, { near, withinMeters: null }, { first: 50 });
    reads = [];
    await store.listNear({}, { near, withinMeters: null }, { first: 50, after: pageInfo.endCursor });
    expect([reads.slice(0, -1).includes(true), reads.at(-1)]).toEqual([false, true]);
  });

  it('of a place far away are found, too', async () => {
    const far = { latitude: 33.2, longitude: 126.5 };
    const found = await store.listNear({}, { near: far, withinMeters: null }, { first: 5 });
    expect(found.nodes.map(({ number }) => number)).toEqual(expected(far, Infinity).slice(0, 5));
    expect((await store.listNear({}, { near: far, withinMeters: 100_000 }, { first: 5 })).nodes).toEqual([]);
  });
});

describe('the stations near a place, where many are equally far', () => {
  let stage: Stage;
  let store: StationStore;
  const middle = { latitude: 37.55, longitude: 126.99 };
  const spots = [-2, -1, 0, 1, 2].flatMap((north) =>
    [-2, -1, 0, 1, 2].map((east) => ({
      latitude: middle.latitude + north / 128,
      longitude: middle.longitude + east / 128,
    })),
  );
  /** Twelve in each spot, in an order of their own. */
  const stations = Array.from({ length: 300 }, (_, index): Known => ({
    ...(city[index] as Known),
    number: index + 1,
    stationId: stationIdOf(index + 1),
    district: index % 7 === 0 ? 'JONGNO' : 'JUNG',
    position: spots[(index * 7) % spots.length] ?? middle,
    state: index % 3 === 0 ? 'CLOSED' : 'OPEN',
  }));
  let now = stations;
  let version = 1;
  beforeAll(async () => {
    stage = await createStage();
    store = createStationStore((await stage.runtime('station')).database);
    await store.prepare();
    await write(store, now, version);
  });
  afterAll(() => stage.close());

  const spot = fc.constantFrom(...spots);
  /** As far as a station is, to the last bit, or by what a client may ask for. */
  const exactly = fc.tuple(spot, spot).map(([from, to]) => metersBetween(from, to));
  const state = fc.constantFrom(null, 'OPEN' as const, 'CLOSED' as const);

  it('are all of them, also those exactly at the limit', async () => {
    await fc.assert(
      fc.asyncProperty(spot, fc.oneof(exactly, fc.integer({ min: 1, max: 6_000 })), state, async (near, meters, of) => {
        const found = await store.within(near, meters, of ? { state: of } : {});
        expect(found.map(({ station }) => station.number)).toEqual(expected(near, meters, of, now));
      }),
      { numRuns: 60 },
    );
  });

  it('are each told once, page by page, whatever its size, while others are moved behind the last one', async () => {
    const withinMeters = fc.oneof(
      fc.constantFrom(1, 869, 2_000_000, 2 ** 31 - 1, null),
      fc.integer({ min: 1, max: 4_000 }),
    );
    await fc.assert(
      fc.asyncProperty(
        spot,
        withinMeters,
        fc.constantFrom(1, 7, 40, 200),
        state,
        fc.boolean(),
        async (near, within, first, of, moves) => {
          const numbers: number[] = [];
          let after: string | null = null;
          for (let page = 0; page < 12; page += 1) {
            const all = expected(near, within ?? Infinity, of, now);
            const found: Awaited<ReturnType<StationStore['listNear']>> = await store.listNear(
              { state: of },
              { near, withinMeters: within },
              { first, after },
            );
            expect(await found.totalCount()).toBe(all.length);
            const shown = found.nodes.map(({ number }) => number);
            numbers.push(...shown);
            expect(numbers).toEqual(all.slice(0, numbers.length));
            expect(found.edges.map(({ meters }) => meters)).toEqual(
              found.nodes.map(({ position }) => Math.round(metersBetween(near, position))),
            );
            expect(shown.length).toBe(Math.min(first, all.length - numbers.length + shown.length));
            expect(found.pageInfo.hasNextPage).toBe(numbers.length < all.length);
            expect(found.pageInfo.hasPreviousPage).toBe(page > 0);
            after = found.pageInfo.endCursor;
            if (!found.pageInfo.hasNextPage) break;
            if (moves && page === 0) await moveTheLast(near, numbers);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  /** The farthest of those that were not told yet, to where the farthest stand. */
  async function moveTheLast(near: Position, told: readonly number[]): Promise<void> {
    const away = expected(near, Infinity, null, now);
    const moved = away.filter((number) => !told.includes(number)).slice(-20);
    const last = now.find(({ number }) => number === away.at(-1))?.position ?? near;
    now = now.map((station) => (moved.includes(station.number) ? { ...station, position: last } : station));
    version += 1;
    await write(store, now, version);
  }

  it('go on after a cursor of their own kind only', async () => {
    const near = { near: middle, withinMeters: null };
    const byNumber = (await store.list({}, { first: 3 })).pageInfo.endCursor;
    await expect(store.listNear({}, near, { after: byNumber })).rejects.toThrow('"after" is not a cursor of this list');
    const byDistance = (await store.listNear({}, near, { first: 3 })).pageInfo.endCursor;
    await expect(store.list({}, { after: byDistance })).rejects.toThrow('"after" is not a cursor of this list');
    for (const values of [['0', 1], [null, 1], [0], [0, 1, 2], { 0: 0, 1: 1 }]) {
      const after = Buffer.from(JSON.stringify(values)).toString('base64url');
      await expect(store.listNear({}, near, { after })).rejects.toThrow('"after" is not a cursor of this list');
    }
    await expect(store.listNear({}, near, { first: 0 })).rejects.toThrow('"first" must be 1 to 200, not 0.');
    await expect(store.listNear({}, near, { first: 201 })).rejects.toThrow('"first" must be 1 to 200, not 201.');
  });
});
