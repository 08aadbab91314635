import type { Client } from '../schema/client/client.ts';
import { DashboardUpdatedDocument, StationCountsChangedDocument } from '../schema/client/generated/graphql.ts';
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

/** A map that is open beside a dashboard: how long after a ride began or ended at a station its counts are there, in ms. */
export function openMap(operator: Client, visitor: Client) {
  /** The feed says when it happened, the map when that place of the feed was told; in whichever order they come. */
  const untold = new Map<number, number[]>();
  const told: { version: number; at: number }[] = [];
  let latencies: number[] = [];
  let onScreen: number[] = [];
  const versionOf = (cursor: string) => Number(Buffer.from(cursor, 'base64url').toString().split('.')[0]);
  const now = () => performance.timeOrigin + performance.now();

  function match(): void {
    for (const [version, times] of untold) {
      const first = told.find((message) => message.version >= version);
      if (!first) continue;
      latencies.push(...times.map((at) => first.at - at));
      untold.delete(version);
    }
  }
  const follow = async () => {
    for await (const { dashboardUpdated } of operator.subscribe(DashboardUpdatedDocument, {})) {
      if (!['RideStarted', 'BikeReturned'].includes(dashboardUpdated.eventType)) continue;
      const version = versionOf(dashboardUpdated.cursor);
      onScreen.push(now() - Date.parse(dashboardUpdated.at));
      untold.set(version, [...(untold.get(version) ?? []), Date.parse(dashboardUpdated.at)]);
      match();
    }
  };
  const hear = async () => {
    for await (const { stationCountsChanged } of visitor.subscribe(StationCountsChangedDocument, {})) {
      told.push({ version: versionOf(stationCountsChanged.cursor), at: now() });
      if (told.length > 100) told.shift();
      match();
    }
  };
  let ended: string | null = null;
  for (const following of [follow(), hear()]) following.catch((error: unknown) => (ended = codeOf(error)));
  return {
    /** What changes at no station is never told, and waits in vain. */
    reset() {
      latencies = [];
      onScreen = [];
      untold.clear();
    },
    latencies: () => ({ map: distributionOf(latencies), screen: distributionOf(onScreen), untold: untold.size, ended }),
  };
}
