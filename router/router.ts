import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientOperations } from '../schema/client-operations.ts';
import { subgraphNames } from '../schema/subgraphs.ts';
import {
  createLogger,
  createOperationLabel,
  createTokenVerifier,
  createTracing,
  graphqlRoute,
  isShortage,
  metricsRoute,
  readConfig,
  sendJson,
  shortageError,
  startHttpServer,
  type RequestHandler,
} from '../platform/server/index.ts';
import { clientOf as clientBehind, createDoor, createRouterAdmission, type RouterGuest } from './http/admission.ts';
import { createErrorFormatter } from './client-errors.ts';
import { documentLimits, routerSettings, subgraphUrls, type RouterSettings } from './config.ts';
import { createCors } from './http/cors.ts';
import { createDevTokenRoute, offersDevTokens } from './http/dev-token.ts';
import { createDocuments } from './documents/documents.ts';
import { readGraph } from './documents/graph.ts';
import { createCompiler } from './gateway/compiled.ts';
import { createApolloExecution } from './gateway/apollo-engine.ts';
import { createEngine } from './gateway/engine.ts';
import { createPlanner } from './gateway/planning/create-planner.ts';
import { createTurns } from './gateway/turns.ts';
import { createGraphqlHttp } from './http/graphql.ts';
import { createMetrics } from './metrics.ts';
import { pageAddresses } from '../schema/page-addresses.ts';
import { createReadiness } from './http/readiness.ts';
import { correlationIdOf, createRequestContext } from './gateway/request-context.ts';
import { createStaticRoute } from './http/static-pages.ts';
import { createSubgraphClient } from './gateway/subgraph-client.ts';
import { createSubscriptionHub } from './subscriptions/hub.ts';
import { createOperations } from './subscriptions/operations.ts';
import { createSubscriptionPlanner } from './subscriptions/planner.ts';
import { createSseTransport, wantsEventStream } from './subscriptions/sse.ts';
import { createWebSocketTransport } from './subscriptions/websocket.ts';

export interface Router {
  /** The port it listens on, chosen by the system when 0 was asked for. */
  port: number;
  /** Takes nothing new, finishes what runs (at most STOP_TIMEOUT_MS), closes every socket. */
  close(): Promise<void>;
}

const supergraphFile = new URL('../schema/supergraph.graphql', import.meta.url);

/**
 * Starts the router with the settings in `env`; `options.port` wins over ROUTER_PORT.
 * @throws {ConfigError} with one line per mistake in the settings.
 * @throws {Error} EADDRINUSE when the port is taken.
 */
