import {
  isCompositeType,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLNamedType,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { EntityFetch, Path, PlanNode, Rewrite, RootFetch } from '../planning/plan.ts';
import type { DeferUsage } from './deferral.ts';
import { addAll, atFirst, earliest, isSameNeed, type Need } from './needs.ts';
import { fieldAt, nameOf, typeOf, type CutGraph, type Place } from './places.ts';

/** What is known while a plan is cut. */
export interface Cutting {
  places: Place;
  needs: Map<PlanNode, Need>;
  graph: CutGraph;
}

/** What a request selects of one object, or of one type of it. */
export type Selected = SelectedField | SelectedType;

export interface SelectedField {
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
export interface Area {
  fetch: RootFetch | EntityFetch;
  /** Undefined when it is in several places, or has other names there. */
  path: Path | undefined;
  renames: ReadonlyMap<string, string>;
  operation: OperationDefinitionNode;
  cutting: Cutting;
}

/** Reads what is selected of an object at a place of the answer. */
export function readSelected(
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
      return [{ kind: 'type', node, type: inner, inner: readSelected(node.selectionSet, place, inner, area) }];
    }
    const name = area.renames.get(nameOf(node)) ?? nameOf(node);
    const field = fieldAt(place, name);
    const fieldType = typeOf(type, node.name.value);
    const inner = node.selectionSet
      ? readSelected(node.selectionSet, field, isCompositeType(fieldType) ? fieldType : undefined, area)
      : undefined;
    const isUnknown = field.asked.size === 0 && !inner && node.name.value !== '__typename';
    // Nobody is known who asks for it, so that it must not be late.
    const own: Need = isUnknown ? new Set([atFirst]) : new Set(field.asked);
    return [{ kind: 'field', node, name, own, isClients: field.isClients, of: type, type: fieldType, inner }];
  });
}

/** Names that a planner gave fields, and those that they have in the answer. */
export function renamesIn(rewrites: readonly Rewrite[]): ReadonlyMap<string, string> {
  return new Map(
    rewrites.flatMap(({ path, change }) => {
      const last = path.at(-1);
      return 'rename' in change && last && 'field' in last ? [[last.field, change.rename] as const] : [];
    }),
  );
}

/** Who needs any of it. */
export function needOf(selected: readonly Selected[]): Need {
  const need = new Set<DeferUsage | typeof atFirst>();
  for (const each of selected) {
    if (each.kind === 'field') addAll(need, each.own);
    if (each.inner) addAll(need, needOf(each.inner));
  }
  return need;
}

/** One part for all that is waited for alike; what nobody needs, such as types, is in each. */
export function byNeed(selected: readonly Selected[]): [Need, Selected[]][] {
  const groups: { need: Need; fields: Set<SelectedField> }[] = [];
  const add = (field: SelectedField, need: Need): void => {
    const soonest = earliest(need);
    const group = groups.find((known) =>
      soonest === undefined ? isSameNeed(known.need, need) : earliest(known.need) === soonest,
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
    keepFields(selected, (field) => group.fields.has(field) || needOf([field]).size === 0),
  ]);
}

/** The fields of an object, each with the type of object that it is selected on, where only some have it. */
export function fieldsOf(
  selected: readonly Selected[],
  on?: string,
): { field: SelectedField; on: string | undefined }[] {
  return selected.flatMap((each) => {
    if (each.kind === 'field') return [{ field: each, on }];
    return fieldsOf(each.inner, isObjectType(each.type) || on === undefined ? each.type?.name : on);
  });
}

/** The fields of an object that are kept, of whatever type; types of which none is left are gone. */
export function keepFields(selected: readonly Selected[], isKept: (field: SelectedField) => boolean): Selected[] {
  return selected.flatMap((each): Selected[] => {
    if (each.kind === 'field') return isKept(each) ? [each] : [];
    const inner = keepFields(each.inner, isKept);
    return inner.length > 0 ? [{ ...each, inner }] : [];
  });
}

export function selectionSetOf(selected: readonly Selected[]): SelectionSetNode {
  const selections = selected.map(({ node, inner }): SelectionNode =>
    inner ? { ...node, selectionSet: selectionSetOf(inner) } : node,
  );
  return { kind: Kind.SELECTION_SET, selections };
}
