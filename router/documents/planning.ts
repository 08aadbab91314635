import type { QueryPlan, QueryPlannerConfig } from '@apollo/query-planner';
import { createLruCache } from '../../platform/server/index.ts';

/** For both planners: how many plans to compare. Comparing more takes time and changes no plan of this graph. */
export const plannerConfig: QueryPlannerConfig = { debug: { maxEvaluatedPlans: 100, pathsLimit: 100 } };

/** Bytes of memory that a plan takes per byte of its JSON (measured: 5 to 15, large ones 7). */
const memoryPerByte = 8;

/** About how much memory a plan takes. */
export function weightOf(plan: QueryPlan): number {
  return JSON.stringify(plan).length * memoryPerByte;
}

/** Where the gateway keeps its plans. */
export function createPlanStore(maxBytes: number): NonNullable<QueryPlannerConfig['cache']> {
  const empty = () => createLruCache<string, QueryPlan>(maxBytes, weightOf);
  let plans = empty();
  return {
    get: async (key) => plans.get(key),
    set: async (key, plan) => plans.set(key, plan),
    delete: async (key) => plans.delete(key),
    clear: () => void (plans = empty()),
  };
}
