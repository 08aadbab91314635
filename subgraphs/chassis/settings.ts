import { z } from 'zod';
import { list, processSettings, wholeNumber } from './config.ts';

/** Settings of every subgraph. Times are in milliseconds. */
export const serviceSettings = processSettings.extend({
  MONGODB_URI: z.string().default('mongodb://127.0.0.1:27017/?directConnection=true'),
  DATABASE_PREFIX: z.string().default('ttareungi_'),
  DATABASE_TIMEOUT_MS: wholeNumber(3_000, 1),
  DATABASE_READ_TIMEOUT_MS: wholeNumber(8_000, 1),
  DATABASE_POOL_SIZE: wholeNumber(20, 1),
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  NATS_USERNAME: z.string().optional(),
  NATS_PASSWORD: z.string().default(''),
  EVENT_STREAM: z.string().default('EVENTS'),
  EVENT_SUBJECT_PREFIX: z.string().default('evt'),
  EVENT_REPLICAS: wholeNumber(1, 1),
  DUPLICATE_WINDOW_MS: wholeNumber(600_000),
  PUBLISH_TIMEOUT_MS: wholeNumber(5_000, 1),
  REQUEST_TIMEOUT_MS: wholeNumber(2_000, 1),
  OPERATE_TIMEOUT_MS: wholeNumber(8_000, 1),
  SWEEP_EVERY_MS: wholeNumber(250, 1),
  SWEEP_BATCH: wholeNumber(256, 1),
  REFUSED_DELAY_MS: wholeNumber(60_000, 1),
  RECONCILE_EVERY_MS: wholeNumber(60_000, 1),
  LOOK_EVERY_MS: wholeNumber(2_000, 1),
  MAX_CONFLICTS: wholeNumber(20),
  CONFLICT_DELAY_MS: wholeNumber(10),
  HEAD_CACHE_SIZE: wholeNumber(10_000),
  OUTCOME_TIMEOUT_MS: wholeNumber(2_000),
  OUTCOME_POLL_MS: wholeNumber(100, 1),
  FRESHNESS_TIMEOUT_MS: wholeNumber(2_000),
  ACK_WAIT_MS: wholeNumber(5_000, 100),
  MAX_ACK_PENDING: wholeNumber(1_024, 1),
  MAX_HELD: wholeNumber(16),
  GATHER_MS: wholeNumber(1_000),
  OUTAGE_DELAY_MS: wholeNumber(500, 1),
  STALL_MS: wholeNumber(10_000, 100),
  METRICS_TIMEOUT_MS: wholeNumber(1_000, 1),
  METRICS_KEEP_MS: wholeNumber(2_000),
  RETRY_DELAYS_MS: list('500,2000,5000,9000,14000').pipe(z.array(z.coerce.number<string>().int().min(0))),
});

export type ServiceSettings = z.infer<typeof serviceSettings>;
