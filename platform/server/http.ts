import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isUtf8 } from 'node:buffer';
import { compressOnce, encodingFor, worthCompressingBytes } from './compression.ts';
import { ConfigError, type ProcessSettings } from './config.ts';
import { httpStatus, type ErrorCode } from '../foundation/errors.ts';
import { longestTimerMs } from '../foundation/time.ts';
import { answerHalfClosed } from './half-closed.ts';
import type { Logger } from './logger.ts';
import { createUnwanted, type Unwanted } from './unwanted.ts';
import { repeatedHeader } from './repeated-header.ts';
import { isShortage, shortageError, type Place, type Shortage } from './places.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Whether work can be accepted, and the state of each dependency: `ok`, or what is wrong with it. */
export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

export interface HttpServerOptions {
  port: number;
  host: string;
  logger: Logger;
  /** Paths and their handlers; a path that ends with `/` covers everything below it. */
  routes: Record<string, RequestHandler>;
  readiness(): Promise<Readiness> | Readiness;
  /** How long a connection may idle before it is closed; clients are told a slightly shorter time. */
  keepAliveMs: number;
  /**
   * How long to go on answering when closing, with `connection: close`: load balancers learn late that this process
   * stops, and an idle connection can only be closed safely when its client no longer uses it. At least `keepAliveMs`
   * behind one.
   */
  lingerMs: number;
  /** After that, how long running requests may take to finish. */
  drainMs: number;
  limits: HttpLimits;
}

/** What a connection may cost before its request is looked at. */
export type HttpLimits = Pick<
  ProcessSettings,
  'HEADERS_TIMEOUT_MS' | 'BODY_TIMEOUT_MS' | 'ANSWER_TIMEOUT_MS' | 'MAX_HEADER_BYTES' | 'MAX_CONNECTIONS'
>;

/** Headers of a request: a browser sends 20, a chain of proxies adds 10; Apache and Envoy take as many. */
const maxHeaders = 100;

/** For so much longer than it says Node keeps an idle connection, and complains of a timer too long at each request. */
const keepAliveMarginMs = 1_000;

/** How often to check for what is past its deadline: connections, messages. */
export const lookEveryMs = 1_000;

export interface HttpServer {
  server: Server;
  /** The port it listens on, chosen by the system when 0 was configured. */
  port: number;
  /** Stops being ready, lingers, takes no new connections, lets requests finish, then cuts what is left. */
  close(): Promise<void>;
}

/**
 * A plain HTTP server with `/healthz` (the event loop turns) and `/readyz` (its dependencies answer).
 * @throws {ConfigError} when it cannot listen there: the port is taken, or the address is none of this machine.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { logger } = options;
  let closing = false;
  const routes: Record<string, RequestHandler> = {
    '/healthz': (_request, response) => sendJson(response, 200, { status: 'ok' }),
    '/readyz': async (_request, response) => {
      if (closing) return sendJson(response, 503, { status: 'stopping', checks: {} });
      const { ready, checks } = await options.readiness();
      sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
    },
    ...options.routes,
  };
  const { limits } = options;
  const settings = {
    headersTimeout: limits.HEADERS_TIMEOUT_MS,
    requestTimeout: limits.HEADERS_TIMEOUT_MS + limits.BODY_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(lookEveryMs, limits.HEADERS_TIMEOUT_MS, limits.BODY_TIMEOUT_MS),
    keepAliveTimeout: Math.min(options.keepAliveMs, longestTimerMs - keepAliveMarginMs),
    maxHeaderSize: limits.MAX_HEADER_BYTES,
    // Some clients offer HTTP/2 with every request: they are answered in HTTP/1.1.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  };
  const latest = new WeakMap<Duplex, ServerResponse>();
  const server = createServer(settings, (request, response) => {
    latest.set(request.socket, response);
    request.url = withoutHost(request.url);
    if (closing) response.shouldKeepAlive = false;
    if (request.rawHeaders.length > 2 * maxHeaders) {
      return refuseGraphql(request, response, new HttpRefusal(431, 'BAD_REQUEST', `At most ${maxHeaders} headers.`));
    }
    const path = pathOf(request);
    const handler = routes[path] ?? subtree(routes, path);
    if (!handler) return sendJson(response, 404, { error: `Nothing here under ${path}.` });
    const repeated = repeatedHeader(request);
    if (repeated) {
      const because = `There is more than one ${repeated} header.`;
      return refuseGraphql(request, response, new HttpRefusal(400, 'BAD_REQUEST', because));
    }
    Promise.resolve()
      .then(() => handler(request, response))
      .catch((error: unknown) => {
        if (error instanceof HttpRefusal) return refuse(request, response, error);
        // A client that left hears nothing, and that is no mistake of ours.
        if (request.destroyed && !request.complete) return void response.destroy();
        logger.error({ err: error, path }, 'request failed');
        if (!response.headersSent) sendJson(response, 500, { error: 'Something went wrong here.' });
        else response.destroy();
      });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    refuseConnection(error, socket, latest.get(socket)),
  );
  answerHalfClosed(server, latest);
  // More than are accepted, so that a request with too many is refused instead of losing some silently.
  server.maxHeadersCount = maxHeaders + 1;
  server.maxConnections = limits.MAX_CONNECTIONS;
  cutUnread(server, limits.ANSWER_TIMEOUT_MS, latest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(mistakeOfListening(error, options)));
    server.listen(options.port, options.host, () => resolve());
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      closing = true;
      await delay(options.lingerMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), options.drainMs);
      await closed;
      clearTimeout(late);
    },
  };
}

/**
 * Cuts clients that take nothing of an answer for so long. A slow one that makes progress has time, and so has one that
 * took all that there was and whose answer, or the next piece of it, is still being made.
 */
