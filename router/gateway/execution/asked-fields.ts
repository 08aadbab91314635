import {
  isAbstractType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { Deferral, DeferUsage } from '../incremental/deferral.ts';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** What is asked of an object, by response name. */
export type Fields = Map<string, [FieldNode, ...FieldNode[]]>;

export interface Collecting {
  schema: GraphQLSchema;
  fragments: Fragments;
  deferral?: Pick<Deferral, 'usageOf'> | undefined;
}

/**
 * The fields of an object of this type, by response name, in the order of the specification's CollectFields; and the
 * deferred fragments that are spread in it.
 */
export function collectFields(
  { schema, fragments, deferral }: Collecting,
  type: GraphQLObjectType | GraphQLInterfaceType,
  sets: readonly SelectionSetNode[],
): { fields: Fields; spreads: readonly DeferUsage[] } {
  const fields: Fields = new Map();
  const spreads: DeferUsage[] = [];
  const spread = new Set<string>();
  const applies = (condition: string | undefined) => {
    if (condition === undefined || condition === type.name) return true;
    const other = schema.getType(condition);
    return isAbstractType(other) && schema.isSubType(other, type);
  };
  const add = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const known = fields.get(name);
        if (known) known.push(selection);
        else fields.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (!applies(selection.typeCondition?.name.value)) continue;
        const usage = deferral?.usageOf(selection);
        if (usage) spreads.push(usage);
        add(selection.selectionSet);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment && applies(fragment.typeCondition.name.value)) add(fragment.selectionSet);
      }
    }
  };
  for (const set of sets) add(set);
  return { fields, spreads };
}

/** Whether what is asked of an object differs from one type of it to another. */
export function dependsOnType(
  type: GraphQLInterfaceType,
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
): boolean {
  return sets.some(({ selections }) =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return selection.name.value === '__typename';
      const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (!part) return false;
      const condition = part.typeCondition?.name.value;
      const isOpen = condition === undefined || condition === type.name;
      return isOpen ? dependsOnType(type, [part.selectionSet], fragments) : asksAnything(part.selectionSet, fragments);
    }),
  );
}

function asksAnything({ selections }: SelectionSetNode, fragments: Fragments): boolean {
  return selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return true;
    const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
    return part !== undefined && asksAnything(part.selectionSet, fragments);
  });
}

/** Every field with this response name, of whatever type. */
export function fieldsNamed(name: string, sets: readonly SelectionSetNode[], fragments: Fragments): FieldNode[] {
  return sets.flatMap(({ selections }) =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return (selection.alias ?? selection.name).value === name ? [selection] : [];
      const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      return part ? fieldsNamed(name, [part.selectionSet], fragments) : [];
    }),
  );
}
