import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type ServiceProcess, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';
import type { Usage } from './usage.ts';

/** The target of attacks: a system whose router is as small as a pod. */
export interface Target {
  system: TestSystem;
  /** Of the router. */
  url: string;
  port: number;
  /** Of each subgraph, for attacks that bypass the router. */
  subgraphPorts: readonly number[];
  router: ServiceProcess;
  subgraphs: ServiceProcess;
  /** Restarts processes that have ended or do not answer. */
  revive(): Promise<void>;
  /** The router's memory and CPU time, after a garbage collection. */
  usage(): Promise<Usage>;
  /** A figure of the router's /metrics. */
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

/** Our own operations: as tools they are attacked, too. */
const manifest = join(import.meta.dirname, '../../schema/client/generated/persisted-documents.json');

/** The heap of the router in MB: a pod's share. */
const heapMb = 256;

/** A router that is silent for this long counts as dead. */
const reviveAfterMs = 5_000;

export async function startTarget(env: NodeJS.ProcessEnv = {}): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), 'hostile-'));
  const usageFile = join(directory, 'usage.json');
  const preload = join(import.meta.dirname, 'usage.ts');
  const system = await startSystem({
    mode: 'two',
    // The wait for a turn as the product has it: what waits longer keeps a place that others of its client need.
    env: { USAGE_FILE: usageFile, MCP: 'on', PERSISTED_DOCUMENTS: manifest, QUERY_WAIT_MS: '2000', ...env },
    routerArguments: [`--max-old-space-size=${heapMb}`, '--import', preload],
  });
  const { router, subgraphs } = system.pair ?? {};
  if (!router || !subgraphs) throw new Error('A system in two processes has two.');
  let asked = 0;

  async function usage(): Promise<Usage> {
    asked += 1;
    process.kill(router?.pid ?? 0, 'SIGUSR2');
    let answer: Usage | undefined;
    await until('the router says what it uses', async () => {
      answer = await readFile(usageFile, 'utf8').then(
        (text) => JSON.parse(text) as Usage,
        () => undefined,
      );
      return answer?.asked === asked;
    });
    if (!answer) throw new Error('The router did not say what it uses.');
    return answer;
  }

  return {
    system,
    url: system.routerUrl,
    port: Number(new URL(system.routerUrl).port),
    subgraphPorts: system.subgraphPorts ?? [],
    router,
    subgraphs,
    async revive() {
      if (!subgraphs.alive) await subgraphs.restart();
      const answers = () => fetch(`${system.routerUrl}/healthz`, { signal: AbortSignal.timeout(reviveAfterMs) });
      if (router.alive && (await answers().catch(() => undefined))?.ok) return;
      await router.kill();
      asked = 0;
      await router.restart();
    },
    usage,
    async metric(name) {
      const text = await (await fetch(`${system.routerUrl}/metrics`)).text();
      const line = new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, 'm').exec(text);
      if (!line) throw new Error(`/metrics has no ${name}`);
      return Number(line[1]);
    },
    async close() {
      await system.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
