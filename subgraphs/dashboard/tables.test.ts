import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ContractError } from '../../platform/index.ts';
import { bikeNumbered, pictureOf, pictures, stationNumbered } from './open-data/testing.ts';
import type { Picture } from './picture.ts';
import type { StationView } from './projections.ts';
import { changesBy, spellsOf } from './spells.ts';
import {
  bikesTable as bikesAt,
  movementsTable,
  stationsTable as stationsAt,
  type BikeFilter,
  type BikeOrder,
  type StationFilter,
  type StationOrder,
  type TablePage,
  type TableRequest,
} from './tables.ts';

const bikeOrders: BikeOrder[] = [
  ...(['BIKE_ID_ASC', 'BIKE_ID_DESC', 'CONDITION_ASC', 'CONDITION_DESC', 'USE_ASC', 'USE_DESC'] as const),
  ...(['STATION_ASC', 'STATION_DESC', 'SINCE_ASC', 'SINCE_DESC'] as const),
];
const stationOrders: StationOrder[] = [
  ...(['NUMBER_ASC', 'NUMBER_DESC', 'DISTRICT_ASC', 'DISTRICT_DESC', 'RACKS_ASC', 'RACKS_DESC'] as const),
  ...(['BIKES_ASC', 'BIKES_DESC', 'AVAILABLE_ASC', 'AVAILABLE_DESC', 'FREE_RACKS_ASC', 'FREE_RACKS_DESC'] as const),
  ...(['EMPTY_SINCE_ASC', 'EMPTY_SINCE_DESC', 'EMPTY_TIMES_ASC', 'EMPTY_TIMES_DESC'] as const),
  ...(['EMPTY_MINUTES_ASC', 'EMPTY_MINUTES_DESC', 'FULL_SINCE_ASC', 'FULL_SINCE_DESC'] as const),
  ...(['FULL_TIMES_ASC', 'FULL_TIMES_DESC', 'FULL_MINUTES_ASC', 'FULL_MINUTES_DESC'] as const),
];

const now = Date.parse('2026-11-27T04:00:00.000Z');
const momentOf = (picture: Picture) => ({
  ...{ picture, now },
  spellsOf: (station: StationView) =>
    spellsOf(
      station,
      [...picture.bikes.values()].flatMap((bike) => changesBy(bike).get(station.stationId) ?? []),
    ),
});
const bikesTable = (picture: Picture, filter: BikeFilter, order: BikeOrder, page: TableRequest) =>
  bikesAt(momentOf(picture), filter, order, page);
const stationsTable = (picture: Picture, filter: StationFilter, order: StationOrder, page: TableRequest) =>
  stationsAt(momentOf(picture), filter, order, page);

const everything = { first: 200 };
const bikeIds = (picture: Picture, filter: BikeFilter = {}, order: BikeOrder = 'BIKE_ID_ASC') =>
  bikesTable(picture, filter, order, everything).nodes.map(({ bikeId }) => bikeId);
const numbers = (picture: Picture, filter: StationFilter = {}, order: StationOrder = 'NUMBER_ASC') =>
  stationsTable(picture, filter, order, everything).nodes.map(({ number }) => number);

/** All pages of a list, one after the other, from its beginning or from its end. */
function walk<Line>(ask: (page: TableRequest) => TablePage<Line>, size: number, isBackward: boolean): Line[] {
  const lines: Line[] = [];
  for (let cursor: string | null = null; ;) {
    const page = ask(isBackward ? { last: size, before: cursor } : { first: size, after: cursor });
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = page.pageInfo;
    expect(page.nodes.length).toBeLessThanOrEqual(size);
    expect(hasPreviousPage).toBe(page.rowsBefore > 0);
    expect(hasNextPage).toBe(page.rowsBefore + page.nodes.length < page.totalCount);
    expect(page.rowsBefore).toBe(isBackward ? page.totalCount - lines.length - page.nodes.length : lines.length);
    if (isBackward) lines.unshift(...page.nodes);
    else lines.push(...page.nodes);
    cursor = isBackward ? startCursor : endCursor;
    if (!(isBackward ? hasPreviousPage : hasNextPage)) return lines;
  }
}

