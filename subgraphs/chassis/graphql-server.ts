import type { IncomingMessage } from 'node:http';
import { randomBytes } from 'node:crypto';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import DataLoader from 'dataloader';
import { GraphQLError, parse, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import { makeServer, type Context } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { TokenVerifier, Viewer } from './auth.ts';
import { correlationIdFrom, traceparentFrom } from './correlation.ts';
import { toClientError } from './errors.ts';
import { graphqlRoute, startHttpServer, type HttpServer, type Readiness, type RequestHandler } from './http.ts';
import type { Logger } from './logger.ts';
import { createOperationLabel } from './operation-label.ts';
import { countRequests, type RequestMetrics } from './request-metrics.ts';
import { DateTime, Long } from './scalars.ts';
import { readTextArguments } from './text-arguments.ts';
import { traceRequests, traceSubscriptions, type Tracing } from './tracing.ts';

/** What a resolver knows about the request it serves. */
export interface RequestContext {
  viewer: Viewer | null;
  /** The viewer's own token, for what other services do in their name. */
  authorization?: string | undefined;
  correlationId: string;
  traceparent: string;
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
  port: number;
  host: string;
  logger: Logger;
  verifyToken: TokenVerifier;
  readiness(): Promise<Readiness> | Readiness;
  requests: RequestMetrics;
  /** Names of operations that are told apart in metrics and traces. */
  operations: ReadonlySet<string> | undefined;
  tracing: Tracing;
  routes: Record<string, RequestHandler>;
  maxBodyBytes: number;
  keepAliveMs: number;
  lingerMs: number;
  drainMs: number;
}

export interface GraphqlServer extends HttpServer {
  /** How many subscriptions are open. */
  subscriptions(): number;
}

/** A subgraph over HTTP and graphql-transport-ws, with health checks. */
export async function startGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  const { logger } = options;
  const labelOf = createOperationLabel(options.operations);
  const schema = buildSubgraphSchema([
    {
      typeDefs: parse(options.sdl),
      resolvers: { ...options.resolvers, Long, DateTime } as unknown as Record<string, never>,
    },
  ]);
  readTextArguments(schema);
  const formatError = (formatted: GraphQLFormattedError, error: unknown) => toFormattedError(formatted, error, logger);
  const apollo = new ApolloServer<RequestContext>({
    schema,
    formatError,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      outageStatus,
      countRequests(options.requests, labelOf),
      traceRequests(options.tracing, labelOf),
    ],
    logger,
  });
  await apollo.start();

  const contextOf = async ({ headers }: IncomingMessage) => ({
    ...createContext(
      await options.verifyToken(headers.authorization),
      headers['x-correlation-id'],
      headers['traceparent'],
    ),
    authorization: headers.authorization,
  });
  const http = await startHttpServer({
    port: options.port,
    host: options.host,
    logger,
    readiness: options.readiness,
    keepAliveMs: options.keepAliveMs,
    lingerMs: options.lingerMs,
    drainMs: options.drainMs,
    routes: { ...options.routes, '/graphql': graphqlRoute(apollo, contextOf, options.maxBodyBytes) },
  });
  const subscriptions = serveSubscriptions(http, schema, options);
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
  return {
    viewer,
    correlationId: correlationIdFrom(correlationId),
    traceparent:
      traceparentFrom(traceparent) ?? `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
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
}

function toFormattedError(formatted: GraphQLFormattedError, error: unknown, logger: Logger): GraphQLFormattedError {
  // Errors made for clients, and Apollo's own (syntax, validation, variables), speak for themselves.
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

/** HTTP 503 for an answer without any data because a server is away; one with some data stays 200. */
const outageStatus: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ response: { body, http } }) {
        if (body.kind !== 'single') return;
        const { data, errors = [] } = body.singleResult;
        const isEmpty = Object.values(data ?? {}).every((value) => value === null);
        if (isEmpty && errors.some(({ extensions }) => extensions?.['code'] === 'SERVICE_UNAVAILABLE')) {
          http.status = 503;
        }
      },
    };
  },
};

/** Subscriptions over graphql-transport-ws; the token travels in `connectionParams.authorization`. */
function serveSubscriptions(http: HttpServer, schema: GraphQLSchema, options: GraphqlServerOptions) {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.maxBodyBytes,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });
  const contexts = new WeakMap<object, RequestContext>();
  const open = new Set<Context>();
  const graphql = makeServer<Record<string, unknown>, { socketKey: object }>({
    schema,
    ...traceSubscriptions(options.tracing, createOperationLabel(options.operations)),
    onConnect: async (context) => {
      const params = context.connectionParams ?? {};
      const text = (name: string) => (typeof params[name] === 'string' ? params[name] : undefined);
      // A refused token closes the socket with 4403; the router tells its clients why.
      const viewer = await options.verifyToken(text('authorization')).catch(() => undefined);
      if (viewer === undefined) return false;
      open.add(context);
      contexts.set(context.extra.socketKey, createContext(viewer, params['x-correlation-id'], params['traceparent']));
      return true;
    },
    onClose: (context) => void open.delete(context),
    context: (context) => contexts.get(context.extra.socketKey),
    onError: (_context, _id, _payload, errors) =>
      errors.map((error) => toFormattedError(error.toJSON(), error, options.logger)),
    onNext: (_context, _id, _payload, _args, { data, errors, extensions }) =>
      errors && {
        data: data ?? null,
        errors: errors.map((error) => toFormattedError(error.toJSON(), error, options.logger)),
        ...(extensions ? { extensions } : {}),
      },
  });
  http.server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] !== '/graphql') return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // Without a listener a malformed frame would end the process; 'close' follows every error.
      webSocket.on('error', (error) => options.logger.debug({ err: error }, 'socket error'));
      const closed = graphql.opened(
        {
          protocol: webSocket.protocol,
          send: (data) =>
            new Promise((resolve, reject) => webSocket.send(data, (error) => (error ? reject(error) : resolve()))),
          close: (code, reason) => webSocket.close(code, reason),
          onMessage: (listener) =>
            webSocket.on('message', (data: Buffer) => {
              listener(data.toString()).catch((error: unknown) => {
                options.logger.error({ err: error }, 'a subscription failed');
                webSocket.close(1011, 'Internal error');
              });
            }),
        },
        { socketKey: webSocket },
      );
      webSocket.once('close', (code, reason) => void closed(code, reason.toString()));
    });
  });
  return {
    count: () => [...open].reduce((sum, { subscriptions }) => sum + Object.keys(subscriptions).length, 0),
    async close() {
      for (const client of sockets.clients) client.close(1001, 'Going away');
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}
