import type { GraphQLScalarType } from 'graphql';
import type { Logger } from '../../platform/server/index.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import { documentLimits, ratesByField, subgraphTimeoutMs, unknownSubgraphs, type RouterSettings } from '../config.ts';
import { createDocuments, type Documents } from '../documents/documents.ts';
import type { PersistedDocuments } from '../documents/persisted.ts';
import { readGraph, type Graph } from '../documents/graph.ts';
import { unknownRootFields } from '../documents/root-fields.ts';
import { createCompiler, type Compiler } from '../gateway/compiled.ts';
import { createApolloExecution } from '../gateway/apollo-engine.ts';
import { createEngine, type Engine } from '../gateway/engine.ts';
import type { Hooks } from '../gateway/hooks.ts';
import { createPlanner } from '../gateway/planning/create-planner.ts';
import { createOverrides, overridesIn, tellUnknown } from '../gateway/planning/overrides.ts';
import { createSubgraphClient, type SubgraphClient } from '../gateway/subgraph-client.ts';
import type { HeaderRules } from '../gateway/header-rules.ts';
import type { Turns } from '../gateway/turns.ts';
import type { Metrics } from '../metrics.ts';
import { createSubscriptionPlanner, type SubscriptionPlanner } from '../subscriptions/planner.ts';
import { addressesOf } from './addresses.ts';
import type { BusyOperations } from './busy-operations.ts';

/**
 * All that belongs to one version of the supergraph. Whoever begins with one ends with it: a new version is made beside
 * it and takes its place for whatever begins then.
 */
export interface Generation {
  graph: Graph;
  documents: Documents;
  engine: Engine;
  subscriptions: SubscriptionPlanner;
  clients: Clients;
  /** Plans without counting what is planned. */
  compiler: Compiler;
}

export type Clients = ReadonlyMap<string, SubgraphClient>;

/** What all generations share. */
export interface GenerationTools {
  settings: RouterSettings;
  env: NodeJS.ProcessEnv;
  scalars: readonly GraphQLScalarType[];
  busy: BusyOperations;
  turns: Turns;
  persisted: PersistedDocuments;
  mutations: { answered: number };
  formatError: ErrorFormatter;
  metrics: Metrics;
  hooks: Required<Hooks>;
  headers: HeaderRules;
  logger: Logger;
}

/**
 * @param known clients of the generation before; those with the same address serve on.
 * @throws {Error} when the SDL is none of a supergraph that can be served. @throws {ConfigError} for want of an address.
 */
export async function createGeneration(
  sdl: string,
  tools: GenerationTools,
  known: Clients = new Map(),
): Promise<Generation> {
  const { settings, env, logger, formatError, busy, hooks } = tools;
  const graph = readGraph(sdl, tools.scalars);
  const addresses = addressesOf(graph, env);
  const planner = await createPlanner({ graph, logger });
  const clients = new Map(
    [...addresses].map(([name, url]) => {
      const before = known.get(name);
      const client = before?.url.href === url.href ? before : createClient(name, url, tools);
      return [name, client] as const;
    }),
  );
  const clientOf = (name: string): SubgraphClient => {
    const client = clients.get(name);
    if (!client) throw new Error(`The planner asks a subgraph ${name}, which the supergraph does not have.`);
    return client;
  };
  for (const unknown of unknownSubgraphs(settings, new Set(addresses.keys()))) {
    logger.warn(unknown, 'a setting names what is no subgraph');
  }
  const labels = overridesIn(settings.OVERRIDE_LABELS);
  tellUnknown(graph, labels.keys(), logger);
  const fields = unknownRootFields(graph.schema, [...ratesByField(settings).keys()]);
  if (fields.length > 0) logger.warn({ fields }, 'RATE_PER_FIELD names what no operation can begin with');
  const overrides = createOverrides(graph, labels);
  const compiler = createCompiler({ graph, planner, overrides, cacheBytes: settings.PLAN_CACHE_BYTES, hooks, logger });
  const counted: Compiler = {
    ...compiler,
    async compile(operation, variables) {
      const compiled = await compiler.compile(operation, variables);
      busy.count(operation, variables);
      return compiled;
    },
  };
  const execute =
    settings.ENGINE === 'apollo'
      ? await createApolloExecution({ graph, clientOf, hooks, formatError, logger })
      : undefined;
  return {
    graph,
    documents: createDocuments(graph, documentLimits(settings), tools.persisted),
    engine: createEngine({ ...tools, compiler: counted, execute, clientOf }),
    subscriptions: createSubscriptionPlanner({ graph, compiler: counted, clientOf, hooks, formatError }),
    clients,
    compiler,
  };
}

function createClient(name: string, url: URL, { settings, headers, metrics, logger }: GenerationTools): SubgraphClient {
  return createSubgraphClient({
    name,
    url,
    timeoutMs: subgraphTimeoutMs(settings, name),
    connections: settings.SUBGRAPH_CONNECTIONS,
    headers: headers.namesFor(name),
    maxAnswerBytes: settings.MAX_ANSWER_BYTES,
    secret: settings.ROUTER_SECRET[0],
    breaker: { failures: settings.BREAKER_FAILURES, openMs: settings.BREAKER_OPEN_MS },
    metrics,
    logger,
  });
}