describe('the table of bikes', () => {
  const [mapo, jongno] = [stationNumbered(2), stationNumbered(1, { district: 'JONGNO' })];
  const picture = pictureOf(
    [
      bikeNumbered(3, { stationId: 'ST-2', since: '2026-11-27T03:00:00.000Z' }),
      bikeNumbered(12, { condition: 'MAINTENANCE', stationId: 'ST-1', since: '2026-11-27T01:00:00.000Z' }),
      bikeNumbered(1, { use: 'inUse', holder: { reserveNo: 9, userId: '10' }, since: '2026-11-27T02:00:00.000Z' }),
      bikeNumbered(13, { condition: 'LOST', stationId: 'ST-99' }),
      bikeNumbered(4, { condition: null }),
    ],
    [mapo, jongno],
  );

  it('has every bike that was registered, with the station where it stands', () => {
    const { nodes, totalCount } = bikesTable(picture, {}, 'BIKE_ID_ASC', {});
    expect(totalCount).toBe(4);
    expect(nodes.map(({ bikeId, station }) => [bikeId, station?.number])).toEqual([
      [1, undefined],
      [3, 2],
      [12, 1],
      [13, undefined],
    ]);
  });

  it('orders by what is asked for, then by number; what is not known comes last', () => {
    expect(bikeIds(picture, {}, 'BIKE_ID_DESC')).toEqual([13, 12, 3, 1]);
    expect(bikeIds(picture, {}, 'CONDITION_ASC')).toEqual([1, 3, 12, 13]);
    expect(bikeIds(picture, {}, 'USE_DESC')).toEqual([1, 13, 12, 3]);
    expect(bikeIds(picture, {}, 'STATION_ASC')).toEqual([12, 3, 1, 13]);
    expect(bikeIds(picture, {}, 'SINCE_ASC')).toEqual([12, 1, 3, 13]);
    expect(bikeIds(picture, {}, 'SINCE_DESC')).toEqual([13, 3, 1, 12]);
  });

  it('leaves out what does not match each condition', () => {
    expect(bikeIds(picture, { condition: ['LOST', 'MAINTENANCE'] })).toEqual([12, 13]);
    expect(bikeIds(picture, { condition: [] })).toEqual([]);
    expect(bikeIds(picture, { use: ['inUse'] })).toEqual([1]);
    expect(bikeIds(picture, { stationId: 'ST-99' })).toEqual([13]);
    // No station has this id, and so no bike stands there.
    expect(bikeIds(picture, { stationId: '' })).toEqual([]);
    expect(bikeIds(picture, { district: 'MAPO' })).toEqual([3]);
    expect(bikeIds(picture, { number: ' 1 ' })).toEqual([1, 12, 13]);
    expect(bikeIds(picture, { number: '1', condition: ['LOST'], use: ['free'] })).toEqual([13]);
    expect(bikeIds(picture, { bikeIds: [12, 4, 3, 99] })).toEqual([3, 12]);
    expect(bikeIds(picture, { bikeIds: [] })).toEqual([]);
    expect(() => bikeIds(picture, { bikeIds: Array.from({ length: 201 }, (_, index) => index) })).toThrow('"bikeIds"');
    expect(() => bikeIds(picture, { number: 'x' })).toThrow(ContractError);
    expect(bikeIds(picture, { forMinutes: 120 })).toEqual([1, 12]);
    expect(bikeIds(picture, { use: ['inUse'], forMinutes: 121 })).toEqual([]);
    expect(() => bikeIds(picture, { forMinutes: 0 })).toThrow('"forMinutes" must be 1 to 2147483647, not 0.');
  });
});

