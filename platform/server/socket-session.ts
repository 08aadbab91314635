import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { RawData, WebSocket } from 'ws';
import { createBoundedSender, slowConsumerMessage, type SenderLimits } from './bounded-sender.ts';
import type { Logger } from './logger.ts';
import type { Place, Shortage } from './places.ts';
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
} from './socket-protocol.ts';

/** Where an operation's answers go; none follows `error` or `complete`. */
export interface Receiver {
  /** An answer, serialised, and the cursor of a subscription that it may go on after, as JSON. */
  next(payload: string, cursor?: string): void;
  error(errors: readonly GraphQLFormattedError[]): void;
  complete(): void;
}

/** On a socket, a source of answers may wait until the client has read. */
export interface SocketReceiver extends Receiver {
  room(): Promise<void> | undefined;
}

/** A started operation: a query or mutation, which shutdown waits for, or a subscription, which it does not. */
export type OperationKind = 'single' | 'subscription';

/**
 * Starts an operation; answers may come before it resolves. `unwanted` is aborted once no client wants its answers any
 * more: an operation that has not started by then never does.
 * @throws a client error when it is refused.
 */
export type Starter = (
  payload: SubscribePayload,
  receiver: SocketReceiver,
  unwanted: AbortSignal,
) => Promise<OperationKind>;

export interface SessionOptions {
  /** The viewer, at `connection_init`. @throws a client error when they may not come in. */
  welcome(params: Record<string, unknown> | undefined): Promise<Starter>;
  /**
   * The same viewer's new token, in a ping: what runs goes on with it.
   * @throws a client error when it is not good, or another's.
   */
  renew?(authorization: string): Promise<void>;
  maxOperations: number;
  initTimeoutMs: number;
  pings: { most: number; withinMs: number };
  sender: SenderLimits;
  waiting?: () => Place | Shortage;
  formatError(error: unknown): GraphQLFormattedError;
  onSlowConsumer(): void;
  logger: Logger;
}

/** The graphql-transport-ws conversation with one client (router/subscriptions/PROTOCOL.md). */
export interface SocketSession {
  /** How many operations run. */
  readonly operations: number;
  /**
   * Ends all subscriptions, with errors if there are any to tell, waits for running queries and mutations, then closes.
   */
  drain(code: number, reason: string, errors?: readonly GraphQLFormattedError[]): void;
}

/** Pings that a client may send within one interval of the heartbeat. */
export const maxPings = 100;

/** What a client may send before it is let in: a `connection_init` and a few pings. */
const strangersMay = { messages: 10, bytes: 16_384 };

interface Operation {
  kind: OperationKind | undefined;
  unwanted: AbortController;
}

