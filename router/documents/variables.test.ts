import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codesOf, cpuMs, errorsOf } from './testing.ts';

const bikes =
  'query ($filter: BikeFilter, $first: Int, $after: Cursor) { bikes(filter: $filter, first: $first, after: $after) { totalCount } }';
const rides = 'query ($s: [ReserveStatus!]) { reservations(filter: { reserveStatus: $s }) { totalCount } }';
const register = 'mutation ($input: RegisterBikeInput!) { registerBike(input: $input) { refusal { code } } }';
const buy = 'mutation ($price: Long!) { buyPoints(input: { price: $price }) { refusal { code } } }';
const user = 'query ($userId: ID!) { user(userId: $userId) { userId } }';

const nested = (depth: number, open: string, close: string) =>
  JSON.parse(open.repeat(depth) + '1' + close.repeat(depth)) as unknown;
const many = (count: number, value: unknown) => Array.from({ length: count }, () => value);
const object = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));

describe('variables', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['200,000 wrong values in a list', rides, { s: many(200_000, 1) }],
    ['90,000 right values in a list', rides, { s: many(90_000, 'RESERVED') }],
    ['1,001 right values in a list', rides, { s: many(1_001, 'RESERVED') }],
    ['1,000 wrong values in a list', rides, { s: many(1_000, 'WRONG') }],
    ['lists 100,000 deep', bikes, { after: nested(100_000, '[', ']') }],
    ['objects 100,000 deep', bikes, { filter: nested(100_000, '{"a":', '}') }],
    ['lists 100,000 deep that nothing uses', bikes, { unknown: nested(100_000, '[', ']') }],
    ['50,000 fields', bikes, { filter: object(50_000) }],
    ['50,000 variables', bikes, object(50_000)],
    ['a number of a million letters', bikes, { first: 'x'.repeat(1_000_000) }],
    ['a cursor of a million letters', bikes, { after: 'x'.repeat(1_000_000) }],
    ['an object for a scalar', bikes, { first: { $gt: '' } }],
    ['a list for a scalar', bikes, { after: ['x'] }],
    ['an object for an id', user, { userId: { $gt: '' } }],
    ['a fraction for an id', user, { userId: 1.5 }],
    ['no id', user, {}],
    ['a fraction for a Long', buy, { price: 1.5 }],
    ['too many digits for a Long', buy, { price: '9'.repeat(20) }],
    ['a million digits for a Long', buy, { price: '9'.repeat(1_000_000) }],
    ['a day that does not exist', register, { input: { color: 'a', registeredDate: '2026-02-30T00:00:00Z' } }],
    ['a field that does not exist', register, { input: JSON.parse('{ "color": "a", "__proto__": { "x": 1 } }') }],
  ])('with %s are BAD_USER_INPUT at once, in few words', async (_what, query, variables) => {
    const codes = codesOf(query, variables);
    expect(new Set(codes)).toEqual(new Set(['BAD_USER_INPUT']));
    expect(codes.length).toBeLessThanOrEqual(10);
    expect(await cpuMs(() => errorsOf(query, variables))).toBeLessThan(50);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['a list of a thousand', rides, { s: many(1_000, 'RESERVED') }],
    [
      'a thousand bikes at once',
      'mutation ($input: RegisterBikesInput!) { registerBikes(input: $input) { results { line bike { bikeId } } } }',
      {
        input: {
          bikes: many(1_000, {
            color: 'a'.repeat(40),
            registeredDate: '2026-11-26T00:00:00Z',
            idempotencyKey: 'k'.repeat(255),
          }),
        },
      },
    ],
    ['one value for a list', rides, { s: 'RESERVED' }],
    ['null', bikes, { filter: null, first: null, after: null }],
    ['a number for an id', user, { userId: 10 }],
    ['text for a Long', buy, { price: '9223372036854775807' }],
    ['more than the operation has', user, { userId: 'a', more: [1, { b: 2 }] }],
  ])('with %s pass', (_what, query, variables) => {
    expect(codesOf(query, variables)).toEqual([]);
  });

  const nulls: [string, string][] = [
    ['an argument', 'query ($v: Int = 1) { bike(bikeId: $v) { color } }'],
    ['an argument with a default', 'query ($v: Int) { dashboardRebuilds(first: $v) { number } }'],
    ['an argument of introspection', 'query ($v: String = "Bike") { __type(name: $v) { name } }'],
    ['@include', 'query ($v: Boolean = true) { bike(bikeId: 1) { color @include(if: $v) } }'],
    [
      '@skip of a fragment',
      'query ($v: Boolean = true) { ...f } fragment f on Query { ... @skip(if: $v) { serverTime } }',
    ],
    ['@include of a spread', 'query ($v: Boolean = true) { ...f @include(if: $v) } fragment f on Query { serverTime }'],
    ['@include in an event', 'subscription ($v: Boolean = true) { reservationChanged { fee @include(if: $v) } }'],
    ['a field of an input', 'mutation ($v: String = "a") { registerBike(input: { color: $v }) { refusal { code } } }'],
    [
      'a field with a default',
      'mutation ($v: Boolean) { rebuildDashboard(input: { acceptDifference: $v }) { refusal { code } } }',
    ],
    ['a Long', 'mutation ($v: Long = 5) { buyPoints(input: { price: $v }) { refusal { code } } }'],
    ['a list', 'mutation ($v: [RegisterBikesLine!] = []) { registerBikes(input: { bikes: $v }) { results { line } } }'],
    [
      'a value in a list',
      'query ($v: ReserveStatus = RESERVED) { reservations(filter: { reserveStatus: [$v] }) { totalCount } }',
    ],
  ];

  it.each(nulls)('with null for %s that takes none are BAD_USER_INPUT', (_what, query) => {
    expect(codesOf(query, { v: null })).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(query)).toEqual([]);
  });

  it('of any JSON give BAD_USER_INPUT or pass', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(bikes, rides, register, buy, user),
        fc.jsonValue({ maxDepth: 14 }),
        (query, value) => {
          const variables = Object.fromEntries(
            ['filter', 'first', 'after', 's', 'input', 'price', 'userId'].map((name) => [name, value]),
          );
          const codes = codesOf(query, variables);
          expect(codes.length).toBeLessThanOrEqual(10);
          for (const code of codes) expect(code).toBe('BAD_USER_INPUT');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('say how long pages are: what the variable holds counts', () => {
    const query = `query ($n: Int = 1) { ${Array.from({ length: 40 }, (_, n) => `a${n}: bikes(first: $n) { nodes { color isAvailable } }`).join(' ')} }`;
    expect(codesOf(query)).toEqual([]);
    expect(codesOf(query, { n: 200 })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(query, { n: 2_000_000_000 })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(query, { n: -5 })).toEqual([]);
    // Then it may be as many as the field says: 200.
    expect(codesOf(query, { n: null })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(errorsOf(query, { n: 200 })[0]?.message).toMatch(
      /costs \d+, at most 15000 is allowed\. .* the longest is Query\.bikes\(first: 200\)\.$/,
    );
    const far = '{ one: bikes(first: 7) { nodes { color } } other: bikes(first: 2000000000) { nodes { color } } }';
    expect(errorsOf(far)[0]?.message).toMatch(
      /the longest is Query\.bikes\(first: 2000000000\), where 200 is the most\.$/,
    );
  });
});
