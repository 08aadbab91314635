import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../subgraphs/chassis/process.ts';
import { beginningOf, groupKey } from './group-key.ts';
import { createPlanner, type SubscriptionPlan } from './planner.ts';

const planner = createPlanner({
  supergraphSdl: readFileSync(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8'),
  serviceMap: {},
  maxDepth: 15,
  maxTokens: 1_000,
  cacheSize: 10,
  logger: createLogger('silent', 'test'),
});

function planOf(query: string): SubscriptionPlan {
  const planned = planner.plan(query);
  if (planned.kind !== 'subscription') throw new Error(JSON.stringify(planned));
  return planned.plan;
}

function keyOf(query: string, variables: Record<string, unknown> = {}, scope = 'roles:operator'): string {
  const plan = planOf(query);
  const coercion = plan.coerce(variables);
  if ('errors' in coercion) throw new Error(String(coercion.errors));
  return groupKey(plan, coercion.coerced, scope);
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
    expect(beginningOf(planOf(dashboard), { after: 'c1' })).toBe('c1');
    expect(beginningOf(planOf(dashboard), {})).toBeUndefined();
    expect(beginningOf(planOf('subscription { dashboardUpdated(after: "c2") { at } }'), {})).toBe('c2');
  });
});

describe('the planner', () => {
  it('plans an operation once', () => {
    expect(planOf(byUser)).toBe(planOf(byUser));
  });

  it('leaves queries and mutations to the gateway', () => {
    expect(planner.plan('{ me { userId } }').kind).toBe('single');
  });
});
