import type { IncomingMessage } from 'node:http';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import DataLoader from 'dataloader';
import { GraphQLError, OperationTypeNode, parse, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import type { Registry } from 'prom-client';
import { answerStatus } from './answer-status.ts';
import { graphqlRoute } from './apollo-route.ts';
import type { TokenVerifier, Viewer } from './auth.ts';
import { correlationIdFrom, newTraceparent, traceparentFrom } from './correlation.ts';
import type { ProcessSettings } from './config.ts';
import { createDocumentStore } from './document-store.ts';
import { boundedVariables, documentLimits, documentLimitsRule } from './document-limits.ts';
import { toClientError } from '../foundation/errors.ts';
import { subscribeWith } from './event-results.ts';
import { readSeen, type Freshness } from './freshness.ts';
import { servingRequest, skipUnwanted, throwIfUnwanted } from './given-up.ts';
import {
  sendJson,
  startHttpServer,
  type HttpServer,
  type Readiness,
  type RequestHandler,
  type RequestKind,
} from './http.ts';
import type { Logger } from './logger.ts';
import { createOperationLabel } from './operation-label.ts';
import { countRequests, type RequestMetrics } from './request-metrics.ts';
import { createRouterCheck } from './router-secret.ts';
import { Cursor, DateTime, Long } from './scalars.ts';
import { readNullArguments } from './null-arguments.ts';
import { readTextArguments } from './text-arguments.ts';
import { createAdmission, type Admission, type Client } from './places.ts';
import { authorizationOf } from './socket-protocol.ts';
import { withinScopes, type ScopeFields } from './scopes.ts';
import { createSocketServer } from './socket-server.ts';
import { startSocketSession, type SessionHost } from './socket-session.ts';
import { createSubscriptionStarter, type Starter } from './subscriptions.ts';
import { traceRequests, type Tracing } from './tracing.ts';
import type { Unwanted } from './unwanted.ts';

/** What a resolver knows about its request. */
export interface RequestContext {
  viewer: Viewer | null;
  /** Aborted once no client waits for the answer any more; absent in mutations, which are always finished. */
  unwanted?: Unwanted | undefined;
  /** The viewer's own token, for calls to other services in their name. */
  authorization?: string | undefined;
  correlationId: string;
  traceparent: string;
  /** Records the id of an event that the answer tells of: what is nested in it must not be older. */
  saw(eventId: string): void;
  /** The recorded ids. */
  readonly seen: ReadonlySet<string>;
  /** Loads many keys of this request with one query; `name` says what is loaded. */
  load: <Key extends string | number, Value>(
    name: string,
    key: Key,
    batch: (keys: readonly Key[]) => Promise<Map<Key, Value>>,
  ) => Promise<Value | null>;
}

/** By type, then by field; each resolver states the types of its own source and arguments. */
export type Resolvers = Record<string, object>;

export interface GraphqlServerOptions {
  sdl: string;
  resolvers: Resolvers;
  /** What tokens of other clients may; nothing where it is left out. */
  scopes?: ScopeFields | undefined;
  port: number;
  host: string;
  logger: Logger;
  verifyToken: TokenVerifier;
  freshness: Freshness;
  readiness(): Promise<Readiness> | Readiness;
  requests: RequestMetrics;
  /** Names of operations that metrics and traces distinguish. */
  operations: ReadonlySet<string> | undefined;
  register: Registry;
  tracing: Tracing;
  routes: Record<string, RequestHandler>;
  limits: ProcessSettings;
  drainMs: number;
}

type Kind = RequestKind | 'sockets';

/** A subgraph's clients are routers, whose own clients it cannot tell apart. Clients have shares at the router. */
const routers: Client = { id: 'routers', isStaff: true };

/** Far more than the routers' limits let through; for callers that reach the port directly. */
function createLimits({ MAX_SOCKETS }: ProcessSettings, register: Registry): Admission<Kind> {
  const inAll = (most: number) => ({ inAll: most, perClient: most });
  return createAdmission<Kind>(
    {
      operations: inAll(4_096),
      bodies: inAll(4_096),
      body_bytes: inAll(67_108_864),
      waiting_bytes: inAll(134_217_728),
      sockets: inAll(MAX_SOCKETS),
    },
    register,
  );
}

export interface GraphqlServer extends HttpServer {
  /** How many subscriptions are open. */
  subscriptions(): number;
}

/** A subgraph over HTTP and graphql-transport-ws, with health checks. */
export async function startGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  const { logger, limits } = options;
  const labelOf = createOperationLabel(options.operations);
  const schema = buildSubgraphSchema([
    {
      typeDefs: parse(options.sdl),
      resolvers: {
        ...withinScopes(options.resolvers, options.scopes ?? {}),
        Long,
        DateTime,
        Cursor,
      } as unknown as Record<string, never>,
    },
  ]);
  readNullArguments(schema);
  readTextArguments(schema);
  skipUnwanted(schema);
  const formatError = (formatted: GraphQLFormattedError, error: unknown) => toFormattedError(formatted, error, logger);
  const apollo = new ApolloServer<RequestContext>({
    schema,
    formatError,
    csrfPrevention: true,
    // Locations refer to the router's text, which no client has seen, and retain every token of it.
    parseOptions: { maxLexicalTokens: documentLimits.tokens, noLocation: true },
    documentStore: createDocumentStore(),
    persistedQueries: false,
    validationRules: [documentLimitsRule],
    maxRecursiveSelections: documentLimits.selections,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // They watch every field, for headers and traces that nobody reads.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      boundedVariables,
      noSubscriptions,
      answerStatus,
      readAfter(options.freshness),
      finishMutations,
      countRequests(options.requests, labelOf),
      traceRequests(options.tracing, labelOf),
    ],
    logger,
  });
  await apollo.start();

  const contextOf = async ({ headers }: IncomingMessage, unwanted: Unwanted) => {
    const viewer = await options.verifyToken(headers.authorization);
    const context = createContext(viewer, headers['x-correlation-id'], headers['traceparent']);
    return Object.assign(context, { authorization: headers.authorization, unwanted });
  };
  const admission = createLimits(limits, options.register);
  const isRouter = createRouterCheck(limits.ROUTER_SECRET);
  const graphql = graphqlRoute({
    apollo: {
      executeHTTPGraphQLRequest: (request) => servingRequest(() => apollo.executeHTTPGraphQLRequest(request)),
    },
    contextOf,
    maxBodyBytes: limits.MAX_BODY_BYTES,
    guestOf: () => ({ take: (kind, size) => admission.take(kind, routers, size) }),
  });
  const http = await startHttpServer({
    port: options.port,
    host: options.host,
    logger,
    readiness: options.readiness,
    keepAliveMs: limits.KEEP_ALIVE_MS,
    lingerMs: limits.STOP_DELAY_MS,
    drainMs: options.drainMs,
    limits,
    routes: {
      ...options.routes,
      '/graphql': (request, response) => {
        if (isRouter(request.headers)) return graphql(request, response);
        // Its body is not read.
        response.setHeader('connection', 'close');
        sendJson(response, 403, { error: 'A subgraph answers the router only.' });
      },
    },
  });
  const subscriptions = serveSubscriptions(http, schema, admission, isRouter, options);
  return {
    ...http,
    subscriptions: () => subscriptions.count(),
    close: async () => {
      await subscriptions.close();
      await http.close();
      await apollo.stop();
    },
  };
}

