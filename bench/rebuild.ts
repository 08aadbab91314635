/** `node bench/rebuild.ts [--engine secantusd-rs]`: how fast the dashboard's view is rebuilt. README.md says how to read it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Client } from '../schema/client/client.ts';
import {
  BuyPointsDocument,
  DashboardRebuildsDocument,
  RebuildDashboardDocument,
  RegisterBikeDocument,
  ReserveBikeDocument,
  ReturnBikeDocument,
  StartRideDocument,
  type DashboardRebuildFieldsFragment,
} from '../schema/client/generated/graphql.ts';
import { withBroker } from '../test/faults/broker.ts';
import { hastySettings, startCluster, type Cluster } from '../test/faults/cluster.ts';
import { checkInvariants } from '../test/support/invariants.ts';
import { createDice } from '../cli/demo/dice.ts';
import { until } from '../test/support/until.ts';
import { readOptions } from '../schema/script-options.ts';
import { machine, versions } from './environment.ts';
import { untilQuiet } from './seeding.ts';
import { median, percentile, round } from './statistics.ts';

const values = readOptions({
  engine: { type: 'string', default: 'secantusdb' },
  /** So many events are in the journals at least. */
  events: { type: 'string', default: '20000' },
  repeats: { type: 'string', default: '3' },
  /** Stories a second while it is rebuilt once more. */
  rate: { type: 'string', default: '5.3' },
});
const people = 24;
const patienceMs = 300_000;
const say = (line: string) => process.stderr.write(`${line}\n`);

interface Rider {
  client: Client;
  bikeId: number;
}

const directory = await mkdtemp(join(tmpdir(), 'rebuild-'));
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
  const on = cluster;
  const admin = await signIn(on, 'admin', 'admin');
  const riders = await Promise.all(Array.from({ length: people }, (_, index) => ride(on, admin, index)));
  await seed(on, riders);
  await untilQuiet(admin);

  const quiet: Measured[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat += 1) quiet.push(told(await rebuild(admin)));
  const loaded = await underLoad(admin, riders);
  await checkInvariants(on, patienceMs);
  const result = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { ...(await versions()), servers: [on.servers.mongodb.engine, on.servers.nats.engine] },
    options: values,
    quiet,
    eventsPerSecond: median(quiet.map(({ eventsPerSecond }) => eventsPerSecond)),
    underLoad: loaded,
  };
  const file = join(import.meta.dirname, 'results', `rebuild-${values.engine}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  say(`${result.eventsPerSecond} events/s\nInvariants: hold\nWritten to ${file}`);
} finally {
  for (const client of clients) client.close();
  await cluster?.close();
  await rm(directory, { recursive: true, force: true });
}

async function signIn(on: Cluster, userId: string, role: string): Promise<Client> {
  const client = createClient({ url: `${on.routerUrl}/graphql`, token: await on.token(userId, [role]) });
  clients.push(client);
  return client;
}

/** A rider with a bike that no other rider wants. */
async function ride(on: Cluster, admin: Client, index: number): Promise<Rider> {
  const client = await signIn(on, `rider-${index + 1}`, 'rider');
  await client.request(BuyPointsDocument, { input: { price: 1_000_000 } });
  const { registerBike } = await admin.request(RegisterBikeDocument, { input: { color: 'green' } });
  return { client, bikeId: registerBike.bike?.bikeId ?? 0 };
}

/** Buys points, reserves, rides and returns: events of three services. Gives the time of reserveBike in ms. */
async function story({ client, bikeId }: Rider): Promise<number> {
  await client.request(BuyPointsDocument, { input: { price: 1_000 } });
  const askedAt = performance.now();
  const { reserveBike } = await client.request(ReserveBikeDocument, { input: { bikeId } });
  const ms = performance.now() - askedAt;
  const reserveNo = reserveBike.reservation?.reserveNo ?? 0;
  await client.request(StartRideDocument, { input: { reserveNo } });
  await client.request(ReturnBikeDocument, { input: { reserveNo } });
  return ms;
}

/** Stories as fast as they go, until the journals have as many events as asked for. */
async function seed(on: Cluster, riders: Rider[]): Promise<void> {
  const wanted = Number(values.events);
  let held = 0;
  const count = async () => {
    held = await withBroker(on, async ({ manager }) => (await manager.streams.info(on.name)).state.messages);
  };
  const telling = setInterval(() => void count().catch(() => undefined), 1_000);
  try {
    await Promise.all(
      riders.map(async (rider) => {
        while (held < wanted) {
          await story(rider).catch(() => delay(200));
        }
      }),
    );
  } finally {
    clearInterval(telling);
  }
  say(`${held} events`);
}

interface Measured {
  events: number;
  seconds: number;
  eventsPerSecond: number;
  differences: number;
}

async function rebuild(admin: Client): Promise<Measured> {
  const { rebuildDashboard } = await admin.request(RebuildDashboardDocument, { input: {} });
  const number = rebuildDashboard.rebuild?.number;
  let done: DashboardRebuildFieldsFragment | undefined;
  await until(
    'the view is rebuilt',
    async () => {
      const { dashboardRebuilds } = await admin.request(DashboardRebuildsDocument, { first: 1 });
      done = dashboardRebuilds[0];
      return done?.number === number && Boolean(done?.finishedAt);
    },
    patienceMs,
    100,
  );
  if (done?.status !== 'SWITCHED')
    throw new Error(`${done?.status}: ${done?.problem ?? `${done?.differences} rows differ`}`);
  const seconds = (Date.parse(done.finishedAt ?? '') - Date.parse(done.startedAt)) / 1_000;
  const events = Number(done.events);
  const { differences } = done;
  return { events, seconds, eventsPerSecond: Math.round(events / seconds), differences };
}

function told(measured: Measured): Measured {
  say(`${measured.events} events in ${measured.seconds} s: ${measured.eventsPerSecond}/s`);
  return measured;
}

/** The same while riders reserve, ride and return at a constant rate. */
async function underLoad(admin: Client, riders: Rider[]) {
  const reserveMs: number[] = [];
  let failed = 0;
  const over = { is: false };
  const stories: Promise<void>[] = [];
  const loading = (async () => {
    const startedAt = performance.now();
    for (let index = 0; !over.is; index += 1) {
      const early = startedAt + (index * 1_000) / Number(values.rate) - performance.now();
      if (early > 0) await delay(early);
      const rider = riders[index % riders.length];
      if (!rider) break;
      const done = story(rider).then(
        (ms) => reserveMs.push(ms),
        () => (failed += 1),
      );
      stories.push(done.then(() => undefined));
    }
  })();
  const measured = told(
    await rebuild(admin).finally(() => {
      over.is = true;
    }),
  );
  await loading;
  await Promise.all(stories);
  const [p50, p99] = [percentile(reserveMs, 0.5), percentile(reserveMs, 0.99)];
  return { ...measured, stories: reserveMs.length, failed, reserveMs: { p50: round(p50), p99: round(p99) } };
}