function cutUnread(server: Server, withinMs: number, latest: WeakMap<Duplex, ServerResponse>): void {
  server.timeout = withinMs;
  server.on('timeout', (socket: Socket) => {
    const response = latest.get(socket);
    if (response && !response.writableFinished && socket.writableLength === 0) socket.setTimeout(withinMs);
    else socket.destroy();
  });
}

function mistakeOfListening(error: NodeJS.ErrnoException, { host, port }: HttpServerOptions): ConfigError {
  if (error.code === 'EADDRINUSE') {
    return new ConfigError(`Port ${port} is in use by another program. Stop it, or choose another port.`);
  }
  if (error.code === 'EACCES') return new ConfigError(`Port ${port} is not for this user. Choose one from 1024 on.`);
  return new ConfigError(
    `HOST: must be an address of this machine; "${host}" is none (${error.code ?? error.message}).`,
  );
}

/** Proxies may send the whole address: `GET http://host/path HTTP/1.1`. */
function withoutHost(address = '/'): string {
  const path = address.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  return path === address || path.startsWith('/') ? path : `/${path}`;
}

/** The path that a request names, as sent: not decoded, and without host and query. */
export function pathOf({ url }: IncomingMessage): string {
  return withoutHost(url).split('?', 1)[0] ?? '/';
}

/**
 * Whether a client has this already and is answered 304 (RFC 9110, 13.1.2): by one of several tags, weak or strong, or
 * by `*`, which is whatever there is.
 * @param tag with its quotes, without `W/`.
 */
export function hasAlready({ headers }: IncomingMessage, tag: string): boolean {
  const known = headers['if-none-match'];
  return known !== undefined && (known.trim() === '*' || known.includes(tag));
}

function subtree(routes: Record<string, RequestHandler>, path: string): RequestHandler | undefined {
  for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
    const handler = routes[path.slice(0, end + 1)];
    if (handler) return handler;
    if (end === 0) return undefined;
  }
  return undefined;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Why a request is refused; the route or the server answers it. */
export class HttpRefusal extends Error {
  override name = 'HttpRefusal';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Answers a request that is refused, perhaps before all of it was read. */
export function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: { status: number; body: unknown; headers?: OutgoingHttpHeaders },
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  // The rest of the request is not wanted.
  if (!request.complete) response.setHeader('connection', 'close');
  if (status === 503 || status === 429) response.setHeader('retry-after', '1');
  sendJson(response, status, body, headers);
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, message }: HttpRefusal): void {
  sendRefusal(request, response, { status, body: { error: message } });
}

/** The same as a GraphQL error. */
export function refuseGraphql(request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal): void {
  const { status, message, code } = refusal;
  sendRefusal(request, response, { status, body: { errors: [{ message, extensions: { code } }] } });
}

/** What Node finds wrong before a request is there, or while its body is read; anything else is no HTTP. */
const connectionFaults: Readonly<Record<string, readonly [status: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are too long.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The extensions of a chunk are too long.'],
};

/** @param response to the latest request of the connection. */
function refuseConnection({ code = '' }: NodeJS.ErrnoException, socket: Duplex, response?: ServerResponse): void {
  // In the middle of an answer, or before the turn of one, the bytes would be taken for a part of it.
  const isBetweenAnswers =
    !response || response.writableFinished || (response.socket === socket && !response.headersSent);
  if (socket.writable && isBetweenAnswers) {
    const [status, message] = connectionFaults[code] ?? ['400 Bad Request', 'This is no HTTP request.'];
    const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
    const headers = `content-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close`;
    socket.write(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
  }
  socket.destroy();
}

/** What requests take of what all share. */
export type RequestKind = 'operations' | 'bodies' | 'body_bytes' | 'waiting_bytes';

/** The sender of a request: takes places, each counted in all and for this client. */
export interface Guest {
  take(kind: RequestKind, size?: number): Place | Shortage;
}

/** @throws {HttpRefusal} 503 when no places are left at all, 429 when this client has its share. */
export function placeFor(guest: Guest, kind: RequestKind, size?: number): Place {
  const place = guest.take(kind, size);
  if (isShortage(place)) throw shortageRefusal(place);
  return place;
}

export function shortageRefusal(shortage: Shortage): HttpRefusal {
  const { message, extensions } = shortageError(shortage);
  const code = extensions['code'] as ErrorCode;
  return new HttpRefusal(httpStatus[code] ?? 503, code, message);
}

/** Compares media types without case and parameters; a charset other than UTF-8 is another type. */
export function isMediaType(header: string | undefined, type: string): boolean {
  const [name, ...parameters] = (header ?? '').toLowerCase().split(';');
  const charset = /^\s*charset\s*=\s*"?([^"]*?)"?\s*$/;
  return (
    name?.trim() === type && parameters.every((parameter) => /^utf-?8$/.test(charset.exec(parameter)?.[1] ?? 'utf-8'))
  );
}

