import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../platform/server/index.ts';
import { beginningOf, groupKey } from './group-key.ts';
import { documentLimits, routerSettings } from '../config.ts';
import { createDocuments } from '../documents/documents.ts';
import { readGraph } from '../documents/graph.ts';
import type { Variables } from '../documents/variables.ts';
import { createPlanner, type SubscriptionPlan } from './planner.ts';

const graph = readGraph(readFileSync(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8'));
const documents = createDocuments(graph, documentLimits(routerSettings.parse({})));
const planner = createPlanner({
  graph,
  serviceMap: {},
  cacheBytes: 1_000_000,
  logger: createLogger('silent', 'test'),
});

function planOf(
  query: string,
  variables: Record<string, unknown> = {},
): { plan: SubscriptionPlan; coerced: Variables } {
  const checked = documents.check({ query, variables });
  if ('errors' in checked) throw new Error(String(checked.errors));
  return { plan: planner.plan(checked.operation), coerced: checked.coerced };
}

function keyOf(query: string, variables: Record<string, unknown> = {}, scope = 'roles:operator'): string {
  const { plan, coerced } = planOf(query, variables);
  return groupKey(plan, coerced, scope);
}

const byUser = 'subscription ($no: Int, $userId: ID) { reservationChanged(reserveNo: $no, userId: $userId) { fee } }';
const dashboard = 'subscription ($after: Cursor) { dashboardUpdated(after: $after) { at } }';

describe('the key of a group', () => {
  it('is the same for what means the same', () => {
    expect(keyOf(byUser.replace(/ \{/g, '\n# comment\n{'), { userId: 10, no: 1 })).toBe(
      keyOf(byUser, { no: 1, userId: '10' }),
    );
  });

  it('differs by viewer, variable and selection', () => {
    const keys = [
      keyOf(byUser, { userId: '10' }),
      keyOf(byUser, { userId: '20' }),
      keyOf(byUser, { userId: '10' }, 'user:10'),
      keyOf(byUser.replace('fee', 'bikeId'), { userId: '10' }),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it('leaves out where the client begins', () => {
    expect(keyOf(dashboard, { after: 'c1' })).toBe(keyOf(dashboard));
    expect(beginningOf(planOf(dashboard).plan, { after: 'c1' })).toBe('c1');
    expect(beginningOf(planOf(dashboard).plan, {})).toBeUndefined();
    expect(beginningOf(planOf('subscription { dashboardUpdated(after: "c2") { at } }').plan, {})).toBe('c2');
  });
});

describe('the planner', () => {
  it('plans an operation once', () => {
    expect(planOf(byUser).plan).toBe(planOf(byUser).plan);
  });
});
