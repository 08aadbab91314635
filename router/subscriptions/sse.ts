import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import {
  createBoundedSender,
  HttpRefusal,
  isMediaType,
  isShortage,
  parseSubscribePayload,
  readBody,
  refuseGraphql,
  sendJson,
  shortageRefusal,
  slowConsumerMessage,
  statusWithoutData,
  type Receiver,
  type RequestHandler,
  type SubscribePayload,
  type TokenVerifier,
} from '../../platform/server/index.ts';
import type { RouterAdmission, RouterGuest } from '../http/admission.ts';
import { routerError, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { Metrics } from '../metrics.ts';
import { correlationIdOf, createRequestContext } from '../gateway/request-context.ts';
import type { Asker, Operations } from './operations.ts';

export interface SseOptions {
  settings: RouterSettings;
  admission: RouterAdmission;
  guestOf(request: IncomingMessage): Promise<RouterGuest>;
  operations: Operations;
  verifyToken: TokenVerifier;
  formatError: ErrorFormatter;
  metrics: Metrics;
}

export interface SseTransport {
  route: RequestHandler;
  /** Cuts the streams, without `complete`, so that clients come back. */
  close(): void;
}

const eventStream = 'text/event-stream';

/** Whether the client prefers its answers as server-sent events; urql lists the type after JSON for every query. */
export function wantsEventStream(request: IncomingMessage): boolean {
  const [first = ''] = (request.headers.accept ?? '').split(',');
  return first.split(';', 1)[0]?.trim().toLowerCase() === eventStream;
}

/** GraphQL over SSE, "distinct connections" mode: one POST, one operation, events `next` and `complete`. */
export function createSseTransport(options: SseOptions): SseTransport {
  const { settings, admission, operations, verifyToken, formatError, metrics } = options;
  const limits = { frames: settings.SUBSCRIPTION_QUEUE_LIMIT, bytes: settings.SUBSCRIPTION_BUFFER_BYTES };
  const open = new Set<ServerResponse>();

  function stream(payload: SubscribePayload, asker: Asker, request: IncomingMessage, response: ServerResponse): void {
    const place = admission.take('streams', asker.client);
    if (isShortage(place)) throw shortageRefusal(place);
    const unwanted = new AbortController();
    const sender = createBoundedSender(
      { send: (frame, sent) => response.write(frame, sent), bufferedBytes: () => response.writableLength },
      limits,
      () => admission.take('waiting_bytes', asker.client, 0),
    );
    open.add(response);
    response.on('close', () => {
      clearTimeout(opening);
      open.delete(response);
      unwanted.abort();
      sender.close();
      place.leave();
    });
    let opened = false;
    const openStream = () => {
      clearTimeout(opening);
      if (opened || response.headersSent) return;
      opened = true;
      response.writeHead(200, { 'content-type': eventStream, 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      response.flushHeaders();
      keepAlive(response, Math.min(settings.PING_INTERVAL_MS, settings.ANSWER_TIMEOUT_MS / 2));
    };
    // An early refusal becomes an HTTP status, which clients and proxies understand better than an event.
    const opening = setTimeout(openStream, refusalWaitMs);
    const end = (frame: string) => response.end(`${frame}event: complete\ndata:\n\n`);
    const receiver: Receiver = {
      next(answer) {
        openStream();
        if (sender.offer(nextEvent(answer))) return;
        metrics.slowConsumers.inc();
        unwanted.abort();
        end(nextEvent(JSON.stringify({ errors: [routerError('SLOW_CONSUMER', slowConsumerMessage).toJSON()] })));
      },
      error(errors) {
        clearTimeout(opening);
        if (!opened) return refuse(request, response, errors);
        end(nextEvent(JSON.stringify({ errors })));
      },
      complete() {
        openStream();
        end('');
      },
    };
    operations.start(payload, asker, whileOpen(response, receiver), unwanted.signal);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      throw new HttpRefusal(405, 'BAD_REQUEST', 'Server-sent events are asked for with POST.');
    }
    // A browser sends this type across origins only after a preflight, which CORS answers.
    if (!isMediaType(request.headers['content-type'], 'application/json')) {
      throw new HttpRefusal(415, 'BAD_REQUEST', 'The content type must be application/json, in UTF-8.');
    }
    const guest = await options.guestOf(request);
    const payload = parseSubscribePayload(await readBody(request, settings.MAX_BODY_BYTES, guest));
    if (!payload) throw new HttpRefusal(400, 'BAD_REQUEST', 'The body is not a GraphQL request.');
    try {
      const correlationId = correlationIdOf(request.headers);
      const context = await createRequestContext(request.headers, correlationId, verifyToken);
      if (response.destroyed) return;
      stream(payload, { client: guest.client, context }, request, response);
    } catch (error) {
      if (error instanceof HttpRefusal) throw error;
      refuse(request, response, [formatError(error)]);
    }
  }

  return {
    async route(request, response) {
      try {
        await serve(request, response);
      } catch (error) {
        if (!(error instanceof HttpRefusal)) throw error;
        refuseGraphql(request, response, error);
      }
    },
    close() {
      for (const response of open) response.destroy();
    },
  };
}

/** How long a subscription may take to be refused with an HTTP status; after that its stream is opened. */
const refusalWaitMs = 1_000;

/** Nothing is written to a stream that has ended. */
function whileOpen(response: ServerResponse, receiver: Receiver): Receiver {
  const isOpen = () => !response.writableEnded && !response.destroyed;
  return {
    next: (answer) => isOpen() && receiver.next(answer),
    error: (errors) => isOpen() && receiver.error(errors),
    complete: () => isOpen() && receiver.complete(),
  };
}

function keepAlive(response: ServerResponse, intervalMs: number): void {
  const timer = setInterval(() => {
    // A comment line as a heartbeat: proxies cut idle streams.
    if (response.headersSent && response.writableLength === 0) response.write(':\n\n');
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
}

const nextEvent = (answer: string) => `event: next\ndata: ${answer}\n\n`;

/** Refused before anything was streamed. */
function refuse(request: IncomingMessage, response: ServerResponse, errors: readonly GraphQLFormattedError[]): void {
  if (!request.complete) response.setHeader('connection', 'close');
  const status = statusWithoutData(null, errors) ?? 400;
  if (status === 503 || status === 429) response.setHeader('retry-after', '1');
  sendJson(response, status, { errors });
}
