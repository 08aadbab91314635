import type { EngineName } from '../federation.ts';
import { compareOnOne } from './compared.ts';
import { startNativePlanners } from './native-planners.ts';

export interface Differences {
  operations: number;
  /** Of them, with `@defer`. */
  inParts: number;
  supergraphs: number;
  /** Supergraphs that do not compose, or cannot be read. */
  refused: number;
  /** Operations at which the native planner ended its process, or did not end: the one in JavaScript plans them. */
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

/** Compares engines with the monolith, at random: the same for the same seed. */
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
  const planners = startNativePlanners();
  try {
    for (let at = seed; so.operations < options.operations && goOn(); at += 1) {
      const { operations, inParts, refused, found } = await compareOnOne({ seed: at, engines, planners });
      so.operations += operations;
      so.inParts += inParts;
      if (refused === undefined) so.supergraphs += 1;
      else so.refused += 1;
      for (const engine of engines) so.different[engine] += found[engine].length;
      const told = [...engines.flatMap((engine) => found[engine]), ...(refused ?? [])];
      for (const what of told) tell(`--seed ${at}: ${what}`);
      if (so.refused > mostRefused * (so.supergraphs + 1)) throw new Error(`Nothing composes. ${told.join()}`);
    }
  } finally {
    planners.close();
  }
  return { ...so, panics: planners.ends() };
}
