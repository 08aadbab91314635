import { setImmediate as nextTurn } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { checkAll, ConfigError } from '../../platform/server/index.ts';
import type { RouterSettings } from '../config.ts';
import { readGraph } from '../documents/graph.ts';
import { isPassing } from '../gateway/planning/planner.ts';
import type { SubscriptionHub } from '../subscriptions/hub.ts';
import { readResumables } from '../subscriptions/resumable.ts';
import { addressesOf } from './addresses.ts';
import { createGeneration, type Generation, type GenerationTools } from './generation.ts';
import type { Named } from './busy-operations.ts';
import { createSource } from './source.ts';

/** The supergraph that is served now. */
export interface Supergraph {
  readonly current: Generation;
  /**
   * Looks whether there is a new one, and takes it if it can be served. Requests under way end with the old one; live
   * subscriptions go on with the new one.
   */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface SupergraphOptions extends GenerationTools {
  hub: Pick<SubscriptionHub, 'adopt' | 'operations'>;
}

/** How long plans may be made before the switch. What is not planned by then is planned when it comes. */
const warmMs = 5_000;

type SourceSettings = Pick<
  RouterSettings,
  'SUPERGRAPH' | 'SUPERGRAPH_POLL_MS' | 'SUPERGRAPH_HEADERS' | 'SUBGRAPH_TIMEOUT_MS'
>;

const sourceOf = (settings: SourceSettings) =>
  createSource(settings.SUPERGRAPH, {
    pollMs: settings.SUPERGRAPH_POLL_MS,
    timeoutMs: settings.SUBGRAPH_TIMEOUT_MS,
    headers: settings.SUPERGRAPH_HEADERS,
  });

const unreadable = (error: unknown) =>
  error instanceof ConfigError
    ? error
    : new ConfigError(`SUPERGRAPH: must be a supergraph that can be read. ${messageOf(error)}`);

/**
 * Reads it, and keeps nothing of it.
 * @throws {ConfigError} when it is not there, is none, or does not say where its subgraphs are.
 */
export async function checkSupergraph(settings: SourceSettings, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const graph = readGraph((await sourceOf(settings).read()) ?? '');
    await checkAll([() => addressesOf(graph, env), () => readResumables(graph)]);
  } catch (error) {
    throw unreadable(error);
  }
}

/** @throws {ConfigError} when there is none that can be served. */
export async function openSupergraph(options: SupergraphOptions): Promise<Supergraph> {
  const { settings, hub, busy, metrics, logger } = options;
  const source = sourceOf(settings);
  let current = await first();
  let isAway = false;
  let underway: Promise<void> | undefined;
  /** How often it was asked to look. */
  let asked = 0;
  /** A new SDL that could not be planned for at that moment: to be taken at the next look, if no other comes. */
  let again: string | undefined;

  async function first(): Promise<Generation> {
    try {
      return await createGeneration((await source.read()) ?? '', options);
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** The new SDL, if there is one. */
  async function changed(): Promise<string | undefined> {
    try {
      const sdl = await source.read();
      isAway = false;
      return sdl ?? again;
    } catch (error) {
      // Once an outage, not each time that it is looked for.
      if (!isAway) refuse(error, 'the supergraph cannot be read; the one that was read last stays', 'unreadable');
      isAway = true;
      return undefined;
    }
  }

  function refuse(error: unknown, what: string, outcome: 'refused' | 'unreadable'): void {
    metrics.reloads.inc({ outcome });
    logger.error({ because: messageOf(error) }, what);
  }

  async function take(sdl: string): Promise<void> {
    let next: Generation;
    try {
      next = await createGeneration(sdl, options, current.clients);
      await warm(next, [...hub.operations(), ...busy.busiest()]);
    } catch (error) {
      const isTold = sdl === again;
      again = isForNow(error) ? sdl : undefined;
      if (again === undefined) refuse(error, 'the new supergraph cannot be served; the old one stays', 'refused');
      else if (!isTold) refuse(error, 'the new supergraph cannot be served yet; the old one stays', 'refused');
      return;
    }
    again = undefined;
    const old = current;
    current = next;
    metrics.reloads.inc({ outcome: 'taken' });
    logger.info({ subgraphs: [...next.clients.keys()] }, 'a new supergraph is served');
    hub.adopt(next);
    const kept = new Set(next.clients.values());
    for (const [name, client] of old.clients) if (!kept.has(client)) void client.close(next.clients.get(name));
  }

  async function look(): Promise<void> {
    // What changes while one is being taken is looked at afterwards.
    for (let looked = 0; looked !== asked;) {
      looked = asked;
      const sdl = await changed();
      if (sdl !== undefined) await take(sdl);
    }
  }

  function reload(): Promise<void> {
    asked += 1;
    return (underway ??= look().finally(() => (underway = undefined)));
  }

  const stop = source.watch(() => void reload());
  return {
    get current() {
      return current;
    },
    reload,
    async close() {
      stop();
      await underway;
      await Promise.all([...current.clients.values()].map((client) => client.close()));
    },
  };
}

/**
 * Plans operations of the generation before that are still valid.
 * @throws {Error} when not one of them can be planned.
 */
async function warm({ documents, compiler }: Generation, operations: readonly Named[]): Promise<void> {
  const deadline = performance.now() + warmMs;
  let planned = 0;
  let failure: unknown;
  for (const { query, name, decisions } of operations) {
    if (performance.now() > deadline) break;
    const found = documents.operationOf(query, name);
    if ('errors' in found) continue;
    await compiler.compile(found.operation, decisions).then(
      () => (planned += 1),
      (error: unknown) => (failure ??= error),
    );
    // Requests come first.
    await nextTurn();
  }
  if (failure !== undefined && planned === 0) throw new Error('No operation can be planned.', { cause: failure });
}

/** No process that plans, or none in time. */
function isForNow(error: unknown): boolean {
  if (error instanceof GraphQLError) return error.extensions.code === 'SERVICE_UNAVAILABLE';
  return isPassing(error) || (error instanceof Error && isForNow(error.cause));
}

/** What fetch throws says "fetch failed"; why is in its cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${messageOf(error.cause)}` : error.message;
}
