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

const city = seoul(createDice(7)).map((station): Extract<Station, { status: 'known' }> => ({
  status: 'known',
  ...station,
  stationId: stationIdOf(station.number),
  address: null,
  openedDate: null,
  state: station.number % 10 === 0 ? 'CLOSED' : 'OPEN',
}));

/** By rules of its own: every station, its distance, in order. */
function expected(near: Position, meters: number, state: StationState | null = null): number[] {
  return city
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
    const changes = city.flatMap((state) =>
      store.changesOf({ version: 1, events: [{}], state } as unknown as JournalDocument<Station, StationEvent>),
    );
    const [first] = changes;
    if (first)
      await writeRows(
        first.collection,
        changes.map(({ row }) => row),
      );
  }, 60_000);
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

  it('cost few reads, and whole rows only of those shown, however little matches', async () => {
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
      expect(reads.length).toBeLessThanOrEqual(6);
      expect(reads.filter((isWhole) => isWhole)).toHaveLength(1);
    }
  });

  it('cost a look and the rows that are shown, where there are as many as usual', async () => {
    reads = [];
    const near = { latitude: 37.55, longitude: 126.99 };
    const page = await store.listNear({}, { near, withinMeters: null }, { first: 50 });
    expect([page.nodes.length, reads]).toEqual([50, [false, true]]);
  });

  it('of a place far away are found, too', async () => {
    const far = { latitude: 33.2, longitude: 126.5 };
    const found = await store.listNear({}, { near: far, withinMeters: null }, { first: 5 });
    expect(found.nodes.map(({ number }) => number)).toEqual(expected(far, Infinity).slice(0, 5));
    expect((await store.listNear({}, { near: far, withinMeters: 100_000 }, { first: 5 })).nodes).toEqual([]);
  });
});
