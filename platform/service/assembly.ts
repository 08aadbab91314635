import type { Envelope } from '../../schema/events/envelope.ts';
import { createConsumer, type Consumer } from '../messaging/consumer.ts';
import { eventSubject } from '../messaging/event-stream.ts';
import { createFreshness, type Freshness } from '../server/freshness.ts';
import type { Resolvers } from '../server/graphql-server.ts';
import { serveOperators, type Operated } from './operator-endpoints.ts';
import type { RefusedDecision } from '../event-core/journal.ts';
import { createDeadLetterAdmin } from '../messaging/dead-letters/admin.ts';
import { createDeadLetters, type DeadLetters } from '../messaging/dead-letters/dead-letters.ts';
import { createCheckpoints, createCheckpointStore, gatherMs, type Checkpoints } from '../messaging/checkpoints.ts';
import type { RequestHandler } from '../server/http.ts';
import type { Runtime } from './runtime.ts';

/** Events that an instance handles at once: of a thousand streams, and a few hundred kilobytes of memory. */
const maxAckPending = 1_024;
/** Events of one stream that wait in memory while it cannot go on; later ones are parked until it can. */
const maxHeld = 16;

/** What a subgraph is, apart from the process it runs in. */
export interface Subgraph {
  resolvers: Resolvers;
  /** What has a life: prepared in this order, closed in the reverse. */
  parts: Part[];
  /** Whose events it handles, and how. */
  follows?: Follows;
  /** What stands beside /graphql, by path. */
  routes?: Record<string, RequestHandler>;
  /** Periodic work; every instance does it, the journal decides who wins. */
  sweeps?: Sweep[];
}

export interface Sweep {
  name: string;
  everyMs: number;
  /** @param stopping is aborted when the service stops: what is begun then holds it up. */
  run(stopping: AbortSignal): Promise<void>;
}

export interface Part {
  /** Indexes, and the catching up that must precede the first request. */
  prepare(): Promise<unknown>;
  start?(): void;
  close?(): Promise<void>;
  /** Resolves when the views show one of its streams up to a version, where it has any. */
  show?(stream: string, version: number): Promise<void>;
  /** How many decisions the broker does not have yet, where it makes any. */
  unpublished?(): Promise<number>;
  /** Some of those that are refused. */
  refused?(): Promise<RefusedDecision[]>;
}

export interface Follows {
  publishers: readonly string[];
  handle(event: Envelope, subject: string): Promise<void>;
  /** Its own events that those of other services led to. */
  ledTo?(eventIds: readonly string[]): Promise<string[]>;
  /** Where it stands, if the subgraph keeps that itself. */
  positions?: Checkpoints;
  /** Gets the consumer once it is made. */
  consumer?(consumer: Consumer, deadLetters: Pick<DeadLetters, 'count' | 'discarded'>): void;
}

/** A subgraph put together: its parts, its consumer, its sweeps. Requests and questions reach it from outside. */
export interface Assembly {
  /** Resolves when requests and questions are heard, as far as there is a broker. */
  start(): Promise<void>;
  /** Reads after a version. */
  freshness: Freshness;
  /** Starts no more work of its own, and lets running work finish. */
  stopSweeping(): Promise<void>;
  close(): Promise<void>;
}

/** Prepares the parts, so that the subgraph can be started. */
export async function assemble(runtime: Runtime, subgraph: Subgraph): Promise<Assembly> {
  for (const part of subgraph.parts) await part.prepare();
  const follower = subgraph.follows && (await createFollower(runtime, subgraph.follows));
  let stops: (() => Promise<void>)[] = [];
  return {
    freshness: freshnessOf(runtime, subgraph, follower?.handled),
    async start() {
      for (const part of subgraph.parts) part.start?.();
      follower?.consumer.start();
      serveOperators(runtime, {
        follower,
        unpublished: () => countUnpublished(subgraph.parts),
        refused: async () =>
          (await Promise.all(subgraph.parts.map((part) => part.refused?.() ?? Promise.resolve([])))).flat(),
      });
      stops = (subgraph.sweeps ?? []).map((sweep) => startSweep(runtime, sweep));
      await runtime.bus.settled();
    },
    async stopSweeping() {
      await Promise.all(stops.map((stop) => stop()));
    },
    async close() {
      await follower?.consumer.close();
      for (const part of subgraph.parts.toReversed()) await part.close?.();
    },
  };
}

