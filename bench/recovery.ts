/** `node bench/recovery.ts [--engine secantusd-rs]`: how long things take to be well again. README.md says how to read it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Client } from '../schema/client/client.ts';
import { BuyPointsDocument, RegisterBikeDocument, ReserveBikeDocument } from '../schema/client/generated/graphql.ts';
import { publishRaw, withBroker } from '../test/faults/broker.ts';
import { hastySettings, startCluster, type Cluster } from '../test/faults/cluster.ts';
import { poisonOf } from '../test/faults/poison.ts';
import { checkInvariants } from '../test/support/invariants.ts';
import { createDice } from '../cli/demo/dice.ts';
import { until } from '../test/support/until.ts';
import { consumers, follows, publishers } from '../test/support/violations.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';
import { codeOf } from './load.ts';
import { createCounter, median, round } from './statistics.ts';

const values = readOptions({
  engine: { type: 'string', default: 'secantusdb' },
  /** Commands a second during the outage. */
  rate: { type: 'string', default: '5.3' },
  'outage-seconds': { type: 'string', default: '60' },
  events: { type: 'string', default: '10000' },
});
const rate = Number(values.rate);
const riders = 40;
const atOnce = 16;
const patienceMs = 180_000;
const say = (line: string) => process.stderr.write(`${line}\n`);

