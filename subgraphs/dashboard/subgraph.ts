import { z } from 'zod';
import { parseEvent, publishers } from '../../schema/events/index.ts';
import { subgraphNames, subgraphs } from '../../schema/subgraphs.ts';
import {
  createRouterCheck,
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
import { createExports } from './exports/routes.ts';
import { createFeed } from './feed.ts';
import { createOperationResolvers } from './operation-resolvers.ts';
import { createOpenDataOf, openDataSettings } from './open-data/open-data.ts';
import { createOperations } from './operations.ts';
import { createStationCounts } from './station-counts.ts';
import { createPictures } from './picture.ts';
import { ledgerImbalance } from './projections.ts';
import { createRebuildResolvers } from './rebuild-resolvers.ts';
import { rebuildView } from './rebuild.ts';
import { createRebuilds } from './rebuilds.ts';
import { createReadModels, type FeedDocument } from './read-models.ts';
import { createResolvers } from './resolvers.ts';
import { createTableResolvers } from './table-resolvers.ts';

/**
 * A commit is dated by the instance that makes it, and goes by the database's clock. These may differ by an hour, and every
 * instance has to have read it before; in the other hour it may sleep.
 */
const leastRetentionSeconds = 7_200;

export const settingsSchema = z.object({
  FEED_RECENT_COMMITS: wholeNumber(1_000, 1).describe('commits kept in memory for subscribers'),
  FEED_CACHE_SIZE: wholeNumber(50_000, 1).describe('rows kept in memory'),
  FEED_RETENTION_SECONDS: wholeNumber(604_800, leastRetentionSeconds, largestInt).describe(
    'how far back a cursor may lie',
  ),
  REBUILD_LEASE_MS: milliseconds(15_000, 100).describe(
    'a rebuild of which nothing was heard for so long is begun again by another process',
  ),
  REBUILD_KEEP_MS: milliseconds(60_000).describe('for how long the rows that a rebuild replaced are kept'),
  ...openDataSettings.shape,
});

/** Events of so long, or so many, share a commit: too short a wait to see, and far below the 16 MB of a document. */
const batchMs = 20;
const batchSize = 500;
/** Rows of so long share a write; commits themselves are stored at once. */
const settleEveryMs = 1_000;
/** How long an event waits for the one that caused it: of another service, it is behind by milliseconds or not at all. */
const causeWaitMs = 1_000;
/** How often the totals are saved: a start reads the commits since. */
const checkpointEveryMs = 1_000;
/** How often to look for commits of other instances, in case their notice was lost. */
const pollEveryMs = 1_000;
/** Rebuilt rows that share a write: far below the 48 MB that a message to MongoDB may have. */
const flushRows = 2_000;
/** How long other instances commit nothing, at most, so that a rebuilt view can take the place of the old one. */
const switchMs = 3_000;

/** The read side. It follows all other services and decides nothing. */
export function createDashboard(runtime: Runtime): Subgraph {
  const { bus, clock, database, logger, metrics, service, time } = runtime;
  const settings = runtime.readSettings(settingsSchema);
  const stored = createReadModels(database, settings.FEED_RETENTION_SECONDS);
  const models = { ...stored, append: (commit: FeedDocument) => metrics.timeAppend(stored.append(commit)) };
  const pictures = createPictures(() => stored.live(), clock());
  const openData = createOpenDataOf(runtime, pictures.read);
  const feed = createFeed({
    models,
    clock,
    time,
    batchMs,
    settleEveryMs,
    batchSize,
    causeWaitMs,
    subjectOf: (publisher, stream) => eventSubject(bus.subjectPrefix, publisher, stream),
    recentCommits: settings.FEED_RECENT_COMMITS,
    cacheSize: settings.FEED_CACHE_SIZE,
    checkpointEveryMs,
    traced: runtime.tracing.on,
    committed: (version) => bus.notify(service, 'feed', String(version)),
    absorbed: pictures.absorb,
    forgotten: pictures.forget,
  });
  const stationCounts = createStationCounts({ source: feed.source, picture: pictures.read, time });
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
        flushRows,
        switchMs,
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
        stationCounts,
        landscape: runtime.settings.LANDSCAPE,
        clock,
        pendingEvents: () => consumer?.pending() ?? Promise.resolve(0),
        parkedEvents: () => deadLetters?.count() ?? Promise.resolve(0),
        bikeNamed: openData.bikeNamed,
      }),
      createTableResolvers(pictures.read, clock),
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
          stopPolling = time.every(pollEveryMs, catchUp);
        },
        async close() {
          stopPolling();
          await feed.close();
        },
      },
      rebuilds,
    ],
    routes: {
      ...openData.routes,
      ...createExports({
        rows: models,
        verifyToken: runtime.verifyToken,
        isRouter: createRouterCheck(runtime.settings.ROUTER_SECRET),
        clock,
      }),
    },
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
