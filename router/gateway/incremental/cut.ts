import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isNonNullType,
  isObjectType,
  Kind,
  OperationTypeNode,
  parse,
  print,
  visit,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLNamedType,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { Graph } from '../../documents/graph.ts';
import {
  inParallel,
  inSequence,
  type EntityFetch,
  type EntityList,
  type Path,
  type Plan,
  type PlanNode,
  type Required,
  type Rewrite,
  type RootFetch,
} from '../planning/plan.ts';
import { ancestorsOf, inlined, type Deferral, type DeferUsage } from './deferral.ts';

/** A plan in parts: a fetch that several deferred fragments need is in the part of each, and is the same object. */
export interface CutPlan {
  /** What the first answer needs. */
  first: PlanNode | undefined;
  /** What each deferred fragment needs besides. */
  parts: ReadonlyMap<DeferUsage, PlanNode | undefined>;
}

/** Who needs something: the first answer, or deferred fragments. */
type Need = ReadonlySet<DeferUsage | typeof atFirst>;
const atFirst = 'first';
const noNeed: Need = new Set();

type CutGraph = Pick<Graph, 'supergraph' | 'keyOf' | 'provides'>;

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

/** A place of the answer, whatever its type: who asks for it. Planners' own fields are asked for by their fetches. */
interface Place {
  asked: Set<DeferUsage | typeof atFirst>;
  /** The client asks for it. */
  isClients: boolean;
  fields: Map<string, Place>;
}

const emptyPlace = (): Place => ({ asked: new Set(), isClients: false, fields: new Map() });

function fieldAt({ fields }: Place, name: string): Place {
  const known = fields.get(name) ?? emptyPlace();
  fields.set(name, known);
  return known;
}

function placesOf({ operation, around }: Deferral, { supergraph }: CutGraph): Place {
  const root = emptyPlace();
  const read = ({ selections }: SelectionSetNode, place: Place, type: GraphQLNamedType | undefined): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition && supergraph.getType(selection.typeCondition.name.value);
        read(selection.selectionSet, place, condition ?? type);
      }
      if (selection.kind !== Kind.FIELD) continue;
      const field = fieldAt(place, nameOf(selection));
      const usage = around(selection) ?? atFirst;
      field.isClients = true;
      field.asked.add(usage);
      const inner = typeOf(type, selection.name.value);
      // What is asked of an object may depend on its type, which is told with the object.
      if (isAbstractType(inner)) fieldAt(field, '__typename').asked.add(usage);
      if (selection.selectionSet) read(selection.selectionSet, field, inner);
    }
  };
  read(operation.selectionSet, root, supergraph.getRootType(operation.operation) ?? undefined);
  return root;
}

function typeOf(of: GraphQLNamedType | undefined, field: string): GraphQLNamedType | undefined {
  const definition = of && 'getFields' in of ? of.getFields()[field] : undefined;
  return definition && getNamedType(definition.type);
}

const nameOf = ({ alias, name }: FieldNode) => (alias ?? name).value;

