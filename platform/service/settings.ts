import mongoose from 'mongoose';
import { z } from 'zod';
import {
  delays,
  milliseconds,
  named,
  processSettings,
  text,
  wholeNumber,
  type Contradictions,
  type SettingSections,
} from '../server/config.ts';

const database = {
  MONGODB_URI: named(
    'mongodb://127.0.0.1:27017/?directConnection=true',
    /^mongodb(\+srv)?:\/\/\S+$/,
    'an address that begins with mongodb:// or mongodb+srv://',
  )
    .meta({ secret: true })
    .describe('where the databases are'),
  DATABASE_PREFIX: named('ttareungi_', /^[\w-]{1,40}$/, 'letters, digits, _ and -, at most 40').describe(
    'the database of bike is ttareungi_bike',
  ),
  DATABASE_TIMEOUT_MS: milliseconds(3_000, 1).describe(
    'how long to look for the server before answering SERVICE_UNAVAILABLE',
  ),
  DATABASE_READ_TIMEOUT_MS: milliseconds(8_000, 1).describe(
    'the database gives up a read for a request after that; less than the router’s SUBGRAPH_TIMEOUT_MS',
  ),
  DATABASE_POOL_SIZE: wholeNumber(20, 1).describe('connections of an instance'),
};

/** The client ignores a user in an address, knows no WebSockets, and gives up none that it cannot read. */
const isBroker = (address: string) =>
  /^((nats|tls):\/\/)?[^\s/@]+$/.test(address) && Number(/:(\d+)$/.exec(address)?.[1] ?? 0) < 65_536;

const broker = {
  NATS_URL: z
    .string()
    .regex(/^\S([^]*\S)?$/)
    .refine((text) => text.split(',').every((address) => isBroker(address.trim())))
    .default('nats://127.0.0.1:4222')
    .meta({
      allowed: 'an address like nats://127.0.0.1:4222 or tls://…, without a user; several are separated by commas',
      secret: true,
    })
    .describe('several are separated by commas; with tls:// before one, none is spoken to without'),
  NATS_USERNAME: text('a user of the broker').describe(
    'the subgraph’s own user, named as it is (docs/security.md); with NATS_PASSWORD',
  ),
  NATS_PASSWORD: text('that user’s password').meta({ secret: true }).describe('that user’s password'),
  EVENT_STREAM: named('EVENTS', /^[\w-]{1,200}$/, 'letters, digits, _ and -, at most 200').describe(
    'where events are kept',
  ),
  // With the longest name of a stream behind it, a subject is one that the broker takes.
  EVENT_SUBJECT_PREFIX: named(
    'evt',
    /^(?=.{1,200}$)[\w-]+(\.[\w-]+)*$/,
    'letters, digits, _ and -, with dots between, at most 200',
  ).describe('the subjects of bike are evt.bike.…; not to be changed once there are events'),
  EVENT_REPLICAS: wholeNumber(1, 1, 5).describe('3 in production; of a stream that is there, it is only compared'),
  // The broker refuses a shorter one.
  DUPLICATE_WINDOW_MS: milliseconds(600_000, 100).describe(
    'how long the broker knows an event that comes again; of a stream that is there, it is only compared',
  ),
  PUBLISH_TIMEOUT_MS: milliseconds(5_000, 1).describe('how long the broker may take to say that it has an event'),
  REQUEST_TIMEOUT_MS: milliseconds(2_000, 1).describe('for the answer to a question between services'),
  OPERATE_TIMEOUT_MS: milliseconds(8_000, 1).describe(
    'operators’ orders to a service: redrive, discard; less than the router’s SUBGRAPH_TIMEOUT_MS',
  ),
};

const deciding = {
  HEAD_CACHE_SIZE: wholeNumber(10_000).describe('streams whose newest decision is remembered'),
  OUTCOME_TIMEOUT_MS: milliseconds(2_000).describe(
    'how long a mutation waits for the outcome before it answers PENDING; less than the router’s SUBGRAPH_TIMEOUT_MS',
  ),
  OUTCOME_POLL_MS: milliseconds(500, 1).describe('how often it looks meanwhile, in case the broker says nothing'),
  FRESHNESS_TIMEOUT_MS: milliseconds(2_000).describe(
    'how long a nested field waits for what the rest of its answer tells of; less than SUBGRAPH_TIMEOUT_MS',
  ),
};

const delivering = {
  SWEEP_EVERY_MS: milliseconds(250, 1).describe('how often to look for decisions that were not published'),
  SWEEP_BATCH: wholeNumber(256, 1).describe('how many of them at a time'),
  REFUSED_DELAY_MS: milliseconds(60_000, 1).describe(
    'what the broker refuses is tried again after ever longer waits, up to this one',
  ),
  RECONCILE_EVERY_MS: milliseconds(60_000, 1).describe('how often to compare journal and broker'),
  ACK_WAIT_MS: milliseconds(5_000, 100).describe('an event comes again when its consumer was silent for so long'),
  RETRY_DELAYS_MS: delays('500,2000,5000,9000,14000').describe(
    'waits after an unknown error; then the event is parked',
  ),
  OUTAGE_DELAY_MS: milliseconds(500, 1).describe('how long to wait before asking a server that is away again'),
  STALL_MS: milliseconds(10_000, 100).describe('build the consumer again when events wait and none came for so long'),
};

/** Settings of every subgraph, besides those of every process. */
export const serviceSections = {
  'every subgraph: database': database,
  'every subgraph: broker': broker,
  'every subgraph: deciding': deciding,
  'every subgraph: delivering': delivering,
} satisfies SettingSections;

export const serviceSettings = processSettings.extend({ ...database, ...broker, ...deciding, ...delivering });

export type ServiceSettings = z.infer<typeof serviceSettings>;

/** Of an address that looks like one: what MongoDB’s driver does not take it would wait for, for ever. */
export function unreadableDatabase(address: string | undefined): string | undefined {
  if (address === undefined || !serviceSettings.shape.MONGODB_URI.safeParse(address).success) return undefined;
  try {
    // It connects when it is asked to.
    new mongoose.mongo.MongoClient(address);
    return undefined;
  } catch {
    return 'must be an address that MongoDB’s driver can read. What it is now is not shown.';
  }
}

export const serviceContradictions: Contradictions = {
  MONGODB_URI: ({ MONGODB_URI }) => unreadableDatabase(MONGODB_URI),
};

/** One process may run many subgraphs, each with a database server and a broker user of its own. */
export const ownSettings = ['MONGODB_URI', 'NATS_USERNAME', 'NATS_PASSWORD'] as const;
