/**
 * The whole system on this machine, on servers that it brings along where none are set; `start.ts` starts and ends it.
 */
import { join } from 'node:path';
import {
  ConfigError,
  createLogger,
  exitCodeConfig,
  givenIn,
  retiredIn,
  stopOnSignal,
  stopWithinMs,
  unsafeSettings,
} from '../../platform/server/index.ts';
import { brokerEnvironment, keptBrokerPasswords, newPassword } from '../broker/users.ts';
import { readAllSettings } from './all-settings.ts';
import { DATA_DIRECTORY, DataPlaneError, startDataPlane } from './data-plane.ts';
import { cannotWrite, shown } from './data-plane-error.ts';
import { pageAddresses } from '../../schema/page-addresses.ts';
import { routerPort, subgraphNames } from '../../schema/subgraphs.ts';
import { keptDevelopmentKeys, keptPushKey } from './development-keys.ts';
import { isPortFree, isPortTaken } from './free-port.ts';
import { holderOf, inUse } from './lock.ts';
import { hostInUrls, startSystem } from './system.ts';
import { buildWebIfStale, PagesError } from './web.ts';

/** Also for `nats` on the command line: docs/security.md. */
const BROKER_PASSWORDS_FILE = join(DATA_DIRECTORY, 'broker-passwords.json');

class PortError extends Error {
  override name = 'PortError';
  constructor(port: number | string, setting: string) {
    super(`Port ${port} is in use by another program. Stop it, or set ${setting} (.env.example) to a free one.`);
  }
}

const env = givenIn(process.env);
const report = (line: string) => process.stdout.write(`${line}\n`);
const startedAt = performance.now();
const closers: (() => Promise<void>)[] = [];
const closeAll = async () => {
  for (const close of closers.toReversed()) await close();
};

try {
  const settings = await readAllSettings({ LOG_LEVEL: 'warn', ...env });
  stopOnSignal(closeAll, stopWithinMs(settings, 2), createLogger(settings.LOG_LEVEL, 'start'));
  // ROUTER_SECRET is generated below if it is not set.
  for (const { setting, because } of unsafeSettings({ ...settings, ROUTER_SECRET: ['made'] })) {
    report(`Not safe: ${setting}: ${because}.`);
  }
  for (const { setting, because } of retiredIn(env)) report(`No setting: ${setting}: ${because}.`);
  // The parent process is gone without sending a signal.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  await checkPorts(settings);
  // An external broker has its own users.
  const brokerPasswords = env['NATS_URL'] ? undefined : await kept(() => keptBrokerPasswords(BROKER_PASSWORDS_FILE));
  const [dataPlane, keys, pushKey] = await Promise.all([
    startDataPlane({
      directory: DATA_DIRECTORY,
      env,
      ...(brokerPasswords ? { brokerPasswords } : {}),
      report,
      serverGone: (message) => {
        report(message);
        process.kill(process.pid, 'SIGTERM');
      },
    }).then((plane) => {
      closers.push(() => plane.close());
      return plane;
    }),
    kept(() => keptDevelopmentKeys(join(DATA_DIRECTORY, 'development-keys.json'))),
    kept(() => keptPushKey(join(DATA_DIRECTORY, 'push-key.json'))),
    buildWebIfStale(report),
  ]);
  const system = await startSystem({
    LOG_LEVEL: 'warn',
    ...keys,
    ...pushKey,
    ...env,
    ...(brokerPasswords ? brokerEnvironment(brokerPasswords) : {}),
    // Random, because only this process needs it; set one in order to ask a subgraph directly.
    ROUTER_SECRET: env['ROUTER_SECRET'] ?? newPassword(),
    LANDSCAPE: settings.LANDSCAPE,
    MONGODB_URI: dataPlane.mongodbUri,
    NATS_URL: dataPlane.natsUrl,
  });
  closers.push(() => system.close());
  report(board(hostInUrls(settings.HOST), system.routerPort, performance.now() - startedAt));
} catch (error) {
  await closeAll();
  if (!isForPeople(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof ConfigError ? exitCodeConfig : 1);
}

/** Runs a step that reads or writes files kept between starts. @throws {DataPlaneError} when it fails. */
async function kept<T>(read: () => Promise<T>): Promise<T> {
  return read().catch((error: unknown) => {
    throw cannotWrite(DATA_DIRECTORY, error);
  });
}

/** Reports a taken port before anything is built or started. @throws {PortError | DataPlaneError} */
async function checkPorts(settings: Record<string, unknown>): Promise<void> {
  const names = ['ROUTER_PORT', ...subgraphNames.map((name) => `${name.toUpperCase()}_PORT`)];
  for (const name of names) {
    const port = Number(settings[name]);
    if (await isPortFree(port)) continue;
    // Mostly it is this system, which runs already.
    const holder = holderOf(DATA_DIRECTORY);
    throw holder === undefined ? new PortError(port, name) : inUse(DATA_DIRECTORY, holder);
  }
  // Browsers take `localhost` for this address first: they would show another program's pages.
  const port = Number(settings['ROUTER_PORT']);
  if (await isPortTaken(port, '::1')) throw new PortError(port, 'ROUTER_PORT');
}

function isForPeople(error: unknown): error is Error {
  return [ConfigError, DataPlaneError, PagesError, PortError].some((kind) => error instanceof kind);
}

function board(host: string, port: number, ms: number): string {
  const at = (path: string) => `http://${host === '127.0.0.1' ? 'localhost' : host}:${port}${path}`;
  return `
  따릉이 is ready (${(ms / 1000).toFixed(1)} s, on Node ${process.versions.node}).

  Live dashboard   ${at(pageAddresses.dashboard)}
  For riders       ${at(pageAddresses.ride)}
  For operators    ${at(pageAddresses.fleet)}
  Playground       ${at(pageAddresses.playground)}
  For developers   ${at(pageAddresses.developers)}
  GraphQL          ${at('/graphql')}

  npm run demo     a small city to watch${port === routerPort ? '' : ` (with ROUTER_PORT=${port})`}
  Ctrl-C           stops everything; data stays in ${shown(DATA_DIRECTORY)} (npm run reset removes it)
`;
}
