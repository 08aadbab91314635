import {
  Kind,
  parse,
  print,
  visit,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { EntityFetch, RootFetch } from '../planning/plan.ts';
import { inlined } from './deferral.ts';

/** A request with other selections, and the variables that are left. */
export function textOf(
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
export function operationIn(text: string): OperationDefinitionNode {
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
