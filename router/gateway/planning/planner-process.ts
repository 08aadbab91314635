import { fork, type ChildProcess } from 'node:child_process';
import type { DocumentNode } from 'graphql';
import type { Overrides } from './overrides.ts';
import type { Plan } from './plan.ts';
import { PlannerDied, PlanTimeout, type Planner } from './planner.ts';

/** Which planner a process has. */
export type PlannerKind = 'native' | 'javascript';

/** What the process is told at first, and then for each operation. */
export type ToPlanner =
  | { sdl: string; kind: PlannerKind; timeoutMs: number }
  | { id: number; document: DocumentNode; at: number; overrides: Overrides };

/** What it tells. */
export type FromPlanner =
  | { begun: Planner['name'] }
  | { refused: string }
  | { id: number; plan: Plan }
  | { id: number; failed: string; isLate: boolean };

export interface PlannerProcessOptions {
  sdl: string;
  kind: PlannerKind;
  timeoutMs: number;
  /** How long it stays without anything to plan. */
  idleMs?: number;
  /** What runs there. */
  main?: URL;
}

/** Documents come in bursts; without any, nothing is to take memory. */
const restingMs = 10_000;
/** Reading a supergraph takes tenths of a second. */
const startMs = 30_000;
/** What the planner itself does not end in time, its process is ended for. */
const graceMs = 1_000;
/** Operations that end the process again and again must not start as many. */
const restMs = 1_000;
/** What a plan that grows without end may take. */
const memory = ['--max-old-space-size=256', '--max-semi-space-size=4'];
/** Of what a process says at its end. */
const lastWords = 500;

interface Running {
  child: ChildProcess;
  begun: Promise<Planner['name']>;
  /** How many wait for it: for a plan, or that it begins. */
  waiting: number;
  pending: Map<number, { resolve(plan: Plan): void; reject(error: Error): void }>;
}

/**
 * Plans in a process of its own: neither a plan that never ends nor one that ends its process stops anything else. It
 * is there while there is something to plan.
 * @throws {Error} when the planner cannot read the supergraph, or does not run here.
 */
export async function startPlannerProcess(options: PlannerProcessOptions): Promise<Planner> {
  const { sdl, kind, timeoutMs, idleMs = restingMs, main = new URL('planner-main.ts', import.meta.url) } = options;
  let running: Running | undefined;
  let diedAt = -Infinity;
  let ids = 0;
  let idle: NodeJS.Timeout | undefined;

  function start(): Running {
    const child = fork(main, {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning', ...memory],
      // It needs no secret.
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    const pending: Running['pending'] = new Map();
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, lastWords)));
    (child.stderr as { unref?(): void } | null)?.unref?.();
    const late = setTimeout(() => child.kill('SIGKILL'), startMs).unref();
    const begun = new Promise<Planner['name']>((resolve, reject) => {
      child.on('message', (message: FromPlanner) => {
        if ('begun' in message) return resolve(message.begun);
        if ('refused' in message) return reject(new Error(message.refused));
        const asked = pending.get(message.id);
        if ('plan' in message) asked?.resolve(message.plan);
        else asked?.reject(message.isLate ? new PlanTimeout(message.failed) : new Error(message.failed));
      });
      const end = (why: string) => {
        const died = new PlannerDied(`The planner’s process ended: ${why} ${said}`.trim());
        reject(died);
        if (running?.child === child) running = undefined;
        if (one.waiting > 0) diedAt = performance.now();
        for (const { reject: fail } of pending.values()) fail(died);
      };
      child.on('error', ({ message }) => end(message));
      child.on('exit', (code, signal) => end(String(signal ?? code)));
    });
    // Whoever waits for it is told.
    begun.catch(() => undefined).finally(() => clearTimeout(late));
    child.send({ sdl, kind, timeoutMs } satisfies ToPlanner);
    const one: Running = { child, begun, pending, waiting: 0 };
    return one;
  }

  /** It is kept, as is this process, for as long as something is asked. */
  function hold({ child, waiting }: Running): void {
    clearTimeout(idle);
    if (waiting > 0) return child.channel?.ref();
    child.channel?.unref();
    idle = setTimeout(() => {
      if (running?.child === child) running = undefined;
      if (child.connected) child.disconnect();
    }, idleMs).unref();
  }

  /** Keeps it while the work lasts. */
  async function withProcess<Result>(work: (one: Running) => Promise<Result>): Promise<Result> {
    const one = (running ??= start());
    one.waiting += 1;
    hold(one);
    try {
      return await work(one);
    } finally {
      one.waiting -= 1;
      if (running === one) hold(one);
    }
  }

  return {
    name: await withProcess(({ begun }) => begun),
    async plan({ document, operation }, overrides) {
      if (performance.now() - diedAt < restMs) throw new PlannerDied('The planner’s process has just ended.');
      // A document whose conditions are decided may have no text: a set without anything in it.
      const at = document.definitions.indexOf(operation);
      return withProcess(async ({ child, begun, pending }) => {
        await begun;
        const id = (ids += 1);
        let late: NodeJS.Timeout | undefined;
        try {
          return await new Promise<Plan>((resolve, reject) => {
            pending.set(id, { resolve, reject });
            child.send({ id, document, at, overrides } satisfies ToPlanner);
            late = setTimeout(() => {
              reject(new PlanTimeout(`There was no plan within ${timeoutMs} ms.`));
              child.kill('SIGKILL');
            }, timeoutMs + graceMs);
          });
        } finally {
          clearTimeout(late);
          pending.delete(id);
        }
      });
    },
  };
}
