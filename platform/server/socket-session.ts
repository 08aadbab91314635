import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { RawData, WebSocket } from 'ws';
import {
  closeSender,
  createBoundedSender,
  offer,
  roomIn,
  slowConsumerMessage,
  tell,
  type BoundedSender,
  type SenderLimits,
} from './bounded-sender.ts';
import type { Logger } from './logger.ts';
import { createControl, giveUp, type OperationControl, type Renewed } from './operation-control.ts';
import type { Place, Shortage } from './places.ts';
import { bytesOf, type Serialised } from './serialised.ts';
import { textFrame } from './socket-frames.ts';
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
  next(answer: Serialised): void;
  /** @param status of an answer over HTTP, unless the errors' codes say it. */
  error(errors: readonly GraphQLFormattedError[], status?: number): void;
  complete(): void;
}

/** On a socket, a source of answers may wait until the client has read. */
export interface SocketReceiver extends Receiver {
  room(): Promise<void> | undefined;
}

/** A started operation: a query or mutation, which shutdown waits for, or a subscription, which it does not. */
export type OperationKind = 'single' | 'subscription';

/** What all sessions of a server have in common. A guest is what it knows about the client of one. */
export interface SessionHost<Guest> {
  /** At `connection_init`. @throws a client error when they may not come in. */
  welcome(session: SocketSession<Guest>, params: Record<string, unknown> | undefined): Promise<void>;
  /**
   * Starts an operation; answers may come before it resolves.
   * @throws a client error when it is refused.
   */
  start(
    guest: Guest,
    payload: SubscribePayload,
    receiver: SocketReceiver,
    control: OperationControl,
  ): Promise<OperationKind>;
  /**
   * The same viewer's new token, in a ping: what runs goes on with it.
   * @throws a client error when it is not good, or another's.
   */
  renew?(session: SocketSession<Guest>, authorization: string): Promise<Renewed>;
  maxOperations: number;
  initTimeoutMs: number;
  sender: SenderLimits;
  waiting(guest: Guest): Place | Shortage;
  formatError(error: unknown): GraphQLFormattedError;
  onSlowConsumer(): void;
  /** The socket is closed. */
  onEnd?(guest: Guest): void;
  logger: Logger;
}

/**
 * The graphql-transport-ws conversation with one client (router/subscriptions/PROTOCOL.md): what is known of it. The
 * functions below are not made for each of ten thousand clients.
 */
export interface SocketSession<Guest = unknown> {
  readonly host: SessionHost<Guest>;
  readonly guest: Guest;
  readonly socket: WebSocket;
  readonly sender: BoundedSender;
  readonly running: Map<string, Operation>;
  stage: 'new' | 'initialising' | 'open' | 'closed';
  /** How it is to be closed once nothing runs. */
  closing: { code: number; reason: string } | undefined;
  initTimer: NodeJS.Timeout | undefined;
  heardMessages: number;
  heardBytes: number;
  pings: number;
  pingsSince: number;
}

interface Operation {
  kind: OperationKind | undefined;
  control: OperationControl;
}

/** Pings that a client may send: its own heartbeat, and a new token now and then. However often it is pinged itself. */
const clientsMayPing = { times: 100, withinMs: 15_000 };

/** What a client may send before it is let in: a `connection_init` and a few pings. */
const strangersMay = { messages: 10, bytes: 16_384 };

/** @param stream what the socket writes to. */
export function startSocketSession<Guest>(
  host: SessionHost<Guest>,
  guest: Guest,
  socket: WebSocket,
  stream: Duplex,
): SocketSession<Guest> {
  const session: SocketSession<Guest> = {
    host,
    guest,
    socket,
    sender: createBoundedSender(stream, host.sender, () => host.waiting(guest)),
    running: new Map(),
    stage: 'new',
    closing: undefined,
    initTimer: undefined,
    heardMessages: 0,
    heardBytes: 0,
    pings: 0,
    pingsSince: 0,
  };
  session.initTimer = setTimeout(
    () => close(session, closeCodes.connectionInitTimeout, 'Connection initialisation timeout'),
    host.initTimeoutMs,
  );
  return session;
}