interface Cutting {
  places: Place;
  needs: Map<PlanNode, Need>;
  graph: CutGraph;
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
  const root = read(operation.selectionSet, places, type, area);
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
    const set = read(field.selectionSet, place, undefined, area);
    later.push(...moveLater(set, area));
    for (const [need, own] of byNeed(set)) {
      const known = parts.find((each) => isSame(each.need, need));
      const part = known ?? { need, lists: [], fields: [] };
      if (!known) parts.push(part);
      part.lists.push(list);
      part.fields.push({ ...field, selectionSet: selectionSetOf(own) });
      for (const each of list.paths) ask(list.requires, each, need, cutting.places);
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

function placeAt(path: Path, places: Place): Place {
  let place = places;
  for (const step of path) if (step !== 'each' && 'field' in step) place = fieldAt(place, step.field);
  return place;
}

/** What is asked for at any of these places. */
function together(places: readonly Place[]): Place {
  const names = new Set(places.flatMap(({ fields }) => [...fields.keys()]));
  return {
    asked: new Set(places.flatMap(({ asked }) => [...asked])),
    isClients: places.some(({ isClients }) => isClients),
    fields: new Map([...names].map((name) => [name, together(places.flatMap(({ fields }) => fields.get(name) ?? []))])),
  };
}

/** Tells the places of keys who needs them. */
function ask(requires: readonly Required[], path: Path, need: Need, places: Place): void {
  let place = places;
  for (const step of path) {
    if (step === 'each') continue;
    if ('field' in step) place = fieldAt(place, step.field);
    else addAll(fieldAt(place, '__typename').asked, need);
  }
  const askAt = (selections: readonly Required[], at: Place): void => {
    for (const selection of selections) {
      if ('on' in selection) {
        askAt(selection.selections, at);
        continue;
      }
      const field = fieldAt(at, selection.field);
      if (selection.selections) askAt(selection.selections, field);
      else addAll(field.asked, need);
    }
  };
  askAt(requires, place);
}

const addAll = <Item>(to: Set<Item>, items: Iterable<Item>): void => {
  for (const item of items) to.add(item);
};

/** What a request selects of one object, or of one type of it. */
type Selected = SelectedField | SelectedType;

interface SelectedField {
  kind: 'field';
  node: FieldNode;
  /** In the answer. */
  name: string;
  /** Who needs it, whatever is in it. */
  own: Need;
  isClients: boolean;
  /** What it is a field of, and what type it has. */
  of: GraphQLCompositeType | undefined;
  type: GraphQLNamedType | undefined;
  inner: Selected[] | undefined;
}

interface SelectedType {
  kind: 'type';
  node: InlineFragmentNode;
  type: GraphQLCompositeType | undefined;
  inner: Selected[];
}

/** The part of the answer that a request, or one list of it, is for. */
interface Area {
  fetch: RootFetch | EntityFetch;
  /** Undefined when it is in several places, or has other names there. */
  path: Path | undefined;
  renames: ReadonlyMap<string, string>;
  operation: OperationDefinitionNode;
  cutting: Cutting;
}

function read(
  { selections }: SelectionSetNode,
  place: Place,
  type: GraphQLCompositeType | undefined,
  area: Area,
): Selected[] {
  const { supergraph } = area.cutting.graph;
  return selections.flatMap((node): Selected[] => {
    if (node.kind === Kind.FRAGMENT_SPREAD) return [];
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const condition = node.typeCondition && supergraph.getType(node.typeCondition.name.value);
      const inner = isCompositeType(condition) ? condition : type;
      return [{ kind: 'type', node, type: inner, inner: read(node.selectionSet, place, inner, area) }];
    }
    const name = area.renames.get(nameOf(node)) ?? nameOf(node);
    const field = fieldAt(place, name);
    const fieldType = typeOf(type, node.name.value);
    const inner = node.selectionSet
      ? read(node.selectionSet, field, isCompositeType(fieldType) ? fieldType : undefined, area)
      : undefined;
    const isUnknown = field.asked.size === 0 && !inner && node.name.value !== '__typename';
    // Nobody is known who asks for it, so that it must not be late.
    const own: Need = isUnknown ? new Set([atFirst]) : new Set(field.asked);
    return [{ kind: 'field', node, name, own, isClients: field.isClients, of: type, type: fieldType, inner }];
  });
}

/** Names that a planner gave fields, and those that they have in the answer. */
function renamesIn(rewrites: readonly Rewrite[]): ReadonlyMap<string, string> {
  return new Map(
    rewrites.flatMap(({ path, change }) => {
      const last = path.at(-1);
      return 'rename' in change && last && 'field' in last ? [[last.field, change.rename] as const] : [];
    }),
  );
}

function needOf(selected: readonly Selected[]): Need {
  const need = new Set<DeferUsage | typeof atFirst>();
  for (const each of selected) {
    if (each.kind === 'field') addAll(need, each.own);
    if (each.inner) addAll(need, needOf(each.inner));
  }
  return need;
}

/** One part for all that is waited for alike; what nobody needs, such as types, is in each. */
function byNeed(selected: readonly Selected[]): [Need, Selected[]][] {
  const groups: { need: Need; fields: Set<SelectedField> }[] = [];
  const add = (field: SelectedField, need: Need): void => {
    const soonest = earliest(need);
    const group = groups.find((known) =>
      soonest === undefined ? isSame(known.need, need) : earliest(known.need) === soonest,
    );
    if (!group) return void groups.push({ need, fields: new Set([field]) });
    group.fields.add(field);
    group.need = new Set([...group.need, ...need]);
  };
  const fields = fieldsOf(selected).map(({ field }) => ({ field, need: needOf([field]) }));
  for (const { field, need } of fields) if (field.isClients && need.size > 0) add(field, need);
  const first = groups.find(({ need }) => need.has(atFirst));
  for (const { field, need } of fields) {
    if (field.isClients || need.size === 0) continue;
    // A key comes with what is asked for at once: it is no request of its own.
    if (first) {
      first.fields.add(field);
      first.need = new Set([...first.need, ...need]);
    } else add(field, need);
  }
  if (groups.length < 2) return [[needOf(selected), [...selected]]];
  return groups.map((group) => [
    group.need,
    keep(selected, (field) => group.fields.has(field) || needOf([field]).size === 0),
  ]);
}

/** The fields of an object, each with the type of object that it is selected on, where only some have it. */
function fieldsOf(selected: readonly Selected[], on?: string): { field: SelectedField; on: string | undefined }[] {
  return selected.flatMap((each) => {
    if (each.kind === 'field') return [{ field: each, on }];
    return fieldsOf(each.inner, isObjectType(each.type) || on === undefined ? each.type?.name : on);
  });
}

/** The fields of an object that are kept, of whatever type; types of which none is left are gone. */
function keep(selected: readonly Selected[], isKept: (field: SelectedField) => boolean): Selected[] {
  return selected.flatMap((each): Selected[] => {
    if (each.kind === 'field') return isKept(each) ? [each] : [];
    const inner = keep(each.inner, isKept);
    return inner.length > 0 ? [{ ...each, inner }] : [];
  });
}

const isSame = (one: Need, other: Need) => one.size === other.size && [...one].every((each) => other.has(each));

/** Who of those that need something is answered before the others; undefined where none is. */
function earliest(need: Need): DeferUsage | typeof atFirst | undefined {
  if (need.has(atFirst)) return atFirst;
  const usages = [...need].filter((each) => each !== atFirst);
  return usages.find((usage) => usages.every((other) => other === usage || ancestorsOf(other).includes(usage)));
}

/**
 * Takes fields of entities out of a request whose others are needed earlier, puts the entities' keys in their place,
 * and returns the requests for them.
 */
function moveLater(selected: Selected[], { path, ...area }: Area): PlanNode[] {
  const { fetch, cutting } = area;
  const { graph, places } = cutting;
  const moved: (PlanNode | undefined)[] = [];

  function moveFrom(object: SelectedField, at: Path): void {
    const { of, node } = object;
    if (!object.inner || !of || graph.provides(fetch.subgraph, of.name, node.name.value)) return;
    const soonest = earliest(needOf([object]));
    if (soonest === undefined) return;
    const type = isObjectType(object.type) ? object.type.name : undefined;
    const late = new Map<string, Set<SelectedField>>();
    for (const { field, on } of fieldsOf(object.inner)) {
      const entity = type ?? on;
      const key = entity === undefined ? undefined : graph.keyOf(fetch.subgraph, entity);
      // Without a key, an object would not be found again.
      if (key && !isAlwaysThere(key, graph.supergraph.getType(entity ?? ''))) continue;
      const need = needOf([field]);
      if (!key || entity === undefined || !field.isClients || need.size === 0 || need.has(soonest)) continue;
      if (namesIn(key).has(field.node.name.value)) continue;
      late.set(entity, (late.get(entity) ?? new Set()).add(field));
    }
    for (const [entity, fields] of late) {
      const key = graph.keyOf(fetch.subgraph, entity);
      // On another type the key may be of another type, which no one request may ask for.
      if (!key || (type === undefined && !isLikeOthers(key, entity, object.inner))) continue;
      const taken = keep(object.inner, (field) => fields.has(field));
      moved.push(...entityFetches(taken, entity, key, at, area));
      object.inner = keep(object.inner, (field) => !fields.has(field));
      object.inner.push(...keyOf(entity, key, at));
    }
    for (const { field, on } of fieldsOf(object.inner)) {
      moveFrom(field, [...at, ...(type === undefined ? onlyOn(on) : []), { field: field.name }]);
    }
  }

  function isLikeOthers({ selections }: SelectionSetNode, entity: string, inner: readonly Selected[]): boolean {
    const typeOf = (of: GraphQLNamedType | undefined, name: string) =>
      of && 'getFields' in of ? String(of.getFields()[name]?.type) : undefined;
    const own = graph.supergraph.getType(entity);
    return selections.every((each) => {
      if (each.kind !== Kind.FIELD || each.selectionSet) return false;
      const name = each.name.value;
      const others = fieldsOf(inner).filter(({ field }) => field.name === name);
      return others.every(({ field }) => typeOf(field.of, field.node.name.value) === typeOf(own, name));
    });
  }

  /** Selected where it is needed by now. */
  function keyOf(entity: string, key: SelectionSetNode, at: Path): Selected[] {
    const typed = { ...key, selections: [typename, ...key.selections] };
    const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: entity } } as const;
    const node: InlineFragmentNode = { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: typed };
    const all: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [node] };
    return read(all, placeAt(at, places), undefined, { ...area, path });
  }

  if (path === undefined) return [];
  for (const { field, on } of fieldsOf(selected)) moveFrom(field, [...path, ...onlyOn(on), { field: field.name }]);
  return moved.filter((node) => node !== undefined);
}

