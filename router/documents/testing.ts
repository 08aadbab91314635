import { readdirSync, readFileSync } from 'node:fs';
import { parse, print, separateOperations } from 'graphql';
import { documentLimits, routerSettings } from '../config.ts';
import { Cursor, DateTime, Long } from '../../platform/server/index.ts';
import { createDocuments, type Documents } from './documents.ts';
import { readGraph } from './graph.ts';
import type { Variables } from './variables.ts';

export const graph = readGraph(readFileSync(new URL('../../schema/supergraph.graphql', import.meta.url), 'utf8'), [
  Long,
  DateTime,
  Cursor,
]);

/** With the limits of every router that was not told otherwise. */
export const createTestDocuments = (settings: NodeJS.ProcessEnv = {}): Documents =>
  createDocuments(graph, documentLimits(routerSettings.parse(settings)));

const documents = createTestDocuments();

export const anybody = { authorization: undefined };

/** The codes of the errors; none when the operation may run. */
export function codesOf(query: string, variables: Variables = {}, operationName?: string): unknown[] {
  return errorsOf(query, variables, operationName).map(({ extensions }) => extensions['code']);
}

export function errorsOf(query: string, variables: Variables = {}, operationName?: string) {
  const checked = documents.check({ query, variables, operationName }, anybody);
  return 'errors' in checked ? checked.errors : [];
}

const operations = new URL('../../schema/client/operations/', import.meta.url);

/** What our own clients send. */
export const clientDocuments = Object.entries(
  separateOperations(
    parse(
      readdirSync(operations)
        .map((name) => readFileSync(new URL(name, operations), 'utf8'))
        .join('\n'),
    ),
  ),
).map(([name, document]) => ({ name, query: print(document) }));

export const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** The least processor time of some runs: the machine does other work too. */
export async function cpuMs(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 5; run += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