/** Ends all subscriptions, with errors if there are any to tell, waits for running queries and mutations, then closes. */
export function drainSession(
  session: SocketSession,
  code: number,
  reason: string,
  errors?: readonly GraphQLFormattedError[],
): void {
  const { running } = session;
  session.closing = { code, reason };
  for (const [id, operation] of running) {
    if (operation.kind === 'single') continue;
    if (errors) say(session, errorMessage(id, errors));
    running.delete(id);
    giveUp(operation.control);
  }
  if (running.size === 0) close(session, code, reason);
}

/** The socket is closed. */
export function endSession(session: SocketSession): void {
  clearTimeout(session.initTimer);
  session.stage = 'closed';
  stopAll(session);
  closeSender(session.sender);
  session.host.onEnd?.(session.guest);
}

/** From here on messages are ignored and nothing runs on, though the client may take its time to close. */
function close(session: SocketSession, code: number, reason: string): void {
  session.stage = 'closed';
  session.socket.close(code, closeReason(reason));
  stopAll(session);
}

// A function, because the compiler would assume that the stage is unchanged across an await.
const isClosed = ({ stage }: SocketSession) => stage === 'closed';

function stopAll({ running }: SocketSession): void {
  const operations = [...running.values()];
  running.clear();
  for (const { control } of operations) giveUp(control);
}

/** Nothing may follow the frame that closes it. */
const isOpen = ({ socket }: SocketSession) => socket.readyState === socket.OPEN;

/** For what must be said. A client that has not read even that is cut. */
function say(session: SocketSession, message: string): void {
  if (!isOpen(session) || tell(session.sender, textFrame(bytesOf(message)))) return;
  session.host.onSlowConsumer();
  session.socket.terminate();
}

async function initialise<Guest>(
  session: SocketSession<Guest>,
  payload: Record<string, unknown> | undefined,
): Promise<void> {
  const { host } = session;
  if (session.stage !== 'new') {
    return close(session, closeCodes.tooManyInitRequests, 'Too many initialisation requests');
  }
  session.stage = 'initialising';
  try {
    await host.welcome(session, payload);
  } catch (error) {
    const refusal = host.formatError(error);
    return close(session, isOverload(refusal) ? closeCodes.tryAgainLater : closeCodes.forbidden, refusal.message);
  }
  // Meanwhile it may have been closed.
  if (isClosed(session)) return;
  clearTimeout(session.initTimer);
  session.initTimer = undefined;
  session.stage = 'open';
  say(session, connectionAck);
}

/** Ids may be reused: an operation that has ended must not act for its successor. */
const isRunning = ({ running }: SocketSession, id: string, operation: Operation) => running.get(id) === operation;

function finish(session: SocketSession, id: string): void {
  const { running, closing } = session;
  running.delete(id);
  if (closing && running.size === 0) close(session, closing.code, closing.reason);
}

function fail(session: SocketSession, id: string, operation: Operation, errors: readonly GraphQLFormattedError[]) {
  if (!isRunning(session, id, operation)) return;
  say(session, errorMessage(id, errors));
  finish(session, id);
  giveUp(operation.control);
}

/** A class, because ten thousand clients have one each: functions of their own would take four times the memory. */
class OperationReceiver implements SocketReceiver {
  readonly #session: SocketSession;
  readonly #id: string;
  readonly #operation: Operation;
  readonly #prefix: string;

  constructor(session: SocketSession, id: string, operation: Operation) {
    this.#session = session;
    this.#id = id;
    this.#operation = operation;
    this.#prefix = bytesOf(nextPrefix(id));
  }