export function startSocketSession(socket: WebSocket, options: SessionOptions): SocketSession {
  const running = new Map<string, Operation>();
  const sender = createBoundedSender(
    { send: (frame, sent) => socket.send(frame, sent), bufferedBytes: () => socket.bufferedAmount },
    options.sender,
    options.waiting,
  );
  let stage: 'new' | 'initialising' | 'closed' | Starter = 'new';
  let closing: { code: number; reason: string } | undefined;
  const heard = { messages: 0, bytes: 0 };
  const pings = { count: 0, since: 0 };

  // A function, because the compiler would assume that the stage is unchanged across an await.
  const isClosed = () => stage === 'closed';

  /** From here on messages are ignored and nothing runs on, though the client may take its time to close. */
  function close(code: number, reason: string): void {
    stage = 'closed';
    socket.close(code, closeReason(reason));
    stopAll();
  }

  function stopAll(): void {
    const operations = [...running.values()];
    running.clear();
    for (const { unwanted } of operations) unwanted.abort();
  }

  /** For what must be said. A client that has not read even that is cut. */
  function tell(frame: string): void {
    if (sender.tell(frame)) return;
    options.onSlowConsumer();
    socket.terminate();
  }

  const initTimer = setTimeout(
    () => close(closeCodes.connectionInitTimeout, 'Connection initialisation timeout'),
    options.initTimeoutMs,
  );

  async function initialise(payload: Record<string, unknown> | undefined): Promise<void> {
    if (stage !== 'new') return close(closeCodes.tooManyInitRequests, 'Too many initialisation requests');
    stage = 'initialising';
    let starter: Starter;
    try {
      starter = await options.welcome(payload);
    } catch (error) {
      const refusal = options.formatError(error);
      return close(isOverload(refusal) ? closeCodes.tryAgainLater : closeCodes.forbidden, refusal.message);
    }
    // Meanwhile it may have been closed.
    if (isClosed()) return;
    clearTimeout(initTimer);
    stage = starter;
    tell(connectionAck);
  }

  /** Ids may be reused: an operation that has ended must not act for its successor. */
  const isRunning = (id: string, operation: Operation) => running.get(id) === operation;

  function finish(id: string): void {
    running.delete(id);
    if (closing && running.size === 0) close(closing.code, closing.reason);
  }

  function fail(id: string, operation: Operation, errors: readonly GraphQLFormattedError[]): void {
    if (!isRunning(id, operation)) return;
    tell(errorMessage(id, errors));
    finish(id);
    operation.unwanted.abort();
  }

  function receiverOf(id: string, operation: Operation): SocketReceiver {
    const prefix = nextPrefix(id);
    return {
      next(payload) {
        if (!isRunning(id, operation) || sender.offer(`${prefix}${payload}}`)) return;
        options.onSlowConsumer();
        fail(id, operation, [formatted('SLOW_CONSUMER', slowConsumerMessage)]);
      },
      error: (errors) => fail(id, operation, errors),
      complete() {
        if (!isRunning(id, operation)) return;
        tell(completeMessage(id));
        finish(id);
      },
      room: () => sender.room(),
    };
  }

  async function subscribe(id: string, payload: SubscribePayload): Promise<void> {
    if (typeof stage !== 'function') return close(closeCodes.unauthorized, 'Unauthorized');
    if (running.has(id)) return close(closeCodes.subscriberAlreadyExists, `Subscriber for ${id} already exists`);
    if (running.size >= options.maxOperations) {
      const message = `At most ${options.maxOperations} operations may run on one socket.`;
      return tell(errorMessage(id, [formatted('TOO_MANY_SUBSCRIPTIONS', message)]));
    }
    // The id is taken from here on, also while the operation starts.
    const operation: Operation = { kind: undefined, unwanted: new AbortController() };
    running.set(id, operation);
    try {
      operation.kind = await stage(payload, receiverOf(id, operation), operation.unwanted.signal);
    } catch (error) {
      fail(id, operation, [options.formatError(error)]);
    }
  }

  function complete(id: string): void {
    const operation = running.get(id);
    finish(id);
    operation?.unwanted.abort();
  }

  /** Whether pings come no faster than needed. */
  function mayPing(): boolean {
    const now = performance.now();
    if (now - pings.since > options.pings.withinMs) Object.assign(pings, { count: 0, since: now });
    pings.count += 1;
    return pings.count <= options.pings.most;
  }

  async function answerPing(payload: Record<string, unknown> | undefined): Promise<void> {
    if (!mayPing()) return close(closeCodes.tooManyPings, 'Too many pings');
    if (!options.renew || typeof stage !== 'function') return tell(pongMessage(payload));
    try {
      const authorization = authorizationOf(payload);
      if (authorization === undefined) return tell(pongMessage(payload));
      await options.renew(authorization);
      if (!isClosed()) tell(pongMessage(undefined));
    } catch (error) {
      if (isClosed()) return;
      const refusal = options.formatError(error);
      // The old token is still good: what runs goes on.
      if (isOverload(refusal)) return tell(pongMessage({ code: refusal.extensions?.['code'] }));
      close(closeCodes.forbidden, refusal.message);
    }
  }

  function handle(message: ClientMessage): Promise<void> | void {
    switch (message.type) {
      case 'connection_init':
        return initialise(message.payload);
      case 'ping':
        return answerPing(message.payload);
      case 'pong':
        return;
      case 'complete':
        return complete(message.id);
      case 'subscribe':
        return subscribe(message.id, message.payload);
    }
  }

  async function receive(data: RawData, isBinary: boolean): Promise<void> {
    if (closing || stage === 'closed') return;
    if (typeof stage !== 'function') {
      heard.messages += 1;
      heard.bytes += byteLengthOf(data);
      if (heard.messages > strangersMay.messages || heard.bytes > strangersMay.bytes) {
        return close(closeCodes.badRequest, 'Too much was sent before the connection was acknowledged.');
      }
    }
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a Buffer, because binaryType is left at its default
    const message = isBinary ? undefined : parseClientMessage(data.toString());
    if (!message || message.type === 'invalid') {
      return close(closeCodes.badRequest, message?.reason ?? 'Messages are text, not binary.');
    }
    try {
      await handle(message);
    } catch (error) {
      options.logger.error({ err: error }, 'socket message failed');
      close(closeCodes.internalError, 'Internal server error');
    }
  }

  socket.on('message', (data, isBinary) => void receive(data, isBinary));
  // Answered here and not by the library, whose pongs would queue without limit for a client that does not read.
  socket.on('ping', (data) => {
    if (stage === 'closed') return;
    if (!mayPing()) return close(closeCodes.tooManyPings, 'Too many pings');
    if (socket.bufferedAmount <= options.sender.bytes) socket.pong(data);
  });
  socket.on('close', () => {
    clearTimeout(initTimer);
    stage = 'closed';
    stopAll();
    sender.close();
  });

  return {
    get operations() {
      return running.size;
    },
    drain(code, reason, errors) {
      closing = { code, reason };
      for (const [id, operation] of running) {
        if (operation.kind === 'single') continue;
        if (errors) tell(errorMessage(id, errors));
        running.delete(id);
        operation.unwanted.abort();
      }
      if (running.size === 0) close(code, reason);
    },
  };
}

const isOverload = ({ extensions }: GraphQLFormattedError) =>
  extensions?.['code'] === 'SERVICE_UNAVAILABLE' || extensions?.['code'] === 'TOO_MANY_REQUESTS';

const formatted = (code: string, message: string) => new GraphQLError(message, { extensions: { code } }).toJSON();

function byteLengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
}
