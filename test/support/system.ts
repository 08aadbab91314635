import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { startSystem as startInProcess, type System } from '../../deploy/local/system.ts';
import { createClient, type Client } from '../../schema/client/client.ts';
import { subgraphNames, type SubgraphName } from '../../schema/subgraphs.ts';
import { until } from './until.ts';

export type ProcessName = SubgraphName | 'router';

/** A whole system under test, with databases, an event stream and ports of its own. */
export interface TestSystem {
  routerUrl: string;
  /** Names its databases and its event stream; a system started with the same one reuses its data. */
  name: string;
  /** The settings of its processes. */
  env: NodeJS.ProcessEnv;
  token(userId: string, roles: string[]): Promise<string>;
  /** A client that is signed in; closed with the system. */
  client(userId: string, ...roles: string[]): Promise<Client>;
  /** All services in this process. */
  services?: System['services'];
  /** Each service in its own process. */
  processes?: Record<ProcessName, ServiceProcess>;
  /** The subgraphs in one process, the router in another. */
  pair?: { subgraphs: ServiceProcess; router: ServiceProcess };
  /** The ports of the subgraphs of such a pair. */
  subgraphPorts?: number[];
  close(): Promise<void>;
}

export interface ServiceProcess {
  readonly pid: number;
  readonly alive: boolean;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
  /** Resolves when it has ended by itself. */
  ended(): Promise<void>;
  /** Starts it again until it is ready; with these extra variables. */
  restart(extra?: NodeJS.ProcessEnv): Promise<void>;
}

export interface SystemOptions {
  /** Reuses the data of an earlier system. */
  name?: string;
  /** One process for everything, or one for the subgraphs and one for the router, or one for each. */
  mode?: 'one' | 'two' | 'many';
  env?: NodeJS.ProcessEnv;
  /** For the Node that runs the router, in mode `two`. */
  routerArguments?: readonly string[];
}

const root = join(import.meta.dirname, '../..');

/** Starts a system on the servers of this test run (test/servers). */
export async function startSystem(options: SystemOptions = {}): Promise<TestSystem> {
  const name = options.name ?? `t${randomUUID().slice(0, 8)}`;
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    LANDSCAPE: 'development',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    // Beside a second suite its database may stop for longer than a person would wait; the client waits for 30 s.
    SUBGRAPH_TIMEOUT_MS: '25000',
    DATABASE_TIMEOUT_MS: '20000',
    DATABASE_READ_TIMEOUT_MS: '20000',
    QUERY_WAIT_MS: '20000',
    // Likewise: an outcome that comes late is told all the same, not PENDING.
    OUTCOME_TIMEOUT_MS: '10000',
    ...(await createDevelopmentKeys()),
    MONGODB_URI: process.env['TEST_MONGODB_URI'],
    NATS_URL: process.env['TEST_NATS_URL'],
    DATABASE_PREFIX: `${name}_`,
    EVENT_STREAM: name,
    EVENT_SUBJECT_PREFIX: name,
    ...options.env,
  };
  const running = await (options.mode === 'many'
    ? startProcesses(env)
    : options.mode === 'two'
      ? startPair(env, options.routerArguments ?? [])
      : startHere(env));
  const clients: Client[] = [];
  const { routerUrl } = running;

  async function token(userId: string, roles: string[]): Promise<string> {
    const response = await fetch(`${routerUrl}/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId, roles }),
    });
    const answer = (await response.json()) as { token?: string };
    if (!answer.token) throw new Error(`No token: HTTP ${response.status} ${JSON.stringify(answer)}`);
    return answer.token;
  }

  return {
    ...running,
    name,
    env,
    token,
    async client(userId, ...roles) {
      const client = createClient({ url: `${routerUrl}/graphql`, token: await token(userId, roles) });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await running.close();
    },
  };
}

async function startHere(env: NodeJS.ProcessEnv) {
  const ports = Object.fromEntries(subgraphNames.map((name) => [`${name.toUpperCase()}_PORT`, '0']));
  const system = await startInProcess({ ...ports, ROUTER_PORT: '0', ...env });
  return {
    routerUrl: `http://127.0.0.1:${system.routerPort}`,
    services: system.services,
    close: () => system.close(),
  };
}

/** A free port for each, and the settings with them. */
async function freePorts() {
  const names: ProcessName[] = [...subgraphNames, 'router'];
  const ports = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await freePort()] as const)),
  ) as Record<ProcessName, number>;
  const addresses: NodeJS.ProcessEnv = { ROUTER_PORT: String(ports.router) };
  for (const name of subgraphNames) {
    addresses[`${name.toUpperCase()}_PORT`] = String(ports[name]);
    addresses[`${name.toUpperCase()}_URL`] = `http://127.0.0.1:${ports[name]}/graphql`;
  }
  return { names, ports, addresses };
}

async function startPair(env: NodeJS.ProcessEnv, routerArguments: readonly string[]) {
  const { ports, addresses } = await freePorts();
  const subgraphs = createServiceProcess('all', ports.bike, { ...env, ...addresses });
  const router = createServiceProcess('router', ports.router, { ...env, ...addresses }, routerArguments);
  await subgraphs.restart();
  await router.restart();
  return {
    routerUrl: `http://127.0.0.1:${ports.router}`,
    pair: { subgraphs, router },
    subgraphPorts: subgraphNames.map((name) => ports[name]),
    close: async () => {
      await Promise.all([router.stop(), subgraphs.stop()]);
    },
  };
}

async function startProcesses(env: NodeJS.ProcessEnv) {
  const { names, ports, addresses } = await freePorts();
  const processes = Object.fromEntries(
    names.map((name) => [name, createServiceProcess(name, ports[name], { ...env, ...addresses })]),
  ) as Record<ProcessName, ServiceProcess & { stop(): Promise<void> }>;
  const all = Object.values(processes);
  await Promise.all(subgraphNames.map((name) => processes[name].restart()));
  await processes.router.restart();
  return {
    routerUrl: `http://127.0.0.1:${ports.router}`,
    processes,
    close: async () => {
      await Promise.all(all.map((process) => process.stop()));
    },
  };
}

/** Seven processes at once, on a machine that is busy with more. */
const startWithinMs = 120_000;

/** One service in a process of its own, or all subgraphs in one. `port` is where its readiness is checked. */
export function createServiceProcess(
  name: ProcessName | 'all',
  port: number,
  env: NodeJS.ProcessEnv,
  nodeArguments: readonly string[] = [],
) {
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  const alive = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const command = name === 'router' ? ['router/main.ts'] : ['subgraphs/main.ts', name];

  return {
    get pid() {
      return child?.pid ?? 0;
    },
    get alive() {
      return alive();
    },
    async kill() {
      child?.kill('SIGKILL');
      await exited;
    },
    async ended() {
      await exited;
    },
    async restart(extra: NodeJS.ProcessEnv = {}) {
      if (alive()) throw new Error(`${name} is still running`);
      child = spawn(process.execPath, [...nodeArguments, ...command], {
        cwd: root,
        env: { ...env, ...extra },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      exited = once(child, 'exit');
      await until(
        `${name} is ready`,
        async () => {
          if (!alive()) throw new Error(`${name} ended at start with ${child?.exitCode ?? child?.signalCode ?? '?'}`);
          const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
          return response?.ok === true;
        },
        startWithinMs,
      );
    },
    async stop() {
      if (!alive()) return;
      child?.kill('SIGTERM');
      await exited;
    },
  };
}