describe('the table of stations', () => {
  const picture = pictureOf(
    [bikeNumbered(1, { stationId: 'ST-10' }), bikeNumbered(2, { stationId: 'ST-10', condition: 'MAINTENANCE' })],
    [
      stationNumbered(10, { racks: 2, nameKo: '망원역 1번 출구', nameEn: 'Mangwon Exit 1' }),
      stationNumbered(9, { racks: 5, district: 'JONGNO', state: 'CLOSED' }),
      stationNumbered(101, { racks: 0 }),
    ],
  );

  it('counts what stands at each, and orders by that, too', () => {
    const line = stationsTable(picture, {}, 'BIKES_DESC', { first: 1 }).nodes[0];
    expect(line).toMatchObject({ number: 10, bikes: 2, available: 1, racks: 2 });
    expect(numbers(picture, {}, 'FREE_RACKS_DESC')).toEqual([9, 101, 10]);
    expect(numbers(picture, {}, 'AVAILABLE_ASC')).toEqual([9, 101, 10]);
    expect(numbers(picture, {}, 'DISTRICT_ASC')).toEqual([9, 10, 101]);
  });

  it('leaves out what does not match each condition', () => {
    expect(numbers(picture, { situation: 'EMPTY' })).toEqual([9, 101]);
    expect(numbers(picture, { situation: 'FULL' })).toEqual([10, 101]);
    expect(numbers(picture, { situation: 'EMPTY', state: 'OPEN' })).toEqual([101]);
    expect(numbers(picture, { text: '10' })).toEqual([10, 101]);
    expect(numbers(picture, { text: '망원역1번' })).toEqual([10]);
    expect(numbers(picture, { text: 'mangwonＥＸＩＴ' })).toEqual([10]);
    expect(numbers(picture, { district: 'JONGNO', text: 'x' })).toEqual([]);
  });

  it('tells since when, how often and how long each was empty or full, and orders and filters by it', () => {
    const minute = (ago: number) => now - ago * 60_000;
    const stood = (...stands: [ago: number, stationId?: string][]) =>
      stands.map(([ago, stationId]) => ({ at: minute(ago), isFree: true, ...(stationId && { stationId }) }));
    const always = [{ at: 0, condition: 'IN_SERVICE' as const }];
    const since = (racks: number) => ({ racks, sizes: [{ at: 0, racks }] });
    const city = pictureOf(
      [
        // It came to 1 an hour ago, left after 20 minutes, and has been at 2, which has one rack, for ten.
        bikeNumbered(1, { stationId: 'ST-2', stands: stood([60, 'ST-1'], [40], [10, 'ST-2']), conditions: always }),
        bikeNumbered(2, { stationId: 'ST-3', stands: stood([5_000, 'ST-3']), conditions: always }),
      ],
      [stationNumbered(1, since(2)), stationNumbered(2, since(1)), stationNumbered(3, since(5)), stationNumbered(4)],
    );
    const { nodes } = stationsTable(city, {}, 'NUMBER_ASC', everything);
    expect(nodes.map(({ told }) => told('empty'))).toEqual([
      { isNow: true, since: minute(40), times: 1, ms: (1_440 - 20) * 60_000 },
      { isNow: false, since: null, times: 0, ms: (1_440 - 10) * 60_000 },
      { isNow: false, since: null, times: 0, ms: 0 },
      // Nobody knows since when: nothing was heard of it.
      { isNow: true, since: null, times: 0, ms: 1_440 * 60_000 },
    ]);
    expect(nodes[1]?.told('full')).toEqual({ isNow: true, since: minute(10), times: 1, ms: 10 * 60_000 });
    expect(numbers(city, {}, 'EMPTY_SINCE_ASC')).toEqual([4, 1, 2, 3]);
    expect(numbers(city, {}, 'EMPTY_TIMES_DESC')).toEqual([1, 4, 3, 2]);
    expect(numbers(city, {}, 'EMPTY_MINUTES_ASC')).toEqual([3, 1, 2, 4]);
    expect(numbers(city, {}, 'FULL_SINCE_ASC')).toEqual([2, 1, 3, 4]);
    expect(numbers(city, {}, 'FULL_TIMES_ASC')).toEqual([1, 3, 4, 2]);
    expect(numbers(city, {}, 'FULL_MINUTES_DESC')).toEqual([2, 4, 3, 1]);
    expect(numbers(city, { situation: 'EMPTY', forMinutes: 40 })).toEqual([1, 4]);
    expect(numbers(city, { situation: 'EMPTY', forMinutes: 41 })).toEqual([4]);
    expect(numbers(city, { situation: 'FULL', forMinutes: 10 })).toEqual([2]);
    expect(numbers(city, { situation: 'FULL', forMinutes: 11 })).toEqual([]);
    expect(() => numbers(city, { forMinutes: 5 })).toThrow('"situation"');
    expect(() => numbers(city, { situation: 'EMPTY', forMinutes: 1_441 })).toThrow('"forMinutes" must be 1 to 1440');
  });
});

