import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql';
import { fetchesOf, inSequence, type Plan } from './plan.ts';

type PlanOne = (document: DocumentNode, operation: OperationDefinitionNode) => Promise<Plan>;

/**
 * Fields of a mutation run one after the other, each with all that it selects (GraphQL specification, "Mutation"). A
 * planner asks a subgraph for several at once, and for their entities afterwards, when later ones have changed them. So
 * those are planned apart that follow a field with entities.
 */
export async function planInOrder(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  planOne: PlanOne,
): Promise<Plan> {
  const plan = await planOne(document, operation);
  if (operation.operation !== OperationTypeNode.MUTATION) return plan;
  const withEntities = new Set(
    fetchesOf(plan.node)
      .flatMap((fetch) => (fetch.kind === 'entities' ? fetch.lists : []))
      .flatMap(({ paths }) =>
        paths.map(([first]) => (typeof first === 'object' && 'field' in first ? first.field : '')),
      ),
  );
  const parts: SelectionNode[][] = [[]];
  for (const [name, selections] of fieldsOf(document, operation)) {
    parts.at(-1)?.push(...selections);
    if (withEntities.has(name)) parts.push([]);
  }
  if (parts.at(-1)?.length === 0) parts.pop();
  if (parts.length < 2) return plan;
  const plans = parts.map((selections) => {
    const one = { ...operation, selectionSet: { ...operation.selectionSet, selections } };
    const definitions = document.definitions.map((each) => (each === operation ? one : each));
    return planOne({ ...document, definitions }, one);
  });
  return { node: inSequence((await Promise.all(plans)).map(({ node }) => node)) };
}

/** What is selected of each field at the root, in the order of the answer. */
function fieldsOf(document: DocumentNode, operation: OperationDefinitionNode): Map<string, SelectionNode[]> {
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  );
  const fields = new Map<string, SelectionNode[]>();
  const read = (selections: readonly SelectionNode[], within: (field: SelectionNode) => SelectionNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        fields.set(name, [...(fields.get(name) ?? []), within(selection)]);
        continue;
      }
      const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (!part) continue;
      const { typeCondition, selectionSet } = part;
      const { directives = [] } = selection;
      // Whether it is included stays with each of its fields.
      read(selectionSet.selections, (field) =>
        within({
          kind: Kind.INLINE_FRAGMENT,
          ...(typeCondition ? { typeCondition } : {}),
          directives,
          selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
        }),
      );
    }
  };
  read(operation.selectionSet.selections, (field) => field);
  return fields;
}