/**
 * The body as text.
 * @throws {HttpRefusal} 413 when it is longer than `maxBytes`, 415 when it is encoded, 400 when it is not UTF-8, 503 or
 * 429 when too much is being read already.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, guest?: Guest): Promise<string> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') throw new HttpRefusal(415, 'BAD_REQUEST', 'Bodies are taken as they are, not encoded.');
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLong(maxBytes);
  const place = guest && placeFor(guest, 'bodies');
  try {
    const held = guest && placeFor(guest, 'body_bytes', 0);
    try {
      // One buffer that grows: a million chunks of one byte must not become a million objects.
      let body: Buffer = Buffer.allocUnsafe(Math.min(announced || firstBytes, firstBytes));
      let size = 0;
      await eachChunk(request, (chunk) => {
        if (size + chunk.length > maxBytes) return tooLong(maxBytes);
        const shortage = held?.grow(chunk.length);
        if (shortage) return shortageRefusal(shortage);
        if (size + chunk.length > body.length) body = grown(body, size, size + chunk.length);
        size += chunk.copy(body, size);
        return undefined;
      });
      const read = body.subarray(0, size);
      if (!isUtf8(read)) throw new HttpRefusal(400, 'BAD_REQUEST', 'The body is not UTF-8.');
      return read.toString('utf8');
    } finally {
      held?.leave();
    }
  } finally {
    place?.leave();
  }
}

const firstBytes = 4_096;

const tooLong = (maxBytes: number) => new HttpRefusal(413, 'BAD_REQUEST', `The body is longer than ${maxBytes} bytes.`);

/**
 * Takes chunks until one is refused. An iterator would do the same for ten times the work, and when it ends early it
 * destroys the request: with it the socket, and the answer that gives the reason.
 * @throws the refusal, or an Error when the client is gone.
 */
function eachChunk(request: IncomingMessage, take: (chunk: Buffer) => Error | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('error', onError);
      request.off('close', onClose);
    };
    const onData = (chunk: Buffer) => {
      const refusal = take(chunk);
      if (!refusal) return;
      stop();
      request.pause();
      reject(refusal);
    };
    const onEnd = () => {
      stop();
      resolve();
    };
    const onError = (error: Error) => {
      stop();
      reject(error);
    };
    const onClose = () => onError(new Error('The client closed the connection within its request.'));
    if (request.destroyed) return onClose();
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('error', onError);
    request.on('close', onClose);
  });
}

function grown(body: Buffer, size: number, atLeast: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(atLeast, 2 * body.length));
  body.copy(larger, 0, 0, size);
  return larger;
}

/** Aborted when the client leaves before it has its answer. */
export function abortedBy(response: ServerResponse): Unwanted {
  const { signal, abort } = createUnwanted();
  response.once('close', () => {
    if (!response.writableFinished) abort();
  });
  return signal;
}

/** The whole answer in one write, compressed where that is worth it and its client takes it. */
export async function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  text: string | Buffer,
  { status, headers }: { status: number; headers: OutgoingHttpHeaders },
): Promise<void> {
  let body = text;
  let encoded = {};
  if (text.length > worthCompressingBytes) {
    addVary(response, 'accept-encoding');
    const encoding = encodingFor(request.headers['accept-encoding']);
    if (encoding) {
      body = await compressOnce(text, encoding);
      encoded = { 'content-encoding': encoding };
    }
  }
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  response.writeHead(status, { ...headers, ...encoded, 'content-length': length }).end(body);
}

/** Keeps the names that `vary` already has. */
export function addVary(response: ServerResponse, name: string): void {
  const given = [response.getHeader('vary') ?? []].flat().join(', ');
  const names = given.split(',').map((item) => item.trim().toLowerCase());
  if (!names.includes(name)) response.setHeader('vary', given === '' ? name : `${given}, ${name}`);
}

/** An answer that its client does not read at once stays in memory: the client's places are charged for it. */
export function holdWhileWaiting(response: ServerResponse, guest: Guest): void {
  createHold(response, guest)();
}

/** The same for an answer in parts: to be called after each of them. */
export function createHold(response: ServerResponse, guest: Guest): () => void {
  let place: Place | undefined;
  let held = 0;
  return () => {
    const waiting = response.writableLength;
    if (response.destroyed || waiting === held) return;
    if (place) {
      if (place.grow(waiting - held)) return void response.destroy();
    } else {
      const taken = guest.take('waiting_bytes', waiting);
      if (isShortage(taken)) return void response.destroy();
      place = taken;
      response.once('close', () => taken.leave());
    }
    held = waiting;
  };
}