type Handled = (publisher: string, stream: string, version: number) => Promise<boolean>;

function freshnessOf(runtime: Runtime, { parts, follows }: Subgraph, handled: Handled | undefined): Freshness {
  const countLate = runtime.metrics.counter(
    'ttareungi_stale_answers_total',
    'Answers given before an event was handled that they should have shown.',
  );
  return createFreshness({
    service: runtime.service,
    publishers: handled && follows ? follows.publishers : [],
    show: async (stream, version) => {
      for (const part of parts) await part.show?.(stream, version);
    },
    handled: handled ?? (() => Promise.resolve(true)),
    ledTo: (eventIds) => follows?.ledTo?.(eventIds) ?? Promise.resolve([]),
    late: () => countLate(),
  });
}

type Follower = NonNullable<Operated['follower']> & {
  /** Unknown where the subgraph keeps its own positions. */
  handled: Handled | undefined;
};

async function createFollower(runtime: Runtime, follows: Follows): Promise<Follower> {
  const { settings, database, bus, logger, metrics, tracing, service, time, random } = runtime;
  const clock = () => runtime.clock();
  const positions = createCheckpoints(createCheckpointStore(database), gatherMs, time);
  const hurryOthers = () => bus.notify(service, 'hurry', '');
  const deadLetters = createDeadLetters(database, clock);
  const consumer = createConsumer({
    name: service,
    publishers: follows.publishers,
    bus,
    positions: follows.positions ?? positions,
    deadLetters,
    logger,
    handle: async (event, subject) => {
      await tracing.trace(`handle ${event.type}`, event.traceparent, { event: event.id, subject }, (traceparent) =>
        follows.handle(tracing.on && traceparent ? { ...event, traceparent } : event, subject),
      );
      metrics.handled(event.time);
    },
    parked: () => metrics.parked(),
    ackWaitMs: settings.ACK_WAIT_MS,
    maxAckPending,
    maxHeld,
    retryDelaysMs: settings.RETRY_DELAYS_MS,
    outageDelayMs: settings.OUTAGE_DELAY_MS,
    stallMs: settings.STALL_MS,
    time,
    random,
  });
  const desk = createDeadLetterAdmin({
    deadLetters,
    consumer,
    clock,
    logger,
    longestAnswerBytes: () => bus.longestAnswerBytes(),
  });
  await deadLetters.createIndexes();
  metrics.gauge('ttareungi_parked_events', 'Events that wait for an operator.', () => deadLetters.count());
  metrics.gauge('ttareungi_consumer_lag_messages', 'Events in the broker that were not handled yet.', () =>
    consumer.pending(),
  );
  follows.consumer?.(consumer, deadLetters);
  if (follows.positions) return { consumer, deadLetters, desk, handled: undefined };
  // Between instances of this service only: then the others can read what one has handled.
  bus.onNotice(service, 'hurry', () => positions.hurry());
  return {
    consumer,
    deadLetters,
    desk,
    async handled(publisher, stream, version) {
      const subject = eventSubject(bus.subjectPrefix, publisher, stream);
      // A parked event waits for an operator: a read does not wait for it.
      if (deadLetters.blocks(subject)) return false;
      return positions.reached(subject, version, settings.FRESHNESS_TIMEOUT_MS, hurryOthers);
    },
  };
}

async function countUnpublished(parts: Part[]): Promise<number> {
  const counts = await Promise.all(parts.map(async (part) => part.unpublished?.() ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

function startSweep(runtime: Runtime, sweep: Sweep) {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const stop = runtime.time.every(sweep.everyMs, () => {
    running ??= sweep
      .run(stopping.signal)
      .catch((error: unknown) => {
        runtime.logger.warn({ err: error, sweep: sweep.name }, 'a sweep failed; it will run again');
      })
      .finally(() => {
        running = undefined;
      });
  });
  return async () => {
    stop();
    stopping.abort();
    await running;
  };
}
