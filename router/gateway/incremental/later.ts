import {
  getNamedType,
  isNonNullType,
  isObjectType,
  Kind,
  OperationTypeNode,
  print,
  type FieldNode,
  type GraphQLNamedType,
  type InlineFragmentNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import { inParallel, inSequence, type EntityFetch, type Path, type PlanNode, type Required } from '../planning/plan.ts';
import { earliest } from './needs.ts';
import { askForKeys, placeAt } from './places.ts';
import { operationIn, textOf } from './request-text.ts';
import {
  byNeed,
  fieldsOf,
  keepFields,
  needOf,
  readSelected,
  selectionSetOf,
  type Area,
  type Selected,
  type SelectedField,
} from './selected.ts';

/**
 * Takes fields of entities out of a request whose others are needed earlier, puts the entities' keys in their place,
 * and returns the requests for them.
 */
export function moveLater(selected: Selected[], { path, ...area }: Area): PlanNode[] {
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
      const taken = keepFields(object.inner, (field) => fields.has(field));
      moved.push(...entityFetches(taken, entity, key, at, area));
      object.inner = keepFields(object.inner, (field) => !fields.has(field));
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
    return readSelected(all, placeAt(at, places), undefined, { ...area, path });
  }

  if (path === undefined) return [];
  for (const { field, on } of fieldsOf(selected)) moveFrom(field, [...path, ...onlyOn(on), { field: field.name }]);
  return moved.filter((node) => node !== undefined);
}

const onlyOn = (type: string | undefined): Path => (type === undefined ? [] : [{ types: [type] }]);

/** Not one with keys: what is asked for has its own. */
const isOfClient = ({ variable }: VariableDefinitionNode) => variable.name.value !== 'representations';

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
    own.variableDefinitions = [...variableDefinitions, ...(operation.variableDefinitions ?? []).filter(isOfClient)];
    const node: EntityFetch = { ...asked, ...textOf(fetch, own, selectionSet) };
    const need = needOf(set);
    cutting.needs.set(node, need);
    askForKeys(requires, at, need, cutting.places);
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
