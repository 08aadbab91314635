import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLScalarType } from 'graphql';
import type { z } from 'zod';
import {
  createLogger,
  createOperationLabel,
  createTokenVerifier,
  createTracing,
  metricsRoute,
  startHttpServer,
  type Contradictions,
  type Logger,
  type RequestHandler,
  type TokenVerifier,
  type Unwanted,
} from '../platform/server/index.ts';
import { clientOf as clientBehind, createDoor, createRouterAdmission, type RouterGuest } from './http/admission.ts';
import { createPersistedDocuments, readManifest } from './documents/persisted.ts';
import { createErrorFormatter } from './client-errors.ts';
import { ratesByField, readRouterSettings } from './config.ts';
import { createCors, type Cors } from './http/cors.ts';
import { combineHooks, type Hooks } from './gateway/hooks.ts';
import { countRequests } from './hooks/metrics.ts';
import { traceRequests } from './hooks/tracing.ts';
import { createHeaderRules } from './gateway/header-rules.ts';
import { createTurns } from './gateway/turns.ts';
import { createRates } from './http/rates.ts';
import { createGraphqlHttp } from './http/graphql.ts';
import { createMcp, mcpHeaders } from './mcp/mcp.ts';
import { createMetrics } from './metrics.ts';
import { createReadiness } from './http/readiness.ts';
import { correlationIdOf, createRequestContext } from './gateway/request-context.ts';
import { createSubscriptionHub } from './subscriptions/hub.ts';
import { createOperations } from './subscriptions/operations.ts';
import { createBusyOperations } from './supergraph/busy-operations.ts';
import { openSupergraph } from './supergraph/supergraph.ts';
import { createHttpStreams, wantsStream } from './subscriptions/http-streams.ts';
import { createWebSocketTransport } from './subscriptions/websocket.ts';

export interface Router {
  /** The port it listens on, chosen by the system when 0 was asked for. */
  port: number;
  /** Looks whether there is a new supergraph. */
  reload(): Promise<void>;
  /** Takes nothing new, finishes what runs (at most STOP_TIMEOUT_MS), closes every socket. */
  close(): Promise<void>;
}

/** What stands before every path of the router. */
export interface ProductDoor {
  /** Which web pages may read the answers. */
  cors: Cors;
  /** Who sends a request, and what they may still take; for once the router listens. */
  guestOf(request: IncomingMessage): Promise<RouterGuest>;
  verifyToken: TokenVerifier;
  /** Where a subgraph answers GraphQL now; undefined where the supergraph has none of this name. For once the router listens. */
  addressOf(subgraph: string): URL | undefined;
  logger: Logger;
}

/** What a product adds to the gateway. */
export interface Product {
  /** Settings of its own. */
  settings: z.ZodObject;
  /** Those of its settings that are right each, and wrong together. */
  contradictions: Contradictions;
  /** Rules for scalars of its graph, by their name. */
  scalars: readonly GraphQLScalarType[];
  /** What it does at points of every operation. */
  hooks: readonly Hooks[];
  /** Operations of its clients: metrics and traces name no other. */
  operationNames(): ReadonlySet<string>;
  /** Where a browser is led that opens /graphql. */
  playground: string;
  /**
   * What stands beside /graphql, by path.
   * @throws {ConfigError}
   */
  routes(env: NodeJS.ProcessEnv, door: ProductDoor): Promise<Record<string, RequestHandler>>;
}

export interface RouterOptions {
  /** Wins over ROUTER_PORT. */
  port?: number;
  product?: Product | undefined;
}

/**
 * Starts the router with the settings in `env`.
 * @throws {ConfigError} with one line per mistake in the settings, when there is no supergraph to serve, or when the port
 * is taken.
 */
