import type { Envelope } from '../../schema/events/envelope.ts';
import { createConsumer, type Consumer } from './consumer.ts';
import type { Resolvers } from './graphql-server.ts';
import { serveOperators, type Operated } from './operator-endpoints.ts';
import type { RefusedDecision } from './journal.ts';
import { createParkedDesk } from './parked-desk.ts';
import { createParkingTable } from './parking-table.ts';
import { createParking, type Parking } from './parking.ts';
import { createPositions, createPositionTable, type Positions } from './positions.ts';
import type { Runtime } from './runtime.ts';

/** What a subgraph is, apart from the process it runs in. */
export interface Subgraph {
  resolvers: Resolvers;
  /** What has a life: prepared in this order, closed in the reverse. */
  parts: Part[];
  /** Whose events it handles, and how. */
  follows?: Follows;
  /** Work that is due now and then; every instance does it, the journal decides who wins. */
  sweeps?: { name: string; everyMs: number; run(): Promise<void> }[];
}

export interface Part {
  /** Indexes, and what must be caught up before the first request. */
  prepare(): Promise<unknown>;
  start?(): void;
  close?(): Promise<void>;
  /** How many decisions the broker does not have yet, where it makes any. */
  unpublished?(): Promise<number>;
  /** Some of those that are refused. */
  refused?(): Promise<RefusedDecision[]>;
}

export interface Follows {
  publishers: readonly string[];
  handle(event: Envelope, subject: string): Promise<void>;
  /** Where it stands, if the subgraph keeps that itself. */
  positions?: Positions;
  /** Gets the consumer once it is made. */
  consumer?(consumer: Consumer, parking: Pick<Parking, 'count' | 'discarded'>): void;
}

/** A subgraph put together: its parts, its consumer, its sweeps. Whoever asks it something comes from elsewhere. */
export interface Assembly {
  /** Resolves when whoever asks it something is heard, as far as there is a broker. */
  start(): Promise<void>;
  /** Begins no more work of its own, and lets what was begun finish. */
  stopSweeping(): Promise<void>;
  close(): Promise<void>;
}

/** Prepares the parts, so that the subgraph can be started. */
export async function assemble(runtime: Runtime, subgraph: Subgraph): Promise<Assembly> {
  for (const part of subgraph.parts) await part.prepare();
  const follower = subgraph.follows && (await createFollower(runtime, subgraph.follows));
  let stops: (() => Promise<void>)[] = [];
  return {
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
      for (const stop of stops) await stop();
    },
    async close() {
      await follower?.consumer.close();
      for (const part of subgraph.parts.toReversed()) await part.close?.();
    },
  };
}

async function createFollower(runtime: Runtime, follows: Follows): Promise<NonNullable<Operated['follower']>> {
  const { settings, database, bus, logger, metrics, tracing, service, time, random } = runtime;
  const clock = () => runtime.clock();
  const parking = createParking(createParkingTable(database), clock);
  const consumer = createConsumer({
    name: service,
    publishers: follows.publishers,
    bus,
    positions: follows.positions ?? createPositions(createPositionTable(database), settings.GATHER_MS, time),
    parking,
    logger,
    handle: async (event, subject) => {
      await tracing.trace(`handle ${event.type}`, event.traceparent, { event: event.id, subject }, (traceparent) =>
        follows.handle(tracing.on && traceparent ? { ...event, traceparent } : event, subject),
      );
      metrics.handled(event.time);
    },
    parked: () => metrics.parked(),
    ackWaitMs: settings.ACK_WAIT_MS,
    maxAckPending: settings.MAX_ACK_PENDING,
    maxHeld: settings.MAX_HELD,
    retryDelaysMs: settings.RETRY_DELAYS_MS,
    outageDelayMs: settings.OUTAGE_DELAY_MS,
    stallMs: settings.STALL_MS,
    time,
    random,
  });
  const desk = createParkedDesk({
    database,
    parking,
    consumer,
    clock,
    logger,
    longestAnswerBytes: () => bus.longestAnswerBytes(),
  });
  await parking.createIndexes();
  await desk.createIndexes();
  metrics.gauge('ttareungi_parked_events', 'Events that wait for an operator.', () => parking.count());
  metrics.gauge('ttareungi_consumer_lag_messages', 'Events in the broker that were not handled yet.', () =>
    consumer.pending(),
  );
  follows.consumer?.(consumer, parking);
  return { consumer, parking, desk };
}

async function countUnpublished(parts: Part[]): Promise<number> {
  const counts = await Promise.all(parts.map(async (part) => part.unpublished?.() ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

function startSweep(runtime: Runtime, sweep: { name: string; everyMs: number; run(): Promise<void> }) {
  let running: Promise<void> | undefined;
  const stop = runtime.time.every(sweep.everyMs, () => {
    running ??= sweep
      .run()
      .catch((error: unknown) => {
        runtime.logger.warn({ err: error, sweep: sweep.name }, 'a sweep failed; it will run again');
      })
      .finally(() => {
        running = undefined;
      });
  });
  return async () => {
    stop();
    await running;
  };
}