const onlyOn = (type: string | undefined): Path => (type === undefined ? [] : [{ types: [type] }]);

/** Not one with keys: what is asked for has its own. */
const isClients = ({ variable }: VariableDefinitionNode) => variable.name.value !== 'representations';

/** Requests for fields of entities at a path, of the subgraph that their key comes from. */
function entityFetches(
  fields: Selected[],
  type: string,
  key: SelectionSetNode,
  at: Path,
  { fetch, cutting, operation }: Pick<Area, 'fetch' | 'cutting' | 'operation'>,
): (PlanNode | undefined)[] {
  const requires: Required[] = [
    { on: type, selections: [{ field: '__typename', as: '__typename' }, ...requiredOf(key)] },
  ];
  return byNeed(fields).map(([, set]) => {
    const list = {
      alias: '_entities',
      variable: 'representations',
      paths: [at],
      requires,
      inputRewrites: [],
      outputRewrites: [],
      again: true,
    };
    const asked = { kind: 'entities', subgraph: fetch.subgraph, lists: [list] } as const;
    const later = moveLater(set, { fetch, path: at, renames: new Map(), operation, cutting });
    const selections = print(selectionSetOf(set));
    const { variableDefinitions = [], selectionSet } = operationIn(
      `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${type} ${selections} } }`,
    );
    const own = { ...operation, operation: OperationTypeNode.QUERY };
    own.variableDefinitions = [...variableDefinitions, ...(operation.variableDefinitions ?? []).filter(isClients)];
    const node: EntityFetch = { ...asked, ...textOf(fetch, own, selectionSet) };
    const need = needOf(set);
    cutting.needs.set(node, need);
    ask(requires, at, need, cutting.places);
    return inSequence([node, inParallel(later)]);
  });
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

const namesIn = ({ selections }: SelectionSetNode) =>
  new Set(selections.flatMap((each) => (each.kind === Kind.FIELD ? [each.name.value] : [])));

/** A key, as a subgraph is told it. */
function requiredOf({ selections }: SelectionSetNode): Required[] {
  return selections.flatMap((selection): Required[] => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const inner = selection.selectionSet ? requiredOf(selection.selectionSet) : undefined;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const on = selection.typeCondition?.name.value;
      return on === undefined ? (inner ?? []) : [{ on, selections: inner ?? [] }];
    }
    const name = selection.name.value;
    return [{ field: name, as: name, ...(inner ? { selections: inner } : {}) }];
  });
}

