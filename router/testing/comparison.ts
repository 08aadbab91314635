import { mostPlaces } from '../gateway/execution/execute.ts';
import { isObject } from '../gateway/execution/values.ts';
import type { Answered, EngineName, Federation } from './federation.ts';

type Path = readonly (string | number)[];

/** Where a null of the answer is that a path leads to; undefined when it leads to a value. */
function nullAt(data: unknown, path: Path): string | undefined {
  let value = data;
  const walked: (string | number)[] = [];
  for (const step of path) {
    if (value === null) break;
    if (Array.isArray(value)) value = value[step as number] as unknown;
    else if (isObject(value)) value = value[step];
    else return undefined;
    walked.push(step);
  }
  return value === null ? walked.join('.') : undefined;
}

/**
 * The nulls that an answer's errors are for, with their messages. Of several errors below one null, servers may tell
 * any: what else failed there is not looked for once it is null (GraphQL specification, "Handling Execution Errors").
 */
function toldNulls({ data, errors }: Answered): Map<string, string[]> {
  const told = new Map<string, string[]>();
  for (const { path, message } of errors) {
    const known = path && nullAt(data, path);
    const place = known ?? (data === null ? '' : `no null at ${path?.join('.') ?? 'no path'}: ${message}`);
    told.set(place, [...(told.get(place) ?? []), message]);
  }
  return told;
}

/** What differs between two answers; undefined when a client could not tell them apart, but by messages. */
export function difference(right: Answered, given: Answered): string | undefined {
  const [wanted, got] = [JSON.stringify(right.data), JSON.stringify(given.data)];
  const told = JSON.stringify(given.errors);
  if (wanted !== got) return `data\n  right ${wanted}\n  given ${got}\n  ${told}`;
  const [mine, its] = [toldNulls(right), toldNulls(given)];
  // What is wrong with an entity that is in many places is told at some of them only.
  const often = (message: string) => given.errors.filter((each) => each.message === message).length >= mostPlaces;
  const missing = [...mine].filter(([place, messages]) => !its.has(place) && !messages.some(often));
  const invented = [...its.keys()].filter((place) => !mine.has(place));
  if (missing.length === 0 && invented.length === 0) return undefined;
  return `errors for\n  right ${[...mine.keys()].join()}\n  given ${[...its.keys()].join()}\n  ${told}`;
}

/** How an engine's answer differs from the monolith's. */
export async function differenceOf(
  federation: Federation,
  engine: EngineName,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<string | undefined> {
  const [right, given] = [await federation.monolith(query, variables), await federation.ask(engine, query, variables)];
  const differs = difference(right, given);
  return (
    differs &&
    `${engine}: ${query} ${JSON.stringify(variables)}\n${differs}\n${given.asked.map(({ subgraph, query: text, variables: values }) => `  ${subgraph}: ${text} ${JSON.stringify(values)}`).join('\n')}`
  );
}
