import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const hasProc = existsSync('/proc/self/stat');

function read(source: () => string): string | undefined {
  try {
    return source().trim() || undefined;
  } catch {
    return undefined; // no such process
  }
}

const ps = (pid: number, column: string) =>
  read(() =>
    execFileSync('ps', ['-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    }),
  );

/** When this process started: opaque, only to tell it from others with the same pid. Undefined once it has ended. */
export function startTime(pid: number): string | undefined {
  if (!hasProc) {
    const [state, ...started] = ps(pid, 'stat=,lstart=')?.split(/\s+/) ?? [];
    return state === undefined || state.startsWith('Z') ? undefined : started.join(' ');
  }
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name in brackets may hold anything; the state (field 3) comes after it, the start time is field 22.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

export function commandLine(pid: number): string | undefined {
  return hasProc ? read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')) : ps(pid, 'command=');
}

/** Asks processes to end and makes them end after `withinMs`; returns when all are gone. */
export async function endProcesses(pids: readonly number[], withinMs: number): Promise<void> {
  const send = (signal: NodeJS.Signals) => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // gone already
      }
    }
  };
  const gone = async (deadline: number) => {
    while (pids.some((pid) => startTime(pid) !== undefined)) {
      if (performance.now() > deadline) return false;
      await delay(25);
    }
    return true;
  };
  send('SIGTERM');
  if (await gone(performance.now() + withinMs)) return;
  send('SIGKILL');
  await gone(performance.now() + 5_000);
}

/** The file that a command name stands for, looked up as a shell would. */
export function onPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders
    .map((folder) => join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
