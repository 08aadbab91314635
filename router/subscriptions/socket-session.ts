import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import type { RawData, WebSocket } from 'ws';
import type { Logger, TokenVerifier } from '../../subgraphs/chassis/process.ts';
import { routerError, type ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { Metrics } from '../metrics.ts';
import { correlationIdOf, createRequestContext } from '../request-context.ts';
import { createBoundedSender, slowConsumerMessage } from './bounded-sender.ts';
import type { Receiver } from './hub.ts';
import type { Operations, RunningOperation } from './operations.ts';
import {
  authorizationOf,
  closeCodes,
  closeReason,
  completeMessage,
  connectionAck,
  errorMessage,
  nextPrefix,
  parseClientMessage,
  pongMessage,
  type ClientMessage,
  type SubscribePayload,
} from './protocol.ts';

export interface SessionServices {
  settings: RouterSettings;
  operations: Operations;
  verifyToken: TokenVerifier;
  formatError: ErrorFormatter;
  metrics: Metrics;
  logger: Logger;
}

/** The graphql-transport-ws conversation with one client (PROTOCOL.md). */
export interface SocketSession {
  /** Ends all subscriptions, waits for queries and mutations that run, then closes. */
  drain(code: number, reason: string): void;
}

type Stage = 'new' | 'initialising' | 'ready';

export function startSocketSession(
  socket: WebSocket,
  headers: IncomingHttpHeaders,
  services: SessionServices,
): SocketSession {
  const { settings, operations, verifyToken, formatError, metrics, logger } = services;
  const limits = { frames: settings.SUBSCRIPTION_QUEUE_LIMIT, bytes: settings.SUBSCRIPTION_BUFFER_BYTES };
  const running = new Map<string, RunningOperation | undefined>();
  let stage: Stage = 'new';
  let authorization: string | undefined;
  let closing: { code: number; reason: string } | undefined;

  const close = (code: number, reason: string) => socket.close(code, closeReason(reason));
  const initTimer = setTimeout(
    () => close(closeCodes.connectionInitTimeout, 'Connection initialisation timeout'),
    settings.CONNECTION_INIT_TIMEOUT_MS,
  );

  async function initialise(payload: Record<string, unknown> | undefined): Promise<void> {
    if (stage !== 'new') return close(closeCodes.tooManyInitRequests, 'Too many initialisation requests');
    stage = 'initialising';
    authorization = authorizationOf(payload) ?? headers.authorization;
    try {
      await verifyToken(authorization);
    } catch (error) {
      return close(closeCodes.forbidden, formatError(error).message);
    }
    clearTimeout(initTimer);
    stage = 'ready';
    socket.send(connectionAck);
  }

  function finish(id: string): void {
    running.delete(id);
    if (closing && running.size === 0) close(closing.code, closing.reason);
  }

  function fail(id: string, errors: readonly GraphQLFormattedError[]): void {
    socket.send(errorMessage(id, errors));
    finish(id);
  }

  function receiverOf(id: string): Receiver {
    const prefix = nextPrefix(id);
    const sender = createBoundedSender(
      { send: (frame, sent) => socket.send(frame, sent), bufferedBytes: () => socket.bufferedAmount },
      limits,
    );
    return {
      next(payload) {
        if (sender.offer(`${prefix}${payload}}`)) return;
        metrics.slowConsumers.inc();
        running.get(id)?.stop();
        fail(id, [routerError('SLOW_CONSUMER', slowConsumerMessage).toJSON()]);
      },
      error: (errors) => fail(id, errors),
      complete() {
        socket.send(completeMessage(id));
        finish(id);
      },
    };
  }

  async function subscribe(id: string, payload: SubscribePayload): Promise<void> {
    if (stage !== 'ready') return close(closeCodes.unauthorized, 'Unauthorized');
    if (running.has(id)) return close(closeCodes.subscriberAlreadyExists, `Subscriber for ${id} already exists`);
    if (running.size >= settings.MAX_SUBSCRIPTIONS_PER_SOCKET) {
      const message = `At most ${settings.MAX_SUBSCRIPTIONS_PER_SOCKET} operations may run on one socket.`;
      return socket.send(errorMessage(id, [routerError('TOO_MANY_SUBSCRIPTIONS', message).toJSON()]));
    }
    // The id is taken from here on, also while the token is checked.
    running.set(id, undefined);
    try {
      // Checked for every operation, because the token may have ended since the socket was opened.
      const context = await createRequestContext({ ...headers, authorization }, correlationIdOf({}), verifyToken);
      if (!running.has(id)) return;
      const started = operations.start(payload, context, receiverOf(id));
      if ('errors' in started) return fail(id, started.errors);
      if (running.has(id)) running.set(id, started);
    } catch (error) {
      fail(id, [formatError(error)]);
    }
  }

  function handle(message: ClientMessage): Promise<void> | void {
    switch (message.type) {
      case 'connection_init':
        return initialise(message.payload);
      case 'ping':
        return socket.send(pongMessage(message.payload));
      case 'pong':
        return;
      case 'complete':
        running.get(message.id)?.stop();
        return finish(message.id);
      case 'subscribe':
        return subscribe(message.id, message.payload);
    }
  }

  async function receive(data: RawData, isBinary: boolean): Promise<void> {
    if (closing) return;
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a Buffer, because binaryType is left at its default
    const message = isBinary ? undefined : parseClientMessage(data.toString());
    if (!message || message.type === 'invalid') {
      return close(closeCodes.badRequest, message?.reason ?? 'Messages are text, not binary.');
    }
    try {
      await handle(message);
    } catch (error) {
      logger.error({ err: error }, 'socket message failed');
      close(closeCodes.internalError, 'Internal server error');
    }
  }

  socket.on('message', (data, isBinary) => void receive(data, isBinary));
  socket.on('close', () => {
    clearTimeout(initTimer);
    for (const operation of running.values()) operation?.stop();
    running.clear();
  });

  return {
    drain(code, reason) {
      closing = { code, reason };
      for (const [id, operation] of running) {
        if (operation?.kind === 'single') continue;
        operation?.stop();
        running.delete(id);
      }
      if (running.size === 0) close(code, reason);
    },
  };
}
