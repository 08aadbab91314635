import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  inParallel,
  inSequence,
  type EntityFetch,
  type Path,
  type PlanNode,
  type RootFetch,
} from '../planning/plan.ts';
import { isAlike } from './alike.ts';
import { beginExecution, compilePlan, type Ask } from './execute.ts';

const isOf = (name: unknown, wanted: string) => name === wanted;

const root = (operation: string): RootFetch => ({
  kind: 'root',
  type: 'query',
  subgraph: 'root',
  operation,
  variables: [],
  rewrites: [],
});

function entities(path: Path, fields: string, subgraph = 'entities'): EntityFetch {
  const selections = ['__typename', 'id'].map((field) => ({ field, as: field }));
  return {
    kind: 'entities',
    subgraph,
    operation: `query($r: [_Any!]!) { _entities(representations: $r) { ... on Product { ${fields} } } }`,
    variables: [],
    lists: [
      {
        alias: '_entities',
        variable: 'r',
        paths: [path],
        requires: [{ on: 'Product', selections }],
        inputRewrites: [],
        outputRewrites: [],
      },
    ],
  };
}

const product = (id: string, more: object = {}) => ({ __typename: 'Product', id, ...more });

/** Answers each subgraph with what is given for it; entities by what they are represented by. */
function answering(
  answers: Record<string, unknown>,
  before: (subgraph: string) => Promise<void> | void = () => undefined,
): Ask {
  return async ({ subgraph, body }) => {
    await before(subgraph);
    const answer = answers[subgraph];
    if (typeof answer !== 'function') return { data: structuredClone(answer) as Record<string, unknown> };
    const { variables } = JSON.parse(`${body}}`) as { variables: { r: { id: string }[] } };
    return { data: { _entities: variables.r.map((each) => (answer as (given: object) => unknown)(each)) } };
  };
}

async function dataOf(plan: PlanNode | undefined, ask: Ask) {
  const execution = beginExecution({}, ask);
  await compilePlan({ node: plan }, isOf)(execution);
  return execution;
}

const products: Path = [{ field: 'reviews' }, 'each', { field: 'product' }];
const named = ({ id }: { id?: string }) => ({ name: `name of ${id}` });

