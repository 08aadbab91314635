import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Cors } from '../cors.ts';
import { closeCodes, subprotocol } from './protocol.ts';
import { startSocketSession, type SessionServices, type SocketSession } from './socket-session.ts';

export interface WebSocketTransportOptions extends SessionServices {
  server: Server;
  path: string;
  cors: Cors;
}

export interface WebSocketTransport {
  /** Closes every socket with 1001; queries and mutations that run get at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** Clients that do not answer the close frame are cut after this. */
const closeTimeoutMs = 1_000;

/** graphql-transport-ws at `path`. Deflate stays off: it costs 225 kB a client, and frames could not be shared. */
export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  const { server, settings, metrics, logger } = options;
  const sessions = new Map<WebSocket, SocketSession>();
  const webSocketServer = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: settings.MAX_BODY_BYTES,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });

  function accept(socket: WebSocket, request: IncomingMessage): void {
    // 'close' follows every error.
    socket.on('error', (error) => logger.debug({ err: error }, 'socket error'));
    if (socket.protocol !== subprotocol) {
      return socket.close(closeCodes.subprotocolNotAcceptable, 'Subprotocol not acceptable');
    }
    metrics.sockets.inc();
    sessions.set(socket, startSocketSession(socket, request.headers, options));
    socket.on('close', () => {
      metrics.sockets.dec();
      sessions.delete(socket);
    });
  }

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refusal = refusalOf(request);
    if (refusal) return refuse(stream, refusal);
    webSocketServer.handleUpgrade(request, stream, head, accept);
  }

  function refusalOf(request: IncomingMessage): number | undefined {
    if ((request.url ?? '').split('?', 1)[0] !== options.path) return 404;
    if (!options.cors.mayConnect(request)) return 403;
    return webSocketServer.clients.size >= settings.MAX_SOCKETS ? 503 : undefined;
  }

  server.on('upgrade', upgrade);
  const stopHeartbeat = startHeartbeat(webSocketServer.clients, settings.PING_INTERVAL_MS);

  return {
    async close(drainMs) {
      server.off('upgrade', upgrade);
      server.on('upgrade', (_request, stream) => refuse(stream, 503));
      stopHeartbeat();
      for (const session of sessions.values()) session.drain(closeCodes.goingAway, 'The server is going away');
      const allClosed = waitUntilClosed(webSocketServer);
      const late = setTimeout(() => {
        for (const socket of webSocketServer.clients) socket.close(closeCodes.goingAway, 'The server is going away');
      }, drainMs);
      const cut = setTimeout(() => {
        for (const socket of webSocketServer.clients) socket.terminate();
      }, drainMs + closeTimeoutMs);
      // A client that was sent its close frame but does not answer need not be waited for until the drain ends.
      const sweep = setInterval(() => {
        for (const socket of webSocketServer.clients) if (socket.readyState === socket.CLOSING) socket.terminate();
      }, closeTimeoutMs);
      await allClosed;
      clearTimeout(late);
      clearTimeout(cut);
      clearInterval(sweep);
    },
  };
}

function waitUntilClosed(webSocketServer: WebSocketServer): Promise<void> {
  return new Promise((resolve) => webSocketServer.close(() => resolve()));
}

function refuse(stream: Duplex, status: number): void {
  stream.on('error', () => stream.destroy());
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** One timer for all sockets: cuts those that did not answer the last ping, pings the others. */
function startHeartbeat(sockets: ReadonlySet<WebSocket>, intervalMs: number): () => void {
  let unanswered = new Set<WebSocket>();
  const timer = setInterval(() => {
    for (const socket of unanswered) if (sockets.has(socket)) socket.terminate();
    const pinged = new Set(sockets);
    for (const socket of pinged) {
      socket.once('pong', () => pinged.delete(socket));
      socket.ping();
    }
    unanswered = pinged;
  }, intervalMs);
  return () => clearInterval(timer);
}
