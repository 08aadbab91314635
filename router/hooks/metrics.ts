import type { OperationLabel } from '../../platform/server/index.ts';
import { codeOf } from '../gateway/asked.ts';
import type { Hooks } from '../gateway/hooks.ts';
import type { Metrics } from '../metrics.ts';

/** Counts queries and mutations, and what is planned. */
export const countRequests = (metrics: Pick<Metrics, 'requests' | 'plans'>, labelOf: OperationLabel): Hooks => ({
  onRequest({ operation: { operation } }, context) {
    const startedAt = performance.now();
    return (answer) =>
      metrics.requests.count({
        operation: labelOf(operation.name?.value),
        type: operation.operation,
        code: codeOf(answer),
        seconds: secondsSince(startedAt),
        unwanted: context.unwanted,
      });
  },
  onPlan() {
    const startedAt = performance.now();
    return (plan) => metrics.plans.observe({ outcome: plan ? 'planned' : 'failed' }, secondsSince(startedAt));
  },
});

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1_000;
