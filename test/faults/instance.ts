import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessName } from '../support/system.ts';
import { until } from '../support/until.ts';

/** One process of a service, kept alive: restarted whenever it ends, as by an orchestrator. */
export interface Instance {
  readonly name: ProcessName;
  readonly pid: number;
  /** How long its restarts took until it was ready, in ms. */
  readonly restartsMs: readonly number[];
  /** How often it ended by itself, that is at a crash point. */
  readonly crashes: number;
  ready(withinMs?: number): Promise<void>;
  /** SIGKILL; the next process gets these extra variables, once. */
  kill(env?: NodeJS.ProcessEnv): Promise<void>;
  pause(): void;
  resume(): void;
  /** Resident memory in bytes; 0 where the system does not say. */
  memory(): number;
  close(): Promise<void>;
}

export interface InstanceOptions {
  name: ProcessName;
  port: number;
  env: NodeJS.ProcessEnv;
  /** The file with its clock's offset, see preload.ts. */
  clockFile: string;
  /** Its log. */
  log: string;
}

const root = join(import.meta.dirname, '../..');
const restartDelayMs = 100;

export function startInstance({ name, port, env, clockFile, log }: InstanceOptions): Instance {
  const main = name === 'router' ? ['router/main.ts'] : ['subgraphs/main.ts', name];
  const before = ['preload.ts', ...(process.env['MUTATION'] ? ['../mutations/hook.ts'] : [])];
  const command = [...before.flatMap((file) => ['--import', join(import.meta.dirname, file)]), ...main];
  const output = createWriteStream(log, { flags: 'a' });
  const restartsMs: number[] = [];
  let child: ChildProcess | undefined;
  let extra: NodeJS.ProcessEnv = {};
  let closed = false;
  let killed = false;
  let crashes = 0;
  let startedAt = 0;
  let measured: Promise<unknown> = Promise.resolve();

  function start(): void {
    startedAt = performance.now();
    killed = false;
    child = spawn(process.execPath, command, {
      cwd: root,
      env: { ...env, CLOCK_FILE: clockFile, MUTATION: process.env['MUTATION'], ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    extra = {};
    child.stdout?.pipe(output, { end: false });
    child.stderr?.pipe(output, { end: false });
    child.once('exit', () => {
      if (!killed && !closed) crashes += 1;
      setTimeout(() => {
        if (closed) return;
        start();
        measured = measure();
      }, restartDelayMs);
    });
  }

  async function measure(): Promise<void> {
    const started = child;
    await ready(120_000).catch(() => undefined);
    if (started === child && alive()) restartsMs.push(performance.now() - startedAt);
  }

  const alive = () => child !== undefined && child.exitCode === null && child.signalCode === null;

  async function ready(withinMs = 120_000): Promise<void> {
    await until(
      `${name} is ready`,
      async () => {
        if (closed) return true;
        if (!alive()) return false;
        const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
          () => undefined,
        );
        return response?.ok === true;
      },
      withinMs,
      50,
    );
  }

  start();
  return {
    name,
    get pid() {
      return child?.pid ?? 0;
    },
    restartsMs,
    get crashes() {
      return crashes;
    },
    ready,
    async kill(next = {}) {
      const ending = child;
      extra = next;
      killed = true;
      if (!ending || !alive()) return;
      const exited = once(ending, 'exit');
      ending.kill('SIGKILL');
      await exited;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    memory() {
      try {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child?.pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) * 1024;
      } catch {
        return 0;
      }
    },
    async close() {
      closed = true;
      if (child && alive()) {
        const exited = once(child, 'exit');
        child.kill('SIGCONT');
        child.kill('SIGTERM');
        const deadline = setTimeout(() => child?.kill('SIGKILL'), 15_000);
        await exited;
        clearTimeout(deadline);
      }
      await measured;
      output.end();
    },
  };
}
