import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import {
  authorizationOf,
  authScope,
  closeCodes,
  createSocketServer,
  drainSession,
  isShortage,
  shortageError,
  startSocketSession,
  type Client,
  type Logger,
  type Place,
  type SessionHost,
  type SocketServer,
  type SocketSession,
  type TokenVerifier,
  type Viewer,
} from '../../platform/server/index.ts';
import { personBehind, type RouterAdmission } from '../http/admission.ts';
import { routerError, tokenExpired, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { Cors } from '../http/cors.ts';
import type { Metrics } from '../metrics.ts';
import { headersIn, headersNamed, type HeaderRules } from '../gateway/header-rules.ts';
import { correlationIdOf, createRequestContext } from '../gateway/request-context.ts';
import { callAt } from './call-at.ts';
import type { Operations } from './operations.ts';

export interface WebSocketTransportOptions {
  server: Server;
  path: string;
  settings: RouterSettings;
  admission: RouterAdmission;
  /** Who sends a request, as long as nothing else is known. */
  clientOf(request: IncomingMessage): Client;
  headers: Pick<HeaderRules, 'names'>;
  operations: Operations;
  verifyToken: TokenVerifier;
  formatError: ErrorFormatter;
  cors: Cors;
  metrics: Metrics;
  logger: Logger;
}

/** What is known about the client of a socket. Whose it is comes with `connection_init`; until then it is the address's. */
interface SocketGuest {
  client: Client;
  viewer: Viewer | null;
  /** Only those that something is done with: the others may be long. */
  headers: IncomingHttpHeaders;
  place: Place;
  forgetExpiry: (() => void) | undefined;
}

/** All operations over graphql-transport-ws (PROTOCOL.md). */
export function createWebSocketTransport(options: WebSocketTransportOptions): Pick<SocketServer, 'close'> {
  const { settings, admission, clientOf, operations, verifyToken, metrics } = options;
  const names = [...new Set(['authorization', 'traceparent', ...options.headers.names])];
  const host: SessionHost<SocketGuest> = {
    maxOperations: settings.MAX_SUBSCRIPTIONS_PER_SOCKET,
    initTimeoutMs: settings.CONNECTION_INIT_TIMEOUT_MS,
    sender: { frames: settings.SUBSCRIPTION_QUEUE_LIMIT, bytes: settings.SUBSCRIPTION_BUFFER_BYTES },
    waiting: ({ client }) => admission.take('waiting_bytes', client, 0),
    formatError: options.formatError,
    onSlowConsumer: () => metrics.slowConsumers.inc({ transport: 'websocket' }),
    onEnd({ forgetExpiry }) {
      forgetExpiry?.();
      metrics.sockets.dec();
    },
    logger: options.logger,
    async welcome(session, params) {
      const { guest } = session;
      const authorization = authorizationOf('connection_init', params) ?? guest.headers.authorization;
      guest.viewer = await verifyToken(authorization);
      if (guest.viewer) guest.client = personBehind(guest.viewer);
      const shortage = guest.place.passTo(guest.client);
      if (isShortage(shortage)) throw shortageError(shortage);
      guest.headers = headersNamed(names, { ...headersIn(params, guest.headers), authorization });
      endWithToken(session);
    },
    async start({ client, headers }, payload, receiver, control) {
      // Checked for every operation, because its key may have gone since the socket was opened.
      const context = await createRequestContext(headers, correlationIdOf({}), verifyToken);
      // The client completed it meanwhile: do not start it.
      if (control.unwanted) return 'single';
      return operations.start(payload, { client, context, parts: 'draft' }, receiver, control);
    },
    async renew(session, authorization) {
      const { guest } = session;
      const viewer = await verifyToken(authorization);
      if (!isSame(guest.viewer, viewer)) {
        throw routerError('UNAUTHENTICATED', 'The token is another viewer’s: connect again.');
      }
      guest.viewer = viewer;
      guest.headers = { ...guest.headers, authorization };
      endWithToken(session);
      return { viewer, authorization };
    },
  };
  return createSocketServer({
    server: options.server,
    path: options.path,
    maxFrameBytes: settings.MAX_FRAME_BYTES,
    frameTimeoutMs: settings.BODY_TIMEOUT_MS,
    pingIntervalMs: settings.PING_INTERVAL_MS,
    mayConnect: options.cors.mayConnect,
    admit: (request) => admission.take('sockets', clientOf(request)),
    reading: ({ guest }: SocketSession<SocketGuest>) => admission.take('body_bytes', guest.client, 0),
    logger: options.logger,
    open(socket, stream, request, place) {
      metrics.sockets.inc();
      const guest = {
        client: clientOf(request),
        viewer: null,
        headers: headersNamed(names, request.headers),
        place,
        forgetExpiry: undefined,
      };
      return startSocketSession<SocketGuest>(host, guest, socket, stream);
    },
  });
}

/** A socket lives as long as its token. */
function endWithToken(session: SocketSession<SocketGuest>): void {
  const { guest } = session;
  guest.forgetExpiry?.();
  // It may have closed while the token was looked at.
  if (!guest.viewer || session.stage === 'closed') return;
  guest.forgetExpiry = callAt(guest.viewer.expiresAtMs, () => {
    const expired = tokenExpired().toJSON();
    drainSession(session, closeCodes.tokenExpired, expired.message, [expired]);
  });
}

/** Whether they may see the same: what was begun for one goes on for the other. */
function isSame(one: Viewer | null, other: Viewer | null): boolean {
  return one?.userId === other?.userId && authScope(one) === authScope(other);
}