function createContext(viewer: Viewer | null, correlationId: unknown, traceparent: unknown): RequestContext {
  const loaders = new Map<string, DataLoader<never, unknown>>();
  const seen = new Set<string>();
  const context: RequestContext = {
    viewer,
    saw: (eventId) => void seen.add(eventId),
    seen,
    correlationId: correlationIdFrom(correlationId),
    traceparent: traceparentFrom(traceparent) ?? newTraceparent(),
    load<Key extends string | number, Value>(
      name: string,
      key: Key,
      batch: (keys: readonly Key[]) => Promise<Map<Key, Value>>,
    ) {
      let loader = loaders.get(name) as DataLoader<Key, Value | null> | undefined;
      if (!loader) {
        // It gathers keys and remembers nothing: a subscription's context lives for many events.
        loader = new DataLoader<Key, Value | null>(
          async (keys) => {
            throwIfUnwanted(context);
            const found = await batch([...new Set(keys)]);
            return keys.map((wanted) => found.get(wanted) ?? null);
          },
          { cache: false },
        );
        loaders.set(name, loader);
      }
      return loader.load(key);
    },
  };
  return context;
}

function toFormattedError(formatted: GraphQLFormattedError, error: unknown, logger: Logger): GraphQLFormattedError {
  // Errors made for clients, and Apollo's own (syntax, validation, variables), are shown as they are.
  const accident =
    error instanceof GraphQLError && !(error.originalError instanceof GraphQLError) && error.originalError;
  const shown = accident ? toClientError(error) : formatted;
  // The HTTP status is for the transport.
  const { http: _http, ...extensions } = shown.extensions ?? {};
  if (accident && extensions['code'] === 'INTERNAL_SERVER_ERROR') {
    logger.error({ err: accident, path: formatted.path?.join('.') }, 'a resolver failed');
  }
  return { ...formatted, message: shown.message, extensions };
}

