import {
  Kind,
  OperationTypeNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** What settings call the types that operations begin with, whatever their names in the schema. */
export const rootNames = {
  [OperationTypeNode.QUERY]: 'Query',
  [OperationTypeNode.MUTATION]: 'Mutation',
  [OperationTypeNode.SUBSCRIPTION]: 'Subscription',
} as const;

/** Those of `Query.bike`, `Mutation.buyPoints` that no operation can begin with. */
export function unknownRootFields(schema: GraphQLSchema, fields: readonly string[]): string[] {
  const known = new Set(
    Object.values(OperationTypeNode).flatMap((kind) =>
      Object.keys(schema.getRootType(kind)?.getFields() ?? {}).map((name) => `${rootNames[kind]}.${name}`),
    ),
  );
  return fields.filter((field) => !known.has(field));
}

/** Names of the fields that an operation begins with, as often as it asks for them; none of introspection. */
export function rootFieldsOf(
  { selectionSet }: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): string[] {
  const fieldsIn = ({ selections }: SelectionSetNode): string[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return selection.name.value.startsWith('__') ? [] : [selection.name.value];
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      return fragment ? fieldsIn(fragment.selectionSet) : [];
    });
  return fieldsIn(selectionSet);
}
