import {
  getNamedType,
  isAbstractType,
  Kind,
  type FieldNode,
  type GraphQLNamedType,
  type SelectionSetNode,
} from 'graphql';
import type { Graph } from '../../documents/graph.ts';
import type { Path, Required } from '../planning/plan.ts';
import type { Deferral, DeferUsage } from './deferral.ts';
import { addAll, atFirst, type Need } from './needs.ts';

export type CutGraph = Pick<Graph, 'supergraph' | 'keyOf' | 'provides'>;

/** A place of the answer, whatever its type: who asks for it. Planners' own fields are asked for by their fetches. */
export interface Place {
  asked: Set<DeferUsage | typeof atFirst>;
  /** The client asks for it. */
  isClients: boolean;
  fields: Map<string, Place>;
}

const emptyPlace = (): Place => ({ asked: new Set(), isClients: false, fields: new Map() });

export function fieldAt({ fields }: Place, name: string): Place {
  const known = fields.get(name) ?? emptyPlace();
  fields.set(name, known);
  return known;
}

/** What a client asks for, by places. */
export function placesOf({ operation, around }: Deferral, { supergraph }: CutGraph): Place {
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

export function typeOf(of: GraphQLNamedType | undefined, field: string): GraphQLNamedType | undefined {
  const definition = of && 'getFields' in of ? of.getFields()[field] : undefined;
  return definition && getNamedType(definition.type);
}

export const nameOf = ({ alias, name }: FieldNode) => (alias ?? name).value;

export function placeAt(path: Path, places: Place): Place {
  let place = places;
  for (const step of path) if (step !== 'each' && 'field' in step) place = fieldAt(place, step.field);
  return place;
}

/** What is asked for at any of these places. */
export function together(places: readonly Place[]): Place {
  const names = new Set(places.flatMap(({ fields }) => [...fields.keys()]));
  return {
    asked: new Set(places.flatMap(({ asked }) => [...asked])),
    isClients: places.some(({ isClients }) => isClients),
    fields: new Map([...names].map((name) => [name, together(places.flatMap(({ fields }) => fields.get(name) ?? []))])),
  };
}

/** Tells the places of keys who needs them. */
export function askForKeys(requires: readonly Required[], path: Path, need: Need, places: Place): void {
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