describe('objects that are alike', () => {
  const reviews = (...of: object[]) => ({ reviews: of.map((each) => ({ product: each })) });

  it('are one from then on, with all that is below them', async () => {
    const box = () => ({ sides: [1, { of: 'wood' }] });
    const given = reviews(product('1', { box: box() }), product('2'), product('1', { box: box() }));
    const plan = inSequence([root('{ reviews { product { id box { sides { of } } } } }'), entities(products, 'name')]);
    const { data, repeated } = await dataOf(plan, answering({ root: given, entities: named }));
    const [one, two, three] = (data['reviews'] as { product: object }[]).map((each) => each.product);
    expect(three).toBe(one);
    expect([one, two]).toEqual([product('1', { box: box(), name: 'name of 1' }), product('2', { name: 'name of 2' })]);
    expect([...repeated]).toEqual([one]);
  });

  it.each([
    ['differ in what is not part of their key', { place: 'a' }, { place: 'b' }],
    ['know more than each other', {}, { place: 'b' }],
    ['have lists of other lengths', { places: ['a'] }, { places: ['a', 'b'] }],
    ['have null or nothing', { place: null }, {}],
  ])('stay apart when they %s', async (_what, first, second) => {
    const given = reviews(product('1', first), product('1', second));
    const plan = inSequence([root('{ reviews { product { id place places } } }'), entities(products, 'name')]);
    const { data, repeated } = await dataOf(plan, answering({ root: given, entities: named }));
    expect(data).toEqual(
      reviews(product('1', { ...first, name: 'name of 1' }), product('1', { ...second, name: 'name of 1' })),
    );
    expect(repeated.size).toBe(0);
  });

  it('stay apart when a fetch goes to some of their places, by the type of what is around them', async () => {
    const given = {
      nodes: [
        { __typename: 'Gift', product: product('1') },
        { __typename: 'Sale', product: product('1') },
      ],
    };
    const within = (types: string[]): Path => [{ field: 'nodes' }, 'each', { types }, { field: 'product' }];
    const plan = inSequence([
      root('{ nodes { __typename product { id } } }'),
      entities([{ field: 'nodes' }, 'each', { field: 'product' }], 'name'),
      entities(within(['Gift']), 'label', 'labels'),
    ]);
    const labels = () => ({ label: 'for you' });
    const { data } = await dataOf(plan, answering({ root: given, entities: named, labels }));
    expect(data['nodes']).toEqual([
      { __typename: 'Gift', product: product('1', { name: 'name of 1', label: 'for you' }) },
      { __typename: 'Sale', product: product('1', { name: 'name of 1' }) },
    ]);
  });

  it('stay apart when another fetch tells of each of their places for itself', async () => {
    const first = reviews(product('1'), product('1'));
    const second = reviews({ shelf: 'a' }, { shelf: 'b' });
    const { promise: named1, resolve } = Promise.withResolvers<undefined>();
    const plan = inParallel([
      inSequence([root('{ reviews { product { id } } }'), entities(products, 'name')]),
      { ...root('{ reviews { product { shelf } } }'), subgraph: 'late' },
    ]);
    const ask = answering({ root: first, late: second, entities: named }, (subgraph) => {
      if (subgraph === 'entities') resolve(undefined);
      return subgraph === 'late' ? named1 : undefined;
    });
    const { data } = await dataOf(plan, ask);
    expect(data).toEqual(
      reviews(product('1', { name: 'name of 1', shelf: 'a' }), product('1', { name: 'name of 1', shelf: 'b' })),
    );
  });

  it('stay apart while a request is under way that was for one of them', async () => {
    // Before "places" is answered only the second is asked for, by both its id and its place.
    const given = reviews(product('1', { place: null }), product('1', { place: 'a' }));
    const byPlace = entities(products, 'shelf', 'shelves');
    const [list] = byPlace.lists;
    const selections = ['__typename', 'id', 'place'].map((field) => ({ field, as: field }));
    const shelves: EntityFetch = {
      ...byPlace,
      lists: list ? [{ ...list, requires: [{ on: 'Product', selections }] }] : [],
    };
    const plan = inSequence([
      root('{ reviews { product { id place } } }'),
      inParallel([shelves, inSequence([entities(products, 'place', 'places'), entities(products, 'name')])]),
    ]);
    const { promise: asked, resolve } = Promise.withResolvers<undefined>();
    const answers = {
      root: given,
      places: () => ({ place: 'a' }),
      shelves: ({ place }: { place?: string | null }) => ({ shelf: `of ${place}` }),
      entities: named,
    };
    const ask = answering(answers, (subgraph) => {
      if (subgraph === 'entities') resolve(undefined);
      return subgraph === 'shelves' ? asked : undefined;
    });
    const { data } = await dataOf(plan, ask);
    expect(data).toEqual(
      reviews(
        product('1', { place: 'a', shelf: 'of null', name: 'name of 1' }),
        product('1', { place: 'a', shelf: 'of a', name: 'name of 1' }),
      ),
    );
  });

  it('stay apart when that is too deep to tell', () => {
    const deep = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;
    expect(isAlike(deep(50), deep(50))).toBe(true);
    expect(isAlike(deep(100_000), deep(100_000))).toBe(false);
  });

  it('are no others where a name is one that every object inherits', () => {
    const [own, none] = ['{"__proto__": {}}', '{"other": {}}'].map((text) => JSON.parse(text) as unknown);
    expect([isAlike(own, own), isAlike(own, none), isAlike(none, own)]).toEqual([true, false, false]);
    expect(isAlike(JSON.parse('{"a": null}'), JSON.parse('{"b": null}'))).toBe(false);
  });

  it('are those that JSON writes alike, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const sorted = (value: unknown) =>
          JSON.stringify(value, (_name, inner: unknown) =>
            inner !== null && typeof inner === 'object' && !Array.isArray(inner)
              ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
              : inner,
          );
        const [a, b, copy] = [one, other, one].map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        expect(isAlike(a, copy)).toBe(true);
        expect(isAlike(a, b)).toBe(sorted(a) === sorted(b));
      }),
      { numRuns: 500 },
    );
  });
});
