import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../make-folder.ts';
import { DataPlaneError, shown, writing } from './data-plane-error.ts';
import { commandLine, endProcesses, startTime } from './processes.ts';

const Process = z.object({ pid: z.number(), startedAt: z.string() });
const Holder = Process.extend({ servers: z.array(Process.extend({ command: z.string() })) });
type Holder = z.infer<typeof Holder>;

/** The exclusive lock of a data folder, held until `release` or until this process ends. */
export interface Lock {
  /** Notes which servers must end should this process leave them behind. */
  record(pids: readonly number[]): void;
  release(): void;
}

function readHolder(file: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // missing, or truncated by a crash: no process holds it
  }
}

const isSame = (process: { pid: number; startedAt: string }) => startTime(process.pid) === process.startedAt;

/** The process that holds the lock of a data folder. */
export function holderOf(directory: string): number | undefined {
  const holder = readHolder(join(directory, 'lock'));
  return holder && isSame(holder) ? holder.pid : undefined;
}

export function inUse(directory: string, pid: number): DataPlaneError {
  return new DataPlaneError(
    `${shown(directory)} is in use by process ${pid}. Stop that one first: Ctrl-C in its terminal, or kill ${pid}.`,
  );
}

/**
 * Takes the lock of a data folder, also from a process that died without releasing it; it first ends the servers that
 * such a process left running. Throws DataPlaneError while the holder lives.
 */
export async function takeLock(directory: string): Promise<Lock> {
  const file = join(directory, 'lock');
  const living = holderOf(directory);
  if (living !== undefined) throw inUse(directory, living);
  const holder = readHolder(file);
  // A pid alone proves nothing: the system may have reused it.
  const orphans =
    holder?.servers.filter((server) => isSame(server) && commandLine(server.pid) === server.command) ?? [];
  await endProcesses(
    orphans.map((server) => server.pid),
    5_000,
  );

  const describe = (pids: readonly number[]): string => {
    const servers = pids.map((pid) => ({ pid, startedAt: startTime(pid) ?? '', command: commandLine(pid) ?? '' }));
    return JSON.stringify({ pid: process.pid, startedAt: startTime(process.pid) ?? '', servers } satisfies Holder);
  };
  writing(directory, () => {
    makeFolder(directory);
    rmSync(file, { force: true });
    writeFileSync(file, describe([]), { flag: 'wx' });
  });
  return {
    record(pids) {
      writing(directory, () => {
        writeFileSync(`${file}.next`, describe(pids));
        renameSync(`${file}.next`, file);
      });
    },
    release: () => rmSync(file, { force: true }),
  };
}