/** Whether no part of a key may be null. */
function isAlwaysThere({ selections }: SelectionSetNode, of: GraphQLNamedType | undefined): boolean {
  return selections.every((selection) => {
    if (selection.kind !== Kind.FIELD || !of || !('getFields' in of)) return false;
    const type = of.getFields()[selection.name.value]?.type;
    if (!isNonNullType(type)) return false;
    return !selection.selectionSet || isAlwaysThere(selection.selectionSet, getNamedType(type));
  });
}

function selectionSetOf(selected: readonly Selected[]): SelectionSetNode {
  const selections = selected.map(({ node, inner }): SelectionNode =>
    inner ? { ...node, selectionSet: selectionSetOf(inner) } : node,
  );
  return { kind: Kind.SELECTION_SET, selections };
}

/** A request with other selections, and the variables that are left. */
function textOf(
  fetch: RootFetch | EntityFetch,
  operation: OperationDefinitionNode,
  selectionSet: SelectionSetNode,
): Pick<RootFetch, 'operation' | 'variables'> {
  const used = new Set<string>();
  visit(selectionSet, { Variable: ({ name }) => void used.add(name.value) });
  const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) => used.has(variable.name.value));
  return {
    operation: print({ ...operation, ...(variableDefinitions ? { variableDefinitions } : {}), selectionSet }),
    variables: fetch.variables.filter((name) => used.has(name)),
  };
}

/** The operation in a request's text, with every fragment where it is spread. */
function operationIn(text: string): OperationDefinitionNode {
  const { definitions } = parse(text, { noLocation: true });
  const fragments = new Map(
    definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  );
  const operation = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('The planner asks for no operation.');
  return { ...operation, selectionSet: inlined(operation.selectionSet, fragments) };
}