export async function startRouter(env: NodeJS.ProcessEnv, options: { port?: number } = {}): Promise<Router> {
  const settings = readConfig(routerSettings, env);
  const logger = createLogger(settings.LOG_LEVEL, 'router');
  const verifyToken = await createTokenVerifier(settings, Date.now, logger);
  const cors = createCors(settings.CORS_ORIGINS, { loopback: settings.LANDSCAPE === 'development' });
  const devToken = await createDevTokenRoute(settings, cors);
  const metrics = createMetrics();
  const tracing = await createTracing(settings, 'router', logger);
  const formatError = createErrorFormatter(logger);
  const supergraphSdl = await readFile(supergraphFile, 'utf8');
  const urls = subgraphUrls(settings);

  const clients = Object.fromEntries(
    subgraphNames.map((name) => [
      name,
      createSubgraphClient({
        name,
        url: urls[name],
        timeoutMs: settings.SUBGRAPH_TIMEOUT_MS,
        connections: settings.SUBGRAPH_CONNECTIONS,
        maxAnswerBytes: settings.MAX_ANSWER_BYTES,
        secret: settings.ROUTER_SECRET[0],
        metrics,
        logger,
      }),
    ]),
  );
  const clientOf = (name: string) => {
    const client = clients[name];
    if (!client) throw new Error(`The supergraph has a subgraph ${name} that schema/subgraphs.ts does not know.`);
    return client;
  };

  const labelOf = createOperationLabel(clientOperations());
  const graph = readGraph(supergraphSdl);
  const documents = createDocuments(graph, documentLimits(settings));
  const planner = await createPlanner({ graph, logger });
  const compiler = createCompiler({ graph, planner, cacheBytes: settings.PLAN_CACHE_BYTES, logger });
  const turns = createTurns({
    runningCost: settings.MAX_RUNNING_COST,
    waitMs: settings.QUERY_WAIT_MS,
    register: metrics.register,
  });
  const execute =
    settings.ENGINE === 'apollo' ? await createApolloExecution({ graph, clientOf, formatError, logger }) : undefined;
  const engine = createEngine({ compiler, execute, clientOf, turns, formatError, metrics, tracing, labelOf });
  const subscriptions = createSubscriptionPlanner({ graph, compiler, clientOf, formatError });
  const hub = createSubscriptionHub({ settings, urls, clientOf, formatError, metrics, tracing, labelOf });
  const admission = createRouterAdmission(settings, metrics.register);
  const guestOf = createDoor(settings, admission, verifyToken);
  const operations = createOperations({ documents, planner: subscriptions, hub, engine, admission, formatError });
  const sse = createSseTransport({ settings, admission, guestOf, operations, verifyToken, formatError, metrics });
  const countRefused = (code: string) =>
    metrics.requests.count({ operation: 'anonymous', type: 'unknown', code, seconds: 0 });
  const graphql = graphqlRoute({
    apollo: createGraphqlHttp({ documents, engine, formatError, onRefused: countRefused }),
    contextOf: async ({ headers }, unwanted) => ({
      ...(await createRequestContext(headers, correlationIdOf(headers), verifyToken)),
      unwanted,
    }),
    maxBodyBytes: settings.MAX_BODY_BYTES,
    guestOf: countingRefused(guestOf, countRefused),
  });

  const http = await startHttpServer({
    port: options.port ?? settings.ROUTER_PORT,
    host: settings.HOST,
    logger,
    keepAliveMs: settings.KEEP_ALIVE_MS,
    lingerMs: settings.STOP_DELAY_MS,
    drainMs: settings.STOP_TIMEOUT_MS,
    limits: settings,
    readiness: createReadiness(clients),
    routes: {
      '/graphql': cors.wrap(
        withCorrelationId((request, response) => {
          if (isBrowserVisit(request)) return leadToPlayground(response);
          return wantsEventStream(request) ? sse.route(request, response) : graphql(request, response);
        }),
      ),
      '/config.json': cors.wrap(configRoute(settings)),
      '/metrics': metricsRoute(metrics.register),
      ...(devToken ? { '/dev/token': cors.wrap(devToken) } : {}),
      '/': createStaticRoute(settings.WEB_ROOT),
    },
  });
  const sockets = createWebSocketTransport({
    server: http.server,
    path: '/graphql',
    settings,
    admission,
    clientOf: (request, viewer) => clientBehind(request, viewer, settings.TRUSTED_HOPS),
    operations,
    verifyToken,
    formatError,
    cors,
    metrics,
    logger,
  });
  async function close(): Promise<void> {
    sse.close();
    await Promise.all([sockets.close(settings.STOP_TIMEOUT_MS), http.close()]);
    hub.close();
    await Promise.all(Object.values(clients).map((client) => client.close()));
    await tracing.close();
    metrics.register.clear();
  }

  let closing: Promise<void> | undefined;
  return { port: http.port, close: () => (closing ??= close()) };
}

/** A refused operation counts as a request that was answered with its code. */
function countingRefused(
  guestOf: (request: IncomingMessage) => Promise<RouterGuest>,
  countRefused: (code: string) => void,
) {
  return async (request: IncomingMessage): Promise<RouterGuest> => {
    const guest = await guestOf(request);
    return {
      ...guest,
      take(kind, size) {
        const place = guest.take(kind, size);
        if (kind === 'operations' && isShortage(place)) {
          countRefused(String(shortageError(place).extensions['code']));
        }
        return place;
      },
    };
  };
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

function leadToPlayground(response: ServerResponse): void {
  response.writeHead(302, { location: pageAddresses.playground, vary: 'accept' }).end();
}

/** What the pages need to know about this installation. */
function configRoute(settings: RouterSettings): RequestHandler {
  return (_request, response) => {
    response.setHeader('cache-control', 'no-store');
    sendJson(response, 200, { landscape: settings.LANDSCAPE, devTokens: offersDevTokens(settings) });
  };
}
