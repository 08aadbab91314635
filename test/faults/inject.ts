import { setTimeout as delay } from 'node:timers/promises';
import type { JournalDocument } from '../../platform/event-core/journal.ts';
import { createDice, type Dice } from '../../cli/demo/dice.ts';
import { unclear, type Manner } from '../support/payment-provider.ts';
import { until } from '../support/until.ts';
import { messageOf, newestMessages, publishRaw, withBroker } from './broker.ts';
import type { Cluster } from './cluster.ts';
import { withDatabase } from './database.ts';
import type { NetworkFault } from './fault-proxy.ts';
import { sendUnfitTexts, writeHalfText } from './half-text.ts';
import type { Fault, FaultKind } from './plan.ts';
import { poisonOf } from './poison.ts';
import { ask } from './story.ts';
import { decideUnpublishable, shortMessageBytes } from './unpublishable.ts';

const crashWithinMs = 6_000;

/** `found` receives violations that a fault itself detects. */
type Injection = (cluster: Cluster, fault: Fault, dice: Dice, found: string[]) => Promise<void>;

/** Resources that faults need exclusively: they take turns. */
const shared: Partial<Record<FaultKind, 'broker' | 'database' | 'provider'>> = {
  'kill-broker': 'broker',
  'crash-while-sweeping': 'broker',
  'crash-while-refilling': 'broker',
  'wipe-broker': 'broker',
  'roll-back-broker': 'broker',
  'pause-broker': 'broker',
  'flip-bit': 'broker',
  'fill-stream': 'broker',
  unpublishable: 'broker',
  'lying-provider': 'provider',
  'kill-database': 'database',
  'pause-database': 'database',
};

/**
 * Runs every fault at its time, to its end. A fault with nothing to break (a broker that is down) does nothing. Returns
 * the violations.
 */
export async function injectFaults(cluster: Cluster, faults: readonly Fault[]): Promise<string[]> {
  const turns = new Map<string, Promise<void>>();
  const found: string[] = [];
  await Promise.all(
    faults.map(async (fault) => {
      await delay(fault.at);
      const work = () => injections[fault.kind](cluster, fault, createDice(fault.seed), found);
      const what = shared[fault.kind] ?? `${fault.kind} ${fault.service} ${fault.instance}`;
      const turn = (turns.get(what) ?? Promise.resolve()).then(work);
      turns.set(what, turn);
      await turn;
    }),
  );
  return found;
}

const instanceOf = (cluster: Cluster, { service, instance }: Fault) => {
  const found = cluster.instances[service][instance];
  if (!found) throw new Error(`${service} has no instance ${instance}`);
  return found;
};

/** Dies at the point as soon as it gets there, meanwhile or soon after; if it never does, it is killed at the end. */
const crashDuring =
  (during: Injection): Injection =>
  async (cluster, fault, dice, found) => {
    const instance = instanceOf(cluster, fault);
    const before = instance.crashes;
    await instance.kill({ CRASH_AT: fault.point });
    await during(cluster, fault, dice, found);
    const crashed = () => instance.crashes > before;
    await until('it crashed', crashed, crashWithinMs).catch(() => instance.kill());
  };

type LinkEnd = 'mongodb' | 'nats' | 'router';
const everyLink = ['mongodb', 'nats', 'router'] as const;

/** On one of the service's links, chosen at random. */
function onLink(among: readonly [LinkEnd, ...LinkEnd[]], of: NetworkFault): Injection {
  return async (cluster, { service, forMs }, dice) => {
    const link = cluster.links[`${service}-${dice.pick(among)}`];
    link.set(of);
    await delay(forMs);
    link.heal();
  };
}

const whileBrokerIsDown =
  (work: Injection): Injection =>
  async (cluster, fault, dice, found) => {
    await cluster.servers.nats.kill();
    await delay(fault.forMs / 2);
    await work(cluster, fault, dice, found);
    await cluster.servers.nats.start();
  };

