/**
 * How an operation is answered: which subgraph is asked for what, and in which order. Both planners' plans are brought
 * into this form; only `RootFetch` and `EntityFetch` ask a subgraph.
 */
export interface Plan {
  /** Undefined when no subgraph is needed: introspection only. */
  node: PlanNode | undefined;
  /** Of a subscription: what its owner is asked; `node` completes each event. */
  subscription?: RootFetch | undefined;
}

export type PlanNode = RootFetch | EntityFetch | Sequence | Parallel;

interface Fetch {
  subgraph: string;
  /** Text of what is asked. */
  operation: string;
  /** The client's variables that it uses. */
  variables: readonly string[];
}

/** Asks for fields of `Query`, `Mutation` or `Subscription`. */
export interface RootFetch extends Fetch {
  kind: 'root';
  type: 'query' | 'mutation' | 'subscription';
  /** Changes of the answer before it is merged. */
  rewrites: readonly Rewrite[];
}

/** Asks for fields of entities that are in the answer already; several lists of entities may share a request. */
export interface EntityFetch extends Fetch {
  kind: 'entities';
  lists: readonly EntityList[];
}

export interface EntityList {
  /** The response name of the list in the subgraph's answer. */
  alias: string;
  /** The variable that takes the entities' representations. */
  variable: string;
  /** Where the entities are; an entity is sent once, in however many places it is. */
  paths: readonly Path[];
  requires: readonly Required[];
  /** Changes of a representation before it is sent. */
  inputRewrites: readonly Rewrite[];
  /** Changes of an entity's answer before it is merged. */
  outputRewrites: readonly Rewrite[];
  /** The entities come from this subgraph: that it does not find one any more is an error. */
  again?: boolean;
}

export interface Sequence {
  kind: 'sequence';
  nodes: readonly PlanNode[];
}

export interface Parallel {
  kind: 'parallel';
  nodes: readonly PlanNode[];
}

export type Path = readonly PathStep[];

/** A response name, each item of a list, or only objects of these types. */
export type PathStep = { field: string } | 'each' | { types: readonly string[] };

/** A part of a representation: what a subgraph must be told to find or compute an entity. */
export type Required =
  | {
      /** Its response name so far, and the name that the subgraph knows. */
      field: string;
      as: string;
      selections?: readonly Required[];
    }
  | { on: string; selections: readonly Required[] };

/** Sets a field's value, or gives it another name, on objects of the given types along the path. */
export interface Rewrite {
  path: readonly RewriteStep[];
  change: { set: unknown } | { rename: string };
}

export type RewriteStep = { field: string } | { types: readonly string[] };

const flatten = (kind: 'sequence' | 'parallel', nodes: readonly (PlanNode | undefined)[]): PlanNode | undefined => {
  const given = nodes
    .filter((node) => node !== undefined)
    .flatMap((node) => (node.kind === kind ? node.nodes : [node]));
  return given.length > 1 ? { kind, nodes: given } : given[0];
};

export const inSequence = (nodes: readonly (PlanNode | undefined)[]) => flatten('sequence', nodes);
export const inParallel = (nodes: readonly (PlanNode | undefined)[]) => flatten('parallel', nodes);

/** Every fetch of the plan, in no particular order. */
export function fetchesOf(node: PlanNode | undefined): (RootFetch | EntityFetch)[] {
  if (node === undefined) return [];
  if (node.kind === 'root' || node.kind === 'entities') return [node];
  return node.nodes.flatMap(fetchesOf);
}
