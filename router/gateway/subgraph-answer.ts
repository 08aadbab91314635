import type { GraphQLFormattedError } from 'graphql';
import type { SubgraphAnswer } from './execution/answer.ts';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The GraphQL answer, whatever HTTP status it came with: subgraphs send 401 and 503 with a body of errors. */
export function parseAnswer(text: string): SubgraphAnswer | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(answer)) return undefined;
  const { data = null, extensions } = answer;
  const errors = errorsIn(answer['errors']);
  if (!errors || (data !== null && !isObject(data))) return undefined;
  // Neither data nor an error is no answer.
  if (data === null && errors.length === 0) return undefined;
  return {
    ...('data' in answer ? { data } : {}),
    ...(errors.length > 0 ? { errors } : {}),
    ...(isObject(extensions) ? { extensions } : {}),
  };
}

const isPath = (value: unknown): value is (string | number)[] =>
  Array.isArray(value) && value.every((step) => typeof step === 'string' || typeof step === 'number');

/**
 * A subgraph's errors, empty without any; undefined if the value is no list of GraphQL errors. Drops their locations,
 * because these point into the router's own document, which no client has seen.
 */
export function errorsIn(given: unknown): GraphQLFormattedError[] | undefined {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) return undefined;
  const errors = given.map(errorIn);
  return errors.every((error) => error !== undefined) ? errors : undefined;
}

function errorIn(given: unknown): GraphQLFormattedError | undefined {
  if (!isObject(given) || typeof given['message'] !== 'string') return undefined;
  const { message, path, extensions } = given;
  return { message, ...(isPath(path) ? { path } : {}), ...(isObject(extensions) ? { extensions } : {}) };
}
