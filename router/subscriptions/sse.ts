import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, sendJson, type RequestHandler, type TokenVerifier } from '../../subgraphs/chassis/process.ts';
import type { GraphQLFormattedError } from 'graphql';
import { routerError, statusWithoutData, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { Metrics } from '../metrics.ts';
import { correlationIdOf, createRequestContext, type RequestContext } from '../request-context.ts';
import { createBoundedSender, slowConsumerMessage } from './bounded-sender.ts';
import type { Receiver } from './hub.ts';
import type { Operations } from './operations.ts';
import { parseSubscribePayload, type SubscribePayload } from './protocol.ts';

export interface SseOptions {
  settings: RouterSettings;
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
  return request.headers.accept?.trimStart().toLowerCase().startsWith(eventStream) ?? false;
}

/** GraphQL over SSE, "distinct connections" mode: one POST, one operation, events `next` and `complete`. */
export function createSseTransport({
  settings,
  operations,
  verifyToken,
  formatError,
  metrics,
}: SseOptions): SseTransport {
  const limits = { frames: settings.SUBSCRIPTION_QUEUE_LIMIT, bytes: settings.SUBSCRIPTION_BUFFER_BYTES };
  const open = new Set<ServerResponse>();

  function stream(payload: SubscribePayload, context: RequestContext, response: ServerResponse): void {
    const sender = createBoundedSender(
      { send: (frame, sent) => response.write(frame, sent), bufferedBytes: () => response.writableLength },
      limits,
    );
    let opened = false;
    const openStream = () => {
      if (opened) return;
      opened = true;
      response.writeHead(200, { 'content-type': eventStream, 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      response.flushHeaders();
    };
    const end = (frame: string) => response.end(`${frame}event: complete\ndata:\n\n`);
    const receiver: Receiver = {
      next(answer) {
        openStream();
        if (sender.offer(nextEvent(answer))) return;
        metrics.slowConsumers.inc();
        stop();
        end(nextEvent(JSON.stringify({ errors: [routerError('SLOW_CONSUMER', slowConsumerMessage).toJSON()] })));
      },
      error(errors) {
        // Nothing was sent yet: an HTTP status says more than an event.
        if (!opened) return refuse(response, errors);
        end(nextEvent(JSON.stringify({ errors })));
      },
      complete() {
        openStream();
        end('');
      },
    };
    const started = operations.start(payload, context, receiver);
    if ('errors' in started) return refuse(response, started.errors);
    const stop = started.stop;
    if (started.kind === 'subscription') openStream();
    keepAlive(response, settings.PING_INTERVAL_MS);
    open.add(response);
    response.on('close', () => {
      open.delete(response);
      stop();
    });
  }

  return {
    async route(request, response) {
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        return refuse(response, [badRequest('Server-sent events are asked for with POST.')], 405);
      }
      // A browser sends this type across origins only after a preflight, which CORS answers.
      if (!request.headers['content-type']?.startsWith('application/json')) {
        return refuse(response, [badRequest('The content type must be application/json.')], 415);
      }
      const text = await readBody(request, settings.MAX_BODY_BYTES);
      if (text === undefined) {
        response.setHeader('connection', 'close');
        return refuse(response, [badRequest(`The body is longer than ${settings.MAX_BODY_BYTES} bytes.`)], 413);
      }
      const payload = parseSubscribePayload(text);
      if (!payload) return refuse(response, [badRequest('The body is not a GraphQL request.')], 400);
      try {
        const correlationId = String(response.getHeader('x-correlation-id') ?? correlationIdOf(request.headers));
        stream(payload, await createRequestContext(request.headers, correlationId, verifyToken), response);
      } catch (error) {
        refuse(response, [formatError(error)]);
      }
    },
    close() {
      for (const response of open) response.destroy();
    },
  };
}

function keepAlive(response: ServerResponse, intervalMs: number): void {
  const timer = setInterval(() => {
    // A comment; proxies cut a stream that is silent for long.
    if (response.headersSent && response.writableLength === 0) response.write(':\n\n');
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
}

const nextEvent = (answer: string) => `event: next\ndata: ${answer}\n\n`;

const badRequest = (message: string) => routerError('BAD_REQUEST', message).toJSON();

function refuse(response: ServerResponse, errors: readonly GraphQLFormattedError[], status?: number): void {
  sendJson(response, status ?? statusWithoutData(null, errors) ?? 400, { errors });
}
