import type { Readiness } from '../../platform/server/index.ts';
import type { SubgraphClient } from '../gateway/subgraph-client.ts';

/** How long a subgraph may take to say that it is ready: less than the 4 s that a probe waits. */
const timeoutMs = 2_000;

/** How long the subgraphs' answers are cached, so that several probes cost them one request. */
const rememberedMs = 1_000;

/**
 * Ready once every subgraph was, and from then on while any is. A subgraph that is down costs only its own fields; a
 * router that became unready for it would take the whole graph down.
 */
export function createReadiness(clients: () => ReadonlyMap<string, SubgraphClient>): () => Promise<Readiness> {
  let asked: { at: number; answer: Promise<Readiness> } | undefined;

  let wasComplete = false;

  const ask = async (): Promise<Readiness> => {
    const checks = Object.fromEntries(
      await Promise.all(
        [...clients()].map(async ([name, client]) => [name, await client.readiness(timeoutMs)] as const),
      ),
    );
    const isOk = (state: string) => state === 'ok';
    wasComplete ||= Object.values(checks).every(isOk);
    return { ready: wasComplete && Object.values(checks).some(isOk), checks };
  };

  return () => {
    const now = performance.now();
    if (!asked || now - asked.at > rememberedMs) asked = { at: now, answer: ask() };
    return asked.answer;
  };
}
