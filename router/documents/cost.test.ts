import { describe, expect, it } from '@jest/globals';
import { composeServices } from '@apollo/composition';
import fc from 'fast-check';
import { execute, isInterfaceType, isObjectType, parse, type ExecutionResult } from 'graphql';
import { documentLimits, routerSettings } from '../config.ts';
import { createDocuments } from './documents.ts';
import { readDeclaredCost } from './declared-cost.ts';
import { readGraph } from './graph.ts';
import { anybody, codesOf, graph as product, times } from './testing.ts';

const { supergraphSdl = '', errors: composition } = composeServices([
  {
    name: 'all',
    url: 'http://all',
    typeDefs: parse(`
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
        import: ["@key", { name: "@cost", as: "@price" }, "@listSize"])
      scalar Heavy @price(weight: 7)
      enum Mood @price(weight: 3) { GOOD }
      type Query {
        tens: [Leaf!] @listSize(assumedSize: 10)
        slice(first: Int, last: Int): [Leaf!] @listSize(slicingArguments: ["first", "last"])
        loose(first: Int, last: Int): [Leaf!]
          @listSize(assumedSize: 20, slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
        usual(first: Int = 30): [Leaf!] @listSize(assumedSize: 40, slicingArguments: ["first"])
        page(size: Int): Page @listSize(slicingArguments: ["size"], sizedFields: ["items"])
        dear(with: Int @price(weight: 5), in: Basket): Int @price(weight: 50)
        free: Leaf @price(weight: 0)
        box: Box
        node: Node
      }
      type Mutation { plain: Int declared: Int @price(weight: 9) }
      input Basket { apples: [Apple!] n: Int @price(weight: 2) }
      input Apple { kind: Int @price(weight: 11) }
      type Leaf { id: ID a: Int heavy: Heavy mood: Mood leaf: Leaf }
      type Page { items: [Leaf!] others: [Leaf!] }
      type Box @price(weight: 13) { a: Int }
      interface Node { many(first: Int): [Leaf!] }
      type Small implements Node { many(first: Int): [Leaf!] @listSize(assumedSize: 2) }
      type Large implements Node { many(first: Int): [Leaf!] @listSize(assumedSize: 100) }
    `),
  },
]);
expect(composition).toBeUndefined();
const graph = readGraph(supergraphSdl);
const documents = createDocuments(graph, documentLimits(routerSettings.parse({ MAX_QUERY_COST: '100000000' })));

function costOf(query: string, variables = {}): number | string {
  const checked = documents.check({ query, variables }, anybody);
  return 'errors' in checked ? String(checked.errors[0]?.extensions['code']) : checked.cost;
}

describe('what a supergraph declares that its fields cost', () => {
  it.each<[string, object | undefined, number | string]>([
    ['{ tens { a } }', undefined, 20],
    ['{ slice(first: 3) { a } }', undefined, 16],
    ['{ slice { a } }', undefined, 'BAD_USER_INPUT'],
    ['{ slice(first: 1, last: 1) { a } }', undefined, 'BAD_USER_INPUT'],
    ['query ($n: Int) { slice(first: $n, last: 1) { a } }', undefined, 12],
    ['query ($n: Int) { slice(first: $n) { a } }', { n: 100 }, 210],
    ['query ($n: Int) { slice(first: $n) { a } }', {}, 'BAD_USER_INPUT'],
    ['query ($n: Int = 4) { slice(first: $n) { a } }', {}, 18],
    ['{ loose { a } }', undefined, 50],
    ['{ loose(first: 2, last: 4) { a } }', undefined, 18],
    ['{ slice(first: -5) { a } }', undefined, 10],
    ['{ slice(first: 2147483647) { a } }', undefined, 'QUERY_TOO_COMPLEX'],
    ['{ usual { a } }', undefined, 70],
    ['{ usual(first: null) { a } }', undefined, 90],
    ['query ($n: Int) { usual(first: $n) { a } }', { n: null }, 90],
    ['{ page(size: 10) { items { a } others { a } } }', undefined, 10 + 1 + 20 + 10],
    ['query ($size: Int!) { page(size: $size) { items { a } } }', { size: 10 }, 31],
    ['{ page { items { a } } }', undefined, 'BAD_USER_INPUT'],
    ['{ dear }', undefined, 50],
    ['{ dear(with: 1) }', undefined, 55],
    ['{ dear(in: { n: 1, apples: [{ kind: 1 }, {}, { kind: 2 }] }) }', undefined, 50 + 2 + 22],
    ['query ($in: Basket) { dear(in: $in) }', { in: { apples: { kind: 1 } } }, 61],
    ['{ free { a } }', undefined, 1],
    ['{ free { heavy mood } }', undefined, 10],
    ['{ box { a } }', undefined, 14],
    ['{ node { many { a } } }', undefined, 201],
    ['{ node { ... on Small { many { a } } } }', undefined, 5],
    ['mutation { plain }', undefined, 101],
    ['mutation { declared }', undefined, 9],
  ])('%s with %j: %s', (query, variables, cost) => expect(costOf(query, variables)).toBe(cost));

  it('is another with each number of items that one operation is given', () => {
    const query = 'query ($n: Int, $in: Basket) { slice(first: $n) { a } dear(in: $in) }';
    const basketOf = (apples: number) => ({ apples: Array.from({ length: apples }, () => ({ kind: 1 })) });
    const costs = [1, 50].flatMap((n) => [1, 3].map((apples) => costOf(query, { n, in: basketOf(apples) })));
    expect(new Set(costs).size).toBe(4);
    expect(costOf(query, { n: 1, in: basketOf(1) })).toBe(costs[0]);
  });

  it('does not depend on what the same operation was given before', () => {
    const limits = documentLimits(routerSettings.parse({ MAX_QUERY_COST: '100000000' }));
    const kept = createDocuments(product, limits);
    const cost = ({ check }: typeof kept, query: string, variables: object) => {
      const checked = check({ query, variables: variables as Record<string, unknown> }, anybody);
      return 'errors' in checked ? NaN : checked.cost;
    };
    const lines = 'mutation ($input: RegisterBikesInput!) { registerBikes(input: $input) { results { line } } }';
    const one = 'mutation ($input: ReserveBikeInput!) { reserveBike(input: $input) { refusal { code } } }';
    const asked: [query: string, variables: object][] = [1, 50, 7].flatMap((count) => [
      [lines, { input: { bikes: Array.from({ length: count }, () => ({ color: 'green' })) } }],
      [one, { input: { bikeId: count } }],
    ]);
    const costs = asked.map(([query, variables]) => cost(kept, query, variables));
    expect(costs).toEqual(asked.map(([query, variables]) => cost(createDocuments(product, limits), query, variables)));
    expect(costs).not.toContain(NaN);
    // A call of 1, of 7 and of 50 lines, and a bike.
    expect(new Set(costs).size).toBe(4);
  });
});

