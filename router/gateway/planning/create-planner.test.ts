import { describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import { createLogger } from '../../../platform/server/index.ts';
import { readGraph } from '../../documents/graph.ts';
import { compose } from '../../testing/federation.ts';
import { createPlanner } from './create-planner.ts';
import { createOverrides } from './overrides.ts';
import type { EntityFetch, Plan, RootFetch } from './plan.ts';
import { PlanTimeout, type Planner } from './planner.ts';
import type { PlannerKind } from './planner-process.ts';

const graph = readGraph(
  compose({
    a: `type Query { things: [Thing] } union Thing = Bike | Rider type Bike @key(fields: "id") { id: ID! made: Int }
      type Rider @key(fields: "id") { id: ID! nick: String }`,
    b: 'type Bike @key(fields: "id") { id: ID! seen: Int by: Rider } type Rider @key(fields: "id") { id: ID! seen: Int }',
    c: 'type Query { docks: [Thing] } union Thing = Bike | Dock type Dock { at: Int } type Bike @key(fields: "id") { id: ID! }',
  }),
);

const root = (operation: string): RootFetch => ({
  ...{ kind: 'root', type: 'query', subgraph: 'a', variables: [], rewrites: [] },
  operation,
});
const entities = (on: string, fields: string): EntityFetch => ({
  ...{ kind: 'entities', subgraph: 'b', variables: ['representations'] },
  operation: `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${on} { ${fields} } } }`,
  lists: [
    {
      ...{ alias: '_entities', variable: 'representations', paths: [[{ field: 'things' }, 'each']] },
      ...{ inputRewrites: [], outputRewrites: [] },
      requires: [{ on, selections: ['__typename', 'id'].map((field) => ({ field, as: field })) }],
    },
  ],
});
const sequence = (...nodes: (RootFetch | EntityFetch)[]): Plan => ({ node: { kind: 'sequence', nodes } });
const things = (bike: string, rider: string) =>
  root(`{ things { __typename ... on Bike { __typename ${bike} } ... on Rider { __typename ${rider} } } }`);

const query = '{ things { ... on Bike { made seen } ... on Rider { nick } } }';
const whole = sequence(things('id made', 'nick'), entities('Bike', 'seen'));

/** Which plan is taken of what both planners give. */
async function taken(given: Record<PlannerKind, Plan | Error>, text = query) {
  const start = (kind: PlannerKind): Promise<Planner> => {
    const plan = given[kind];
    const planner = { name: kind === 'native' ? ('hive' as const) : ('apollo' as const) };
    return Promise.resolve({ ...planner, plan: async () => (plan instanceof Error ? Promise.reject(plan) : plan) });
  };
  const planner = await createPlanner({ graph, logger: createLogger('silent', 'test'), start });
  const document = parse(text, { noLocation: true });
  const operation = getOperationAST(document);
  if (!operation) throw new Error('There is no operation.');
  return planner.plan({ document, operation }, createOverrides(graph)());
}

describe('the plan that is taken', () => {
  it.each<[string, Plan | Error]>([
    ['takes too long', new PlanTimeout('late')],
    ['fails', new Error('No paths found')],
    ['leaves out a field', sequence(things('id', 'nick'), entities('Bike', 'seen'))],
    ['leaves out a field of one member', sequence(things('id made', 'id'), entities('Bike', 'seen'))],
    ['asks nobody for an entity’s field', sequence(things('id made', 'nick'))],
    ['does not know the key of an entity', sequence(things('made', 'nick'), entities('Bike', 'seen'))],
    ['asks for an object and no field of it', sequence(things('id made', 'nick'), entities('Bike', 'seen by'))],
    ['asks for entities of another type', sequence(things('id made', 'nick'), entities('Rider', 'seen'))],
  ])('is the second planner’s where the first %s', async (_what, plan) => {
    expect(await taken({ native: plan, javascript: whole })).toBe(whole);
    await expect(taken({ native: plan, javascript: plan })).rejects.toThrow();
  });

  it('is the first planner’s where it leaves out nothing', async () => {
    expect(await taken({ native: whole, javascript: new Error('unasked') })).toBe(whole);
  });

  it('may leave out what no subgraph can mean', async () => {
    const plan = sequence(things('id made', 'nick'));
    const text = '{ things { ... on Bike { made } ... on Rider { nick } ... on Dock { at } } }';
    expect(await taken({ native: plan, javascript: new Error('unasked') }, text)).toBe(plan);
  });
});
