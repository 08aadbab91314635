import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getIntrospectionQuery } from 'graphql';
import { stories } from '../../web/src/features/playground/stories.ts';
import { createApolloPlanner } from '../gateway/planning/apollo.ts';
import { createHivePlanner } from '../gateway/planning/hive.ts';
import { createOverrides } from '../gateway/planning/overrides.ts';
import { decide } from './conditions.ts';
import { anybody, clientDocuments, codesOf, cpuMs, createTestDocuments, errorsOf, graph, times } from './testing.ts';

/** No document that passes the limits takes longer. */
const shortMs = 50;

describe('introspection', () => {
  const codes = (settings: NodeJS.ProcessEnv, query: string, variables = {}) => {
    const checked = createTestDocuments(settings).check({ query, variables }, anybody);
    return 'errors' in checked ? checked.errors.map(({ message }) => message) : [];
  };

  it.each<[NodeJS.ProcessEnv, boolean]>([
    [{}, true],
    [{ LANDSCAPE: 'production' }, false],
    [{ LANDSCAPE: 'production', INTROSPECTION: 'on' }, true],
    [{ INTROSPECTION: 'off' }, false],
  ])('with %j is open: %j', (settings, isOpen) => {
    for (const query of [
      getIntrospectionQuery(),
      '{ bike(bikeId: 1) { color } a: __type(name: "Bike") { name } }',
      '{ ...A } fragment A on Query { __schema { types { name } } }',
    ]) {
      const told = codes(settings, query);
      if (isOpen) expect(told).toEqual([]);
      else expect(told).toEqual([expect.stringContaining('introspection is off')]);
    }
    expect(codes(settings, '{ __typename bike(bikeId: 1) { __typename } }')).toEqual([]);
    const find = 'query ($filter: BikeFilter) { bikes(filter: $filter) { totalCount } }';
    for (const [query, variables] of [
      ['{ bike(bikeId: 1) { colour } }', {}],
      ['{ bikes(filter: { condition: IN_SERVISE }) { totalCount } }', {}],
      [find, { filter: { colour: 'green' } }],
      [find, { filter: { condition: 'IN_SERVISE' } }],
    ] as const) {
      expect([query, codes(settings, query, variables)[0]?.includes('Did you mean')]).toEqual([query, isOpen]);
    }
  });
});

describe('what our own clients send', () => {
  it.each(clientDocuments)('passes: $name', ({ query }) => {
    // Required variables are missing; the document itself is fine.
    for (const { message } of errorsOf(query)) expect(message).toMatch(/of required type .* was not provided/);
  });

  it.each(clientDocuments.filter(({ query }) => query.includes('$first')))(
    'passes with the longest page: $name',
    ({ query }) => {
      const needed = { near: { latitude: 37, longitude: 127 }, stationId: 'ST-1' };
      expect(codesOf(query, { first: 200, ...needed })).toEqual([]);
    },
  );

  it('passes when GraphiQL or a code generator looks at the schema', () => {
    for (const oneOf of [true, false]) {
      for (const inputValueDeprecation of [true, false]) {
        const more = { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true };
        expect(codesOf(getIntrospectionQuery({ ...more, oneOf, inputValueDeprecation }))).toEqual([]);
      }
    }
  });

  it.each(stories)('passes in the playground: $query', ({ query, variables }) => {
    expect(codesOf(query, JSON.parse(variables ?? '{}') as Record<string, unknown>)).toEqual([]);
  });

  it.each([
    ['RegisterBikes', { bikes: Array.from({ length: 1_000 }, () => ({ color: 'red' })) }],
    [
      'ChangeBikeConditions',
      { changes: Array.from({ length: 1_000 }, () => ({ bikeId: 1, condition: 'MAINTENANCE' })) },
    ],
    ['MoveBikes', { moves: Array.from({ length: 1_000 }, () => ({ bikeId: 1, stationId: 'ST-1' })) }],
    [
      'OpenStations',
      {
        stations: Array.from({ length: 1_000 }, () => ({
          number: 1,
          nameKo: '역',
          district: 'MAPO',
          position: { latitude: 37, longitude: 127 },
          racks: 1,
        })),
      },
    ],
    ['ChangeStations', { changes: Array.from({ length: 1_000 }, () => ({ stationId: 'ST-1', racks: 1 })) }],
  ])('passes with as many lines as a call may have: %s', (name, input) => {
    const { query } = clientDocuments.find((document) => document.name === name) ?? { query: '' };
    expect(codesOf(query, { input })).toEqual([]);
  });

  const half = createTestDocuments({
    MAX_QUERY_BYTES: '16384',
    MAX_QUERY_TOKENS: '2500',
    MAX_QUERY_SELECTIONS: '250',
    MAX_QUERY_ALIASES: '100',
    MAX_QUERY_COST: '7500',
  });
  it.each([...clientDocuments, { name: 'introspection', query: getIntrospectionQuery() }])(
    'leaves half of every limit unused: $name',
    ({ query }) => {
      const checked = half.check({ query }, anybody);
      const errors = 'errors' in checked ? checked.errors.map(({ message }) => message) : [];
      // Too much? Let the operation ask for less (schema/client/operations), or raise the limit (router/config.ts) and its half.
      expect(errors.filter((message) => !/of required type .* was not provided/.test(message))).toEqual([]);
    },
  );
});

