import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { machine, versions } from '../environment.ts';
import { cpuMsOf, memoryMbOf } from '../process-usage.ts';
import { median, percentile, round } from '../statistics.ts';
import { post, runGatewayLoad } from './load.ts';
import { nestedQuery, smallQuery } from './shop.ts';

const usage = `npm run bench:gateway -- [--rounds 3] [--seconds 6] [--only ours,apollo] [--scenarios nested,small]
  Gateways before the same four subgraphs, in turn, on one core; subgraphs and load on the other.
  Hive Gateway is measured if it is installed in a folder named by HIVE_GATEWAY (npm i @graphql-hive/gateway
  @graphql-hive/router-runtime there); a Rust router if ROUTER_BINARY names it.`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    only: { type: 'string' },
    scenarios: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

interface Scenario {
  name: string;
  query: string;
  connections: number;
  latencyMs: number;
  /** Every request has another variable, so that no two share anything. */
  distinct: boolean;
}

const scenarios: Scenario[] = [
  { name: 'nested', query: nestedQuery, connections: 50, latencyMs: 0, distinct: false },
  { name: 'nested, distinct', query: nestedQuery, connections: 50, latencyMs: 0, distinct: true },
  { name: 'nested, 4 ms', query: nestedQuery, connections: 50, latencyMs: 4, distinct: false },
  { name: 'nested, 500 users', query: nestedQuery, connections: 500, latencyMs: 0, distinct: false },
  { name: 'small', query: smallQuery, connections: 50, latencyMs: 0, distinct: false },
  { name: 'small, distinct', query: smallQuery, connections: 50, latencyMs: 0, distinct: true },
].filter(({ name }) => !options.scenarios || options.scenarios.split(';').includes(name));

interface Contestant {
  name: string;
  version: string;
  start(at: { supergraphFile: string; port: number }): {
    command: string;
    args: string[];
    env?: NodeJS.ProcessEnv;
    cwd?: string;
  };
}

