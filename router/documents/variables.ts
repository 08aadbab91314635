import {
  getVariableValues,
  isNonNullType,
  TypeInfo,
  ValidationContext,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { excessIn } from '../../platform/server/index.ts';
import { routerError } from '../client-errors.ts';
import { maxListItems } from './shape.ts';

export type Variables = Record<string, unknown>;

/** Inputs of this graph nest three values, of a dozen fields. */
const nesting = 10;
const fields = 100;
/** All values of a request: a bulk mutation has some for each of its items. */
const valuesPerItem = 10;
/**
 * A client that made one mistake a thousand times needs to be told of it a few times; then one error says that there
 * are more.
 */
export const maxErrors = 9;

/**
 * Variables as the operation gets them.
 * @param hideSuggestions of names that the schema has: errors then tell no more of it than their client wrote.
 * @returns at most ten errors BAD_USER_INPUT.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Variables,
  hideSuggestions: boolean,
): { coerced: Variables } | { errors: readonly GraphQLError[] } {
  const excess = excessIn(variables, {
    listItems: maxListItems,
    fields,
    nesting,
    values: maxListItems * valuesPerItem,
  });
  if (excess !== undefined) return { errors: [badInput(excess)] };
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors,
    hideSuggestions,
  });
  return coerced ? { coerced } : { errors: errors.map(({ message }) => badInput(message)) };
}

/**
 * A nullable variable may stand where null is not allowed if either has a default (GraphQL specification, "All Variable
 * Usages Are Allowed"). The executor must then refuse null, and the executors that we use report it badly.
 */
export function refuseNulls(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  coerced: Variables,
): GraphQLError | undefined {
  if (!Object.values(coerced).includes(null)) return undefined;
  const context = new ValidationContext(schema, document, new TypeInfo(schema), () => undefined);
  for (const { node, type } of context.getRecursiveVariableUsages(operation)) {
    const name = node.name.value;
    if (coerced[name] === null && isNonNullType(type)) {
      return badInput(`Variable "$${name}" must not be null where it stands for a ${String(type)}.`);
    }
  }
  return undefined;
}

const badInput = (message: string) => routerError('BAD_USER_INPUT', message);