const bike = (selection: string) => `{ bike(bikeId: 1) { ${selection} } }`;
const chain = (levels: number, spreads: number, type: string, leaf: string) =>
  times(levels, (n) => `fragment f${n} on ${type} { ${`...f${n + 1} `.repeat(spreads)} }`) +
  ` fragment f${levels} on ${type} { ${leaf} }`;

describe('a document that costs more than it looks', () => {
  it.each([
    ['of fragments that double', `${bike('...f0')} ${chain(98, 2, 'Bike', 'color')}`, 'QUERY_TOO_COMPLEX'],
    ['of fragments that spread five', `${bike('...f0')} ${chain(5, 5, 'Bike', 'color')}`, 'QUERY_TOO_COMPLEX'],
    [
      'of introspection in fragments',
      `{ __schema { types { ...f0 } } } ${chain(6, 5, '__Type', 'name')}`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of many lists of introspection',
      `{ __schema { types { ${times(40, (n) => `a${n}: fields { type { fields { name } } }`)} } } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of introspection three deep',
      `{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'of 150 pages',
      `{ ${times(40, (n) => `a${n}: bikes(first: 200) { nodes { color isAvailable } }`)} }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of long names in every row',
      `{ bikes(first: 200) { nodes { ${'x'.repeat(20_000)}: color } } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of riders of rides of riders',
      `{ me { reservations(first: 90) { nodes { user { reservations(first: 90) { nodes { user { reservations(first: 90) { nodes { fee } } } } } } } } } }`,
      'QUERY_TOO_COMPLEX',
    ],
    ['of many root fields', `{ ${times(60, (n) => `a${n}: __typename`)} }`, 'QUERY_TOO_COMPLEX'],
    ['of many aliases', bike(times(240, (n) => `a${n}: color`)), 'QUERY_TOO_COMPLEX'],
    ['of many selections', bike('color '.repeat(600)), 'QUERY_TOO_COMPLEX'],
    ['of many directives', `{ __typename ${'@skip(if: false) '.repeat(150)} }`, 'QUERY_TOO_COMPLEX'],
    ['of many variables', `query (${times(150, (n) => `$v${n}: Int`)}) { __typename }`, 'QUERY_TOO_COMPLEX'],
    ['of many operations', times(150, (n) => `query q${n} { __typename }`), 'QUERY_TOO_COMPLEX'],
    [
      'of many fragments',
      `{ __typename } ${times(150, (n) => `fragment f${n} on Query { __typename }`)}`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of unused fragments that spread all that follow',
      `{ __typename } ${times(97, (n) => `fragment f${n} on Bike { ${times(Math.min(20, 96 - n), (i) => `...f${n + 1 + i}`)} color }`)}`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of an unused fragment that is deep',
      `{ __typename } fragment f on Bike { ${'currentReservation { bike { '.repeat(20)} color ${'} } '.repeat(20)} }`,
      'QUERY_TOO_DEEP',
    ],
    [
      'of an unused fragment with many fields',
      `{ __typename } fragment f on Bike { ${times(600, (n) => `a${n}: currentReservation { reserveNo }`)} }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of two fragments of one name',
      `{ bike(bikeId: 1) { ...f } } fragment f on Bike { ${times(300, (n) => `a${n}: currentReservation { fee }`)} } fragment f on Bike { color }`,
      'QUERY_TOO_COMPLEX',
    ],
    ['of a fragment with a long name', `{ ...${'n'.repeat(129)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['of 32 kB and a byte', `{ __typename } #${'x'.repeat(32_768 - 15)}`, 'QUERY_TOO_COMPLEX'],
    ['of a megabyte', `{ __typename } #${'x'.repeat(1_000_000)}`, 'QUERY_TOO_COMPLEX'],
    ['of 32 kB in letters of three bytes', `{ __typename } #${'가'.repeat(11_000)}`, 'QUERY_TOO_COMPLEX'],
    [
      'of fields in fields',
      `{ bikes(first: 1) { nodes { ${'currentReservation { bike { '.repeat(8)} color ${'} } '.repeat(8)} } } }`,
      'QUERY_TOO_DEEP',
    ],
    [
      'of inline fragments in inline fragments',
      bike(`${'... on Bike { '.repeat(60)} color ${'}'.repeat(60)}`),
      'QUERY_TOO_DEEP',
    ],
    ['of braces', '{'.repeat(30_000), 'QUERY_TOO_DEEP'],
    ['of brackets', `{ bikes(after: ${'['.repeat(30_000)}`, 'GRAPHQL_VALIDATION_FAILED'],
    ['of parentheses', `{ a${'('.repeat(30_000)}`, 'QUERY_TOO_DEEP'],
    ['of closing braces', '}'.repeat(30_000), 'QUERY_TOO_COMPLEX'],
    ['of tokens', `{ ${'a '.repeat(6_000)} }`, 'QUERY_TOO_COMPLEX'],
    [
      'of a type in lists',
      `query ($v: ${'['.repeat(30)}Int${']'.repeat(30)}) { __typename }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['of an operation with a long name', `query ${'n'.repeat(129)} { __typename }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['of wrong names', bike(times(490, (n) => `colour${n}`)), 'GRAPHQL_VALIDATION_FAILED'],
    [
      'of wrong arguments',
      `{ bikes(${times(1_400, (n) => `firts${n}: 1`)}) { totalCount } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'of wrong list items',
      `{ reservations(filter: { reserveStatus: [${'WRONG '.repeat(990)}] }) { totalCount } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'of a long list',
      `{ reservations(filter: { reserveStatus: [${'RESERVED '.repeat(1_001)}] }) { totalCount } }`,
      'QUERY_TOO_COMPLEX',
    ],
    [
      'of fragments in a circle',
      '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'of fragments in many circles',
      `{ ...f0 } ${times(60, (i) => `fragment f${i} on Query { ${times(20, (j) => `...f${(i + j) % 60}`)} }`)}`,
      'QUERY_TOO_COMPLEX',
    ],
  ])('%s is refused at once', async (_what, query, code) => {
    const errors = errorsOf(query);
    expect(errors[0]?.extensions['code']).toBe(code);
    expect(errors.length).toBeLessThanOrEqual(10);
    expect(await cpuMs(() => errorsOf(query))).toBeLessThan(shortMs);
  });
});

it.each([
  [true, 7],
  [false, 700],
])('a call of many lines may %s ask for a page of each when it has %i', (passes, lines) => {
  const query = `mutation ($input: RegisterBikesInput!, $line: RegisterBikesLine!) {
    registerBikes(input: $input) { results { bike { reservations(first: 100) { nodes { fee } } } } }
    literal: registerBikes(input: { bikes: [$line] }) { results { line } }
  }`;
  const line = { color: 'red' };
  const codes = codesOf(query, { line, input: { bikes: Array.from({ length: lines }, () => line) } });
  expect(codes).toEqual(passes ? [] : ['QUERY_TOO_COMPLEX']);
});

describe('a document at the limits', () => {
  // On a thread of its own, whose time counts below; other work must not end it.
  const planners = [createHivePlanner({ graph, timeoutMs: 20 * shortMs }), createApolloPlanner({ graph })];
  const decideOverrides = createOverrides(graph);
  const documents = createTestDocuments({ PLAN_CACHE_BYTES: '0' });
  it.each([
    ['equal leaves', bike('color '.repeat(490))],
    ['equal pages', `{ ${'bike(bikeId: 1) { color condition isAvailable currentReservation { fee } } '.repeat(49)} }`],
    ['equal entities', bike('currentReservation { bike { color } user { userId } } '.repeat(80))],
    [
      'fragments beside each other',
      `{ ${times(49, (n) => `...f${n}`)} } ${times(49, (n) => `fragment f${n} on Query { bike(bikeId: 1) { color isAvailable } }`)}`,
    ],
    [
      'entities beside each other',
      `{ ${times(49, (n) => `a${n}: bike(bikeId: ${n}) { color isAvailable currentReservation { fee } }`)} }`,
    ],
    [
      'entities below each other',
      bike(`${'currentReservation { bike { '.repeat(6)} color isAvailable ${'} } '.repeat(6)}`),
    ],
    [
      'both',
      bike(
        times(
          12,
          (n) =>
            `c${n}: currentReservation { bike { color isAvailable currentReservation { user { totalPoint approvals(first: 1) { totalCount } currentReservation { bike { color } } } } } }`,
        ),
      ),
    ],
    [
      'conditions',
      `query (${times(40, (n) => `$v${n}: Boolean!`)}) ${bike(times(40, (n) => `c${n}: currentReservation @include(if: $v${n}) { bike { color isAvailable } }`))}`,
    ],
    [
      'conditions on fragments',
      `query (${times(60, (n) => `$v${n}: Boolean!`)}) ${bike(times(60, (n) => `... on Bike @include(if: $v${n}) { color isAvailable currentReservation { fee } }`))}`,
    ],
    [
      'mutations',
      `mutation { ${times(49, (n) => `m${n}: startRide(input: { reserveNo: ${n} }) { reservation { fee } }`)} }`,
    ],
  ])('of %s is checked and planned in no time', async (_what, query) => {
    const variables = Object.fromEntries([...query.matchAll(/\$(v\d+): /g)].map(([, name]) => [name, true]));
    for (const planner of await Promise.all(planners)) {
      const work = async () => {
        const checked = documents.check({ query, variables }, anybody);
        if ('errors' in checked) throw new Error(String(checked.errors));
        await planner.plan(decide(checked.operation, checked.coerced), decideOverrides());
      };
      expect(await cpuMs(work)).toBeLessThan(2 * shortMs);
    }
  });
});

/** A literal as GraphQL writes it. */
const literals = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(
      'null',
      '5',
      '-1',
      '1.5',
      '1e400',
      '99999999999999999999',
      'true',
      'X',
      '""',
      '"x"',
      '"\\ud83d\\ude00"',
      '"""b"""',
    ),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => `[${values.join(' ')}]`),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((values) => `{ ${values.map((value, n) => `k${n}: ${value}`).join(' ')} }`),
  ),
})).value;

const places = [
  (value: string) => `{ bikes(after: ${value}) { totalCount } }`,
  (value: string) => `{ bikes(first: ${value}) { totalCount } }`,
  (value: string) => `{ bikes(filter: ${value}) { totalCount } }`,
  (value: string) => `{ user(userId: ${value}) { userId } }`,
  (value: string) => `{ reservations(filter: { reserveStatus: ${value} }) { totalCount } }`,
  (value: string) => `query ($v: Cursor = ${value}) { bikes(after: $v) { totalCount } }`,
  (value: string) => `{ bikes @include(if: ${value}) { totalCount } }`,
  (value: string) => `mutation { buyPoints(input: { price: ${value} }) { refusal { code } } }`,
  (value: string) => `mutation { registerBike(input: { color: "a", registeredDate: ${value} }) { refusal { code } } }`,
  (value: string) => `subscription { dashboardUpdated(after: ${value}) { at } }`,
];

describe('a literal of any shape, anywhere', () => {
  it('passes or is refused in validation, at once', () => {
    fc.assert(
      fc.property(literals, fc.constantFrom(...places), fc.nat({ max: 400 }), (value, place, nested) => {
        const deep = '['.repeat(nested) + value + ']'.repeat(nested);
        for (const query of [place(value), place(deep)]) {
          const startedAt = process.cpuUsage();
          const codes = codesOf(query);
          expect(process.cpuUsage(startedAt).user / 1_000).toBeLessThan(1_000);
          expect(codes.length).toBeLessThanOrEqual(10);
          for (const code of codes) expect(['GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']).toContain(code);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(['5', '1.5', 'true', 'X', '{}', '[]', '["x"]', '[["x"]]', '[[[1]]]', '{ a: "x" }', '""', '" "'])(
    'is no cursor: %s',
    (value) => expect(codesOf(`{ bikes(after: ${value}) { totalCount } }`)).toEqual(['GRAPHQL_VALIDATION_FAILED']),
  );

  it.each(['1.5', '"1.5"', 'true', '[1]', '{}', '99999999999999999999', '"x"'])('is no Long: %s', (value) =>
    expect(codesOf(`mutation { buyPoints(input: { price: ${value} }) { refusal { code } } }`)).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ]),
  );

  it.each(['1e400', '-1e400', '9'.repeat(400)])('is no Float, wherever it stands (%#)', (value) => {
    for (const query of [
      `{ bikesNear(near: { latitude: ${value}, longitude: 127 }) { meters } }`,
      `query ($v: Float! = ${value}) { bikesNear(near: { latitude: $v, longitude: 127 }) { meters } }`,
      `query ($v: PositionInput = { latitude: ${value}, longitude: 127 }) { stations(near: $v) { totalCount } }`,
    ]) {
      expect(codesOf(query)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    }
  });

  it.each(['1e308', '-1.7976931348623157e308', '1e-400', '0'])('is a Float: %s', (value) =>
    expect(codesOf(`{ bikesNear(near: { latitude: ${value}, longitude: 127 }) { meters } }`)).toEqual([]),
  );
});

describe('a subscription', () => {
  it.each([
    'subscription ($v: Boolean!) { dashboardUpdated @include(if: $v) { at } }',
    'subscription { dashboardUpdated @skip(if: true) { at } }',
    'subscription { ...F @skip(if: false) } fragment F on Subscription { dashboardUpdated { at } }',
    'subscription { ...F } fragment F on Subscription { ... { dashboardUpdated @include(if: true) { at } } }',
    'subscription { ...F } fragment F on Subscription { ...F }',
    'subscription { ...F } fragment F on Subscription { dashboardUpdated { at } ...F }',
    'subscription { dashboardUpdated { at } reservationChanged { fee } }',
    'subscription { __typename }',
  ])('has one root field, without a condition: not %s', (query) => {
    expect(codesOf(query)[0]).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('may have conditions below', () => {
    const query = 'subscription ($v: Boolean!) { dashboardUpdated { at @skip(if: $v) eventType } }';
    expect(codesOf(query, { v: true })).toEqual([]);
  });
});

describe('the operation', () => {
  it('is the one that is named, and an empty name is none', () => {
    expect(codesOf('query a { __typename }', {}, '')).toEqual([]);
    expect(codesOf('query a { __typename } query b { __typename }', {}, 'b')).toEqual([]);
    expect(codesOf('query a { __typename } query b { __typename }', {}, '')).toEqual(['OPERATION_RESOLUTION_FAILURE']);
    expect(codesOf('query a { __typename }', {}, 'c')).toEqual(['OPERATION_RESOLUTION_FAILURE']);
    expect(codesOf('query a { __typename }', {}, '__proto__')).toEqual(['OPERATION_RESOLUTION_FAILURE']);
  });

  it('has a key of its own, whatever its text and name are', () => {
    const documents = createTestDocuments();
    const keyOf = (query: string, operationName?: string | null) => {
      const checked = documents.check({ query, operationName }, anybody);
      return 'errors' in checked ? undefined : checked.operation.key;
    };
    const one = 'query a { __typename } query b { __typename }';
    expect(new Set([keyOf(one, 'a'), keyOf(one, 'b'), keyOf(`${one} `, 'a'), keyOf('{ __typename }')]).size).toBe(4);
    expect(keyOf('{ __typename }', '')).toBe(keyOf('{ __typename }', null));
  });

  it('that is refused spoils nothing for the next client', () => {
    const documents = createTestDocuments();
    const query = 'query a { __typename }';
    expect(documents.check({ query, operationName: 'b' }, anybody)).toHaveProperty('errors');
    expect(documents.check({ query, operationName: '' }, anybody)).toHaveProperty('operation');
    expect(documents.check({ query }, anybody)).toHaveProperty('operation');
  });
});
