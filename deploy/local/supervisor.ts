import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from '../make-folder.ts';
import { DataPlaneError, shown, writing } from './data-plane-error.ts';
import type { Lock } from './lock.ts';
import { endProcesses } from './processes.ts';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_LIMIT_BYTES = 10_000_000;
/** How much of its log a message shows: of a server that was aborted, what each of its threads was doing. */
const SHOWN_LINES = 2;
const SHOWN_LINES_ABORTED = 80;

/** How to run a server and how to see that it serves. */
export interface Launch {
  name: 'mongodb' | 'nats';
  engine: string;
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** The folder of its data, its working folder too. */
  data: string;
  port: number;
  isReady(): Promise<boolean>;
}

export type RunningServer = Pick<Launch, 'name' | 'engine' | 'port'> & { pid: number };

export interface Supervisor {
  /**
   * Starts a server and returns when it serves; otherwise throws DataPlaneError with the end of its log. `exited` gets a
   * message for a person when the server ends by itself after that.
   */
  start(launch: Launch, signal: AbortSignal, exited?: (message: string) => void): Promise<RunningServer>;
  /** Ends every server, gently first. */
  close(): Promise<void>;
}

/**
 * Runs servers that end with this process but not with a Ctrl-C meant for it: they have a session of their own, and a
 * guard process ends them when this one goes without `close`.
 */
export function createSupervisor(logs: string, lock: Lock): Supervisor {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const guard = spawn(process.execPath, [join(import.meta.dirname, 'guard.ts')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  });
  guard.stdin.on('error', () => undefined); // the guard was killed; the lock still lists the servers
  const pids = new Set<number>();
  let closing = false;
  const publish = () => {
    guard.stdin.write(`${JSON.stringify([...pids])}\n`);
    lock.record([...pids]);
  };

  return {
    async start(launch, signal, exited) {
      const log = openLog(logs, launch.name);
      const child = spawn(launch.command, launch.args, {
        detached: true,
        stdio: ['ignore', log.descriptor, log.descriptor],
        env: launch.env,
        cwd: launch.data,
      });
      closeSync(log.descriptor);
      const { pid } = child;
      if (pid === undefined) {
        const [error] = (await once(child, 'error')) as [Error];
        throw new DataPlaneError(`${launch.engine} cannot be run: ${error.message}`);
      }
      pids.add(pid);
      publish();
      let ready = false;
      child.once('exit', () => {
        pids.delete(pid);
        if (closing) return;
        publish();
        if (ready) exited?.(exitMessage(launch, child, log));
      });
      await waitUntilReady(launch, child, log, signal);
      ready = true;
      return { name: launch.name, engine: launch.engine, pid, port: launch.port };
    },
    async close() {
      closing = true;
      await endProcesses([...pids], STOP_TIMEOUT_MS);
      guard.stdin.end('[]\n');
      if (guard.exitCode === null && guard.signalCode === null) await once(guard, 'exit');
    },
  };
}

interface Log {
  file: string;
  descriptor: number;
  /** Where the words of this run begin. */
  start: number;
}

function openLog(logs: string, name: string): Log {
  const file = join(logs, `${name}.log`);
  return writing(logs, () => {
    makeFolder(logs);
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > LOG_LIMIT_BYTES) truncateSync(file);
    return { file, descriptor: openSync(file, 'a'), start: size > LOG_LIMIT_BYTES ? 0 : size };
  });
}

const hasExited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function waitUntilReady(launch: Launch, child: ChildProcess, log: Log, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const ready = await launch.isReady();
    // Checked after the answer, because another process on the same port may have given it.
    if (hasExited(child)) throw new DataPlaneError(exitMessage(launch, child, log));
    if (ready) return;
    signal.throwIfAborted();
    if (performance.now() > deadline) {
      throw new DataPlaneError(
        `${launch.engine} does not answer on port ${launch.port} after ${READY_TIMEOUT_MS / 1000} s. Its log: ${shown(log.file)}`,
      );
    }
    await delay(50);
  }
}

function exitMessage(launch: Launch, child: ChildProcess, log: Log): string {
  const lines = readFileSync(log.file).subarray(log.start).toString('utf8').split('\n');
  const shownLines = child.signalCode === 'SIGABRT' ? SHOWN_LINES_ABORTED : SHOWN_LINES;
  const last = lines.filter((line) => /\w/.test(line)).slice(-shownLines);
  const how = child.signalCode ? `was ended by ${child.signalCode}` : `exited with code ${child.exitCode ?? '?'}`;
  const more = `Its log: ${shown(log.file)}; if its data is damaged, npm run reset.`;
  return [`${launch.engine} ${how}. ${more}`, ...last.map((line) => line.slice(0, 300))].join('\n  | ');
}
