import type { GraphQLFormattedError } from 'graphql';
import type { SubgraphAnswer } from '../gateway/execution/answer.ts';
import { WebSocket, type RawData } from 'ws';
import { closeCodes, routerSecretHeader, subprotocol } from '../../platform/server/index.ts';
import { forbidden } from '../gateway/subgraph-client.ts';
import { errorsIn, isObject } from '../gateway/subgraph-answer.ts';

/** What comes from the subgraph. After `error`, `complete` or `lost` nothing more does. */
export interface UpstreamSink {
  /** The subgraph took the subscription's connection. */
  connected(): void;
  next(result: SubgraphAnswer): void;
  /** The subgraph refused the subscription, or ended it with errors. */
  error(errors: readonly GraphQLFormattedError[]): void;
  complete(): void;
  /** The connection could not be made, or broke. */
  lost(): void;
}

export interface Upstream {
  /** Stops reading, so that the subgraph's socket fills instead of our memory. */
  pause(): void;
  resume(): void;
  /** Tells the subgraph at once; reports nothing afterwards, whatever its state. */
  close(): void;
}

/** How to come to a subgraph. */
export interface UpstreamSettings {
  url: URL;
  /** For the connection and its acknowledgement together. */
  connectTimeoutMs: number;
  pingIntervalMs: number;
  /** Of one message. */
  maxAnswerBytes: number;
  /** Tells the subgraph that it is the router who asks. */
  secret?: string | undefined;
  /** The subgraph rejected the router's secret; the connection is lost, too. */
  refused?(): void;
}

export interface UpstreamRequest extends UpstreamSettings {
  query: string;
  operationName: string | undefined;
  variables: Record<string, unknown>;
  /** Who asks: the payload of `connection_init`. */
  identity: Readonly<Record<string, string>>;
}

/** After this, a socket whose subgraph does not answer the close frame is terminated. */
const closeTimeoutMs = 1_000;
const operationId = '1';

interface SubgraphMessage {
  type?: string;
  payload?: unknown;
}

/**
 * One subscription on a socket of its own: `connection_init` fixes the identity per connection, so viewers cannot share
 * a socket anyway. Uses `ws` rather than graphql-ws' client, because that resubscribes by itself after a close with
 * 1000, without the cursor.
 */
export function openUpstream(request: UpstreamRequest, sink: UpstreamSink): Upstream {
  const socket = new WebSocket(request.url, subprotocol, {
    perMessageDeflate: false,
    maxPayload: request.maxAnswerBytes,
    headers: request.secret ? { [routerSecretHeader]: request.secret } : {},
  });
  let finished = false;
  const connectTimer = setTimeout(() => finish(() => sink.lost()), request.connectTimeoutMs);
  const stopHeartbeat = startHeartbeat(socket, request.pingIntervalMs);

  function finish(tell: () => void): void {
    if (finished) return;
    finished = true;
    clearTimeout(connectTimer);
    stopHeartbeat();
    closeSocket(socket);
    tell();
  }

  function receive(payload: unknown): void {
    // A peer that violates the protocol must not crash this process.
    if (!isObject(payload)) return finish(() => sink.lost());
    const { errors: given, ...result } = payload;
    // Without `data` nothing was executed: this is how graphql-ws says that subscribing failed.
    if (result['data'] === undefined) return refused(given);
    const errors = errorsIn(given);
    if (!errors || (result['data'] !== null && !isObject(result['data']))) return finish(() => sink.lost());
    sink.next(errors.length > 0 ? { ...result, errors } : result);
  }

  function refused(given: unknown): void {
    const errors = errorsIn(given);
    finish(() => (errors ? sink.error(errors) : sink.lost()));
  }

  socket.on('open', () => {
    const { identity } = request;
    socket.send(
      JSON.stringify({ type: 'connection_init', ...(Object.keys(identity).length > 0 ? { payload: identity } : {}) }),
    );
  });
  // `ws` leaves ending the handshake to the listener of this event.
  socket.on('unexpected-response', (handshake, { statusCode }) => {
    handshake.destroy();
    if (statusCode === forbidden && !finished) request.refused?.();
    finish(() => sink.lost());
  });
  socket.on('message', (data) => {
    if (finished) return;
    const message = parseMessage(data);
    switch (message.type) {
      case 'connection_ack':
        clearTimeout(connectTimer);
        socket.send(subscribeMessage(request));
        return sink.connected();
      case 'next':
        return receive(message.payload);
      case 'error':
        return refused(message.payload);
      case 'complete':
        return finish(() => sink.complete());
      case 'ping':
        return socket.send('{"type":"pong"}');
      case 'pong':
        return;
      case undefined:
      default:
        return finish(() => sink.lost());
    }
  });
  socket.on('close', (code) => finish(() => (isRefusal(code) ? sink.error([tokenRefused]) : sink.lost())));
  // 'close' follows, and reports the loss.
  socket.on('error', () => undefined);

  return {
    pause: () => {
      if (socket.readyState === WebSocket.OPEN) socket.pause();
    },
    resume: () => {
      if (socket.isPaused) socket.resume();
    },
    close: () => {
      if (!finished && socket.readyState === WebSocket.OPEN) {
        socket.send(JSON.stringify({ id: operationId, type: 'complete' }));
      }
      finish(() => undefined);
    },
  };
}

function subscribeMessage({ query, operationName, variables }: UpstreamRequest): string {
  return JSON.stringify({ id: operationId, type: 'subscribe', payload: { query, operationName, variables } });
}

function closeSocket(socket: WebSocket): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
  // A paused socket would never read the answer to its close frame.
  if (socket.isPaused) socket.resume();
  const cut = setTimeout(() => socket.terminate(), closeTimeoutMs);
  socket.once('close', () => clearTimeout(cut));
  socket.close(1000, 'Normal Closure');
}

/** Pings, and terminates a socket that was silent for a whole interval: TCP alone would notice only after minutes. */
function startHeartbeat(socket: WebSocket, intervalMs: number): () => void {
  let alive = true;
  const heard = () => {
    alive = true;
  };
  socket.on('pong', heard);
  socket.on('message', heard);
  const timer = setInterval(() => {
    // A socket that we paused cannot be heard.
    if (socket.readyState !== WebSocket.OPEN || socket.isPaused) return heard();
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, intervalMs);
  return () => clearInterval(timer);
}

function parseMessage(data: RawData): SubgraphMessage {
  try {
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a Buffer, because binaryType is left at its default
    const message: unknown = JSON.parse(data.toString());
    return typeof message === 'object' && message !== null ? message : {};
  } catch {
    return {};
  }
}

const isRefusal = (code: number) => code === closeCodes.unauthorized || code === closeCodes.forbidden;

const tokenRefused: GraphQLFormattedError = {
  message: 'A service does not accept the token.',
  extensions: { code: 'UNAUTHENTICATED' },
};
