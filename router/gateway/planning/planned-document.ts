import {
  isAbstractType,
  Kind,
  print,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ConstValueNode,
  type SelectionSetNode,
  type DocumentNode,
  type FieldNode,
  type FloatValueNode,
  type GraphQLSchema,
  type IntValueNode,
  type OperationDefinitionNode,
  type StringValueNode,
} from 'graphql';

/**
 * What a planner is given of a document: the one operation with its fragments, without introspection, which the router
 * answers itself. Undefined when nothing is left.
 */
export function plannedDocument(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode | undefined {
  let planned = withoutDescriptions(separateOperations(document)[operation.name?.value ?? ''] ?? document);
  const gone = new Set<string>();
  // Each round may empty a fragment, whose spreads then empty others.
  for (let before: DocumentNode | undefined; before !== planned;) {
    before = planned;
    planned = withoutEmpty(planned, gone);
  }
  const isLeft = planned.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return isLeft ? planned : undefined;
}

/** The native planner does not read them. */
const withoutDescriptions = (document: DocumentNode): DocumentNode =>
  visit(document, {
    OperationDefinition: undescribed,
    FragmentDefinition: undescribed,
    VariableDefinition: undescribed,
  });

function undescribed<Node extends { description?: StringValueNode | undefined }>(node: Node): Node | undefined {
  return node.description && { ...node, description: undefined };
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * The document with the type of everything whose type is not known beforehand, for planners that leave it out.
 * @param where the sets that they leave it out of; all of them if not given.
 */
export function withTypenames(
  schema: GraphQLSchema,
  document: DocumentNode,
  where: (set: SelectionSetNode) => boolean = () => true,
): DocumentNode {
  const types = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(types, {
      SelectionSet(set) {
        if (!isAbstractType(types.getParentType()) || !where(set)) return undefined;
        return { ...set, selections: [typename, ...set.selections] };
      },
    }),
  );
}

/** Whether a type is asked for under another name. */
export const renamesType = ({ selections }: SelectionSetNode) =>
  selections.some((each) => each.kind === Kind.FIELD && each.name.value === '__typename' && each.alias !== undefined);

function withoutEmpty(document: DocumentNode, gone: Set<string>): DocumentNode {
  return visit(document, {
    Field: {
      enter(field) {
        const { alias, name } = field;
        if (name.value === '__schema' || name.value === '__type') return null;
        // The native planner takes a field and its alias of the same name for two.
        if (alias?.value !== name.value) return undefined;
        const { alias: _same, ...plain } = field;
        return plain;
      },
      // An object of which nothing is left is in the answer all the same.
      leave: (field) =>
        field.selectionSet?.selections.length === 0
          ? { ...field, selectionSet: { ...field.selectionSet, selections: [typename] } }
          : undefined,
    },
    FragmentSpread: (spread) => (gone.has(spread.name.value) ? null : undefined),
    InlineFragment: { leave: ({ selectionSet }) => (selectionSet.selections.length === 0 ? null : undefined) },
    FragmentDefinition: {
      leave({ name, selectionSet }) {
        if (selectionSet.selections.length > 0) return undefined;
        gone.add(name.value);
        return null;
      },
    },
    OperationDefinition: { leave: ({ selectionSet }) => (selectionSet.selections.length === 0 ? null : undefined) },
  });
}

/** A document whose literals a planner cannot change, since it sees others in their places. */
export interface SealedDocument {
  document: DocumentNode;
  /** Puts the literals back into a text that the planner made. */
  open(text: string): string;
}

/**
 * Hides numbers and strings from a planner that reads and prints them again: in native code 1e400 is infinite, numbers
 * beyond 64 bits are no numbers, and an escaped emoji is two broken characters.
 */
export function sealLiterals(document: DocumentNode): SealedDocument {
  const literals = new Map<string, string>();
  // Its own text, as no string of the client's has it.
  let prefix = 'literal_';
  const text = print(document);
  while (text.includes(prefix)) prefix += '_';
  const seal = (node: IntValueNode | FloatValueNode | StringValueNode): ConstValueNode => {
    const sealed = `${prefix}${literals.size}_`;
    literals.set(sealed, print(node));
    return { kind: Kind.STRING, value: sealed };
  };
  const sealed = visit(document, { IntValue: seal, FloatValue: seal, StringValue: seal });
  if (literals.size === 0) return { document, open: (given) => given };
  const found = new RegExp(`"(${prefix}\\d+_)"`, 'g');
  return {
    document: sealed,
    open: (given) => given.replace(found, (whole, name: string) => literals.get(name) ?? whole),
  };
}
