import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DATA_DIRECTORY, startDataPlane } from '../deploy/local/data-plane.ts';
import { createDevelopmentKeys } from '../deploy/local/development-keys.ts';
import { nodeEnvironment, nodeFlags } from '../deploy/local/node-flags.ts';
import { createClient, type Client } from '../schema/client/client.ts';
import { subgraphNames } from '../schema/subgraphs.ts';
import { startSystem, type TestSystem } from '../test/support/system.ts';
import type { OperationsMessage, ReadyMessage } from './all-in-one.ts';
import { createCounter } from './statistics.ts';

/** A system with servers of its own, apart from the process that measures it. */
export interface SystemUnderTest extends TestSystem {
  /** What to measure: names and pids. */
  pids: Record<string, number>;
  /** The servers with their versions. */
  servers: string[];
  /** What the services logged at level warn and above, by phrase. */
  warnings: Record<string, number>;
  /** Database commands and requests so far; only with `countOperations`. */
  operations?(): Promise<OperationsMessage>;
}

export interface SystemUnderTestOptions {
  directory: string;
  engine: string;
  processes: 'one' | 'many';
  /** Where to leave CPU profiles of Node processes. */
  profileDirectory?: string | undefined;
  countOperations: boolean;
  /** Settings that differ from the defaults. */
  settings: Readonly<Record<string, string>>;
}

const startWithinMs = 60_000;
const stopWithinMs = 30_000;

export async function startSystemUnderTest(options: SystemUnderTestOptions): Promise<SystemUnderTest> {
  const dataPlane = await startDataPlane({
    directory: options.directory,
    installDirectory: join(DATA_DIRECTORY, 'python'),
    env: { ...process.env, MONGODB_ENGINE: options.engine, MONGODB_URI: '', NATS_URL: '' },
    mongodbPort: 0,
    natsPort: 0,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const monitored = options.countOperations ? '&monitorCommands=true' : '';
  const addresses = {
    // As in the images: graphql checks every value once more without it, a quarter of what an execution takes.
    NODE_ENV: 'production',
    ...options.settings,
    MONGODB_URI: `${dataPlane.mongodbUri}${monitored}`,
    NATS_URL: dataPlane.natsUrl,
  };
  const servers = dataPlane.servers.map(({ engine }) => engine);
  const serverPids = Object.fromEntries(dataPlane.servers.map(({ name, pid }) => [name, pid]));
  try {
    const running = options.processes === 'one' ? await startOne(addresses, options) : await startMany(addresses);
    return {
      ...running,
      servers,
      pids: { ...running.pids, ...serverPids },
      async close() {
        await running.close();
        await dataPlane.close();
      },
    };
  } catch (error) {
    await dataPlane.close();
    throw error;
  }
}

type Running = Omit<SystemUnderTest, 'servers'>;

async function startMany(env: NodeJS.ProcessEnv): Promise<Running> {
  const system = await startSystem({ mode: 'many', env });
  const pids = Object.fromEntries(Object.entries(system.processes ?? {}).map(([name, { pid }]) => [name, pid]));
  return { ...system, pids, warnings: {} };
}

async function startOne(addresses: NodeJS.ProcessEnv, options: SystemUnderTestOptions): Promise<Running> {
  const env = await ownEnvironment(addresses);
  const child = startAllInOne(env, options.profileDirectory);
  const { routerPort } = await child.ready;
  const routerUrl = `http://127.0.0.1:${routerPort}`;
  const clients: Client[] = [];
  const token = (userId: string, roles: string[]) => developmentToken(routerUrl, userId, roles);
  return {
    routerUrl,
    name: env['EVENT_STREAM'] ?? '',
    env,
    token,
    async client(userId, ...roles) {
      const client = createClient({ url: `${routerUrl}/graphql`, token: await token(userId, roles) });
      clients.push(client);
      return client;
    },
    pids: { node: child.pid },
    warnings: child.warnings,
    ...(options.countOperations ? { operations: () => child.operations() } : {}),
    async close() {
      for (const client of clients) client.close();
      await child.stop();
    },
  };
}

/** Everything that an all-in-one system needs besides its servers, apart from any other system on them. */
export async function ownEnvironment(addresses: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const name = `b${randomUUID().slice(0, 8)}`;
  return {
    PATH: process.env['PATH'],
    LANDSCAPE: 'development',
    LOG_LEVEL: 'warn',
    ...(await createDevelopmentKeys()),
    ...Object.fromEntries(subgraphNames.map((subgraph) => [`${subgraph.toUpperCase()}_PORT`, '0'])),
    ROUTER_PORT: '0',
    DATABASE_PREFIX: `${name}_`,
    EVENT_STREAM: name,
    EVENT_SUBJECT_PREFIX: name,
    ...addresses,
  };
}

/** Runs all-in-one.ts. `ready` rejects when it ends first, or after a minute. */
export function startAllInOne(env: NodeJS.ProcessEnv, profileDirectory?: string) {
  const profiling = profileDirectory ? ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`] : [];
  const child = fork(join(import.meta.dirname, 'all-in-one.ts'), {
    env: { ...nodeEnvironment, ...env },
    execArgv: [...nodeFlags, ...profiling],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  return {
    pid: child.pid ?? 0,
    warnings: countWarnings(child),
    ready: messageOf<ReadyMessage>(child, startWithinMs),
    operations(): Promise<OperationsMessage> {
      const answer = messageOf<OperationsMessage>(child, 5_000);
      child.send('operations');
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      await ended;
      clearTimeout(late);
    },
  };
}

async function messageOf<Message>(child: ChildProcess, withinMs: number): Promise<Message> {
  const given = new AbortController();
  const { signal } = given;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The system ended with ${String(code)}.`);
      }),
      delay(withinMs, undefined, { signal }).then(() => {
        throw new Error(`The system said nothing for ${withinMs / 1000} s.`);
      }),
    ])) as [Message];
    return message;
  } finally {
    given.abort();
  }
}

function countWarnings({ stdout }: ChildProcess): Record<string, number> {
  const { counts, count } = createCounter();
  let rest = '';
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) count(phraseOf(line));
  });
  return counts;
}

function phraseOf(line: string): string {
  try {
    const { message, err } = JSON.parse(line) as { message?: string; err?: { message?: string } };
    return [message, err?.message].filter(Boolean).join(': ').slice(0, 200);
  } catch {
    return line.slice(0, 200);
  }
}

async function developmentToken(routerUrl: string, userId: string, roles: string[]): Promise<string> {
  const response = await fetch(`${routerUrl}/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId, roles }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (!token) throw new Error(`No token: HTTP ${response.status}`);
  return token;
}
