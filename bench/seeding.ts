import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { GraphqlRequestError, type Client } from '../schema/client/client.ts';
import { BuyPointsDocument, DashboardLagDocument, RegisterBikeDocument } from '../schema/client/generated/graphql.ts';
import type { TestSystem } from '../test/support/system.ts';
import { measureUsage } from './process-usage.ts';
import type { SystemUnderTest } from './system-under-test.ts';

const atOnce = 8;
const reportEvery = 10_000;
/** The most that one purchase may be. */
const plenty = 1_000_000;

/** Registers bikes as an operator; gives their numbers. */
export async function registerBikes(operator: Client, count: number): Promise<number[]> {
  return inParallel(count, async () => {
    const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
    return registerBike.bike?.bikeId ?? 0;
  });
}

/** Riders with more points than a benchmark can spend. */
export async function signInRiders(system: TestSystem, count: number): Promise<Client[]> {
  return inParallel(count, async (index) => {
    const rider = await system.client(`rider-${index + 1}`, 'rider');
    await rider.request(BuyPointsDocument, { input: { price: plenty } });
    return rider;
  });
}

/** How long a system may take to handle what it has accepted. */
const drainWithinMs = 180_000;

/**
 * Waits until the dashboard, which follows everybody, has handled every event; gives the time that took, in ms.
 * @throws {Error} after three minutes.
 */
export async function untilQuiet(operator: Client): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const pending = await pendingEvents(operator);
    const ms = Math.round(performance.now() - startedAt);
    if (pending === 0) {
      // The lag is the dashboard's own; the others are never far behind.
      await delay(1_000);
      return ms;
    }
    if (ms > drainWithinMs) throw new Error(`${pending} events still wait after ${ms / 1000} s.`);
    await delay(200);
  }
}

/** Of a core, in all processes together: at rest they take 0.04. */
const idleCores = 0.15;
const idleForMs = 3_000;

/**
 * Waits until its processes have nothing to do: after a mass import the comparison of journals and broker goes through
 * what was published for a minute or two.
 * @throws {Error} after three minutes.
 */
export async function untilIdle({ pids }: Pick<SystemUnderTest, 'pids'>): Promise<void> {
  for (const giveUpAt = performance.now() + drainWithinMs; performance.now() < giveUpAt;) {
    const stopUsage = measureUsage(pids);
    await delay(idleForMs);
    const used = Object.values(stopUsage().cpuMs).reduce((sum, ms) => sum + ms, 0);
    if (used < idleCores * idleForMs) return;
  }
  throw new Error(`The system is still busy after ${drainWithinMs / 1_000} s.`);
}

/**
 * Waits until every service has handled all that the broker has: after a mass import others may be behind the dashboard.
 * @throws {Error} after three minutes.
 */
export async function untilAllHandled({ env, name }: Pick<TestSystem, 'env' | 'name'>): Promise<void> {
  const connection = await connect({ servers: env['NATS_URL'] ?? '' });
  try {
    const manager = await jetstreamManager(connection);
    const giveUpAt = performance.now() + drainWithinMs;
    for (;;) {
      const consumers = await manager.consumers.list(name).next();
      const waiting = consumers.filter(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending > 0);
      if (waiting.length === 0) return;
      if (performance.now() > giveUpAt) throw new Error(`${waiting.map((each) => each.name).join(', ')} are behind.`);
      await delay(500);
    }
  } finally {
    await connection.close();
  }
}

/** Infinite where it is too busy to say. */
async function pendingEvents(operator: Client): Promise<number> {
  try {
    return Number((await operator.request(DashboardLagDocument, {})).dashboard.lag.pendingEvents);
  } catch (error) {
    if (error instanceof GraphqlRequestError && error.code === 'SERVICE_UNAVAILABLE') return Infinity;
    throw error;
  }
}

async function inParallel<Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
      if (next % reportEvery === 0) process.stderr.write(`${next} of ${count} …\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
