import type { Variables } from '../documents/variables.ts';
import type { SubscriptionPlan } from './planner.ts';
import type { Place } from './resumable.ts';
import { beginningIn } from './upstream-operation.ts';

/**
 * What makes two subscriptions the same, apart from where they begin: operation, variables and what the viewer may see.
 * Coerced variables are ordered by the operation and the schema, so equal ones have equal JSON.
 */
export function groupKey(plan: SubscriptionPlan, coerced: Variables, scope: string): string {
  const { [plan.beginningVariable ?? '']: _beginning, ...telling } = coerced;
  return JSON.stringify([scope, plan.text, telling]);
}

/** Where the client's operation says to begin. */
export function beginningOf({ upstream: { resume } }: SubscriptionPlan, coerced: Variables): Place {
  return resume && beginningIn(resume, coerced);
}
