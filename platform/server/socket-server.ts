import { randomBytes } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { pathOf, shortageRefusal } from './http.ts';
import type { Logger } from './logger.ts';
import { isShortage, type Place, type Shortage } from './places.ts';
import { closeCodes, subprotocol } from './socket-protocol.ts';
import type { SocketSession } from './socket-session.ts';

export interface SocketServerOptions {
  server: Server;
  path: string;
  maxFrameBytes: number;
  /** How long one message may take to arrive, from its first byte to its last. */
  frameTimeoutMs: number;
  pingIntervalMs: number;
  /** Pages of these origins may connect; programs have no origin. */
  mayConnect(request: IncomingMessage): boolean;
  /** The socket's place, from its handshake to its end. */
  admit(request: IncomingMessage): Place | Shortage;
  /** Where the bytes of incomplete messages are counted. */
  reading(request: IncomingMessage): Place | Shortage;
  open(socket: WebSocket, request: IncomingMessage, place: Place): SocketSession;
  logger: Logger;
}

export interface SocketServer {
  readonly sessions: ReadonlyMap<WebSocket, SocketSession>;
  /** Closes every socket with 1001; queries and mutations that run get at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** Clients that do not answer the close frame are cut after this. */
const closeTimeoutMs = 1_000;

/** graphql-transport-ws at `path`. Deflate stays off: it costs 225 kB a client, and frames could not be shared. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { server, logger } = options;
  const sessions = new Map<WebSocket, SocketSession>();
  const webSocketServer = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.maxFrameBytes,
    maxFragments: maxPieces,
    maxBufferedChunks: maxPieces,
    closeTimeout: closeTimeoutMs,
    autoPong: false,
    // One message at a time: a client that sends hundreds at once must not delay everybody else by all of them.
    allowSynchronousEvents: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  } as ConstructorParameters<typeof WebSocketServer>[0]);
  const heartbeat = startHeartbeat(options);

  function accept(socket: WebSocket, request: IncomingMessage, stream: Duplex, place: Place): void {
    // Without a listener a malformed frame would end the process; 'close' follows every error.
    socket.on('error', (error) => logger.debug({ err: error }, 'socket error'));
    socket.on('close', () => {
      place.leave();
      sessions.delete(socket);
    });
    if (socket.protocol !== subprotocol) {
      return socket.close(closeCodes.subprotocolNotAcceptable, 'Subprotocol not acceptable');
    }
    heartbeat.watch(socket, countUnfinished(socket, stream, options.reading(request)));
    sessions.set(socket, options.open(socket, request, place));
  }

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', (error) => logger.debug({ err: error }, 'socket error'));
    if (pathOf(request) !== options.path) return refuse(stream, 404);
    // Node would use the first one, a proxy perhaps the last.
    if ((request.headersDistinct['authorization']?.length ?? 0) > 1) return refuse(stream, 400);
    if (!options.mayConnect(request)) return refuse(stream, 403);
    const place = options.admit(request);
    if (isShortage(place)) return refuse(stream, shortageRefusal(place).status);
    stream.once('close', () => place.leave());
    webSocketServer.handleUpgrade(request, stream, head, (socket) => accept(socket, request, stream, place));
  }

  server.on('upgrade', upgrade);

  return {
    sessions,
    async close(drainMs) {
      server.off('upgrade', upgrade);
      server.on('upgrade', (_request, stream) => refuse(stream, 503));
      heartbeat.stop();
      for (const session of sessions.values()) session.drain(closeCodes.goingAway, 'The server is going away');
      const allClosed = new Promise<void>((resolve) => webSocketServer.close(() => resolve()));
      const late = setTimeout(() => {
        for (const socket of webSocketServer.clients) socket.close(closeCodes.goingAway, 'The server is going away');
      }, drainMs);
      const cut = setTimeout(() => {
        for (const socket of webSocketServer.clients) socket.terminate();
      }, drainMs + closeTimeoutMs);
      await allClosed;
      clearTimeout(late);
      clearTimeout(cut);
    },
  };
}

/** How many frames or chunks a message may have: each costs more memory than its bytes. */
const maxPieces = 1_024;

function refuse(stream: Duplex, status: number): void {
  stream.on('error', () => stream.destroy());
  const retry = status === 503 || status === 429 ? 'retry-after: 1\r\n' : '';
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n${retry}content-length: 0\r\n\r\n`;
  // Destroyed, because a client that never closes its side would keep the connection half open.
  stream.end(head, () => stream.destroy());
}

/** Bytes of an incomplete message; since when, in ms of `performance.now`. */
interface Unfinished {
  since: number | undefined;
}

/** Counts the received bytes of a message until it is complete. Cuts clients that exceed their share or the total. */
function countUnfinished(socket: WebSocket, stream: Duplex, place: Place | Shortage): Unfinished {
  const unfinished: Unfinished = { since: undefined };
  let bytes = 0;
  const complete = () => {
    if (!isShortage(place)) place.grow(-bytes);
    bytes = 0;
    unfinished.since = undefined;
  };
  // Before the library's own listener, so that the event that completes a message also releases its bytes.
  stream.prependListener('data', (chunk: Buffer) => {
    bytes += chunk.length;
    unfinished.since ??= performance.now();
    if (isShortage(place) || place.grow(chunk.length)) {
      bytes -= chunk.length;
      socket.terminate();
    }
  });
  socket.on('message', complete);
  socket.on('ping', complete);
  socket.on('pong', complete);
  socket.on('close', () => isShortage(place) || place.leave());
  return unfinished;
}

/**
 * One timer for all sockets: cuts those that did not answer the last ping or leave a message unfinished, pings the
 * others.
 */
function startHeartbeat(options: Pick<SocketServerOptions, 'pingIntervalMs' | 'frameTimeoutMs'>) {
  const watched = new Map<WebSocket, { unfinished: Unfinished; answered: boolean }>();
  // Unpredictable, so that an unsolicited pong is not taken for an answer.
  let question = randomBytes(8);
  const timer = setInterval(() => {
    const tooOld = performance.now() - options.frameTimeoutMs;
    question = randomBytes(8);
    for (const [socket, state] of watched) {
      if (!state.answered || (state.unfinished.since ?? Infinity) < tooOld) {
        socket.terminate();
        continue;
      }
      state.answered = false;
      socket.ping(question);
    }
  }, options.pingIntervalMs);
  return {
    watch(socket: WebSocket, unfinished: Unfinished): void {
      const state = { unfinished, answered: true };
      watched.set(socket, state);
      socket.on('pong', (data) => {
        if (data.equals(question)) state.answered = true;
      });
      socket.on('close', () => watched.delete(socket));
    },
    stop: () => clearInterval(timer),
  };
}
