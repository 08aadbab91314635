import { fork, type ChildProcess } from 'node:child_process';
import type { EngineName } from '../federation.ts';
import type { Compared, Task } from './compared.ts';
import type { FromWorker } from './worker.ts';

export interface Differences {
  operations: number;
  /** Of them, with `@defer`. */
  inParts: number;
  supergraphs: number;
  /** Supergraphs that do not compose, or cannot be read. */
  refused: number;
  /** Operations at which the native planner ended its process, or did not end: the other one plans them. */
  panics: number;
  /** By engine. */
  different: Record<EngineName, number>;
}

export interface DifferentialOptions {
  seed: number;
  operations: number;
  engines: readonly EngineName[];
  goOn?: () => boolean;
  /** Is told each difference, and why supergraphs are refused. */
  tell?: (what: string) => void;
}

/** Supergraphs that do not compose for each that does; more, and nothing would be compared. */
const mostRefused = 10;
/** For one operation, which takes milliseconds, unless others keep the machine busy. */
const workMs = 120_000;
/** At so many operations of one supergraph something else is wrong. */
const mostPanics = 20;
/** Of one process: what planners in native code keep is not given back. */
const mostSupergraphs = 500;

/**
 * Compares engines with the monolith, at random: the same for the same seed. It does so in a process in which planners
 * run too, since one for each would take most of the time. Where the native planner ends that process, the same is
 * compared again without it at that operation.
 */
export async function compareAtRandom(options: DifferentialOptions): Promise<Differences> {
  const { seed, engines, goOn = () => true, tell = () => undefined } = options;
  const so: Differences = {
    operations: 0,
    inParts: 0,
    supergraphs: 0,
    refused: 0,
    panics: 0,
    different: { own: 0, apollo: 0, stock: 0 },
  };
  let worker: ChildProcess | undefined;
  try {
    for (let at = seed; so.operations < options.operations && goOn(); at += 1) {
      if ((at - seed) % mostSupergraphs === 0) {
        worker?.disconnect();
        worker = undefined;
      }
      worker ??= startWorker();
      const fatal: number[] = [];
      let compared = await compareIn(worker, { seed: at, engines, fatal });
      while (typeof compared === 'number') {
        if (fatal.includes(compared) || fatal.length >= mostPanics)
          throw new Error(`The comparison ends its process at operation ${compared} of --seed ${at}.`);
        fatal.push(compared);
        so.panics += 1;
        worker = startWorker();
        compared = await compareIn(worker, { seed: at, engines, fatal });
      }
      so.operations += compared.operations;
      so.inParts += compared.inParts;
      if (compared.refused === undefined) so.supergraphs += 1;
      else so.refused += 1;
      for (const engine of engines) so.different[engine] += compared.found[engine].length;
      const { found } = compared;
      const told = [...engines.flatMap((engine) => found[engine]), ...(compared.refused ?? [])];
      for (const what of told) tell(`--seed ${at}: ${what}`);
      if (so.refused > mostRefused * (so.supergraphs + 1)) throw new Error(`Nothing composes. ${told.join()}`);
    }
  } finally {
    if (worker?.connected) worker.disconnect();
  }
  return so;
}

/** What a planner says at its end is not told: it is known to panic. */
const startWorker = () =>
  fork(new URL('worker.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
  });

/** The number of an operation at which the process ended, or did not go on. */
function compareIn(worker: ChildProcess, task: Task): Promise<Compared | number> {
  return new Promise((resolve) => {
    let at = 0;
    const kill = () => worker.kill('SIGKILL');
    let late = setTimeout(kill, workMs);
    const end = (result: Compared | number) => {
      clearTimeout(late);
      worker.removeAllListeners();
      resolve(result);
    };
    worker.on('exit', () => end(at));
    worker.on('message', (message: FromWorker) => {
      if ('compared' in message) return end(message.compared);
      at = message.begun;
      clearTimeout(late);
      late = setTimeout(kill, workMs);
    });
    worker.send(task);
  });
}
