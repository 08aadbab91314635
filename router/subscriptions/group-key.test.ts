import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/server/index.ts';
import { beginningOf, groupKey } from './group-key.ts';
import { documentLimits, routerSettings } from '../config.ts';
import { createDocuments } from '../documents/documents.ts';
import { anybody } from '../documents/testing.ts';
import { readGraph } from '../documents/graph.ts';
import type { Variables } from '../documents/variables.ts';
import { createCompiler } from '../gateway/compiled.ts';
import { combineHooks } from '../gateway/hooks.ts';
import { createPlanner } from '../gateway/planning/create-planner.ts';
import { createOverrides } from '../gateway/planning/overrides.ts';
import { createSubscriptionPlanner, type SubscriptionPlan } from './planner.ts';

const graph = readGraph(readFileSync(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8'));
const documents = createDocuments(graph, documentLimits(routerSettings.parse({})));
const logger = createLogger('silent', 'test');
const hooks = combineHooks([]);
const compiler = createCompiler({
  graph,
  hooks,
  planner: await createPlanner({ graph, logger }),
  overrides: createOverrides(graph),
  cacheBytes: 1_000_000,
  logger,
});
const planner = createSubscriptionPlanner({
  graph,
  hooks,
  compiler,
  clientOf: (name) => ({
    url: new URL('http://127.0.0.1'),
    ask: () => Promise.reject(new Error(name)),
    timeoutMs: 10_000,
    identityOf: () => ({}),
    refused: () => undefined,
  }),
  formatError: (error) => error as Error,
});

async function planOf(
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ plan: SubscriptionPlan; coerced: Variables }> {
  const checked = documents.check({ query, variables }, anybody);
  if ('errors' in checked) throw new Error(String(checked.errors));
  return { plan: await planner.plan(checked.operation, checked.coerced), coerced: checked.coerced };
}

async function keyOf(
  query: string,
  variables: Record<string, unknown> = {},
  scope = 'roles:operator',
): Promise<string> {
  const { plan, coerced } = await planOf(query, variables);
  return groupKey(plan, coerced, scope);
}

const byUser = 'subscription ($no: Int, $userId: ID) { reservationChanged(reserveNo: $no, userId: $userId) { fee } }';
const dashboard = 'subscription ($after: Cursor) { dashboardUpdated(after: $after) { at } }';

describe('the key of a group', () => {
  it('is the same for what means the same', async () => {
    expect(await keyOf(byUser.replace(/ \{/g, '\n# comment\n{'), { userId: 10, no: 1 })).toBe(
      await keyOf(byUser, { no: 1, userId: '10' }),
    );
  });

  it('differs by viewer, variable and selection', async () => {
    const keys = [
      await keyOf(byUser, { userId: '10' }),
      await keyOf(byUser, { userId: '20' }),
      await keyOf(byUser, { userId: '10' }, 'user:10'),
      await keyOf(byUser.replace('fee', 'bikeId'), { userId: '10' }),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it('leaves out where the client begins', async () => {
    expect(await keyOf(dashboard, { after: 'c1' })).toBe(await keyOf(dashboard));
    const { plan } = await planOf(dashboard);
    expect([{ after: 'c1' }, { after: null }, {}].map((variables) => beginningOf(plan, variables))).toEqual([
      '"c1"',
      'null',
      undefined,
    ]);
    const written = await planOf('subscription { dashboardUpdated(after: "c2") { at } }');
    expect(beginningOf(written.plan, {})).toBe('"c2"');
  });
});

describe('the planner', () => {
  it('plans an operation once', async () => {
    expect((await planOf(byUser)).plan).toBe((await planOf(byUser)).plan);
  });
});