const here = import.meta.dirname;
const root = join(here, '../..');
const versionIn = (folder: string, name: string) =>
  (JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
const node = process.execPath;
const hive = process.env['HIVE_GATEWAY'];

const hiveContestant = (name: string, hiveFolder: string, more: string[]): Contestant => ({
  name,
  version: versionIn(hiveFolder, '@graphql-hive/gateway'),
  start: ({ supergraphFile, port }) => ({
    command: node,
    args: [
      join(hiveFolder, 'node_modules/@graphql-hive/gateway/dist/bin.js'),
      'supergraph',
      supergraphFile,
      `--port=${port}`,
      '--host=127.0.0.1',
      '--fork=1',
      ...more,
    ],
    env: { NODE_ENV: 'production', LOG_LEVEL: 'error' },
    cwd: hiveFolder,
  }),
});

const all: Contestant[] = [
  {
    name: 'ours',
    version: '',
    start: ({ supergraphFile, port }) => ({
      command: node,
      args: [join(root, 'router/main.ts')],
      env: {
        SUPERGRAPH: supergraphFile,
        // Nobody signs in.
        JWKS_URI: 'http://127.0.0.1:9/jwks.json',
        ROUTER_PORT: String(port),
        LOG_LEVEL: 'warn',
        LANDSCAPE: 'development',
        PRODUCT: 'none',
        MAX_QUERY_COST: '1000000000',
        MAX_RUNNING_COST: '1000000000',
        MAX_REQUESTS_PER_CLIENT: '10000',
        MAX_REQUESTS: '10000',
        MAX_BODIES_PER_CLIENT: '2000',
        RATE_PER_CLIENT: '0',
        SUBGRAPH_CONNECTIONS: '64',
      },
    }),
  },
  {
    name: 'apollo',
    version: versionIn(root, '@apollo/gateway'),
    start: ({ supergraphFile, port }) => ({
      command: node,
      args: [join(here, 'apollo.ts'), supergraphFile, String(port)],
      env: { NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' },
    }),
  },
  ...(hive && existsSync(hive)
    ? [hiveContestant('hive', hive, []), hiveContestant('hive, native planner', hive, ['--hive-router-runtime'])]
    : []),
];
const contestants = all.filter(({ name }) => !options.only || options.only.split(';').includes(name));

const folder = join(root, '.data/bench-gateway');
mkdirSync(folder, { recursive: true });

/** Runs on the given core where the system can say so. */
function onCore(core: number, command: string, args: string[], env: NodeJS.ProcessEnv, cwd?: string): ChildProcess {
  const pinned = process.platform === 'linux';
  return spawn(pinned ? 'taskset' : command, pinned ? ['-c', String(core), command, ...args] : args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(cwd === undefined ? {} : { cwd }),
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startSubgraphs(latencyMs: number) {
  const child = fork(join(here, 'subgraphs.ts'), [String(latencyMs)]);
  const [{ supergraphSdl, urls }] = (await once(child, 'message')) as [
    { supergraphSdl: string; urls: Record<string, string> },
  ];
  const supergraphFile = join(folder, 'supergraph.graphql');
  writeFileSync(supergraphFile, supergraphSdl);
  return {
    supergraphFile,
    urls,
    async count(): Promise<number> {
      child.send('count');
      const [{ requests }] = (await once(child, 'message')) as [{ requests: number }];
      return requests;
    },
    stop: () => child.disconnect(),
  };
}

async function untilAnswered(url: string, body: string, gone: () => boolean): Promise<string> {
  const { origin, pathname } = new URL(url);
  for (const endAt = Date.now() + 60_000; Date.now() < endAt && !gone(); await delay(200)) {
    const pool = new Pool(origin);
    const answer = await post(pool, pathname, body).catch(() => '');
    await pool.close();
    if (answer.startsWith('{"data":{')) return answer;
    if (answer !== '') console.error(answer.slice(0, 300));
  }
  throw new Error('The gateway does not answer.');
}

interface Measured {
  perSecond: number;
  p99Ms: number;
  cpuUs: number;
  rssMb: number;
  wrong: number;
  subgraphRequests: number;
}

async function measure(contestant: Contestant, scenario: Scenario, reference: { data?: unknown }): Promise<Measured> {
  const subgraphs = await startSubgraphs(scenario.latencyMs);
  const port = await freePort();
  const { command, args, env, cwd } = contestant.start({ supergraphFile: subgraphs.supergraphFile, port });
  const urls = Object.fromEntries(
    Object.entries(subgraphs.urls).map(([name, url]) => [`${name.toUpperCase()}_URL`, url]),
  );
  const gateway = onCore(0, command, args, { ...urls, ...env }, cwd);
  const exit = once(gateway, 'exit');
  const url = `http://127.0.0.1:${port}/graphql`;
  const bodyOf = (request: number) =>
    JSON.stringify({ query: scenario.query, variables: { tag: scenario.distinct ? String(request) : '' } });
  try {
    const expected = await untilAnswered(url, bodyOf(0), () => gateway.exitCode !== null);
    const { data } = JSON.parse(expected) as { data: unknown };
    reference.data ??= data;
    if (!isDeepStrictEqual(data, reference.data)) throw new Error(`${contestant.name} answers differently.`);
    const load = { url, connections: scenario.connections, bodyOf, expected };
    await runGatewayLoad({ ...load, seconds: Number(options.seconds) / 2 });
    await subgraphs.count();
    // taskset becomes the gateway: the pid stays.
    const pid = gateway.pid ?? 0;
    const before = cpuMsOf(pid);
    const result = await runGatewayLoad({ ...load, seconds: Number(options.seconds) });
    return {
      perSecond: round(result.perSecond),
      p99Ms: round(percentile(result.latenciesMs, 0.99)),
      cpuUs: Math.round(((cpuMsOf(pid) - before) * 1_000) / result.answers),
      rssMb: memoryMbOf(pid).rss,
      wrong: result.wrong,
      subgraphRequests: round((await subgraphs.count()) / result.answers),
    };
  } finally {
    gateway.kill();
    subgraphs.stop();
    await exit;
  }
}

const results: Record<string, Record<string, Measured[]>> = {};
for (const scenario of scenarios) {
  const reference: { data?: unknown } = {};
  for (let round = 0; round < Number(options.rounds); round += 1) {
    // In turn, so that what else the machine does hits all of them.
    for (const contestant of contestants) {
      const measured = await measure(contestant, scenario, reference);
      ((results[scenario.name] ??= {})[contestant.name] ??= []).push(measured);
      console.log(scenario.name.padEnd(20), contestant.name.padEnd(22), JSON.stringify(measured));
    }
  }
}

const file = join(root, 'bench/results/gateway.json');
writeFileSync(
  file,
  `${JSON.stringify(
    {
      measuredAt: new Date().toISOString(),
      ...machine(),
      ...(await versions()),
      contestants: Object.fromEntries(contestants.map(({ name, version }) => [name, version])),
      medians: Object.fromEntries(
        Object.entries(results).map(([scenario, of]) => [
          scenario,
          Object.fromEntries(
            Object.entries(of).map(([name, rounds]) => [
              name,
              Object.fromEntries(
                (['perSecond', 'p99Ms', 'cpuUs', 'rssMb', 'wrong', 'subgraphRequests'] as const).map((figure) => [
                  figure,
                  median(rounds.map((each) => each[figure])),
                ]),
              ),
            ]),
          ),
        ]),
      ),
      results,
    },
    null,
    2,
  )}\n`,
);
