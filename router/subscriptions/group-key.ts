import type { Variables } from '../documents/variables.ts';
import type { SubscriptionPlan } from './planner.ts';

/**
 * What makes two subscriptions the same, apart from where they begin: operation, variables and what the viewer may see.
 * Coerced variables are ordered by the operation and the schema, so equal ones have equal JSON.
 */
export function groupKey(plan: SubscriptionPlan, coerced: Variables, scope: string): string {
  const { [plan.beginningVariable ?? '']: _beginning, ...telling } = coerced;
  return JSON.stringify([scope, plan.text, telling]);
}

/** The cursor that the client wants to begin after. */
export function beginningOf({ upstream }: SubscriptionPlan, coerced: Variables): string | undefined {
  if (!upstream.resume) return undefined;
  const { clientVariable, literal } = upstream.resume;
  const given = clientVariable === undefined ? literal : coerced[clientVariable];
  return typeof given === 'string' || typeof given === 'number' ? String(given) : undefined;
}