/** A mutation that has started is finished, even when its client has left. */
const finishMutations: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, contextValue }) {
        if (operation?.operation === OperationTypeNode.MUTATION) contextValue.unwanted = undefined;
      },
    };
  },
};

/** Apollo Server's own error for it helps no one. */
const noSubscriptions: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return;
        throw new GraphQLError('Subscribe over WebSocket (graphql-transport-ws).', {
          extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
        });
      },
    };
  },
};

/** Waits for the events that the rest of the operation has seen, and reports those that this answer tells of. */
const readAfter = (freshness: Freshness): ApolloServerPlugin<RequestContext> => ({
  async requestDidStart() {
    return {
      async didResolveOperation({ request, contextValue }) {
        const seen = readSeen(request.extensions);
        if (seen.length === 0) return;
        for (const id of await freshness.reach(seen)) contextValue.saw(id);
      },
      async willSendResponse({ response: { body }, contextValue }) {
        if (body.kind !== 'single' || contextValue.seen.size === 0) return;
        body.singleResult.extensions = { ...body.singleResult.extensions, seen: [...contextValue.seen] };
      },
    };
  },
});

/** Subscriptions over graphql-transport-ws; the token travels in `connection_init`. */
function serveSubscriptions(
  http: HttpServer,
  schema: GraphQLSchema,
  admission: Admission<Kind>,
  isRouter: ReturnType<typeof createRouterCheck>,
  options: GraphqlServerOptions,
) {
  const { limits, logger } = options;
  const formatError = (error: unknown) =>
    toFormattedError(error instanceof GraphQLError ? error.toJSON() : { message: '' }, asGraphql(error), logger);
  const { subscribe } = subscribeWith(options.tracing, createOperationLabel(options.operations));
  const host: SessionHost<{ start?: Starter }> = {
    maxOperations: limits.MAX_SUBSCRIPTIONS_PER_SOCKET,
    initTimeoutMs: limits.CONNECTION_INIT_TIMEOUT_MS,
    sender: { frames: limits.SUBSCRIPTION_QUEUE_LIMIT, bytes: limits.SUBSCRIPTION_BUFFER_BYTES },
    waiting: () => admission.take('waiting_bytes', routers, 0),
    formatError,
    onSlowConsumer: () => logger.warn('a client does not read its subscriptions; it was cut'),
    logger,
    async welcome({ guest }, params = {}) {
      // A refused token closes the socket with 4403; the router tells its clients why.
      const viewer = await options.verifyToken(authorizationOf('connection_init', params));
      const contextValue = createContext(viewer, params['x-correlation-id'], params['traceparent']);
      guest.start = createSubscriptionStarter({ schema, contextValue, formatError, subscribe });
    },
    async start({ start }, payload, receiver, control) {
      if (!start) throw new Error('A session starts operations once its client was welcomed.');
      return start(payload, receiver, control);
    },
  };
  const sockets = createSocketServer({
    server: http.server,
    path: '/graphql',
    maxFrameBytes: limits.MAX_FRAME_BYTES,
    frameTimeoutMs: limits.BODY_TIMEOUT_MS,
    pingIntervalMs: limits.PING_INTERVAL_MS,
    // Routers and programs send no origin; browsers have no business here.
    mayConnect: ({ headers }) => headers.origin === undefined && isRouter(headers),
    admit: () => admission.take('sockets', routers),
    reading: () => admission.take('body_bytes', routers, 0),
    logger,
    open: (socket, stream) => startSocketSession(host, {}, socket, stream),
  });
  return {
    count: () => [...sockets.sessions].reduce((sum, { running }) => sum + running.size, 0),
    close: () => sockets.close(0),
  };
}

const asGraphql = (error: unknown) =>
  error instanceof GraphQLError || !(error instanceof Error)
    ? error
    : new GraphQLError(error.message, { originalError: error });
