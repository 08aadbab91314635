import { join, resolve } from 'node:path';
import { readConfig } from '../../platform/server/index.ts';
import { serviceSettings } from '../../platform/service/settings.ts';
import { brokerAuthorization, type BrokerPasswords } from '../broker/users.ts';
import { DataPlaneError } from './data-plane-error.ts';
import { chooseMongodbEngine, localMongodbUri, mongodbLaunch, natsLaunch, type Place } from './engines.ts';
import { freePort, isPortFree } from './free-port.ts';
import { keepRunning } from './keep-running.ts';
import { takeLock } from './lock.ts';
import { localSettings } from './settings.ts';
import { createSupervisor, type Launch, type RunningServer } from './supervisor.ts';

export { DataPlaneError };

/** Where `npm start` keeps data, logs and installed servers. */
export const DATA_DIRECTORY = process.env.DATA_DIRECTORY || localSettings.parse({}).DATA_DIRECTORY;

export interface DataPlane {
  mongodbUri: string;
  natsUrl: string;
  /** The servers that this process started; none for an address that was given. */
  servers: RunningServer[];
  /** Ends them and gives the data folder back. */
  close(): Promise<void>;
}

export interface DataPlaneOptions {
  directory: string;
  /** Where servers are installed; `python` in the directory by default. */
  installDirectory?: string;
  env: NodeJS.ProcessEnv;
  /** 0 = a free one; by default MONGODB_PORT, else 27217. */
  mongodbPort?: number;
  /** 0 = a free one; by default NATS_PORT, else 4322. */
  natsPort?: number;
  /** Of the broker's users; without them, the broker accepts every connection. */
  brokerPasswords?: BrokerPasswords;
  /** Progress for a person. */
  report(line: string): void;
  /** Called with a message for a person when a server has ended by itself and is not started again. */
  serverGone?(message: string): void;
}

const ports = localSettings.pick({ MONGODB_PORT: true, NATS_PORT: true });
const streamNames = serviceSettings.pick({ EVENT_STREAM: true, EVENT_SUBJECT_PREFIX: true });

async function choosePort(name: 'MONGODB_PORT' | 'NATS_PORT', given: number | undefined, env: NodeJS.ProcessEnv) {
  const port = given ?? readConfig(ports, env)[name];
  if (port === 0) return freePort();
  if (await isPortFree(port)) return port;
  throw new DataPlaneError(`Port ${port} is in use by another program. Set ${name} to a free port, or to 0 for any.`);
}

function authorizationFor(passwords: BrokerPasswords, env: NodeJS.ProcessEnv): string {
  const { EVENT_STREAM, EVENT_SUBJECT_PREFIX } = readConfig(streamNames, env);
  return brokerAuthorization({ stream: EVENT_STREAM, prefix: EVENT_SUBJECT_PREFIX }, (user) =>
    JSON.stringify(passwords[user]),
  );
}

/**
 * Brings up what MONGODB_URI and NATS_URL do not name, each from the best server at hand. Throws DataPlaneError, or
 * ConfigError for a setting, with nothing left running, when that cannot be done.
 */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { env } = options;
  const [mongodbUri, natsUrl] = [env.MONGODB_URI || undefined, env.NATS_URL || undefined];
  if (mongodbUri && natsUrl) return { mongodbUri, natsUrl, servers: [], close: async () => undefined };

  // A stream belongs to the database that holds its journals: one pair of folders per engine.
  const engine = mongodbUri ? undefined : chooseMongodbEngine(options);
  const directory = resolve(options.directory);
  const logs = join(directory, 'logs');
  const lock = await takeLock(directory);
  const supervisor = createSupervisor(logs, lock);
  let closed: Promise<void> | undefined;
  const abort = new AbortController();
  const close = () => {
    abort.abort();
    return (closed ??= supervisor.close().then(() => lock.release()));
  };

  const place: Place = {
    data: join(directory, 'data', engine?.name ?? 'external'),
    logs,
    installDirectory: resolve(options.installDirectory ?? join(directory, 'python')),
    env,
    signal: abort.signal,
    report: (line) => options.report(line),
    ...(options.brokerPasswords ? { brokerAuthorization: authorizationFor(options.brokerPasswords, env) } : {}),
  };
  const servers: RunningServer[] = [];
  const run = async (prepare: () => Promise<Launch>) => {
    try {
      const launch = await prepare();
      abort.signal.throwIfAborted();
      const startedAt = performance.now();
      const server = await keepRunning(launch, {
        supervisor,
        signal: abort.signal,
        report: place.report,
        gaveUp: (message) => options.serverGone?.(message),
      });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      options.report(`${server.engine} is up on port ${server.port} (${seconds} s)`);
      servers.push(server);
    } catch (error) {
      abort.abort(error); // stops the other start; the first reason is kept
    }
  };
  await Promise.all([
    engine && run(async () => mongodbLaunch(engine, await choosePort('MONGODB_PORT', options.mongodbPort, env), place)),
    natsUrl ?? run(async () => natsLaunch(await choosePort('NATS_PORT', options.natsPort, env), place)),
  ]);
  if (abort.signal.aborted) {
    await close();
    throw abort.signal.reason;
  }
  const portOf = (name: RunningServer['name']) => servers.find((server) => server.name === name)?.port ?? NaN;
  return {
    mongodbUri: mongodbUri ?? localMongodbUri(portOf('mongodb'), engine?.name),
    natsUrl: natsUrl ?? `nats://127.0.0.1:${portOf('nats')}`,
    servers,
    close,
  };
}
