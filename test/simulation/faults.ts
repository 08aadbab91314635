import { poisonOf } from '../faults/poison.ts';
import { publishers } from '../support/violations.ts';
import type { Trouble } from './network.ts';
import type { Fault, FaultKind } from './plan.ts';
import type { Lie } from './payments.ts';
import { prefix, type Instance, type Server, type World } from './world.ts';

/** The effects of faults that the checks must take into account. */
export interface Damage {
  /** Subjects of messages that no consumer can handle. */
  poisoned: Set<string>;
  /** The broker lost messages: the predecessors of others may be missing, and poison may be gone. */
  brokerLost: boolean;
}

const databaseTroubles: readonly Trouble[] = ['refused', 'deaf', 'mute', 'lossy', 'slow', 'strange'];
const providerTroubles: readonly Trouble[] = ['none', 'none', 'refused', 'deaf', 'mute', 'lossy', 'slow'];
const lies: readonly Lie[] = ['none', 'declines', 'takes another amount', 'contradicts itself'];
const brokerTroubles: readonly Trouble[] = ['refused', 'deaf', 'mute', 'lossy', 'slow'];

/** Whether servers answer with unknown errors. */
export const isStrange = ({ kind, detail }: Fault) =>
  kind.startsWith('database') && troubleOf(databaseTroubles, detail) === 'strange';

const troubleOf = (troubles: readonly Trouble[], detail: number) => troubles[detail % troubles.length] ?? 'none';

/** Runs all planned faults; resolves when the last one is over. */
export async function injectFaults(world: World, faults: readonly Fault[]): Promise<Damage> {
  const damage: Damage = { poisoned: new Set(), brokerLost: false };
  await Promise.all(
    faults.map(async (fault) => {
      await world.scheduler.wait(fault.at);
      world.scheduler.note(`fault: ${fault.kind} ${fault.service}`);
      await injectors[fault.kind](world, fault, damage);
    }),
  );
  return damage;
}

function struck({ instances }: World, { service, instance }: Fault): Instance[] {
  const those = instances.filter((one) => one.service === service);
  return those.slice(instance % those.length).slice(0, 1);
}

type Inject = (world: World, fault: Fault, damage: Damage) => Promise<void> | void;

/** A fault between some instances and a server for a while. */
function trouble(server: Server, troubles: readonly Trouble[], whom: typeof struck): Inject {
  return async (world, fault) => {
    const instances = whom(world, fault);
    for (const instance of instances) instance.trouble(server, troubleOf(troubles, fault.detail));
    await world.scheduler.wait(fault.forMs);
    for (const instance of instances) instance.trouble(server, 'none');
  };
}

const ofService: typeof struck = ({ instances }, { service }) => instances.filter((one) => one.service === service);
const everybody: typeof struck = ({ instances }) => instances;
const approvals: typeof struck = (world, fault) => ofService(world, { ...fault, service: 'approval' });

const injectors: Record<FaultKind, Inject> = {
  kill: (world, fault) => struck(world, fault).forEach((instance) => instance.kill()),
  die: (world, fault) => {
    for (const { process } of struck(world, fault)) {
      process.dies = { calls: 1 + ((fault.detail >> 1) % 12), arrives: fault.detail % 2 === 0 };
    }
  },
  restart: (world, fault) => struck(world, fault).forEach((instance) => instance.restart()),
  async pause(world, fault) {
    // Sometimes longer than the broker's acknowledgement time-out.
    const ms = fault.forMs * (fault.detail % 3 === 0 ? 3 : 1);
    for (const { process } of struck(world, fault)) process.pausedUntil = world.scheduler.now + ms;
    await world.scheduler.wait(ms);
  },
  async 'jump-clock'(world, fault) {
    const ofs = [-3_600_000, -20_000, 20_000, 3_600_000];
    const instances = struck(world, fault);
    for (const { process } of instances) process.clockOffsetMs = ofs[fault.detail % ofs.length] ?? 0;
    await world.scheduler.wait(fault.forMs);
    for (const { process } of instances) process.clockOffsetMs = 0;
  },
  'database-of-all': trouble('database', databaseTroubles, ofService),
  'database-of-one': trouble('database', databaseTroubles, struck),
  'broker-of-all': trouble('broker', brokerTroubles, everybody),
  'broker-of-one': trouble('broker', brokerTroubles, struck),
  'wipe-broker': ({ broker }, _fault, damage) => {
    damage.brokerLost = true;
    broker.wipe();
  },
  async 'roll-back-broker'({ broker, scheduler, instances }, { forMs }, damage) {
    damage.brokerLost = true;
    const putBack = broker.copy();
    await scheduler.wait(forMs);
    // That cannot happen to a running broker.
    for (const instance of instances) instance.trouble('broker', 'refused');
    putBack();
    await scheduler.wait(scheduler.dice.below(500));
    for (const instance of instances) instance.trouble('broker', 'none');
  },
  'lose-messages': ({ broker, scheduler }, { detail }, damage) => {
    damage.brokerLost = true;
    broker.lose(() => scheduler.dice.below(1_000) < detail);
  },
  async duplicate({ broker, scheduler }, { forMs, detail }) {
    for (const wait of [0, forMs]) {
      await scheduler.wait(wait);
      const copies = broker.messages().filter(() => scheduler.dice.below(3) === 0);
      broker.inject(copies.map((message) => ({ ...message, id: `${message.id} again ${detail} ${scheduler.now}` })));
    }
  },
  async reorder({ broker, scheduler }, { forMs }) {
    broker.deliveryMs = 1_500;
    await scheduler.wait(forMs);
    broker.deliveryMs = 5;
  },
  poison({ broker, scheduler }, { service, detail }, { poisoned }) {
    const publisher = publishers.find((name) => name === service) ?? 'bike';
    const { 'one megabyte': _tooLarge, ...kinds } = poisonOf(
      prefix,
      publisher,
      `at-${Math.round(scheduler.now)}-${detail}`,
    );
    const messages = Object.values(kinds);
    const stored = broker.inject(
      messages.map(({ subject, headers, payload }) => ({
        subject,
        headers: new Map(headers),
        payload: String(payload),
        id: headers.find(([name]) => name === 'ce-id')?.[1] ?? subject,
      })),
    );
    if (stored) for (const { subject } of messages) poisoned.add(subject);
  },
  async provider(world, fault, damage) {
    const { payments } = world;
    payments.lie = lies[Math.floor(fault.detail / providerTroubles.length) % lies.length] ?? 'none';
    await trouble('provider', providerTroubles, approvals)(world, fault, damage);
    payments.lie = 'none';
  },
  async unpublishable({ broker, scheduler }, { service, forMs, detail }) {
    const chosen = new Map<string, boolean>();
    // The dashboard publishes nothing: for it, all services are affected.
    const whose = service === 'dashboard' ? `${prefix}.` : `${prefix}.${service}.`;
    const takeAll = broker.refuse(({ subject, id }) => {
      if (!subject.startsWith(whose)) return false;
      // Whole streams, or single events that others of their stream overtake.
      const what = detail % 2 === 0 ? subject : id;
      const isRefused = chosen.get(what) ?? scheduler.dice.below(2) === 0;
      chosen.set(what, isRefused);
      return isRefused;
    });
    // Otherwise until everything else is well.
    if (detail % 8 < 2) await scheduler.wait(forMs).then(takeAll);
  },
};
