import { isDeepStrictEqual } from 'node:util';
import { cpuMsOf, memoryMbOf } from '../process-usage.ts';
import { percentile, round } from '../statistics.ts';
import type { Contestant } from './contestants.ts';
import { runGatewayLoad } from './load.ts';
import { startGateway } from './processes.ts';
import { mutation, nestedQuery, smallQuery } from './shop.ts';

/** Requests in a closed loop. */
export interface RequestScenario {
  name: string;
  query: string;
  connections: number;
  latencyMs: number;
  /** Every request has another variable, so that no two share anything. */
  distinct: boolean;
}

export const requestScenarios: RequestScenario[] = [
  { name: 'nested', query: nestedQuery, connections: 50, latencyMs: 0, distinct: false },
  { name: 'nested, distinct', query: nestedQuery, connections: 50, latencyMs: 0, distinct: true },
  { name: 'nested, 4 ms', query: nestedQuery, connections: 50, latencyMs: 4, distinct: false },
  { name: 'nested, 500 users', query: nestedQuery, connections: 500, latencyMs: 0, distinct: false },
  { name: 'small', query: smallQuery, connections: 50, latencyMs: 0, distinct: false },
  { name: 'small, distinct', query: smallQuery, connections: 50, latencyMs: 0, distinct: true },
  { name: 'mutation', query: mutation, connections: 50, latencyMs: 0, distinct: false },
];

export type RequestFigures = Awaited<ReturnType<typeof measureRequests>>;

/** @param reference the right answer, once one is known. */
export async function measureRequests(
  contestant: Contestant,
  scenario: RequestScenario,
  reference: { data?: unknown },
  seconds: number,
) {
  const bodyOf = (request: number) =>
    JSON.stringify({ query: scenario.query, variables: { tag: scenario.distinct ? String(request) : '' } });
  const { pid, url, subgraphs, answer: expected, stop } = await startGateway(contestant, scenario.latencyMs, bodyOf(0));
  try {
    const { data } = JSON.parse(expected) as { data: unknown };
    reference.data ??= data;
    if (!isDeepStrictEqual(data, reference.data)) throw new Error(`${contestant.name} answers differently.`);
    const load = { url, connections: scenario.connections, bodyOf, expected };
    await runGatewayLoad({ ...load, seconds: seconds / 2 });
    await subgraphs.count();
    const before = cpuMsOf(pid);
    const result = await runGatewayLoad({ ...load, seconds });
    return {
      perSecond: round(result.perSecond),
      p99Ms: round(percentile(result.latenciesMs, 0.99)),
      cpuUs: Math.round(((cpuMsOf(pid) - before) * 1_000) / result.answers),
      rssMb: memoryMbOf(pid).rss,
      wrong: result.wrong,
      subgraphRequests: round((await subgraphs.count()) / result.answers),
    };
  } finally {
    await stop();
  }
}