describe('any table', () => {
  it('is walked through page by page, forth and back, in the order of all of its lines', () => {
    fc.assert(
      fc.property(
        pictures,
        fc.constantFrom(...bikeOrders),
        fc.constantFrom(...stationOrders),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (picture, bikeOrder, stationOrder, size, isBackward) => {
          const bikes = walk((page) => bikesTable(picture, {}, bikeOrder, page), size, isBackward);
          expect(bikes.map(({ bikeId }) => bikeId)).toEqual(bikeIds(picture, {}, bikeOrder));
          expect(bikes.length).toBe([...picture.bikes.values()].filter(({ condition }) => condition !== null).length);
          const stations = walk((page) => stationsTable(picture, {}, stationOrder, page), size, isBackward);
          expect(stations.map(({ number }) => number)).toEqual(numbers(picture, {}, stationOrder));
          expect(stations.length).toBe(picture.stations.size);
          expect(stations.reduce((sum, { bikes: parked }) => sum + parked, 0)).toBe(
            bikes.filter(({ stationId = '' }) => picture.stations.has(stationId)).length,
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has the opposite order backwards', () => {
    fc.assert(
      fc.property(pictures, fc.constantFrom('CONDITION', 'USE', 'STATION', 'SINCE'), (picture, column) => {
        const [up, down] = [`${column}_ASC`, `${column}_DESC`] as [BikeOrder, BikeOrder];
        expect(bikeIds(picture, {}, down)).toEqual(bikeIds(picture, {}, up).toReversed());
      }),
    );
  });

  it('goes on from a line that is gone', () => {
    const all = pictureOf([1, 2, 3].map((bikeId) => bikeNumbered(bikeId)));
    const { endCursor } = bikesTable(all, {}, 'BIKE_ID_ASC', { first: 2 }).pageInfo;
    const without = pictureOf([1, 3].map((bikeId) => bikeNumbered(bikeId)));
    expect(bikesTable(without, {}, 'BIKE_ID_ASC', { after: endCursor })).toMatchObject({
      nodes: [{ bikeId: 3 }],
      rowsBefore: 1,
    });
  });

  it('refuses a page that makes no sense, and a cursor of another order or list, and says why', () => {
    const picture = pictureOf([bikeNumbered(1)], [stationNumbered(1)]);
    const { endCursor } = bikesTable(picture, {}, 'SINCE_DESC', {}).pageInfo;
    const asking = (page: TableRequest) => () => bikesTable(picture, {}, 'BIKE_ID_ASC', page);
    expect(asking({ after: endCursor })).toThrow(
      '"after" is a cursor of the order "bikes SINCE_DESC", not of "bikes BIKE_ID_ASC".',
    );
    expect(asking({ before: endCursor })).toThrow('"before" is a cursor of the order');
    expect(() => stationsTable(picture, {}, 'NUMBER_ASC', { after: endCursor })).toThrow('"stations NUMBER_ASC"');
    expect(asking({ before: 'nonsense' })).toThrow('"before" is not a cursor of this list: nonsense');
    expect(asking({ first: 201 })).toThrow('"first" must be 1 to 200, not 201.');
    expect(asking({ last: 0 })).toThrow('"last" must be 1 to 200, not 0.');
    expect(asking({ first: 1, before: endCursor })).toThrow(/not both/);
    expect(asking({ last: 1, after: endCursor })).toThrow(/not both/);
  });

  it('keeps no more than some pages of a city, whatever its order', () => {
    const bikes = Array.from({ length: 5_000 }, (_, index) => bikeNumbered(index + 1));
    for (const order of ['BIKE_ID_ASC', 'BIKE_ID_DESC'] as const) {
      const { nodes, totalCount } = bikesTable(pictureOf(bikes), {}, order, { first: 3 });
      expect(totalCount).toBe(5_000);
      expect(nodes.map(({ bikeId }) => bikeId)).toEqual(order === 'BIKE_ID_ASC' ? [1, 2, 3] : [5_000, 4_999, 4_998]);
    }
  });
});

describe('the table of what came to a station and left it', () => {
  it('has the newest first, page by page in both directions', () => {
    const stood = (...times: number[]) =>
      times.map((minutes, index) => ({
        ...{ at: now - minutes * 60_000, isFree: true },
        ...(index % 2 === 0 && { stationId: 'ST-1' }),
      }));
    const bikes = [
      bikeNumbered(1, { stands: stood(50, 40, 30), stationId: 'ST-1' }),
      bikeNumbered(2, { stands: stood(45, 40) }),
      bikeNumbered(3, { stationId: 'ST-2', stands: [{ at: now, isFree: true, stationId: 'ST-2' }] }),
    ];
    const picture = pictureOf(bikes, [stationNumbered(1)]);
    const told = ['1 came 30', '2 left 40', '1 left 40', '2 came 45', '1 came 50'];
    for (const isBackward of [false, true]) {
      const found = walk((page) => movementsTable({ picture, now }, 'ST-1', page), 2, isBackward);
      expect(
        found.map(({ at, bikeId, hasArrived }) => `${bikeId} ${hasArrived ? 'came' : 'left'} ${(now - at) / 60_000}`),
      ).toEqual(told);
    }
  });
});
