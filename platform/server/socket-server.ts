import { randomBytes } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { lookEveryMs, pathOf, shortageRefusal } from './http.ts';
import type { Logger } from './logger.ts';
import { repeatedHeader } from './repeated-header.ts';
import { isShortage, type Place, type Shortage } from './places.ts';
import { closeCodes, subprotocol } from './socket-protocol.ts';
import { drainSession, endSession, receiveMessage, receivePing, type SocketSession } from './socket-session.ts';

export interface SocketServerOptions<Guest> {
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
  /** Where the bytes of an incomplete message are counted, for the session's client. */
  reading(session: SocketSession<Guest>): Place | Shortage;
  /** @param stream what the socket writes to. */
  open(socket: WebSocket, stream: Duplex, request: IncomingMessage, place: Place): SocketSession<Guest>;
  logger: Logger;
}

export interface SocketServer {
  readonly sessions: Iterable<Pick<SocketSession, 'running'>>;
  /** Closes every socket with 1001; queries and mutations that run get at most `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** Clients that do not answer the close frame are cut after this. */
const closeTimeoutMs = 1_000;

/** graphql-transport-ws at `path`. Deflate stays off: it costs 225 kB a client, and frames could not be shared. */
export function createSocketServer<Guest>(options: SocketServerOptions<Guest>): SocketServer {
  const { server, logger } = options;
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
  const clients = new Map<WebSocket, Listened<Guest>>();
  const heartbeat = startHeartbeat(clients, options);
  // Without a listener a malformed frame would end the process; 'close' follows every error.
  const logError = (error: Error) => logger.debug({ err: error }, 'socket error');

  function accept(socket: WebSocket, request: IncomingMessage, stream: Duplex, place: Place): void {
    if (socket.protocol !== subprotocol) {
      socket.on('error', logError);
      return socket.close(closeCodes.subprotocolNotAcceptable, 'Subprotocol not acceptable');
    }
    const session = options.open(socket, stream, request, place);
    listen({ session, heard: createHeard() }, stream);
  }

  /** The same few listeners for all, and nothing of the request: ten thousand clients would keep each of theirs. */
  function listen(client: Listened<Guest>, stream: Duplex): void {
    const { socket } = client.session;
    clients.set(socket, client);
    // Before the library's own listener, so that the event that completes a message also releases its bytes.
    stream.prependListener('data', (chunk: Buffer) => {
      if (!hear(client, chunk.length, options.reading)) socket.terminate();
    });
    socket.on('message', onMessage);
    socket.on('ping', onPing);
    socket.on('pong', onPong);
    socket.on('error', logError);
    socket.on('close', onClose);
  }

  /** Whose the whole of a message, or the end, has been heard. */
  function heardFrom(socket: WebSocket): Listened<Guest> | undefined {
    const client = clients.get(socket);
    if (client) heardAll(client.heard);
    return client;
  }

  function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
    const client = heardFrom(this);
    if (client) void receiveMessage(client.session, data, isBinary);
  }

  function onPing(this: WebSocket, data: Buffer): void {
    const client = heardFrom(this);
    if (client) receivePing(client.session, data);
  }

  function onPong(this: WebSocket, data: Buffer): void {
    const client = heardFrom(this);
    if (client) heartbeat.answer(client.heard, data);
  }

  function onClose(this: WebSocket): void {
    const client = heardFrom(this);
    clients.delete(this);
    if (client) endSession(client.session);
  }

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', logError);
    if (pathOf(request) !== options.path) return refuse(stream, 404);
    if (repeatedHeader(request)) return refuse(stream, 400);
    if (!options.mayConnect(request)) return refuse(stream, 403);
    const place = options.admit(request);
    if (isShortage(place)) return refuse(stream, shortageRefusal(place).status);
    leaveWith(stream, place);
    webSocketServer.handleUpgrade(request, stream, head, (socket) => accept(socket, request, stream, place));
  }

  server.on('upgrade', upgrade);

  return {
    get sessions() {
      return Array.from(clients.values(), ({ session }) => session);
    },
    async close(drainMs) {
      server.off('upgrade', upgrade);
      server.on('upgrade', (_request, stream) => refuse(stream, 503));
      heartbeat.stop();
      for (const { session } of clients.values()) {
        drainSession(session, closeCodes.goingAway, 'The server is going away');
      }
      const allClosed = new Promise<void>((resolve) => webSocketServer.close(() => resolve()));
      let cut: NodeJS.Timeout | undefined;
      const late = setTimeout(() => {
        for (const socket of webSocketServer.clients) socket.close(closeCodes.goingAway, 'The server is going away');
        cut = setTimeout(() => {
          for (const socket of webSocketServer.clients) socket.terminate();
        }, closeTimeoutMs);
      }, drainMs);
      await allClosed;
      clearTimeout(late);
      clearTimeout(cut);
    },
  };
}

/** A function of its own, because a listener keeps all that the function around it shares with others. */
function leaveWith(stream: Duplex, place: Place): void {
  stream.once('close', () => place.leave());
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

/** A client and what has been heard of it. */
interface Listened<Guest> {
  session: SocketSession<Guest>;
  heard: Heard;
}

interface Heard {
  /** Of an incomplete message: where its bytes are counted, and since when, in ms of `performance.now`. */
  place: Place | undefined;
  since: number | undefined;
  /** The last ping. */
  isAnswered: boolean;
}

const createHeard = (): Heard => ({ place: undefined, since: undefined, isAnswered: true });

/** Counts the bytes of a message until it is complete. @returns false when the client exceeds its share or the total. */
function hear<Guest>(
  { heard, session }: Listened<Guest>,
  bytes: number,
  reading: SocketServerOptions<Guest>['reading'],
): boolean {
  heard.since ??= performance.now();
  if (!heard.place) {
    const place = reading(session);
    if (isShortage(place)) return false;
    heard.place = place;
  }
  if (heard.place.grow(bytes)) return false;
  return true;
}

function heardAll(heard: Heard): void {
  heard.place?.leave();
  heard.place = undefined;
  heard.since = undefined;
}

/**
 * Two timers for all sockets: one cuts those that leave a message unfinished, the other those that did not answer the
 * last ping, and pings the others.
 */
function startHeartbeat(
  clients: ReadonlyMap<WebSocket, Pick<Listened<never>, 'heard'>>,
  options: Pick<SocketServerOptions<never>, 'pingIntervalMs' | 'frameTimeoutMs'>,
) {
  // Unpredictable, so that an unsolicited pong is not taken for an answer.
  let question = randomBytes(8);
  const pings = setInterval(() => {
    question = randomBytes(8);
    for (const [socket, { heard }] of clients) {
      if (!heard.isAnswered) {
        socket.terminate();
        continue;
      }
      heard.isAnswered = false;
      socket.ping(question);
    }
  }, options.pingIntervalMs);
  const deadlines = setInterval(
    () => {
      const tooOld = performance.now() - options.frameTimeoutMs;
      for (const [socket, { heard }] of clients) if ((heard.since ?? Infinity) < tooOld) socket.terminate();
    },
    Math.min(lookEveryMs, options.frameTimeoutMs),
  );
  return {
    answer(heard: Heard, data: Buffer) {
      if (data.equals(question)) heard.isAnswered = true;
    },
    stop() {
      clearInterval(pings);
      clearInterval(deadlines);
    },
  };
}
