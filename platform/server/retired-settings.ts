import type { Logger } from './logger.ts';

/** Settings of earlier versions that had one sensible value, and the constant that each became. */
export const retiredSettings: Readonly<Record<string, string>> = {
  BIKE_WAIT_MS: 'bikeWaitMs in subgraphs/reservation/subgraph.ts',
  COMPRESS_ABOVE_BYTES: 'worthCompressingBytes in platform/server/compression.ts',
  CONFLICT_DELAY_MS: 'conflictDelayMs in platform/service/aggregate.ts',
  DEV_TOKEN_TTL_SECONDS: 'tokenLastsSeconds in router/product/dev-token.ts',
  EXPIRY_BATCH: 'expiryBatch in subgraphs/reservation/subgraph.ts',
  FEED_BATCH_MS: 'batchMs in subgraphs/dashboard/subgraph.ts',
  FEED_BATCH_SIZE: 'batchSize in subgraphs/dashboard/subgraph.ts',
  FEED_CAUSE_WAIT_MS: 'causeWaitMs in subgraphs/dashboard/subgraph.ts',
  FEED_CHECKPOINT_MS: 'checkpointEveryMs in subgraphs/dashboard/subgraph.ts',
  FEED_POLL_MS: 'pollEveryMs in subgraphs/dashboard/subgraph.ts',
  FEED_SETTLE_MS: 'settleEveryMs in subgraphs/dashboard/subgraph.ts',
  GATHER_MS: 'gatherMs in platform/messaging/checkpoints.ts',
  LOOK_EVERY_MS: 'lookEveryMs in platform/service/aggregate.ts',
  MAX_ACK_PENDING: 'maxAckPending in platform/service/assembly.ts',
  MAX_CONFLICTS: 'maxConflicts in platform/service/aggregate.ts',
  MAX_HEADERS: 'maxHeaders in platform/server/http.ts',
  MAX_HELD: 'maxHeld in platform/service/assembly.ts',
  MAX_LIST_ITEMS: 'maxListItems in router/documents/shape.ts',
  METRICS_KEEP_MS: 'keepMs in platform/service/metrics.ts',
  METRICS_TIMEOUT_MS: 'timeoutMs in platform/service/metrics.ts',
  READINESS_TIMEOUT_MS: 'timeoutMs in router/http/readiness.ts',
  REBUILD_FLUSH_ROWS: 'flushRows in subgraphs/dashboard/subgraph.ts',
  REBUILD_SWITCH_MS: 'switchMs in subgraphs/dashboard/subgraph.ts',
  REFUSALS_EVERY_MS: 'refusalsEveryMs in subgraphs/reservation/subgraph.ts',
  STANDING_TIMEOUT_MS: 'standingTimeoutMs in subgraphs/reservation/subgraph.ts',
};

/** Those that are still in the environment, where they do nothing: a line of plain words for each. */
export function retiredIn(env: NodeJS.ProcessEnv): { setting: string; because: string }[] {
  return Object.entries(retiredSettings)
    .filter(([setting]) => env[setting])
    .map(([setting, constant]) => ({ setting, because: `it does nothing any more: it is the constant ${constant}` }));
}

/** Once per process, at its start. */
export function warnOfRetiredSettings(env: NodeJS.ProcessEnv, logger: Logger): void {
  for (const { setting, because } of retiredIn(env))
    logger.warn({ setting, because }, 'a setting does nothing any more');
}
