import type {
  FetchDataRewrite,
  FetchNode,
  PlanNode as ApolloNode,
  QueryPlanSelectionNode,
} from '@apollo/query-planner';
import type { Graph } from '../../documents/graph.ts';
import { planInOrder } from './mutations.ts';
import {
  inParallel,
  inSequence,
  type EntityFetch,
  type Path,
  type Plan,
  type PlanNode,
  type Required,
  type Rewrite,
  type RootFetch,
} from './plan.ts';
import { plannedDocument, withTypenames } from './planned-document.ts';
import type { Planner } from './planner.ts';

/** How many plans to compare. Comparing more takes time, and rarely finds a better one. */
const plannerConfig = { debug: { maxEvaluatedPlans: 100, pathsLimit: 100 } };

export interface ApolloPlannerOptions {
  graph: Pick<Graph, 'sdl' | 'schema'>;
}

/** Plans in JavaScript, in this thread: runs everywhere. Its libraries are loaded where it is used only. */
export async function createApolloPlanner({ graph }: ApolloPlannerOptions): Promise<Planner> {
  const [{ operationFromDocument, Supergraph }, { QueryPlanner }] = await Promise.all([
    import('@apollo/federation-internals'),
    import('@apollo/query-planner'),
  ]);
  const supergraph = Supergraph.build(graph.sdl);
  const apiSchema = supergraph.apiSchema();
  const planner = new QueryPlanner(supergraph, plannerConfig);
  return {
    name: 'apollo',
    plan({ document, operation }, { labels, percentages }) {
      const overrideConditions = new Map([...labels, ...percentages].map((label) => [label, true]));
      const name = operation.name?.value;
      return planInOrder(document, operation, async (part, one) => {
        const planned = plannedDocument(part, one);
        if (!planned) return { node: undefined };
        const { node } = planner.buildQueryPlan(
          operationFromDocument(
            apiSchema,
            withTypenames(graph.schema, planned),
            name === undefined ? {} : { operationName: name },
          ),
          { overrideConditions },
        );
        return planOf(node);
      });
    },
  };
}

function planOf(node: ApolloNode | { kind: 'Subscription'; primary: FetchNode; rest?: ApolloNode } | undefined): Plan {
  if (node?.kind === 'Subscription') {
    return { subscription: rootFetch(node.primary), node: node.rest && nodeOf(node.rest) };
  }
  return { node: node && nodeOf(node) };
}

function nodeOf(node: ApolloNode): PlanNode | undefined {
  switch (node.kind) {
    case 'Fetch':
      return rootFetch(node);
    case 'Flatten':
      if (node.node.kind !== 'Fetch') throw new Error(`The planner put a ${node.node.kind} into a Flatten.`);
      return entityFetch(
        node.node,
        node.path.map((step) => (step === '@' ? 'each' : { field: String(step) })),
      );
    case 'Sequence':
      return inSequence(node.nodes.map(nodeOf));
    case 'Parallel':
      return inParallel(node.nodes.map(nodeOf));
    case 'Condition':
    case 'Defer':
      throw new Error(`The planner made a ${node.kind}, which it should not.`);
  }
}

const askedOf = (node: FetchNode) => ({
  subgraph: node.serviceName,
  operation: node.operation,
  variables: node.variableUsages ?? [],
});

const rootFetch = (node: FetchNode): RootFetch => ({
  kind: 'root',
  ...askedOf(node),
  type: node.operationKind,
  rewrites: (node.outputRewrites ?? []).map(rewrite),
});

const entityFetch = (node: FetchNode, path: Path): EntityFetch => ({
  kind: 'entities',
  ...askedOf(node),
  lists: [
    {
      alias: '_entities',
      variable: 'representations',
      paths: [path],
      requires: (node.requires ?? []).map(required),
      inputRewrites: (node.inputRewrites ?? []).map(rewrite),
      outputRewrites: (node.outputRewrites ?? []).map(rewrite),
    },
  ],
});

function required(selection: QueryPlanSelectionNode): Required {
  if (selection.kind === 'Field') {
    return {
      field: selection.alias ?? selection.name,
      as: selection.name,
      ...(selection.selections?.length ? { selections: selection.selections.map(required) } : {}),
    };
  }
  const selections = selection.selections.map(required);
  return { on: selection.typeCondition ?? '', selections };
}

/** A step is a field's name, or `... on A,B` for types. */
function step(text: string) {
  const types = /^\.\.\. on (.+)$/.exec(text)?.[1];
  return types === undefined ? { field: text } : { types: types.split(',') };
}

function rewrite(given: FetchDataRewrite): Rewrite {
  const path = given.path.map(step);
  return given.kind === 'ValueSetter'
    ? { path, change: { set: given.setValueTo } }
    : { path, change: { rename: given.renameKeyTo } };
}
