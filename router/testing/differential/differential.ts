import { parse, validate } from 'graphql';
import { createDice } from '../../../cli/demo/dice.ts';
import { startPlannerProcess, type PlannerKind } from '../../gateway/planning/planner-process.ts';
import { differenceOf } from '../comparison.ts';
import { startFederation, type EngineName, type Federation } from '../federation.ts';
import { randomOperation } from './operations.ts';
import { randomSupergraph } from './supergraphs.ts';

export interface Differences {
  operations: number;
  supergraphs: number;
  /** Why supergraphs do not compose, or cannot be read. */
  refused: string[];
  /** By engine; each tells the seed that leads to it. */
  found: Record<EngineName, string[]>;
}

/** Operations on one supergraph: making one costs as much as answering a hundred. */
const perSupergraph = 40;
/** Names at random are often in each other's way. */
const triesPerSupergraph = 200;
/** Supergraphs that do not compose for each that does; more, and nothing would be compared. */
const mostRefused = 10;

/** Apart: a planner that ends its process must not end the comparison. */
export const startPlannerApart = (kind: PlannerKind, sdl: string) =>
  startPlannerProcess({ sdl, kind, timeoutMs: 20_000, idleMs: 1_000 });

/** Compares engines with the monolith, at random: the same for the same seed. */
export async function compareAtRandom(
  seed: number,
  operations: number,
  engines: readonly EngineName[],
  goOn: () => boolean = () => true,
): Promise<Differences> {
  const refused: string[] = [];
  const result: Differences = { operations: 0, supergraphs: 0, refused, found: { own: [], apollo: [], stock: [] } };
  for (let at = seed; result.operations < operations && goOn(); at += 1) {
    const dice = createDice(at);
    let federation: Federation;
    try {
      federation = startFederation(randomSupergraph(dice), { start: startPlannerApart });
    } catch (error) {
      refused.push(`--seed ${at}: ${String(error)}`);
      if (refused.length > mostRefused * (result.supergraphs + 1)) throw error;
      continue;
    }
    result.supergraphs += 1;
    const { schema } = federation.graph;
    const enough = Math.min(operations, result.operations + perSupergraph);
    for (let tried = 0; tried < triesPerSupergraph && result.operations < enough; tried += 1) {
      const { query, variables } = randomOperation(schema, dice);
      if (validate(schema, parse(query)).length > 0) continue;
      result.operations += 1;
      for (const engine of engines) {
        // The stock gateway has none.
        if (engine === 'stock' && query.startsWith('subscription')) continue;
        const differs = await differenceOf(federation, engine, query, variables);
        if (differs !== undefined) result.found[engine].push(`--seed ${at}: ${differs}`);
      }
    }
  }
  return result;
}