const injections: Record<FaultKind, Injection> = {
  'crash-outward': crashDuring(async () => undefined),
  'crash-inward': crashDuring(async () => undefined),
  // A sweep finds the decisions made while the broker was offline.
  'crash-while-sweeping': crashDuring((...all) => injections['kill-broker'](...all)),
  'crash-while-refilling': crashDuring((...all) => injections['wipe-broker'](...all)),
  'crash-while-parking': crashDuring((cluster, fault, ...rest) => {
    const publisher = fault.service === 'point' ? 'approval' : 'point';
    return injections.poison(cluster, { ...fault, service: publisher }, ...rest);
  }),
  'kill-service': (cluster, fault) => instanceOf(cluster, fault).kill(),
  'kill-broker': whileBrokerIsDown(async () => undefined),
  'wipe-broker': whileBrokerIsDown(({ servers }) => servers.nats.wipe()),
  'roll-back-broker': whileBrokerIsDown(({ servers }) => servers.nats.rollBack().then(() => undefined)),
  'flip-bit': whileBrokerIsDown(({ servers }, _fault, dice) => servers.nats.flipBit(dice).then(() => undefined)),
  async 'pause-broker'({ servers }, { forMs }) {
    servers.nats.pause();
    await delay(forMs);
    servers.nats.resume();
  },
  'late-network': onLink(everyLink, { kind: 'latency', ms: 200, jitterMs: 100 }),
  'black-hole': onLink(everyLink, { kind: 'black-hole' }),
  async 'reset-network'(cluster, { service, forMs }, dice) {
    for (let times = 2 + dice.below(4); times > 0; times -= 1) {
      cluster.links[`${service}-${dice.pick(everyLink)}`].reset();
      await delay(forMs / 4);
    }
  },
  'slow-network': onLink(everyLink, { kind: 'slow', bytesPerSecond: 20_000 }),
  'refuse-database': onLink(['mongodb'], { kind: 'refuse' }),
  'lose-answers': onLink(['mongodb', 'mongodb', 'nats'], { kind: 'one-way' }),
  async 'kill-database'({ servers }, { forMs }) {
    await servers.mongodb.kill();
    await delay(forMs / 2);
    await servers.mongodb.start();
  },
  async 'pause-database'({ servers }, { forMs }) {
    servers.mongodb.pause();
    await delay(forMs);
    servers.mongodb.resume();
  },
  async duplicate(cluster, { forMs }, dice) {
    await duplicate(cluster, 60, dice);
    await delay(forMs);
    await duplicate(cluster, 60, dice);
  },
  reorder: reorder,
  async 'pause-service'(cluster, fault) {
    const instance = instanceOf(cluster, fault);
    instance.pause();
    // Past the acknowledgement time-out, after which the broker redelivers to others.
    await delay(2_000 + fault.forMs);
    instance.resume();
  },
  'slow-consumer': onLink(['nats'], { kind: 'slow', bytesPerSecond: 4_000 }),
  async poison(cluster, { service, seed }) {
    const name = `${seed}-${Math.round(performance.now())}`;
    for (const message of Object.values(poisonOf(cluster.name, service, name))) {
      await attemptOf(async () => {
        await publishRaw(cluster, [message]);
        cluster.poisoned.push(message.subject);
      });
    }
  },
  async 'fill-stream'(cluster, { forMs }) {
    await attemptOf(() => limitStream(cluster, 'full'));
    await delay(forMs);
    await attemptOf(() => limitStream(cluster));
  },
  async 'jump-clock'(cluster, { service, forMs }, dice) {
    const hourMs = 3_600_000;
    await cluster.setClock(service, dice.pick([-hourMs, hourMs]));
    await delay(forMs);
    await cluster.setClock(service, dice.pick([-hourMs, hourMs, 0]));
    await delay(forMs / 2);
    await cluster.setClock(service, 0);
  },
  async 'lying-provider'(cluster, { forMs, seed }, dice) {
    const { provider } = cluster;
    provider.behave(() => dice.pick(lies));
    const until = performance.now() + forMs;
    const rider = `spender-${seed}-${Math.round(until)}`;
    for (let purchase = 1; performance.now() < until; purchase += 1) {
      // Once only: the service itself must find out the result.
      await attemptOf(() => spend(cluster, rider, 100 + purchase, 2));
      await delay(300);
    }
    provider.behave();
  },
  async 'half-text'(cluster, { forMs, seed }, dice, found) {
    const link = cluster.links['approval-nats'];
    // Decisions made meanwhile are left to a sweep, and come after that text.
    link.set({ kind: 'refuse' });
    await attemptOf(() => writeHalfText(cluster, dice));
    await attemptOf(() => spend(cluster, `half-text-${seed}`, 100, 1));
    found.push(...(await sendUnfitTexts(cluster, forMs, dice)));
    link.heal();
  },
  async unpublishable(cluster, fault, _dice, found) {
    const limit = (isOn: boolean) => limitStream(cluster, isOn ? 'short' : undefined);
    await attemptOf(async () => {
      found.push(...(await decideUnpublishable(cluster, fault, limit)));
    });
  },
};