  next(answer: Serialised): void {
    const session = this.#session;
    if (this.#operation.control.unwanted || !isOpen(session)) return;
    if (offer(session.sender, textFrame(`${this.#prefix}${answer.as(bytesOf)}}`))) return;
    session.host.onSlowConsumer();
    this.error([formatted('SLOW_CONSUMER', slowConsumerMessage)]);
  }

  error(errors: readonly GraphQLFormattedError[]): void {
    fail(this.#session, this.#id, this.#operation, errors);
  }

  complete(): void {
    if (!isRunning(this.#session, this.#id, this.#operation)) return;
    say(this.#session, completeMessage(this.#id));
    finish(this.#session, this.#id);
    this.#operation.control.unwanted = true;
  }

  room(): Promise<void> | undefined {
    return roomIn(this.#session.sender);
  }
}

async function subscribe<Guest>(session: SocketSession<Guest>, id: string, payload: SubscribePayload): Promise<void> {
  const { host, running } = session;
  if (session.stage !== 'open') return close(session, closeCodes.unauthorized, 'Unauthorized');
  if (running.has(id)) {
    return close(session, closeCodes.subscriberAlreadyExists, `Subscriber for ${id} already exists`);
  }
  if (running.size >= host.maxOperations) {
    const message = `At most ${host.maxOperations} operations may run on one socket.`;
    return say(session, errorMessage(id, [formatted('TOO_MANY_SUBSCRIPTIONS', message)]));
  }
  // The id is taken from here on, also while the operation starts.
  const operation: Operation = { kind: undefined, control: createControl() };
  running.set(id, operation);
  try {
    const receiver = new OperationReceiver(session, id, operation);
    operation.kind = await host.start(session.guest, payload, receiver, operation.control);
  } catch (error) {
    fail(session, id, operation, [host.formatError(error)]);
  }
}

function complete(session: SocketSession, id: string): void {
  const operation = session.running.get(id);
  finish(session, id);
  if (operation) giveUp(operation.control);
}

/** Whether pings come no faster than needed. */
function mayPing(session: SocketSession): boolean {
  const now = performance.now();
  if (now - session.pingsSince > clientsMayPing.withinMs) {
    session.pings = 0;
    session.pingsSince = now;
  }
  session.pings += 1;
  return session.pings <= clientsMayPing.times;
}

async function answerPing<Guest>(
  session: SocketSession<Guest>,
  payload: Record<string, unknown> | undefined,
): Promise<void> {
  const { host } = session;
  if (!mayPing(session)) return close(session, closeCodes.tooManyPings, 'Too many pings');
  if (!host.renew || session.stage !== 'open') return say(session, pongMessage(payload));
  try {
    const authorization = authorizationOf('ping', payload);
    if (authorization === undefined) return say(session, pongMessage(payload));
    const renewed = await host.renew(session, authorization);
    for (const { control } of [...session.running.values()]) control.onRenewed?.(renewed);
    if (!isClosed(session)) say(session, pongMessage(undefined));
  } catch (error) {
    if (isClosed(session)) return;
    const refusal = host.formatError(error);
    // The old token is still good: what runs goes on.
    if (isOverload(refusal)) return say(session, pongMessage({ code: refusal.extensions?.['code'] }));
    close(session, closeCodes.forbidden, refusal.message);
  }
}

function handle(session: SocketSession, message: ClientMessage): Promise<void> | void {
  switch (message.type) {
    case 'connection_init':
      return initialise(session, message.payload);
    case 'ping':
      return answerPing(session, message.payload);
    case 'pong':
      return;
    case 'complete':
      return complete(session, message.id);
    case 'subscribe':
      return subscribe(session, message.id, message.payload);
  }
}

export async function receiveMessage(session: SocketSession, data: RawData, isBinary: boolean): Promise<void> {
  if (session.closing || session.stage === 'closed') return;
  if (session.stage !== 'open') {
    session.heardMessages += 1;
    session.heardBytes += byteLengthOf(data);
    if (session.heardMessages > strangersMay.messages || session.heardBytes > strangersMay.bytes) {
      return close(session, closeCodes.badRequest, 'Too much was sent before the connection was acknowledged.');
    }
  }
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a Buffer, because binaryType is left at its default
  const message = isBinary ? undefined : parseClientMessage(data.toString());
  if (!message || message.type === 'invalid') {
    return close(session, closeCodes.badRequest, message?.reason ?? 'Messages are text, not binary.');
  }
  try {
    await handle(session, message);
  } catch (error) {
    session.host.logger.error({ err: error }, 'socket message failed');
    close(session, closeCodes.internalError, 'Internal server error');
  }
}

/** Answers a ping of the WebSocket itself. The library's own pongs would queue without limit for a client that does not read. */
export function receivePing(session: SocketSession, data: Buffer): void {
  if (session.stage === 'closed') return;
  if (!mayPing(session)) return close(session, closeCodes.tooManyPings, 'Too many pings');
  if (session.socket.bufferedAmount <= session.host.sender.bytes) session.socket.pong(data);
}

const isOverload = ({ extensions }: GraphQLFormattedError) =>
  extensions?.['code'] === 'SERVICE_UNAVAILABLE' || extensions?.['code'] === 'TOO_MANY_REQUESTS';

const formatted = (code: string, message: string) => new GraphQLError(message, { extensions: { code } }).toJSON();

function byteLengthOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
}
