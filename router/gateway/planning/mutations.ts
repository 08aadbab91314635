import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
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
  if (operation.operation !== OperationTypeNode.MUTATION) return planOne(document, operation);
  const fields = fieldsOf(document, operation);
  const planFields = (selections: readonly SelectionNode[]) => {
    const one = { ...operation, selectionSet: { ...operation.selectionSet, selections } };
    const definitions = document.definitions.map((each) => (each === operation ? one : each));
    return planOne({ ...document, definitions }, one);
  };
  const plan = await planFields([...fields.values()]);
  const withEntities = new Set(
    fetchesOf(plan.node)
      .flatMap((fetch) => (fetch.kind === 'entities' ? fetch.lists : []))
      .flatMap(({ paths }) =>
        paths.map(([first]) => (typeof first === 'object' && 'field' in first ? first.field : '')),
      ),
  );
  const parts: SelectionNode[][] = [[]];
  for (const [name, field] of fields) {
    parts.at(-1)?.push(field);
    if (withEntities.has(name)) parts.push([]);
  }
  if (parts.at(-1)?.length === 0) parts.pop();
  if (parts.length < 2) return plan;
  return { node: inSequence((await Promise.all(parts.map(planFields))).map(({ node }) => node)) };
}

/**
 * The fields at the root, in the order of the answer and each once, with all that is selected of it: planners take those
 * of fragments last, and run a field twice that is there twice.
 */
function fieldsOf(document: DocumentNode, operation: OperationDefinitionNode): Map<string, FieldNode> {
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  );
  const fields = new Map<string, FieldNode>();
  const read = (selections: readonly SelectionNode[]): void => {
    for (const selection of selections) {
      if (selection.kind !== Kind.FIELD) {
        const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        if (part) read(part.selectionSet.selections);
        continue;
      }
      const name = selection.alias?.value ?? selection.name.value;
      const known = fields.get(name);
      const inner = [...(known?.selectionSet?.selections ?? []), ...(selection.selectionSet?.selections ?? [])];
      const selectionSet = selection.selectionSet && { ...selection.selectionSet, selections: inner };
      fields.set(name, { ...selection, ...(selectionSet ? { selectionSet } : {}) });
    }
  };
  read(operation.selectionSet.selections);
  return fields;
}
