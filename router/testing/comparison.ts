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
 * The nulls that an answer's errors are for. Of several errors below one null, servers may tell any: what else failed
 * there is not looked for once it is null (GraphQL specification, "Handling Execution Errors").
 */
function toldNulls({ data, errors }: Answered): string[] {
  const told = errors.map(({ path, message }) => {
    const place = path && nullAt(data, path);
    return place ?? (data === null ? '' : `no null at ${path?.join('.') ?? 'no path'}: ${message}`);
  });
  return [...new Set(told)].sort();
}

/** What differs between two answers; undefined when a client could not tell them apart, but by messages. */
export function difference(right: Answered, given: Answered): string | undefined {
  const [wanted, got] = [right, given].map((answer) => ({
    data: JSON.stringify(answer.data),
    nulls: JSON.stringify(toldNulls(answer)),
  }));
  if (wanted?.data !== got?.data)
    return `data\n  right ${wanted?.data}\n  given ${got?.data}\n  ${JSON.stringify(given.errors)}`;
  if (wanted?.nulls !== got?.nulls)
    return `errors for\n  right ${wanted?.nulls}\n  given ${got?.nulls}\n  ${JSON.stringify(given.errors)}`;
  return undefined;
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
