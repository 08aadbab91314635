import { z } from 'zod';
import { largestInt, list, milliseconds, named, processSettings, secret, wholeNumber } from '../server/config.ts';

/** Settings of every subgraph. Times are in milliseconds. */
export const serviceSettings = processSettings.extend({
  MONGODB_URI: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\/\S+$/)
    .default('mongodb://127.0.0.1:27017/?directConnection=true')
    .meta(secret('an address that begins with mongodb:// or mongodb+srv://')),
  DATABASE_PREFIX: named('ttareungi_', /^[\w-]{1,40}$/, 'letters, digits, _ and -, at most 40'),
  DATABASE_TIMEOUT_MS: milliseconds(3_000, 1),
  DATABASE_READ_TIMEOUT_MS: milliseconds(8_000, 1),
  DATABASE_POOL_SIZE: wholeNumber(20, 1),
  NATS_URL: z
    .string()
    .regex(/^((nats|tls|wss?):\/\/)?[^\s,/]+(\s*,\s*((nats|tls|wss?):\/\/)?[^\s,/]+)*$/)
    .default('nats://127.0.0.1:4222')
    .meta(secret('an address like nats://127.0.0.1:4222; several are separated by commas')),
  NATS_USERNAME: z.string().optional().describe('a user of the broker'),
  NATS_PASSWORD: z.string().default('').meta(secret('that user’s password')),
  EVENT_STREAM: named('EVENTS', /^[\w-]{1,200}$/, 'letters, digits, _ and -'),
  EVENT_SUBJECT_PREFIX: named('evt', /^[\w-]+(\.[\w-]+)*$/, 'letters, digits, _ and -, with dots between'),
  EVENT_REPLICAS: wholeNumber(1, 1, 5),
  DUPLICATE_WINDOW_MS: milliseconds(600_000),
  PUBLISH_TIMEOUT_MS: milliseconds(5_000, 1),
  REQUEST_TIMEOUT_MS: milliseconds(2_000, 1),
  OPERATE_TIMEOUT_MS: milliseconds(8_000, 1),
  SWEEP_EVERY_MS: milliseconds(250, 1),
  SWEEP_BATCH: wholeNumber(256, 1),
  REFUSED_DELAY_MS: milliseconds(60_000, 1),
  RECONCILE_EVERY_MS: milliseconds(60_000, 1),
  LOOK_EVERY_MS: milliseconds(2_000, 1),
  MAX_CONFLICTS: wholeNumber(20),
  CONFLICT_DELAY_MS: milliseconds(10),
  HEAD_CACHE_SIZE: wholeNumber(10_000),
  OUTCOME_TIMEOUT_MS: milliseconds(2_000),
  OUTCOME_POLL_MS: milliseconds(100, 1),
  FRESHNESS_TIMEOUT_MS: milliseconds(2_000),
  ACK_WAIT_MS: milliseconds(5_000, 100),
  MAX_ACK_PENDING: wholeNumber(1_024, 1),
  MAX_HELD: wholeNumber(16),
  GATHER_MS: milliseconds(1_000),
  OUTAGE_DELAY_MS: milliseconds(500, 1),
  STALL_MS: milliseconds(10_000, 100),
  METRICS_TIMEOUT_MS: milliseconds(1_000, 1),
  METRICS_KEEP_MS: milliseconds(2_000),
  RETRY_DELAYS_MS: list('500,2000,5000,9000,14000')
    .pipe(z.array(z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(largestInt))).min(1))
    .describe('whole numbers, separated by commas'),
});

export type ServiceSettings = z.infer<typeof serviceSettings>;
