import type { Client } from '../schema/client/client.ts';
import { DashboardUpdatedDocument } from '../schema/client/generated/graphql.ts';
import { codeOf } from './load.ts';
import { distributionOf, type Distribution } from './statistics.ts';

/** A dashboard that is open: how long after a decision its change is there, in ms by the clock that both share. */
export interface Screen {
  /** Forgets what came so far. */
  reset(): void;
  /** By event type, and of all of them. */
  latencies(): { all: Distribution; byEvent: Record<string, Distribution> };
  /** Why the subscription ended, if it did. */
  ended(): string | null;
}

export function openScreen(operator: Client): Screen {
  const latencies = new Map<string, number[]>();
  let ended: string | null = null;

  void (async () => {
    try {
      for await (const { dashboardUpdated } of operator.subscribe(DashboardUpdatedDocument, {})) {
        const now = performance.timeOrigin + performance.now();
        const known = latencies.get(dashboardUpdated.eventType) ?? [];
        latencies.set(dashboardUpdated.eventType, known);
        known.push(now - Date.parse(dashboardUpdated.at));
      }
      ended = 'completed';
    } catch (error) {
      ended = codeOf(error);
    }
  })();

  return {
    reset: () => latencies.clear(),
    latencies: () => ({
      all: distributionOf([...latencies.values()].flat()),
      byEvent: Object.fromEntries([...latencies].map(([type, values]) => [type, distributionOf(values)])),
    }),
    ended: () => ended,
  };
}