describe('the product', () => {
  it('declares every list whose length an argument says', () => {
    const declared = readDeclaredCost(product);
    const undeclared = Object.values(product.schema.getTypeMap())
      .filter((type) => isObjectType(type) || isInterfaceType(type))
      .flatMap((type) =>
        Object.values(type.getFields())
          .filter(({ args }) => args.some(({ name }) => ['first', 'last', 'limit', 'minutes'].includes(name)))
          .filter(({ name }) => declared.listsOf(type, name).length === 0)
          .map(({ name }) => `${type.name}.${name}`),
      );
    expect(undeclared).toEqual([]);
  });

  it('lets a client look around a place, but not around thirty in one operation', () => {
    const near = 'near: { latitude: 37.55, longitude: 126.99 }, first: 1';
    for (const look of [`stations(${near}) { totalCount }`, `bikesNear(${near}) { meters }`]) {
      expect(codesOf(`{ ${look} }`)).toEqual([]);
      expect(codesOf(`{ ${times(30, (n) => `n${n}: ${look}`)} }`)).toEqual(['QUERY_TOO_COMPLEX']);
    }
  });

  it('refuses pages in pages before anything runs', () => {
    const pages = (first: number) =>
      `{ bikes(first: ${first}) { nodes { reservations(first: ${first}) { nodes { fee } } } } }`;
    expect(codesOf(pages(200))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(pages(100))).toEqual(['QUERY_TOO_COMPLEX']);
    expect(codesOf(pages(20))).toEqual([]);
    expect(codesOf(`{ ${times(6, (n) => `p${n}: bikes(first: 2147483647) { nodes { color } }`)} }`)).toEqual([
      'QUERY_TOO_COMPLEX',
    ]);
  });
});

const leaf = (depth: number): fc.Arbitrary<string> =>
  fc
    .array(
      depth > 0
        ? fc.oneof(
            fc.constantFrom('a', 'id', '__typename'),
            leaf(depth - 1).map((inner) => `leaf ${inner}`),
          )
        : fc.constantFrom('a', 'id'),
      { minLength: 1, maxLength: 3 },
    )
    .chain((fields) => fc.array(fc.nat(9_999), { minLength: 3, maxLength: 3 }).map((ids) => ({ fields, ids })))
    .map(({ fields, ids }) => `{ ${fields.map((field, index) => `x${ids[index]}_${index}: ${field}`).join(' ')} }`);

const root = fc.oneof(
  fc.tuple(fc.nat(30), leaf(2)).map(([n, inner]) => `slice(first: ${n}) ${inner}`),
  fc.tuple(fc.nat(30), fc.nat(30), leaf(1)).map(([n, m, inner]) => `loose(first: ${n}, last: ${m}) ${inner}`),
  fc.tuple(leaf(2)).map(([inner]) => `usual ${inner}`),
  fc.tuple(fc.nat(30), leaf(1)).map(([n, inner]) => `page(size: ${n}) { items ${inner} others ${inner} }`),
  fc.tuple(leaf(1)).map(([inner]) => `node { many ${inner} ... on Large { more: many ${inner} } }`),
);

/** How many values an answer has. */
function valuesIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + valuesIn(each), 0);
  if (typeof value !== 'object' || value === null) return 1;
  return 1 + Object.values(value).reduce<number>((sum, each) => sum + valuesIn(each), 0);
}

describe('an estimate', () => {
  it('is never less than what comes, where lists are as long as they were declared', () => {
    fc.assert(
      fc.property(fc.array(root, { minLength: 1, maxLength: 4 }), (roots) => {
        const query = `{ ${roots.map((each, index) => `r${index}: ${each}`).join(' ')} }`;
        const cost = costOf(query);
        const items = (count: number) => Array.from({ length: count }, () => ({}));
        const { data } = execute({
          schema: graph.supergraph,
          document: parse(query),
          typeResolver: () => 'Large',
          fieldResolver: (_source, given: Record<string, never>, _context, { fieldName, parentType, returnType }) => {
            const { first = 30, last = 0, size = 0 } = given as { first?: number; last?: number; size?: number };
            if (fieldName === 'many') return items(100);
            if (fieldName === 'page') return { items: items(size), others: items(5) };
            if (parentType.name === 'Page') return (_source as Record<string, unknown>)[fieldName];
            if (String(returnType).startsWith('[')) return items(Math.max(first, last));
            return String(returnType) === 'Int' || String(returnType) === 'ID' ? 1 : {};
          },
        }) as ExecutionResult;
        expect(cost).toBeGreaterThanOrEqual(valuesIn(data) - 1);
      }),
      { numRuns: 500 },
    );
  });
});
