import { getVariableValues, type GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { routerError } from '../client-errors.ts';

export type Variables = Record<string, unknown>;

export interface VariableLimits {
  /** Items of one list; a bulk mutation takes as many. */
  maxListItems: number;
}

/** Inputs of this graph nest three values. */
const maxNesting = 10;
/** All values of a request: a bulk mutation has some for each of its items. */
const maxValuesPerItem = 10;
/** A client that made one mistake a thousand times needs to be told of it a few times; then one error says that there are more. */
export const maxErrors = 9;

/**
 * Variables as the operation gets them.
 * @returns at most ten errors BAD_USER_INPUT.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Variables,
  limits: VariableLimits,
): { coerced: Variables } | { errors: readonly GraphQLError[] } {
  const problem = problemOf(variables, limits.maxListItems);
  if (problem !== undefined) return { errors: [badInput(problem)] };
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, { maxErrors });
  return coerced ? { coerced } : { errors: errors.map(({ message }) => badInput(message)) };
}

const badInput = (message: string) => routerError('BAD_USER_INPUT', message);

/** Looks at every value without recursion: JSON nests as deep as its text is long. */
function problemOf(variables: Variables, maxListItems: number): string | undefined {
  const maxValues = maxListItems * maxValuesPerItem;
  let level: unknown[] = Object.values(variables);
  let count = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxNesting) return `The variables are nested deeper than ${maxNesting} lists and objects.`;
    count += level.length;
    if (count > maxValues) return `The variables have more than ${maxValues} values.`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Array.isArray(value) && value.length > maxListItems) {
        return `The variables have a list of ${value.length} items; at most ${maxListItems} are allowed.`;
      }
      for (const inner of Object.values(value)) next.push(inner);
      if (next.length > maxValues) return `The variables have more than ${maxValues} values.`;
    }
    level = next;
  }
  return undefined;
}
