import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { OperationTypeNode, type GraphQLFormattedError } from 'graphql';
import {
  askInAnswer,
  bytesOf,
  closeSender,
  createBoundedSender,
  createControl,
  giveUp,
  HttpRefusal,
  isShortage,
  offer,
  readBody,
  sendJson,
  sendRefusal,
  shortageRefusal,
  slowConsumerMessage,
  statusWithoutData,
  type Receiver,
  type RequestHandler,
  type SubscribePayload,
  type TokenVerifier,
  type Wire,
} from '../../platform/server/index.ts';
import type { RouterAdmission, RouterGuest } from '../http/admission.ts';
import { routerError, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import { plainForm, statusOfRefused } from '../http/answer-form.ts';
import type { Cors } from '../http/cors.ts';
import { requestInBody, requestInSearch, requireJson } from '../http/graphql-request.ts';
import type { OperationRequest } from '../documents/documents.ts';
import type { Metrics } from '../metrics.ts';
import { correlationIdOf, createRequestContext } from '../gateway/request-context.ts';
import type { Asker, Operations } from './operations.ts';
import { streamFormatFor, type StreamFormat } from './stream-formats.ts';

export interface HttpStreamOptions {
  settings: RouterSettings;
  admission: RouterAdmission;
  guestOf(request: IncomingMessage): Promise<RouterGuest>;
  operations: Operations;
  verifyToken: TokenVerifier;
  formatError: ErrorFormatter;
  cors: Cors;
  metrics: Metrics;
}

export interface HttpStreams {
  route: RequestHandler;
  /** Cuts the streams, without `complete`, so that clients come back. */
  close(): void;
}

/** Whether the client prefers its answers as a stream. */
export const wantsStream = ({ headers }: IncomingMessage) => streamFormatFor(headers.accept) !== undefined;

interface Streamed {
  payload: SubscribePayload;
  asker: Asker;
  format: StreamFormat;
  request: IncomingMessage;
  response: ServerResponse;
}

/** Live answers over plain HTTP (PROTOCOL.md): one request, one operation, as many answers as come. */
export function createHttpStreams(options: HttpStreamOptions): HttpStreams {
  const { settings, admission, operations, verifyToken, formatError, metrics } = options;
  const limits = { frames: settings.SUBSCRIPTION_QUEUE_LIMIT, bytes: settings.SUBSCRIPTION_BUFFER_BYTES };
  /** With their formats once they are streams. */
  const open = new Map<ServerResponse, StreamFormat | undefined>();
  const beat = (response: ServerResponse, format: StreamFormat | undefined) => {
    if (format && !response.writableEnded && response.writableLength === 0) response.write(format.heartbeat);
  };
  const beatAll = () => open.forEach((format, response) => beat(response, format));
  // One for all: a timer for each stream would take as much memory as half of its socket.
  const heartbeat = setInterval(beatAll, Math.min(settings.PING_INTERVAL_MS, settings.ANSWER_TIMEOUT_MS / 2));
  heartbeat.unref();

  function stream({ payload, asker, format, request, response }: Streamed): void {
    const place = admission.take('streams', asker.client);
    if (isShortage(place)) throw shortageRefusal(place);
    const control = createControl();
    let isStream = true;
    const wire = new ResponseWire(response);
    const sender = createBoundedSender(wire, limits, () => admission.take('waiting_bytes', asker.client, 0));
    open.set(response, undefined);
    response.on('close', () => {
      clearTimeout(opening);
      open.delete(response);
      giveUp(control);
      closeSender(sender);
      place.leave();
    });
    let opened = false;
    const openStream = () => {
      clearTimeout(opening);
      if (opened || response.headersSent) return;
      opened = true;
      const headers = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
      response.writeHead(200, { 'content-type': isStream ? format.contentType : answerType, ...headers });
      if (!isStream) return;
      response.flushHeaders();
      if (format.head !== '') response.write(format.head);
      open.set(response, format);
      askInAnswer(response, () => beat(response, format));
    };
    // An early refusal becomes an HTTP status, which clients and proxies understand better than an event.
    const opening = setTimeout(() => isStream && openStream(), refusalWaitMs);
    const end = (frame: string) => response.end(isStream ? `${frame}${format.tail}` : frame);
    const receiver: Receiver = {
      next(answer) {
        openStream();
        if (offer(sender, answer.as(!isStream ? bytesOf : wire.inChunks() ? format.chunk : format.next))) return;
        metrics.slowConsumers.inc({ transport: format.name });
        giveUp(control);
        end(format.errors([routerError('SLOW_CONSUMER', slowConsumerMessage).toJSON()]));
      },
      error(errors, status) {
        clearTimeout(opening);
        if (!opened) return refuse(request, response, errors, status);
        end(format.errors(errors));
      },
      complete() {
        openStream();
        end('');
      },
    };
    const kind = operations.start(payload, asker, whileOpen(response, receiver), control);
    isStream = kind === 'subscription' || format.forAll;
  }

  /** What a POST asks for, or a GET: an EventSource of a browser sends nothing else. */
  async function payloadOf(request: IncomingMessage, guest: RouterGuest): Promise<SubscribePayload> {
    if (request.method === 'GET') {
      // A page of another site needs no leave to send it.
      if (!options.cors.mayConnect(request)) throw new HttpRefusal(403, 'FORBIDDEN', 'The origin is not allowed.');
      return payloadIn(requestInSearch(request.url ?? ''));
    }
    // A browser sends this type across origins only after a preflight, which CORS answers.
    requireJson(request);
    return payloadIn(requestInBody(await readBody(request, settings.MAX_BODY_BYTES, guest)));
  }

  async function serve(request: IncomingMessage, response: ServerResponse, format: StreamFormat): Promise<void> {
    const isGet = request.method === 'GET';
    if (!isGet && request.method !== 'POST') {
      response.setHeader('allow', 'GET, POST');
      throw new HttpRefusal(405, 'BAD_REQUEST', 'Streams are asked for with POST, or with GET.');
    }
    const admit = (type: OperationTypeNode) => {
      if (!isGet || type !== OperationTypeNode.MUTATION) return;
      response.setHeader('allow', 'POST');
      throw new HttpRefusal(405, 'BAD_REQUEST', 'A mutation is sent by POST.');
    };
    const guest = await options.guestOf(request);
    const payload = goingOn(await payloadOf(request, guest), request);
    try {
      const correlationId = correlationIdOf(request.headers);
      const context = await createRequestContext(request.headers, correlationId, verifyToken);
      if (response.destroyed) return;
      stream({
        payload,
        asker: { client: guest.client, context, parts: format.parts, admit },
        format,
        request,
        response,
      });
    } catch (error) {
      if (error instanceof HttpRefusal) throw error;
      refuse(request, response, [formatError(error)]);
    }
  }

  return {
    async route(request, response) {
      try {
        const format = streamFormatFor(request.headers.accept);
        if (!format) throw new HttpRefusal(406, 'BAD_REQUEST', 'No stream is asked for.');
        await serve(request, response, format);
      } catch (error) {
        if (!(error instanceof HttpRefusal)) throw error;
        const errors = [{ message: error.message, extensions: { code: error.code } }];
        const status = statusOfRefused({ status: error.status, errors, isOperation: false }, plainForm);
        sendRefusal(request, response, { status, body: { errors } });
      }
    },
    close() {
      clearInterval(heartbeat);
      for (const response of open.keys()) response.destroy();
    },
  };
}

/** How long a subscription may take to be refused with an HTTP status; after that its stream is opened. */
const refusalWaitMs = 1_000;

/** Takes answers as chunks, made once for all clients: Node makes one of each write for each client, in three pieces. */
class ResponseWire implements Wire {
  readonly #response: ServerResponse;
  #socket: Socket | null = null;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get writableLength(): number {
    return this.#response.writableLength;
  }

  /** Whether what is written next has to be a chunk. Not by HTTP/1.0, nor behind another answer of the connection. */
  inChunks(): boolean {
    const { socket, headersSent, chunkedEncoding } = this.#response;
    this.#socket = headersSent && chunkedEncoding ? socket : null;
    return this.#socket !== null;
  }

  write(frame: string, encoding: 'latin1', sent?: () => void): void {
    if (this.#socket) this.#socket.write(frame, encoding, sent);
    else this.#response.write(frame, encoding, sent);
    this.#socket = null;
  }
}

/** Nothing is written to a stream that has ended. */
function whileOpen(response: ServerResponse, receiver: Receiver): Receiver {
  const isOpen = () => !response.writableEnded && !response.destroyed;
  return {
    next: (answer) => isOpen() && receiver.next(answer),
    error: (errors, status) => isOpen() && receiver.error(errors, status),
    complete: () => isOpen() && receiver.complete(),
  };
}

const answerType = 'application/json; charset=utf-8';

function payloadIn({ query = '', variables, extensions, ...asked }: OperationRequest): SubscribePayload {
  return { ...asked, query, variables: variables ?? undefined, extensions: extensions ?? undefined };
}

/** The request with the cursor that an EventSource gives back when it connects again: the `id` of the last event. */
function goingOn(payload: SubscribePayload, { headers }: IncomingMessage): SubscribePayload {
  const id = headers['last-event-id'];
  if (typeof id !== 'string' || id === '') return payload;
  return { ...payload, extensions: { ...payload.extensions, cursor: jsonIn('Last-Event-ID', id) } };
}

function jsonIn(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpRefusal(400, 'BAD_USER_INPUT', `"${name}" is not JSON.`);
  }
}

/** Refused before anything was streamed: never with the status of a stream. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  errors: readonly GraphQLFormattedError[],
  given = 400,
): void {
  if (!request.complete) response.setHeader('connection', 'close');
  const status = statusWithoutData(null, errors) ?? Math.max(given, 400);
  if (status === 503 || status === 429) response.setHeader('retry-after', '1');
  sendJson(response, status, { errors });
}
