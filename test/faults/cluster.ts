import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import type { Dice } from '../../cli/demo/dice.ts';
import { startPaymentProvider, type PaymentProvider } from '../support/payment-provider.ts';
import type { ProcessName } from '../support/system.ts';
import { until } from '../support/until.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { startInstance, type Instance } from './instance.ts';
import { startServers, type FragileServers } from './servers.ts';

/** A link that can be disturbed: a subgraph's to the database or the broker, or the router's to a subgraph. */
export type LinkName = `${SubgraphName}-${'mongodb' | 'nats' | 'router'}`;

/** The whole system as separate processes on servers of its own, every connection through a fault proxy. */
export interface Cluster {
  /** Names its databases and its event stream, as in TestSystem. */
  name: string;
  /** The settings of its processes; the servers' addresses in it are the true ones, past the proxies. */
  env: NodeJS.ProcessEnv;
  routerUrl: string;
  servers: FragileServers;
  /** Takes the riders' money. It deduplicates by key alone. */
  provider: PaymentProvider;
  links: Record<LinkName, FaultProxy>;
  instances: Record<ProcessName, Instance[]>;
  /** Subjects with poison that the broker accepted. */
  poisoned: string[];
  /** `<consumer> <subject>` of poison that was found parked. */
  parkedPoison: Set<string>;
  /** Streams of approval with half a surrogate pair, as older code wrote them, that are not repaired yet. */
  halfWritten: Set<string>;
  /** Sets a service's wall clock off by this many milliseconds, on all its instances. */
  setClock(name: SubgraphName, offsetMs: number): Promise<void>;
  token(userId: string, roles: string[]): Promise<string>;
  /** The errors that its services logged, a line each. */
  complaints(): Promise<string[]>;
  /** Heals the network, the servers, the provider and the clocks, and waits until every process is ready. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

export interface ClusterOptions {
  /** Data and logs; emptied first. */
  directory: string;
  /** As in MONGODB_ENGINE. */
  engine?: string | undefined;
  /** Of each subgraph. */
  instances: number;
  dice: Dice;
  env?: NodeJS.ProcessEnv;
}

/** Short times, so that a run of seconds covers what takes minutes in production. */
export const hastySettings = {
  ACK_WAIT_MS: '2000',
  // Clocks jump by an hour: tokens must outlive that, since sign-in is not under test.
  CLOCK_TOLERANCE_MS: '3700000',
  DATABASE_TIMEOUT_MS: '2000',
  DUPLICATE_WINDOW_MS: '1000',
  EXPIRY_EVERY_MS: '500',
  OUTAGE_DELAY_MS: '200',
  PAYMENT_RETRY_MAX_MS: '1000',
  PAYMENT_RETRY_MS: '500',
  PAYMENT_TIMEOUT_MS: '1000',
  PUBLISH_TIMEOUT_MS: '2000',
  RECONCILE_EVERY_MS: '1000',
  REFUSED_DELAY_MS: '1000',
  REQUEST_TIMEOUT_MS: '1000',
  RETRY_DELAYS_MS: '50,100,200,400,800',
  SAGA_DEADLINE_MS: '15000',
  SETTLE_EVERY_MS: '200',
  STALL_MS: '4000',
  SUBGRAPH_TIMEOUT_MS: '4000',
  // Smaller than the number of decisions refused at once, which must not fill a batch.
  SWEEP_BATCH: '4',
};

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { directory, dice } = options;
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'logs'), { recursive: true });
  const servers = await startServers(directory, options.engine);
  const provider = await startPaymentProvider('key');
  const name = 'faults';
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    LANDSCAPE: 'development',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'warn',
    ...(await createDevelopmentKeys()),
    MONGODB_URI: servers.mongodbUri(servers.mongodb.port),
    NATS_URL: `nats://127.0.0.1:${servers.nats.port}`,
    DATABASE_PREFIX: `${name}_`,
    EVENT_STREAM: name,
    EVENT_SUBJECT_PREFIX: name,
    PAYMENT_PROVIDER_URL: provider.url,
    ...hastySettings,
    ...options.env,
  };
  const links = {} as Cluster['links'];
  const instances = {} as Cluster['instances'];
  const logOf = (service: string, index: number) => join(directory, 'logs', `${service}-${index + 1}.log`);
  const clockFile = (service: string) => join(directory, `clock-${service}`);
  const routerPort = await freePort();
  const routerEnv: NodeJS.ProcessEnv = { ...env, ROUTER_PORT: String(routerPort) };

  for (const service of subgraphNames) {
    const ports = await Promise.all(Array.from({ length: options.instances }, () => freePort()));
    links[`${service}-mongodb`] = await createFaultProxy([servers.mongodb.port], dice);
    links[`${service}-nats`] = await createFaultProxy([servers.nats.port], dice);
    links[`${service}-router`] = await createFaultProxy(ports, dice);
    routerEnv[`${service.toUpperCase()}_URL`] = `http://127.0.0.1:${links[`${service}-router`].port}/graphql`;
    instances[service] = ports.map((port, index) =>
      startInstance({
        name: service,
        port,
        env: {
          ...env,
          MONGODB_URI: servers.mongodbUri(links[`${service}-mongodb`].port),
          NATS_URL: `nats://127.0.0.1:${links[`${service}-nats`].port}`,
          [`${service.toUpperCase()}_PORT`]: String(port),
        },
        clockFile: clockFile(service),
        log: logOf(service, index),
      }),
    );
  }
  instances.router = [
    startInstance({
      name: 'router',
      port: routerPort,
      env: routerEnv,
      clockFile: clockFile('router'),
      log: logOf('router', 0),
    }),
  ];
  const all = () => Object.values(instances).flat();
  const routerUrl = `http://127.0.0.1:${routerPort}`;

  const cluster: Cluster = {
    name,
    env,
    routerUrl,
    servers,
    provider,
    links,
    instances,
    poisoned: [],
    parkedPoison: new Set(),
    halfWritten: new Set(),
    setClock: (service, offsetMs) => writeFile(clockFile(service), String(offsetMs)),
    async token(userId, roles) {
      const response = await fetch(`${routerUrl}/dev/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ userId, roles }),
      });
      return ((await response.json()) as { token: string }).token;
    },
    async complaints() {
      const files = subgraphNames.flatMap((service) => instances[service].map((_, index) => logOf(service, index)));
      const texts = await Promise.all([...files, logOf('router', 0)].map((file) => readFile(file, 'utf8')));
      return texts.flatMap((text) => text.split('\n').filter((line) => line !== '' && !/^\{"level":[1-4]0/.test(line)));
    },
    async heal() {
      for (const link of Object.values(links)) link.heal();
      for (const instance of all()) instance.resume();
      servers.mongodb.resume();
      servers.nats.resume();
      provider.behave();
      await Promise.all([servers.mongodb.start(), servers.nats.start()]);
      await Promise.all(subgraphNames.map((service) => rm(clockFile(service), { force: true })));
      await Promise.all(all().map((instance) => instance.ready()));
    },
    async close() {
      for (const link of Object.values(links)) link.heal();
      await Promise.all(all().map((instance) => instance.close()));
      await Promise.all(Object.values(links).map((link) => link.close()));
      await provider.close();
      await servers.close();
    },
  };
  try {
    await Promise.all(all().map((instance) => instance.ready()));
    await until('the router answers', async () => (await fetch(`${routerUrl}/readyz`)).ok);
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
