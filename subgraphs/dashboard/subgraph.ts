import { z } from 'zod';
import { parseEvent, publishers } from '../../schema/events/index.ts';
import { subgraphNames, subgraphs } from '../../schema/subgraphs.ts';
import {
  eventSubject,
  largestInt,
  milliseconds,
  parseOrThrow,
  wholeNumber,
  type Consumer,
  type DeadLetters,
  type Resolvers,
  type Runtime,
  type Subgraph,
} from '../../platform/index.ts';
import { createFeed } from './feed.ts';
import { createOperationResolvers } from './operation-resolvers.ts';
import { createOperations } from './operations.ts';
import { ledgerImbalance } from './projections.ts';
import { createRebuildResolvers } from './rebuild-resolvers.ts';
import { rebuildView } from './rebuild.ts';
import { createRebuilds } from './rebuilds.ts';
import { createReadModels, type FeedDocument } from './read-models.ts';
import { createResolvers } from './resolvers.ts';

export const settingsSchema = z.object({
  FEED_BATCH_MS: milliseconds(20),
  FEED_SETTLE_MS: milliseconds(1_000),
  FEED_BATCH_SIZE: wholeNumber(500, 1),
  FEED_CAUSE_WAIT_MS: milliseconds(1_000),
  FEED_RECENT_COMMITS: wholeNumber(1_000, 1),
  FEED_CACHE_SIZE: wholeNumber(50_000, 1),
  FEED_CHECKPOINT_MS: milliseconds(1_000),
  FEED_POLL_MS: milliseconds(1_000, 1),
  FEED_RETENTION_SECONDS: wholeNumber(604_800, 60, largestInt),
  REBUILD_LEASE_MS: milliseconds(15_000, 100),
  REBUILD_KEEP_MS: milliseconds(60_000),
  REBUILD_FLUSH_ROWS: wholeNumber(2_000, 1),
  REBUILD_SWITCH_MS: milliseconds(3_000, 1),
});

/** The read side. It follows all other services and decides nothing. */
export function createDashboard(runtime: Runtime): Subgraph {
  const { bus, clock, database, logger, metrics, service, time } = runtime;
  const settings = runtime.readSettings(settingsSchema);
  const stored = createReadModels(database, settings.FEED_RETENTION_SECONDS);
  const models = { ...stored, append: (commit: FeedDocument) => metrics.timeAppend(stored.append(commit)) };
  const feed = createFeed({
    models,
    clock,
    time,
    batchMs: settings.FEED_BATCH_MS,
    settleEveryMs: settings.FEED_SETTLE_MS,
    batchSize: settings.FEED_BATCH_SIZE,
    causeWaitMs: settings.FEED_CAUSE_WAIT_MS,
    subjectOf: (publisher, stream) => eventSubject(bus.subjectPrefix, publisher, stream),
    recentCommits: settings.FEED_RECENT_COMMITS,
    cacheSize: settings.FEED_CACHE_SIZE,
    checkpointEveryMs: settings.FEED_CHECKPOINT_MS,
    traced: runtime.tracing.on,
    committed: (version) => bus.notify(service, 'feed', String(version)),
  });
  const operations = createOperations({
    bus,
    services: subgraphNames,
    operateTimeoutMs: runtime.settings.OPERATE_TIMEOUT_MS,
  });
  let consumer: Consumer | undefined;
  let deadLetters: Pick<DeadLetters, 'count' | 'discarded'> | undefined;
  let stopPolling: () => void = () => undefined;

  const rebuilds = createRebuilds({
    database,
    models,
    logger,
    clock,
    time,
    catchUp: () => feed.catchUp(),
    build: ({ rebuild, ...work }) =>
      rebuildView({
        ...work,
        generation: rebuild._id,
        acceptDifference: rebuild.acceptDifference,
        feed,
        models,
        bus,
        publishers: Object.keys(publishers),
        discarded: async () => (await deadLetters?.discarded()) ?? new Set(),
        flushRows: settings.REBUILD_FLUSH_ROWS,
        switchMs: settings.REBUILD_SWITCH_MS,
      }),
    outageDelayMs: runtime.settings.OUTAGE_DELAY_MS,
    leaseMs: settings.REBUILD_LEASE_MS,
    keepMs: settings.REBUILD_KEEP_MS,
  });

  const catchUp = () => {
    feed.catchUp().catch((error: unknown) => logger.debug({ err: error }, 'the feed could not be read'));
  };

  metrics.gauge('ttareungi_ledger_imbalance_points', 'By how much all balances differ from all movements; 0.', () =>
    Number(ledgerImbalance(feed.snapshot().totals)),
  );

  return {
    resolvers: mergeResolvers(
      createResolvers({
        feed,
        models,
        landscape: runtime.settings.LANDSCAPE,
        clock,
        pendingEvents: () => consumer?.pending() ?? Promise.resolve(0),
        parkedEvents: () => deadLetters?.count() ?? Promise.resolve(0),
      }),
      createOperationResolvers(operations),
      createRebuildResolvers(rebuilds),
    ),
    parts: [
      models,
      {
        prepare: () => feed.load(),
        start() {
          bus.onNotice(service, 'feed', (version) => {
            if (!feed.has(Number(version))) catchUp();
          });
          stopPolling = time.every(settings.FEED_POLL_MS, catchUp);
        },
        async close() {
          stopPolling();
          await feed.close();
        },
      },
      rebuilds,
    ],
    follows: {
      publishers: subgraphs.dashboard.follows,
      handle: (envelope, subject) => feed.add(parseOrThrow(envelope, parseEvent), subject),
      positions: {
        get: (subject) => feed.position(subject),
        reread: async (subject) => {
          await feed.catchUp();
          return feed.position(subject);
        },
        advance: (subject, version) => feed.skip(subject, version),
        // Its commits never wait for long.
        hurry: () => undefined,
      },
      consumer: (made, itsDeadLetters) => {
        consumer = made;
        deadLetters = itsDeadLetters;
      },
    },
  };
}

/** Resolvers of several files: each adds fields of its own to the types. */
function mergeResolvers(...parts: Resolvers[]): Resolvers {
  const merged: Resolvers = {};
  for (const part of parts) {
    for (const [type, fields] of Object.entries(part)) merged[type] = { ...merged[type], ...fields };
  }
  return merged;
}
