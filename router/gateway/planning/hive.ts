import type {
  BatchFetchNode,
  FetchNode,
  FetchNodePathSegment,
  FetchRewrite,
  FlattenNodePathSegment,
  PlanNode as HiveNode,
  QueryPlanner,
  RequiresSelection,
} from '@graphql-hive/router-query-planner';
import { print } from 'graphql';
import type { Graph } from '../../documents/graph.ts';
import { planInOrder } from './mutations.ts';
import {
  inParallel,
  inSequence,
  type EntityFetch,
  type EntityList,
  type Path,
  type PathStep,
  type Plan,
  type PlanNode,
  type Required,
  type Rewrite,
  type RootFetch,
} from './plan.ts';
import { plannedDocument, renamesType, sealLiterals, withTypenames } from './planned-document.ts';
import { PlanTimeout, type Planner } from './planner.ts';

/** What is used of it. */
export type NativePlanner = Pick<QueryPlanner, 'planAsync'>;

export interface HivePlannerOptions {
  graph: Pick<Graph, 'sdl' | 'schema'>;
  timeoutMs: number;
  /** Where the native planner of a supergraph comes from: it runs in this process, if not given. */
  load?: ((sdl: string) => Promise<NativePlanner>) | undefined;
}

async function loadHere(sdl: string): Promise<NativePlanner> {
  const { QueryPlanner: Native } = await import('@graphql-hive/router-query-planner');
  return new Native(sdl);
}

/**
 * Plans in native code, on a thread of its own.
 * @throws {Error} where no binary is built for this platform, or on a supergraph that it cannot read.
 */
export async function createHivePlanner({ graph, timeoutMs, ...given }: HivePlannerOptions): Promise<Planner> {
  const { load = loadHere } = given;
  const planner = await load(graph.sdl);
  return {
    name: 'hive',
    plan({ document, operation }, { labels, chance }) {
      const name = operation.name?.value;
      let fetches = 0;
      return planInOrder(document, operation, async (part, one) => {
        const planned = plannedDocument(part, one);
        if (!planned) return { node: undefined };
        const { document: sealed, open } = sealLiterals(withTypenames(graph.schema, planned, renamesType));
        const late = AbortSignal.timeout(timeoutMs);
        const { node } = await planner
          .planAsync(print(sealed), name, labels as Set<string>, chance, late)
          .catch((error: unknown) => {
            throw late.aborted ? new PlanTimeout(`There was no plan within ${timeoutMs} ms.`) : error;
          });
        return planOf(node, (fetch) => {
          fetches += 1;
          return named(
            open(fetch.operation),
            name && `${name}__${fetch.serviceName.replace(/\W/g, '_')}__${fetches - 1}`,
          );
        });
      });
    },
  };
}

/** Gives an operation a name, by which subgraphs count and trace it. */
function named(operation: string, name: string | undefined): string {
  if (name === undefined) return operation;
  return operation.replace(/^(query|mutation|subscription)?/, (type) => `${type || 'query'} ${name}`);
}

/** The text of what a subgraph is asked. */
type TextOf = (fetch: FetchNode | BatchFetchNode) => string;

function planOf(node: HiveNode | undefined, textOf: TextOf): Plan {
  const [first, ...rest] = node?.kind === 'Sequence' ? node.nodes : [node];
  if (first?.kind === 'Subscription') {
    return {
      subscription: rootFetch(first.primary, textOf),
      node: inSequence(rest.map((each) => each && nodeOf(each, textOf))),
    };
  }
  return { node: node && nodeOf(node, textOf) };
}

function nodeOf(node: HiveNode, textOf: TextOf): PlanNode | undefined {
  switch (node.kind) {
    case 'Fetch':
      return rootFetch(node, textOf);
    case 'BatchFetch':
      return batchFetch(node, textOf);
    case 'Flatten':
      if (node.node.kind !== 'Fetch') throw new Error(`The planner put a ${node.node.kind} into a Flatten.`);
      return entityFetch(node.node, node.path.map(pathStep), textOf);
    case 'Sequence':
      return inSequence(node.nodes.map((each) => nodeOf(each, textOf)));
    case 'Parallel':
      return inParallel(node.nodes.map((each) => nodeOf(each, textOf)));
    case 'Condition':
    case 'Subscription':
    case 'Defer':
      throw new Error(`The planner made a ${node.kind}, which it should not.`);
  }
}

const askedOf = (node: FetchNode | BatchFetchNode, textOf: TextOf) => ({
  subgraph: node.serviceName,
  operation: textOf(node),
  variables: node.variableUsages ?? [],
});

const rootFetch = (node: FetchNode, textOf: TextOf): RootFetch => ({
  kind: 'root',
  ...askedOf(node, textOf),
  type: node.operationKind ?? 'query',
  rewrites: (node.outputRewrites ?? []).map(rewrite),
});

const entityFetch = (node: FetchNode, path: Path, textOf: TextOf): EntityFetch => ({
  kind: 'entities',
  ...askedOf(node, textOf),
  lists: [{ alias: '_entities', variable: 'representations', paths: [path], ...listOf(node) }],
});

const batchFetch = (node: BatchFetchNode, textOf: TextOf): EntityFetch => ({
  kind: 'entities',
  ...askedOf(node, textOf),
  lists: node.entityBatch.aliases.map((each) => ({
    alias: each.alias,
    variable: each.representationsVariableName,
    paths: each.paths.map((path) => path.map(pathStep)),
    ...listOf(each),
  })),
});

const listOf = (
  node: Pick<FetchNode, 'requires' | 'inputRewrites' | 'outputRewrites'>,
): Pick<EntityList, 'requires' | 'inputRewrites' | 'outputRewrites'> => ({
  requires: (node.requires ?? []).map(required),
  inputRewrites: (node.inputRewrites ?? []).map(rewrite),
  outputRewrites: (node.outputRewrites ?? []).map(rewrite),
});

function pathStep(step: FlattenNodePathSegment): PathStep {
  if (step === '@') return 'each';
  return 'Field' in step ? { field: step.Field } : { types: step.TypeCondition };
}

function required(selection: RequiresSelection): Required {
  switch (selection.kind) {
    case 'Field':
      return {
        field: selection.name,
        as: selection.alias ?? selection.name,
        ...(selection.selections?.length ? { selections: selection.selections.map(required) } : {}),
      };
    case 'InlineFragment':
      return {
        on: selection.typeCondition,
        selections: selection.selections.map(required),
      };
    case 'FragmentSpread':
      throw new Error(`The planner made a ${selection.kind} in what a subgraph needs.`);
  }
}

const step = (segment: FetchNodePathSegment) =>
  'Key' in segment ? { field: segment.Key } : { types: segment.TypenameEquals };

function rewrite(given: FetchRewrite): Rewrite {
  const setter = 'ValueSetter' in given ? given.ValueSetter : 'kind' in given ? given : undefined;
  if (setter) return { path: setter.path.map(step), change: { set: setter.setValueTo } };
  if (!('KeyRenamer' in given)) throw new Error('The planner made a rewrite of a kind that is not known.');
  const { path, renameKeyTo } = given.KeyRenamer;
  return { path: path.map(step), change: { rename: renameKeyTo } };
}
