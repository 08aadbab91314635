import { describe, expect, it } from '@jest/globals';
import { execute, parse, type DocumentNode, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createDice } from '../../cli/demo/dice.ts';
import { startFederation } from '../testing/federation.ts';
import { randomLie } from '../testing/lies.ts';
import { to, type Definition } from '../testing/worlds.ts';

/** Every kind of type, in several subgraphs. */
const definition: Definition = {
  subgraphs: {
    a: `type Query { all: [Node] must: Bike! things: [Thing!] grid: [[Bike!]] size: Size }
      interface Node { id: ID! name: String } union Thing = Bike | Rider type Size { h: Int! w: Float }
      type Bike implements Node @key(fields: "id") { id: ID! name: String size: Size! }
      type Rider implements Node @key(fields: "id") { id: ID! name: String bikes: [Bike!]! }
      type Mutation { add(n: Int): Bike }`,
    b: `scalar Any enum Color { RED GREEN }
      type Bike @key(fields: "id") { id: ID! color: Color! any: Any tags: [[String!]!] weight: Int rider: Rider }
      type Rider @key(fields: "id") { id: ID! isOld: Boolean! bikeOf: Bike }`,
    c: `type Bike @key(fields: "id") { id: ID! weight: Int @external rank: String! @requires(fields: "weight") }`,
  },
  rows: {
    b1: {
      ...{
        __typename: 'Bike',
        id: 'b1',
        name: 'one',
        size: { h: 1, w: 2.5 },
        color: 'RED',
        any: { a: [1, { b: null }] },
      },
      ...{ tags: [['x'], ['y', 'z']], weight: 3, rider: to('r1') },
    },
    b2: {
      ...{ __typename: 'Bike', id: 'b2', name: 'two', size: { h: 2, w: 3 }, color: 'GREEN', any: 'text', tags: [] },
      ...{ weight: 4, rider: to('r1') },
    },
    r1: { __typename: 'Rider', id: 'r1', name: 'Kim', bikes: [to('b1'), to('b2')], isOld: true, bikeOf: to('b2') },
  },
  computed: {
    Query: {
      all: () => [to('b1'), to('r1'), to('b2')],
      must: () => to('b1'),
      things: () => [to('r1'), to('b1')],
      grid: () => [[to('b1'), to('b2')], [to('b1')]],
      size: () => ({ h: 5, w: 1 }),
    },
    Mutation: { add: () => to('b2') },
    Bike: { rank: ({ weight }) => `rank ${JSON.stringify(weight)}` },
  },
};

const queries = [
  '{ all { __typename id name ... on Bike { color size { h w } } ... on Rider { isOld bikes { id rank } } } }',
  '{ must { id color any tags rank rider { name isOld bikeOf { color } } } size { h w } }',
  '{ things { __typename ... on Bike { rank any } ... on Rider { bikes { tags rider { id } } } } must { name } }',
  '{ grid { id rank tags any rider { bikeOf { grid: tags rank } } } }',
  'mutation { one: add(n: 1) { id color rank } two: add(n: 2) { name any rider { isOld } } }',
  '{ a: all { __typename id: name constructor: id } must { toString: rank hasOwnProperty: any size { h } } }',
];

/** What a server would answer whose data is this answer: the same, if it has the shape that was asked for. */
function asAnswered(schema: GraphQLSchema, document: DocumentNode, data: unknown): ExecutionResult {
  return execute({
    schema,
    document,
    rootValue: data,
    fieldResolver: (source: Record<string, unknown>, _given, _context, { path }) => source[path.key],
    typeResolver: (value) => (value as { __typename: string; color?: unknown }).__typename,
  }) as ExecutionResult;
}

/** What only an accident in the router, or a library, says. */
const ours =
  /Cannot (read|set|convert)|is not a function|undefined|\[object|call stack|_entities|representations|at .*:\d+/;

async function check(seed: number): Promise<void> {
  const dice = createDice(seed);
  const query = dice.pick(queries) ?? '';
  const liar = dice.pick(['a', 'b', 'c', 'all']);
  const lie = randomLie(dice);
  const federation = startedFederation((name) => (liar === 'all' || liar === name ? lie : (answer) => answer));
  const { data, errors } = await federation.ask('own', query);
  for (const { message, path, extensions } of errors as readonly {
    message: string;
    path?: unknown[];
    extensions?: unknown;
  }[]) {
    expect(message).not.toMatch(ours);
    expect(extensions).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) });
    expect(JSON.stringify(extensions)).not.toMatch(/serviceName|stacktrace|secret/);
    expect(path ?? []).not.toContain('_entities');
    expect(path?.length ?? 1).toBeLessThan(20);
  }
  if (data === null) expect(errors.length).toBeGreaterThan(0);
  else {
    const again = asAnswered(federation.graph.schema, parse(query), data);
    expect({ data: again.data, errors: again.errors ?? [] }).toEqual({ data, errors: [] });
    expect(JSON.stringify(again.data)).toBe(JSON.stringify(data));
  }
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

let lieOf: (subgraph: string) => (answer: string) => string = () => (answer) => answer;
const shared = startFederation(definition, { lie: (subgraph) => lieOf(subgraph) });
function startedFederation(lie: typeof lieOf) {
  lieOf = lie;
  return shared;
}

describe('whatever subgraphs answer', () => {
  it('a client gets an answer of the shape that it asked for, and errors that say what and where', async () => {
    for (let seed = 1; seed <= 600; seed += 1) {
      await check(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      });
    }
  });
});

describe('what a subgraph tells of entities', () => {
  let answer = '';
  const federation = startFederation(
    {
      subgraphs: {
        a: 'type Query { all: [Product] } type Product @key(fields: "id") { id: ID! }',
        b: 'type Product @key(fields: "id") { id: ID! price: Int }',
      },
      rows: {
        p1: { __typename: 'Product', id: '1', price: 3 },
        p2: { __typename: 'Product', id: '2', price: 4 },
      },
      computed: { Query: { all: () => [to('p1'), to('p2')] } },
    },
    { lie: (subgraph) => (given) => (subgraph === 'b' ? answer : given) },
  );
  const pathsTold = async () => {
    const { data, errors } = await federation.ask('own', '{ all { id price } }', {});
    expect(data).toEqual({
      all: [
        { id: '1', price: null },
        { id: '2', price: null },
      ],
    });
    return errors.map(({ path = [] }) => path.join('.')).sort();
  };
  const everywhere = ['all.0.price', 'all.1.price'];

  it.each([
    [undefined, everywhere],
    [[], everywhere],
    [['price'], everywhere],
    [['_entities'], everywhere],
    [['_entities', 7, 'price'], everywhere],
    [['_entities', -1, 'price'], everywhere],
    [['_entities', 0.5, 'price'], everywhere],
    [['_entities', 'first', 'price'], everywhere],
    [['_entities', null, 'price'], everywhere],
    [['_entities', 1, 'price'], ['all.1.price']],
    [['_entities', '1', 'price'], ['all.1.price']],
  ])('with the path %j arrives', async (path, told) => {
    answer = JSON.stringify({ data: { _entities: [null, null] }, errors: [{ message: 'Away.', path }] });
    expect(await pathsTold()).toEqual(told);
  });

  it.each(['null', '[]', '[null]', '[null, null, null]', '{}', '"none"', '0'])(
    'is an error where it gives %s for them',
    async (entities) => {
      answer = `{"data":{"_entities":${entities}}}`;
      expect(await pathsTold()).toEqual(everywhere);
    },
  );
});