export async function startRouter(env: NodeJS.ProcessEnv, { port, product }: RouterOptions = {}): Promise<Router> {
  const settings = readRouterSettings(env, product);
  const logger = createLogger(settings.LOG_LEVEL, 'router');
  const verifyToken = await createTokenVerifier(settings, Date.now, logger, product ? 'ours' : 'others');
  const headers = createHeaderRules(settings.SUBGRAPH_HEADERS);
  const corsOf = (names: readonly string[]) =>
    createCors(settings.CORS_ORIGINS, { loopback: settings.LANDSCAPE === 'development', headers: names });
  const cors = corsOf(headers.names);
  const routes = await product?.routes(env, {
    cors,
    guestOf: (request) => guestOf(request),
    verifyToken,
    addressOf: (subgraph) => current().clients.get(subgraph)?.url,
    logger,
  });
  const metrics = createMetrics();
  const tracing = await createTracing(settings, 'router', logger);
  const formatError = createErrorFormatter(logger);
  const labelOf = createOperationLabel(product?.operationNames());
  const turns = createTurns({
    runningCost: settings.MAX_RUNNING_COST,
    waitMs: settings.QUERY_WAIT_MS,
    register: metrics.register,
  });
  const hooks = combineHooks([
    countRequests(metrics, labelOf),
    traceRequests(tracing, labelOf),
    ...(product?.hooks ?? []),
  ]);
  const hub = createSubscriptionHub({ settings, headers, formatError, metrics, tracing, labelOf });
  const scalars = product?.scalars ?? [];
  const busy = createBusyOperations();
  const manifest = readManifest(settings.PERSISTED_DOCUMENTS);
  const toolbox = settings.MCP === 'on' ? manifest : undefined;
  const persisted = createPersistedDocuments({
    manifest,
    mode: settings.PERSISTED_DOCUMENTS_MODE,
    learnedBytes: settings.LEARNED_DOCUMENTS_BYTES,
    logger,
  });
  const supergraph = await openSupergraph({
    settings,
    env,
    scalars,
    hub,
    busy,
    persisted,
    turns,
    mutations: { answered: 0 },
    formatError,
    metrics,
    hooks,
    headers,
    logger,
  });
  const current = () => supergraph.current;
  const rates = createRates({
    perClient: settings.RATE_PER_CLIENT,
    burst: settings.RATE_BURST,
    perField: ratesByField(settings),
  });
  const admission = createRouterAdmission(settings, metrics.register, rates);
  const guestOf = createDoor(settings, admission, verifyToken);
  const operations = createOperations({ current, hub, admission, rates, formatError });
  const streams = createHttpStreams({
    settings,
    admission,
    guestOf,
    operations,
    verifyToken,
    formatError,
    cors,
    metrics,
  });
  const contextOf = async ({ headers: given }: IncomingMessage, unwanted: Unwanted) => ({
    ...(await createRequestContext(given, correlationIdOf(given), verifyToken)),
    unwanted,
  });
  const graphql = createGraphqlHttp({
    current,
    contextOf,
    guestOf,
    rates,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    statuses: settings.GRAPHQL_STATUS,
    formatError,
    onRefused: (code) => metrics.requests.count({ operation: 'anonymous', type: 'unknown', code, seconds: 0 }),
  });
  const mcp = toolbox && {
    '/mcp': corsOf([...headers.names, ...mcpHeaders]).wrap(
      withCorrelationId(
        createMcp({
          manifest: toolbox,
          current,
          operations,
          guestOf,
          contextOf,
          cors,
          maxBodyBytes: settings.MAX_BODY_BYTES,
          formatError,
          logger,
        }),
      ),
    ),
  };

  async function leave(): Promise<void> {
    hub.close();
    await supergraph.close();
    await tracing.close();
    metrics.register.clear();
  }

  const http = await startHttpServer({
    port: port ?? settings.ROUTER_PORT,
    host: settings.HOST,
    logger,
    keepAliveMs: settings.KEEP_ALIVE_MS,
    lingerMs: settings.STOP_DELAY_MS,
    drainMs: settings.STOP_TIMEOUT_MS,
    limits: settings,
    readiness: createReadiness(() => current().clients),
    routes: {
      '/graphql': cors.wrap(
        withCorrelationId((request, response) => {
          if (product && isBrowserVisit(request)) return leadTo(product.playground, response);
          return wantsStream(request) ? streams.route(request, response) : graphql(request, response);
        }),
      ),
      ...mcp,
      '/metrics': metricsRoute(metrics.register),
      ...routes,
    },
  }).catch(async (error: unknown) => {
    await leave();
    throw error;
  });
  const sockets = createWebSocketTransport({
    server: http.server,
    path: '/graphql',
    settings,
    admission,
    clientOf: (request) => clientBehind(request, null, settings.TRUSTED_HOPS),
    headers,
    operations,
    verifyToken,
    formatError,
    cors,
    metrics,
    logger,
  });
  async function close(): Promise<void> {
    streams.close();
    await Promise.all([sockets.close(settings.STOP_TIMEOUT_MS), http.close()]);
    await leave();
  }

  let closing: Promise<void> | undefined;
  return { port: http.port, reload: () => supergraph.reload(), close: () => (closing ??= close()) };
}

/** Gives every request one correlation id, for the answer, the logs and the subgraphs. */
function withCorrelationId(handler: RequestHandler): RequestHandler {
  return (request, response) => {
    const correlationId = correlationIdOf(request.headers);
    request.headers['x-correlation-id'] = correlationId;
    response.setHeader('x-correlation-id', correlationId);
    return handler(request, response);
  };
}

/** Somebody who opened the endpoint's address in a browser; a program asks for no page. */
function isBrowserVisit({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && !url?.includes('?') && headers.accept?.includes('text/html') === true;
}

function leadTo(location: string, response: ServerResponse): void {
  response.writeHead(302, { location, vary: 'accept' }).end();
}
