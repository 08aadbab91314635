import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A gateway that is measured. */
export interface Contestant {
  name: string;
  version: string;
  hasSubscriptions: boolean;
  /** It answers no requests. */
  onlySubscriptions?: boolean;
  /** It takes a new supergraph on SIGHUP. */
  reloads?: boolean;
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
/** No limit of ours is what is measured. */
const unlimited = '1000000000';

/** @param flags of Node. */
const ours = (flags: string[]): Contestant => ({
  name: 'ours',
  version: '',
  hasSubscriptions: true,
  reloads: true,
  start: ({ supergraphFile, port }) => ({
    command: node,
    // As in deploy/Dockerfile.
    args: ['--max-semi-space-size=16', ...flags, join(root, 'router/main.ts')],
    env: {
      SUPERGRAPH: supergraphFile,
      // Nobody signs in.
      JWKS_URI: 'http://127.0.0.1:9/jwks.json',
      ROUTER_PORT: String(port),
      LOG_LEVEL: 'warn',
      LANDSCAPE: 'development',
      PRODUCT: 'none',
      MAX_QUERY_COST: unlimited,
      MAX_RUNNING_COST: unlimited,
      MAX_REQUESTS_PER_CLIENT: unlimited,
      MAX_REQUESTS: unlimited,
      MAX_BODIES_PER_CLIENT: unlimited,
      MAX_SOCKETS: unlimited,
      MAX_SOCKETS_PER_CLIENT: unlimited,
      MAX_STREAMS: unlimited,
      MAX_STREAMS_PER_CLIENT: unlimited,
      MAX_SUBSCRIPTIONS_PER_CLIENT: unlimited,
      RATE_PER_CLIENT: '0',
      SUBGRAPH_CONNECTIONS: '64',
    },
  }),
});

/** Has no subscriptions. */
const apollo: Contestant = {
  name: 'apollo',
  version: versionIn(root, '@apollo/gateway'),
  hasSubscriptions: false,
  start: ({ supergraphFile, port }) => ({
    command: node,
    args: [join(here, 'apollo.ts'), supergraphFile, String(port)],
    env: { NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' },
  }),
};

/** What of a fan-out is Node's and the kernel's. */
const bare: Contestant = {
  name: 'bare loop',
  version: process.version,
  hasSubscriptions: true,
  onlySubscriptions: true,
  start: ({ supergraphFile, port }) => ({
    command: node,
    args: ['--max-semi-space-size=16', join(here, 'bare.ts'), supergraphFile, String(port)],
  }),
};

const hiveIn = (folder: string, name: string, more: string[]): Contestant => ({
  name,
  version: versionIn(folder, '@graphql-hive/gateway'),
  hasSubscriptions: true,
  start: ({ supergraphFile, port }) => ({
    command: node,
    args: [
      join(folder, 'node_modules/@graphql-hive/gateway/dist/bin.js'),
      'supergraph',
      supergraphFile,
      `--port=${port}`,
      '--host=127.0.0.1',
      '--fork=1',
      ...more,
    ],
    env: { NODE_ENV: 'production', LOG_LEVEL: 'error' },
    cwd: folder,
  }),
});

/** In Rust; with one thread, as the others have. */
const hiveRouterIn = (folder: string): Contestant => ({
  name: 'hive-router',
  version: /"hive-router (\S+) /.exec(readFileSync(join(folder, '.crates.toml'), 'utf8'))?.[1] ?? '',
  hasSubscriptions: true,
  start: ({ supergraphFile, port }) => ({
    command: join(folder, 'bin/hive_router'),
    args: [],
    env: {
      SUPERGRAPH_FILE_PATH: supergraphFile,
      HOST: '127.0.0.1',
      PORT: String(port),
      ROUTER_HTTP_WORKERS: '1',
      SUBSCRIPTIONS_ENABLED: 'true',
      WEBSOCKET_ENABLED: 'true',
      LOG_LEVEL: 'error',
    },
    cwd: folder,
  }),
});

/**
 * @param profileDirectory where our gateway leaves CPU profiles.
 * @returns all that are here; Hive Gateway and Hive Router where HIVE_GATEWAY and HIVE_ROUTER name the folders that npm
 *   and `cargo install --root` put them in.
 */
export function contestants(profileDirectory?: string): Contestant[] {
  const hive = process.env['HIVE_GATEWAY'];
  const hiveRouter = process.env['HIVE_ROUTER'];
  return [
    ours(profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`]),
    bare,
    apollo,
    ...(hive && existsSync(hive)
      ? [hiveIn(hive, 'hive', []), hiveIn(hive, 'hive, native planner', ['--hive-router-runtime'])]
      : []),
    ...(hiveRouter && existsSync(hiveRouter) ? [hiveRouterIn(hiveRouter)] : []),
  ];
}