const buyPoints = 'mutation ($input: BuyPointsInput!) { it: buyPoints(input: $input) { approval { status } } }';

/** The provider's faults; now and then it is right. It always says what it took when it says yes. */
const lies = [
  'approves',
  'declines',
  'contradicts itself',
  'is slow',
  'answers twice',
  'charges another amount',
  'names another currency',
  ...unclear,
] as const satisfies Manner[];

/** Sends this many purchases at once, and waits for no answer. */
async function spend(cluster: Cluster, rider: string, price: number, times: number): Promise<void> {
  const token = await cluster.token(rider, ['rider']);
  const input = { price, idempotencyKey: `${rider}-${price}` };
  for (let left = times; left > 0; left -= 1) void attemptOf(() => ask(cluster, token, buyPoints, { input }));
}

/** Another fault may have stopped or filled the broker: then there is nothing to do. */
async function attemptOf(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}

/** Publishes the newest messages again, two to ten times each, in any order. */
export async function duplicate(cluster: Cluster, messages: number, dice: Dice): Promise<void> {
  await attemptOf(async () => {
    const newest = await newestMessages(cluster, messages);
    const copies = newest.flatMap((message) => Array.from({ length: dice.below(3) === 0 ? 10 : 2 }, () => message));
    await publishRaw(cluster, dice.interleave(copies.map((message) => [message])));
  });
}

/** Limits the stream to its present messages, or to short ones; without arguments, removes the limits. */
export async function limitStream(cluster: Cluster, limit?: 'full' | 'short'): Promise<void> {
  await withBroker(cluster, async ({ manager }) => {
    const { state } = await manager.streams.info(cluster.name);
    await manager.streams.update(cluster.name, {
      max_msgs: limit === 'full' ? Math.max(1, state.messages) : -1,
      max_msg_size: limit === 'short' ? shortMessageBytes : -1,
    });
  });
}

/**
 * Cuts a publisher off from the broker, and publishes its decisions in its place: in any order within and across
 * aggregates, half of them as a newer version of the publisher would, with an unknown field.
 */
async function reorder(cluster: Cluster, { service, forMs }: Fault, dice: Dice): Promise<void> {
  const link = cluster.links[`${service}-nats`];
  link.set({ kind: 'black-hole' });
  await delay(forMs);
  await attemptOf(async () => {
    const events = (await unpublished(cluster, service)).flatMap((document) => document.events);
    const shuffled = dice.interleave(events.map((event) => [event]));
    const messages = shuffled.map((event) =>
      messageOf(cluster, service, event, dice.below(2) === 0 ? { addedLater: 'by a newer version' } : {}),
    );
    await publishRaw(cluster, messages);
  });
  await delay(forMs / 2);
  link.heal();
}

function unpublished(cluster: Cluster, service: string): Promise<JournalDocument[]> {
  return withDatabase(cluster, service, (database) =>
    database.collection<JournalDocument>('journal').find({ published: false }).toArray(),
  );
}

/** Whether a service's clock jumps: then reservations may expire on their own. */
export const mayLapse = (faults: readonly Fault[]) => faults.some(({ kind }) => kind === 'jump-clock');
