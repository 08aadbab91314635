import { parse, specifiedRules, validate } from 'graphql';
import { createDice, type Dice } from '../../../cli/demo/dice.ts';
import { deferRules } from '../../documents/defer.ts';
import { refuseShape } from '../../documents/shape.ts';
import { differenceOf } from '../comparison.ts';
import { deferredAtRandom, differenceInParts } from '../deferring.ts';
import { startFederation, type EngineName, type Federation } from '../federation.ts';
import type { NativePlanners } from './native-planners.ts';
import { randomOperation } from './operations.ts';
import { randomSupergraph } from './supergraphs.ts';

export interface Compared {
  operations: number;
  /** Of them, with `@defer`. */
  inParts: number;
  /** Why the subgraphs do not compose, if they do not. */
  refused?: [string];
  /** By engine. */
  found: Record<EngineName, string[]>;
}

export interface Task {
  seed: number;
  engines: readonly EngineName[];
  planners: NativePlanners;
}

/** Operations on one supergraph: making one costs as much as answering ten. */
const perSupergraph = 50;
/** Names at random are often in each other's way. */
const triesPerSupergraph = 200;

/** Of the operations, the share that is answered in parts where it can be. */
const shareInParts = 0.25;

const unlimited = { maxDepth: Infinity, maxTokens: Infinity, maxSelections: Infinity, maxAliases: Infinity };

/** Compares engines with the monolith, by operations at random on a supergraph at random: the same for the same seed. */
export async function compareOnOne({ seed, engines, planners }: Task): Promise<Compared> {
  const dice = createDice(seed);
  const compared: Compared = { operations: 0, inParts: 0, found: { own: [], apollo: [], stock: [] } };
  let federation: Federation;
  try {
    federation = startFederation(randomSupergraph(dice), { loadNative: planners.load });
  } catch (error) {
    return { ...compared, refused: [String(error)] };
  }
  const { schema } = federation.graph;
  for (let tried = 0; tried < triesPerSupergraph && compared.operations < perSupergraph; tried += 1) {
    const { query, variables } = randomOperation(schema, dice);
    if (validate(schema, parse(query)).length > 0) continue;
    compared.operations += 1;
    const deferred = dice.chance(shareInParts) ? deferredIn(query, dice) : undefined;
    if (deferred !== undefined) compared.inParts += 1;
    for (const engine of engines) {
      // The stock gateway has none of them.
      if (engine === 'stock' && (deferred !== undefined || query.startsWith('subscription'))) continue;
      const differs =
        deferred === undefined
          ? await differenceOf(federation, engine, query, variables)
          : (await differenceInParts(federation, engine, deferred, variables)).differs;
      if (differs !== undefined) compared.found[engine].push(differs);
    }
  }
  return compared;

  /** The same, some of it deferred; undefined when nothing can be. */
  function deferredIn(query: string, dice: Dice): string | undefined {
    // What changes from one field of a mutation to the next is read when all have run.
    if (query.startsWith('mutation') && /\bseen\b/.test(query)) return undefined;
    const random = deferredAtRandom(query, dice);
    // Events are whole: it may be there, and off.
    const isEvent = query.startsWith('subscription');
    const deferred = isEvent ? random.replace(/@defer\([^)]*\)/g, '@defer(if: false)') : random;
    const document = parse(deferred);
    // More parts than a document may have are refused, whatever the settings.
    if (refuseShape(document, unlimited)) return undefined;
    const isValid = validate(schema, document, [...specifiedRules, ...deferRules]).length === 0;
    return deferred.includes('@defer') && isValid ? deferred : undefined;
  }
}
