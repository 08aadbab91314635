import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { JournalDocument } from '../../platform/event-core/journal.ts';
import { hastySettings, type Cluster } from './cluster.ts';
import { withDatabase } from './database.ts';
import type { Fault } from './plan.ts';
import type { Payload } from '../support/seeded-rider.ts';
import { ask, type Asked } from './story.ts';

/** Of one message, headers and all: more than an event has, and less than a long one. */
export const shortMessageBytes = 1_300;
/** More than a sweep takes at a time: refused decisions must not fill it. */
const longOnes = Number(hastySettings.SWEEP_BATCH) + 1;
/** Longer than all that other faults may do to the service meanwhile. */
const passWithinMs = 15_000;

const register = 'mutation ($input: RegisterBikeInput!) { it: registerBike(input: $input) { bike { bikeId } } }';
const change =
  'mutation ($input: ChangeBikeConditionInput!) { it: changeBikeCondition(input: $input) { bike { bikeId } } }';
const buy = 'mutation ($input: BuyPointsInput!) { it: buyPoints(input: $input) { approval { confirmId } } }';

type Say = (query: string, input: object) => Promise<Asked>;

/**
 * Makes a service that is cut off from the broker decide more than a sweep takes at a time, all of which the broker
 * will refuse, and then an ordinary decision, which must get through as soon as the two are connected again.
 * @param limit sets or removes the limit of the broker's stream. @returns the violations.
 */
export async function decideUnpublishable(
  cluster: Cluster,
  { service, forMs }: Fault,
  limit: (isOn: boolean) => Promise<void>,
): Promise<string[]> {
  const link = cluster.links[`${service}-nats`];
  const token = await cluster.token('operator', ['operator']);
  const name = randomUUID();
  const shortKey = `${name}-short`;
  const say: Say = (query, input) => ask(cluster, token, query, { input: { idempotencyKey: randomUUID(), ...input } });
  const sayings = service === 'bike' ? await aboutBikes(say) : aboutPoints(say, name);
  await limit(true);
  link.set({ kind: 'refuse' });
  try {
    // They may wait for an answer that cannot come: only the journal counts.
    await Promise.allSettled(sayings.long.map((long) => long()));
    void sayings.short(shortKey).catch(() => undefined);
    await delay(forMs);
    link.heal();
    return await passes(cluster, service, `key:operator:${shortKey}`);
  } finally {
    link.heal();
    await limit(false);
  }
}

interface Sayings {
  long: (() => Promise<unknown>)[];
  short(idempotencyKey: string): Promise<unknown>;
}

const times = <Item>(count: number, item: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => item(index));

async function aboutBikes(say: Say): Promise<Sayings> {
  const color = 'green';
  const registered = await Promise.all(times(longOnes, () => say(register, { color })));
  const bikeIds = registered.map(({ data }) => (data?.['it'] as Payload | undefined)?.bike?.bikeId ?? 0);
  const reason = '망'.repeat(500);
  return {
    long: bikeIds.map((bikeId) => () => say(change, { bikeId, condition: 'MAINTENANCE', reason })),
    short: (idempotencyKey) => say(register, { color, idempotencyKey }),
  };
}

function aboutPoints(say: Say, name: string): Sayings {
  return {
    long: times(longOnes, (index) => () => say(buy, { userId: `${name}-${index}-${'🚲'.repeat(200)}`, price: 1 })),
    short: (idempotencyKey) => say(buy, { userId: name, price: 1, idempotencyKey }),
  };
}

/** Reports the decision with this cause if it is not published in time; one that was never made need not be. */
async function passes(cluster: Cluster, service: string, cause: string): Promise<string[]> {
  const find = () =>
    withDatabase(cluster, service, async (database) => {
      const journal = database.collection<JournalDocument>('journal');
      const [document, refused] = await Promise.all([
        journal.findOne({ cause }),
        journal.countDocuments({ published: false, refused: { $exists: true } }),
      ]);
      return { document, refused };
    });
  const deadline = performance.now() + passWithinMs;
  for (;;) {
    const found = await find().catch(() => undefined);
    if (found?.document?.published) return [];
    if (performance.now() > deadline) {
      if (!found?.document) return [];
      return [`I6 ${service} holds up ${found.document._id}: ${found.refused} refused ones stand before it`];
    }
    await delay(200);
  }
}
