import type { IncomingMessage, Server } from 'node:http';
import {
  authorizationOf,
  authScope,
  closeCodes,
  createSocketServer,
  isShortage,
  maxPings,
  shortageError,
  startSocketSession,
  type Client,
  type Logger,
  type SocketServer,
  type TokenVerifier,
  type Viewer,
} from '../../platform/server/index.ts';
import type { RouterAdmission } from '../http/admission.ts';
import { routerError, tokenExpired, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { Cors } from '../http/cors.ts';
import type { Metrics } from '../metrics.ts';
import { headersIn } from '../gateway/header-rules.ts';
import { correlationIdOf, createRequestContext } from '../gateway/request-context.ts';
import { callAt } from './call-at.ts';
import type { Operations, Renewal } from './operations.ts';

export interface WebSocketTransportOptions {
  server: Server;
  path: string;
  settings: RouterSettings;
  admission: RouterAdmission;
  clientOf(request: IncomingMessage, viewer: Viewer | null): Client;
  operations: Operations;
  verifyToken: TokenVerifier;
  formatError: ErrorFormatter;
  cors: Cors;
  metrics: Metrics;
  logger: Logger;
}

/** All operations over graphql-transport-ws (PROTOCOL.md). */
export function createWebSocketTransport(options: WebSocketTransportOptions): Pick<SocketServer, 'close'> {
  const { settings, admission, clientOf, operations, verifyToken, metrics } = options;
  return createSocketServer({
    server: options.server,
    path: options.path,
    maxFrameBytes: settings.MAX_FRAME_BYTES,
    frameTimeoutMs: settings.BODY_TIMEOUT_MS,
    pingIntervalMs: settings.PING_INTERVAL_MS,
    mayConnect: options.cors.mayConnect,
    // Whose socket it is comes with `connection_init`; until then it is the address's.
    admit: (request) => admission.take('sockets', clientOf(request, null)),
    reading: (request) => admission.take('body_bytes', clientOf(request, null), 0),
    logger: options.logger,
    open(socket, request, place) {
      let client = clientOf(request, null);
      let viewer: Viewer | null = null;
      let headers = request.headers;
      const renewals = new Set<Renewal>();
      let forgetExpiry: (() => void) | undefined;
      const endWithToken = () => {
        forgetExpiry?.();
        if (!viewer) return;
        forgetExpiry = callAt(viewer.expiresAtMs, () => {
          const expired = tokenExpired().toJSON();
          session.drain(closeCodes.tokenExpired, expired.message, [expired]);
        });
      };
      metrics.sockets.inc();
      socket.on('close', () => {
        forgetExpiry?.();
        metrics.sockets.dec();
      });
      const session = startSocketSession(socket, {
        maxOperations: settings.MAX_SUBSCRIPTIONS_PER_SOCKET,
        initTimeoutMs: settings.CONNECTION_INIT_TIMEOUT_MS,
        pings: { most: maxPings, withinMs: settings.PING_INTERVAL_MS },
        sender: { frames: settings.SUBSCRIPTION_QUEUE_LIMIT, bytes: settings.SUBSCRIPTION_BUFFER_BYTES },
        waiting: () => admission.take('waiting_bytes', client, 0),
        formatError: options.formatError,
        onSlowConsumer: () => metrics.slowConsumers.inc({ transport: 'websocket' }),
        logger: options.logger,
        async welcome(params) {
          const authorization = authorizationOf(params) ?? request.headers.authorization;
          viewer = await verifyToken(authorization);
          client = clientOf(request, viewer);
          const shortage = place.passTo(client);
          if (isShortage(shortage)) throw shortageError(shortage);
          headers = { ...headersIn(params, headers), authorization };
          endWithToken();
          return async (payload, receiver, unwanted) => {
            // Checked for every operation, because its key may have gone since the socket was opened.
            const context = await createRequestContext(headers, correlationIdOf({}), verifyToken);
            // The client completed it meanwhile: do not start it.
            if (unwanted.aborted) return 'single';
            return operations.start(payload, { client, context, renewals }, receiver, unwanted);
          };
        },
        async renew(authorization) {
          const renewed = await verifyToken(authorization);
          if (!isSame(viewer, renewed))
            throw routerError('UNAUTHENTICATED', 'The token is another viewer’s: connect again.');
          viewer = renewed;
          headers = { ...headers, authorization };
          endWithToken();
          for (const renew of [...renewals]) renew({ viewer, authorization });
        },
      });
      return session;
    },
  });
}

/** Whether they may see the same: what was begun for one goes on for the other. */
function isSame(one: Viewer | null, other: Viewer | null): boolean {
  return one?.userId === other?.userId && authScope(one) === authScope(other);
}
