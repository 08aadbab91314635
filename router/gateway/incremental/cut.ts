import { isCompositeType, Kind, type FieldNode, type SelectionSetNode } from 'graphql';
import {
  inParallel,
  inSequence,
  type EntityFetch,
  type EntityList,
  type Plan,
  type PlanNode,
  type RootFetch,
} from '../planning/plan.ts';
import type { Deferral, DeferUsage } from './deferral.ts';
import { moveLater } from './later.ts';
import { atFirst, isSameNeed, noNeed, type Need } from './needs.ts';
import { askForKeys, nameOf, placeAt, placesOf, together, type CutGraph } from './places.ts';
import { operationIn, textOf } from './request-text.ts';
import { byNeed, needOf, readSelected, renamesIn, selectionSetOf, type Area, type Cutting } from './selected.ts';

/** A plan in parts: a fetch that several deferred fragments need is in the part of each, and is the same object. */
export interface CutPlan {
  /** What the first answer needs. */
  first: PlanNode | undefined;
  /** What each deferred fragment needs besides. */
  parts: ReadonlyMap<DeferUsage, PlanNode | undefined>;
}

/**
 * Cuts the plan of a whole operation into what its first answer needs and what is left to its deferred fragments. A
 * field is needed by who asks for it, and by the fetches that need it as a key. A request for what some need at once
 * and others later becomes several: for later fields of an entity the same subgraph is asked again, by the entity's
 * key. So the parts together ask for what the whole plan asked for.
 */
export function cutPlan(plan: Plan, deferral: Deferral, graph: CutGraph): CutPlan {
  const places = placesOf(deferral, graph);
  const needs = new Map<PlanNode, Need>();
  const whole = plan.node && cutNode(plan.node, { places, needs, graph });
  const partOf = (isWanted: (need: Need) => boolean) =>
    whole && only(whole, (node) => isWanted(needs.get(node) ?? noNeed));
  return {
    first: partOf((need) => need.has(atFirst)),
    parts: new Map(
      deferral.usages.map((usage) => [usage, partOf((need) => need.has(usage) && !need.has(atFirst))] as const),
    ),
  };
}

/** From the end of the plan to its beginning: what later fetches need is known when their keys are come upon. */
function cutNode(node: PlanNode, cutting: Cutting): PlanNode | undefined {
  switch (node.kind) {
    case 'sequence':
      return inSequence(
        node.nodes
          .toReversed()
          .map((each) => cutNode(each, cutting))
          .toReversed(),
      );
    case 'parallel':
      return inParallel(node.nodes.map((each) => cutNode(each, cutting)));
    case 'root':
      return cutRoot(node, cutting);
    case 'entities':
      return cutEntities(node, cutting);
  }
}

function only(node: PlanNode, isWanted: (fetch: PlanNode) => boolean): PlanNode | undefined {
  switch (node.kind) {
    case 'sequence':
      return inSequence(node.nodes.map((each) => only(each, isWanted)));
    case 'parallel':
      return inParallel(node.nodes.map((each) => only(each, isWanted)));
    case 'root':
    case 'entities':
      return isWanted(node) ? node : undefined;
  }
}

function cutRoot(fetch: RootFetch, cutting: Cutting): PlanNode | undefined {
  const { places, needs, graph } = cutting;
  const operation = operationIn(fetch.operation);
  const type = graph.supergraph.getRootType(operation.operation);
  if (!isCompositeType(type)) throw new Error(`The supergraph has no ${operation.operation}.`);
  const path = fetch.rewrites.length > 0 ? undefined : [];
  const area: Area = { fetch, path, renames: renamesIn(fetch.rewrites), operation, cutting };
  const root = readSelected(operation.selectionSet, places, type, area);
  const later = moveLater(root, area);
  // A mutation is made once, and for the first answer.
  const groups = fetch.type === 'mutation' ? [[needOf(root), root] as const] : byNeed(root);
  const nodes = groups.map(([need, set]): PlanNode => {
    const isWhole = groups.length === 1 && later.length === 0;
    const node = isWhole ? fetch : { ...fetch, ...textOf(fetch, operation, selectionSetOf(set)) };
    needs.set(node, fetch.type === 'mutation' ? new Set([...need, atFirst]) : need);
    return node;
  });
  return inSequence([inParallel(nodes), inParallel(later)]);
}

function cutEntities(fetch: EntityFetch, cutting: Cutting): PlanNode | undefined {
  const { places, needs } = cutting;
  const operation = operationIn(fetch.operation);
  const entities = new Map(
    operation.selectionSet.selections.flatMap((field) => (field.kind === Kind.FIELD ? [[nameOf(field), field]] : [])),
  );
  const later: (PlanNode | undefined)[] = [];
  const parts: { need: Need; lists: EntityList[]; fields: FieldNode[] }[] = [];
  for (const list of fetch.lists) {
    const field = entities.get(list.alias);
    if (!field?.selectionSet) throw new Error(`The planner asks for no ${list.alias}, which it wants to be answered.`);
    // On several paths, the same is asked for by different parts of the operation.
    const at = list.paths.map((path) => placeAt(path, places));
    const place = at.length === 1 && at[0] ? at[0] : together(at);
    const path = list.paths.length > 1 || list.outputRewrites.length > 0 ? undefined : list.paths[0];
    const area: Area = { fetch, path, renames: renamesIn(list.outputRewrites), operation, cutting };
    const set = readSelected(field.selectionSet, place, undefined, area);
    later.push(...moveLater(set, area));
    for (const [need, own] of byNeed(set)) {
      const known = parts.find((each) => isSameNeed(each.need, need));
      const part = known ?? { need, lists: [], fields: [] };
      if (!known) parts.push(part);
      part.lists.push(list);
      part.fields.push({ ...field, selectionSet: selectionSetOf(own) });
      for (const each of list.paths) askForKeys(list.requires, each, need, cutting.places);
    }
  }
  const isWhole = parts.length === 1 && later.length === 0;
  const nodes = parts.map(({ need, lists, fields }): PlanNode => {
    const selectionSet: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: fields };
    const node = isWhole ? fetch : { ...fetch, lists, ...textOf(fetch, operation, selectionSet) };
    needs.set(node, need);
    return node;
  });
  return inSequence([inParallel(nodes), inParallel(later)]);
}