const directory = await mkdtemp(join(tmpdir(), 'recovery-'));
const clients: Client[] = [];
let cluster: Cluster | undefined;
try {
  cluster = await startCluster({
    directory,
    engine: values.engine,
    instances: 1,
    dice: createDice(1),
    // As in production, not as in the fault runs: an empty one counts as not set.
    env: Object.fromEntries(Object.keys(hastySettings).map((name) => [name, ''])),
  });
  const people = await signIn(cluster);
  const result = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { ...(await versions()), servers: [cluster.servers.mongodb.engine, cluster.servers.nats.engine] },
    options: values,
    outage: told('outage of the broker', await outage(cluster, people)),
    refill: told('refill', await refill(cluster, people)),
    poison: told('poison', await poison(cluster)),
    restart: told('SIGKILL', await restart(cluster)),
  };
  await checkInvariants(cluster, patienceMs);
  const file = join(import.meta.dirname, 'results', `recovery-${values.engine}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  say(`Invariants: hold\nWritten to ${file}`);
} finally {
  for (const client of clients) client.close();
  await cluster?.close();
  await rm(directory, { recursive: true, force: true });
}

interface People {
  operator: Client;
  riders: Client[];
  bikeIds: number[];
}

async function signIn(on: Cluster): Promise<People> {
  const client = async (userId: string, role: string) => {
    const made = createClient({ url: `${on.routerUrl}/graphql`, token: await on.token(userId, [role]) });
    clients.push(made);
    return made;
  };
  const operator = await client('operator', 'operator');
  const all = await Promise.all(Array.from({ length: riders }, (_, index) => client(`rider-${index + 1}`, 'rider')));
  const bikeIds = await Promise.all(all.map(async () => (await registerBike(operator)) ?? 0));
  await Promise.all(all.map((rider) => rider.request(BuyPointsDocument, { input: { price: 100_000 } })));
  return { operator, riders: all, bikeIds };
}

async function registerBike(operator: Client): Promise<number | undefined> {
  const { registerBike: payload } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
  return payload.bike?.bikeId;
}

/** Commands while the broker is down: how many are taken, and how long what they lead to takes once it is back. */
async function outage(on: Cluster, { operator, riders: all, bikeIds }: People) {
  await untilSettled(on);
  await on.servers.nats.kill();
  const { counts, count } = createCounter();
  const commands: Promise<void>[] = [];
  const startedAt = performance.now();
  const total = Math.round(rate * Number(values['outage-seconds']));
  for (let index = 0; index < total; index += 1) {
    const early = startedAt + (index * 1_000) / rate - performance.now();
    if (early > 0) await delay(early);
    const rider = all[index % all.length] ?? operator;
    const command =
      index % 10 === 0
        ? registerBike(operator)
        : index % 2 === 0
          ? rider.request(BuyPointsDocument, { input: { price: 1_000 } })
          : rider.request(ReserveBikeDocument, { input: { bikeId: bikeIds[index % bikeIds.length] ?? 0 } });
    commands.push(
      command.then(
        () => count('answered'),
        (error: unknown) => count(codeOf(error)),
      ),
    );
  }
  await Promise.all(commands);
  const outageMs = Math.round(performance.now() - startedAt);
  await on.servers.nats.start();
  const drainedMs = await untilSettled(on);
  return { seconds: round(outageMs / 1_000), commands: total, outcomes: { ...counts }, drainedMs };
}

/** The broker forgets everything: how long until it has every event again. */
async function refill(on: Cluster, { riders: all }: People) {
  const messages = () => withBroker(on, async ({ manager }) => (await manager.streams.info(on.name)).state.messages);
  const wanted = Number(values.events);
  const buy = async (index: number) => {
    for (let held = await messages(); held < wanted; held = await messages()) {
      // A purchase is two events.
      for (let more = Math.ceil((wanted - held) / 2 / atOnce); more > 0; more -= 1) {
        await all[index % all.length]?.request(BuyPointsDocument, { input: { price: 1 } });
      }
      await delay(200);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => buy(index)));
  await untilSettled(on);
  const before = await messages();
  await on.servers.nats.kill();
  await on.servers.nats.wipe();
  const startedAt = performance.now();
  await on.servers.nats.start();
  await until(
    'the broker has it all',
    () =>
      messages().then(
        (now) => now >= before,
        () => false,
      ),
    patienceMs,
    100,
  );
  const refilledMs = Math.round(performance.now() - startedAt);
  return {
    events: before,
    refilledMs,
    msPer10000: Math.round((refilledMs / before) * 10_000),
    settledMs: await untilSettled(on),
  };
}

/** How long it takes until every consumer has parked what none can read. */
async function poison(on: Cluster) {
  const publisher = 'point';
  const reading = consumers.filter((consumer) => (follows[consumer] as readonly string[]).includes(publisher));
  const kinds = poisonOf(on.name, publisher, 'bench');
  const parkedMs: Record<string, number> = {};
  for (const [kind, message] of Object.entries(kinds)) {
    const startedAt = performance.now();
    await publishRaw(on, [message]);
    const isParked = async () => {
      const counts = await Promise.all(reading.map((consumer) => health(on, consumer)));
      return counts.every(({ parkedEvents }) => parkedEvents === Object.keys(parkedMs).length + 1);
    };
    await until(`${kind} is parked`, isParked, 60_000, 10);
    parkedMs[kind] = Math.round(performance.now() - startedAt);
  }
  await discard(on, reading);
  return parkedMs;
}

async function discard(on: Cluster, reading: readonly string[]): Promise<void> {
  const authorization = `Bearer ${await on.token('bench', ['admin'])}`;
  for (const consumer of reading) {
    const { rows } = await ask<{ rows: { id: string }[] }>(on, consumer, 'parked.list', {
      authorization,
      status: 'parked',
      after: null,
      limit: 25,
    });
    for (const { id } of rows)
      await ask(on, consumer, 'parked.discard', { authorization, id, key: id, reason: 'poison' });
  }
}

/** SIGKILL of one service after the other: until it is ready again, process start and all. */
async function restart(on: Cluster) {
  const services = [...publishers, 'dashboard'] as const;
  for (let round = 0; round < 3; round += 1) {
    for (const service of services) {
      const [instance] = on.instances[service];
      await instance?.kill();
      const restarts = instance?.restartsMs.length ?? 0;
      await until(`${service} is back`, () => (instance?.restartsMs.length ?? 0) > restarts, 60_000);
    }
  }
  return Object.fromEntries(
    services.map((service) => [service, Math.round(median(on.instances[service][0]?.restartsMs ?? []))]),
  );
}

interface Health {
  unpublishedDecisions: number | null;
  pendingEvents: number | null;
  parkedEvents: number | null;
}

function health(on: Cluster, service: string): Promise<Health> {
  return ask<Health>(on, service, 'health', null);
}

async function ask<Reply>(on: Cluster, service: string, endpoint: string, question: unknown): Promise<Reply> {
  return withBroker(on, async ({ connection }) => {
    const subject = `${on.name}-svc.${service}.${endpoint}`;
    const answer = await connection.request(subject, JSON.stringify(question), { timeout: 5_000 });
    return answer.json<{ reply: Reply }>().reply;
  });
}

/** Until every decision is published and every event handled, three looks in a row; gives the ms until the first. */
async function untilSettled(on: Cluster): Promise<number> {
  const startedAt = performance.now();
  let firstMs = 0;
  let quiet = 0;
  await until(
    'nothing is on its way',
    async () => {
      const all = await Promise.all([...publishers, 'dashboard'].map((name) => health(on, name))).catch(() => []);
      const isQuiet =
        all.length > 0 &&
        all.every(({ unpublishedDecisions, pendingEvents }) => unpublishedDecisions === 0 && pendingEvents === 0);
      if (isQuiet && quiet === 0) firstMs = Math.round(performance.now() - startedAt);
      quiet = isQuiet ? quiet + 1 : 0;
      return quiet === 3;
    },
    patienceMs,
    100,
  );
  return firstMs;
}

function told<Figures>(what: string, figures: Figures): Figures {
  say(`${what}: ${JSON.stringify(figures)}`);
  return figures;
}
