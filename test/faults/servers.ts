import { cp, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_DIRECTORY } from '../../deploy/local/data-plane.ts';
import { chooseMongodbEngine, localMongodbUri, mongodbLaunch, natsLaunch } from '../../deploy/local/engines.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { takeLock } from '../../deploy/local/lock.ts';
import { endProcesses } from '../../deploy/local/processes.ts';
import { createSupervisor, type Launch, type Supervisor } from '../../deploy/local/supervisor.ts';
import type { Dice } from '../../cli/demo/dice.ts';

/** A MongoDB or NATS of its own that tests may break. */
export interface FragileServer {
  readonly port: number;
  /** With its version, where that is known. */
  readonly engine: string;
  /** Resolves when it serves. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay, nothing answers. */
  pause(): void;
  resume(): void;
}

export interface FragileBroker extends FragileServer {
  /** Deletes its store; only while it is down. */
  wipe(): Promise<void>;
  /** Keeps a copy of its store as a crash would find it. */
  copy(): Promise<void>;
  /** Puts the copy in place of its store; only while it is down. Returns false when there is none. */
  rollBack(): Promise<boolean>;
  /** Flips one bit of one byte of a block file; only while it is down. Returns false when nothing is stored. */
  flipBit(dice: Dice): Promise<boolean>;
}

export interface FragileServers {
  mongodb: FragileServer;
  mongodbUri(port: number): string;
  nats: FragileBroker;
  close(): Promise<void>;
}

/** Starts both in a folder. `engine` as in MONGODB_ENGINE. They end with this process, however that ends. */
export async function startServers(directory: string, engine: string | undefined): Promise<FragileServers> {
  const env = { ...process.env, MONGODB_ENGINE: engine ?? process.env['MONGODB_ENGINE'] ?? '', NATS_SYNC_INTERVAL: '' };
  const lock = await takeLock(directory);
  const supervisor = createSupervisor(join(directory, 'logs'), lock);
  const place = {
    data: join(directory, 'data'),
    logs: join(directory, 'logs'),
    installDirectory: join(DATA_DIRECTORY, 'python'),
    env,
    signal: new AbortController().signal,
    report: () => undefined,
  };
  const chosen = chooseMongodbEngine(place);
  try {
    const mongodb = createFragileServer(supervisor, await mongodbLaunch(chosen, await freePort(), place));
    const nats = createFragileServer(supervisor, await natsLaunch(await freePort(), place));
    await Promise.all([mongodb.start(), nats.start()]);
    return {
      mongodb,
      mongodbUri: (port) => localMongodbUri(port, chosen.name),
      nats: { ...nats, ...createStore(join(place.data, 'nats'), join(directory, 'nats-copy')) },
      async close() {
        mongodb.resume();
        nats.resume();
        await supervisor.close();
        lock.release();
      },
    };
  } catch (error) {
    await supervisor.close();
    lock.release();
    throw error;
  }
}

function createFragileServer(supervisor: Supervisor, launch: Launch): FragileServer {
  let pid = 0;
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    if (pid) process.kill(pid, name);
  };
  return {
    port: launch.port,
    engine: launch.engine,
    async start() {
      if (pid === 0) ({ pid } = await supervisor.start(launch, new AbortController().signal));
    },
    async kill() {
      const gone = pid;
      pid = 0;
      if (!gone) return;
      process.kill(gone, 'SIGKILL');
      await endProcesses([gone], 5_000);
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

function createStore(store: string, copy: string) {
  return {
    async wipe() {
      await rm(store, { recursive: true, force: true });
      // The server's working folder.
      await mkdir(store, { recursive: true });
    },
    async copy() {
      await rm(copy, { recursive: true, force: true });
      // Files come and go under a running server: one that is gone by its turn is not in the copy.
      await cp(store, copy, { recursive: true }).catch(() => undefined);
    },
    async rollBack() {
      if (!(await stat(copy).catch(() => undefined))) return false;
      await rm(store, { recursive: true, force: true });
      await cp(copy, store, { recursive: true });
      return true;
    },
    async flipBit(dice: Dice) {
      const files = await readdir(store, { recursive: true }).catch(() => []);
      const blocks = files.filter((file) => file.endsWith('.blk') && !file.includes('obs')).toSorted();
      const [first, ...others] = blocks;
      if (first === undefined) return false;
      const file = await open(join(store, dice.pick([first, ...others])), 'r+');
      try {
        const { size } = await file.stat();
        if (size === 0) return false;
        const place = dice.below(size);
        const byte = Buffer.alloc(1);
        await file.read(byte, 0, 1, place);
        await file.write(Buffer.from([(byte[0] ?? 0) ^ (1 << dice.below(8))]), 0, 1, place);
        return true;
      } finally {
        await file.close();
      }
    },
  };
}
