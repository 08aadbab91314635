import { setTimeout as setTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { fromBinaryMode, type Envelope } from '../../schema/events/envelope.ts';
import { GraphQLError } from 'graphql';
import {
  ChainBrokenError,
  ContractError,
  UnavailableError,
  clientError,
  type ErrorCode,
} from '../foundation/errors.ts';
import { endOfTurn } from '../foundation/turn.ts';
import { allSubjects, eventSubject } from './event-stream.ts';
import {
  createJetStreamEvents,
  headersIn,
  type JetStream,
  type JetStreamEvents,
  type JetStreamSettings,
} from './jetstream.ts';
import type { Logger } from '../server/logger.ts';
import { createDiscoverableService, type DiscoverableService } from './nats-discovery.ts';

/** How events and questions travel between services. The broker may forget: the journals are the truth. */
export interface EventBus {
  /** Calls the listener with what is published from now on, of one stream or of all; delivery is not guaranteed. */
  listen(service: string, stream: string | null, listener: (event: Envelope) => void): () => void;
  /** Answers questions put to this service; its instances share them. */
  serve(service: string, endpoint: string, answer: (question: unknown) => Promise<unknown>): void;
  /** How long an answer may be. */
  longestAnswerBytes(): number;
  /** Resolves when the broker knows of everything served and listened to so far; at once while not connected. */
  settled(): Promise<void>;
  /**
   * Puts a question to a service.
   * @throws {UnavailableError} without an answer in time (REQUEST_TIMEOUT_MS by default).
   * @throws {ChainBrokenError} when the service says that its journal is.
   * @throws {ContractError} when it refuses the question, or its answer does not fit into a message.
   * @throws a client error when the service refuses the asker.
   */
  ask(service: string, endpoint: string, question: unknown, timeoutMs?: number): Promise<unknown>;
  /** Sends a notice to the other instances of a service; delivery is not guaranteed. */
  notify(service: string, topic: string, text: string): void;
  /** Receives its own notices too. */
  onNotice(service: string, topic: string, listener: (text: string) => void): void;
  /** `ok`, once the broker also knows what is served here; or what is wrong, also with its stream. */
  status(): string;
  /** Calls the listener each time the connection is up (again); at once when it is up. */
  onConnected(listener: () => void): void;
  close(): Promise<void>;
}

export interface JetStreamBus extends EventBus, JetStreamEvents {
  /** @throws {UnavailableError} while not connected. */
  jetStream(): JetStream;
}

export interface BusSettings extends JetStreamSettings {
  NATS_URL: string;
  NATS_USERNAME?: string | undefined;
  NATS_PASSWORD?: string | undefined;
  PUBLISH_TIMEOUT_MS: number;
  REQUEST_TIMEOUT_MS: number;
}

const reconnectMs = 250;
/** What brokers take by default. */
const defaultPayload = 1_048_576;
/** For headers, and the frame around an answer. */
const answerMargin = 4_096;
/** A token and a few names. */
const longestQuestionBytes = 65_536;

/** Why there is no answer, as it travels. */
interface Refusal {
  error: string;
  name: string;
  /** Of an error that a client may see as it is. */
  code?: unknown;
}

/** @throws {ContractError} */
function questionIn(bytes: Uint8Array): unknown {
  if (bytes.length > longestQuestionBytes) {
    throw new ContractError(`The question is longer than ${longestQuestionBytes} bytes.`);
  }
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw new ContractError('The question is not JSON.', { cause: error });
  }
}

function refusalOf(error: Error): Refusal {
  const code = error instanceof GraphQLError ? error.extensions['code'] : undefined;
  return { error: error.message, name: error.name, ...(code ? { code } : {}) };
}

const clientCodes: readonly unknown[] = ['UNAUTHENTICATED', 'FORBIDDEN'] satisfies ErrorCode[];

function errorIn({ error, name, code }: Refusal, service: string): Error {
  if (clientCodes.includes(code)) return clientError(code as ErrorCode, error);
  const message = `${service}: ${error}`;
  if (name === 'ChainBrokenError') return new ChainBrokenError(message);
  return name === 'ContractError' ? new ContractError(message) : new UnavailableError(message);
}

const endProcess = (error: Error): never => {
  throw error;
};

/**
 * @param giveUp when the client has closed its connection for good, which no outage makes it do: nothing would reach this
 * process any more, and it would look well. An error that nothing catches ends it, and the next one begins anew.
 */
export function createJetStreamBus(
  settings: BusSettings,
  name: string,
  logger: Logger,
  giveUp: (error: Error) => void = endProcess,
): JetStreamBus {
  const { EVENT_SUBJECT_PREFIX: subjectPrefix } = settings;
  const connectedListeners: (() => void)[] = [];
  const services = new Map<string, DiscoverableService>();
  const whenConnected: ((connection: NatsConnection) => void)[] = [];
  let state: (JetStream & { connection: NatsConnection }) | undefined;
  let up = false;
  let closed = false;
  /** Why there was no first connection. */
  let failure = '';
  const servers = settings.NATS_URL.split(',').map((server) => server.trim());

  const subjectOf = (service: string, stream: string | null) =>
    stream === null ? allSubjects(subjectPrefix, service) : eventSubject(subjectPrefix, service, stream);
  const endpointSubject = (service: string, endpoint: string) => `${subjectPrefix}-svc.${service}.${endpoint}`;

  /** The first connection, however long it takes; the client restores it by itself later. */
  async function firstConnection(): Promise<NatsConnection | undefined> {
    while (!closed) {
      const connection = await tryToConnect().catch((error: unknown) => {
        failure = error instanceof Error ? error.message : String(error);
      });
      if (connection) return connection;
      await setTimeout(reconnectMs);
    }
    return undefined;
  }

  function tryToConnect(): Promise<NatsConnection> {
    return connect({
      servers,
      // Otherwise it goes without where a broker, or who pretends to be one, offers none.
      ...(servers.some((server) => server.startsWith('tls:')) ? { tls: {} } : {}),
      ...(settings.NATS_USERNAME ? { user: settings.NATS_USERNAME, pass: settings.NATS_PASSWORD ?? '' } : {}),
      name,
      // An inbox of this service alone: with the broker's user list, no other service can hear or forge its answers.
      inboxPrefix: `_INBOX_${name}`,
      maxReconnectAttempts: -1,
      // Otherwise the client gives up for ever at the second refusal since it began, and a busy broker that takes long
      // to look at the password counts as one.
      ignoreAuthErrorAbort: true,
      // The client waits by the wall clock, and one that is set back by an hour would keep it offline for an hour. So
      // it is told never to wait, and a timer delays each attempt instead.
      reconnectDelayHandler: () => -Infinity,
      reconnectToServer: ([server = null], info) =>
        server && { server, delay: info ? reconnectMs * (1 + Math.random()) : 0 },
      pingInterval: 10_000,
      timeout: 2_000,
      // It would make two errors with their stacks for each request, in case it fails.
      noAsyncTraces: true,
    });
  }

  async function bringUp(): Promise<void> {
    const connection = await firstConnection();
    if (!connection) return;
    if (closed) return connection.close();
    const client = jetstream(connection, { timeout: settings.PUBLISH_TIMEOUT_MS });
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: settings.PUBLISH_TIMEOUT_MS });
    state = { connection, client, manager };
    for (const start of whenConnected) start(connection);
    void watch(connection);
    void connection.closed().then((error) => {
      up = false;
      if (!closed) giveUp(new Error('The connection to the broker is closed for good.', { cause: error }));
    });
    // Lost at this moment: it is restored like after any other loss.
    if (await isKnown(connection)) comeUp();
  }

  function comeUp(): void {
    up = true;
    for (const listener of connectedListeners) listener();
  }

  /** Waits until the broker has read what was sent; false when the connection was lost before. */
  const isKnown = (connection: NatsConnection) =>
    connection.flush().then(
      () => true,
      () => false,
    );

  async function watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        up = false;
        logger.warn('lost the connection to the broker; commands are accepted and delivered later');
      } else if (status.type === 'reconnect') {
        logger.info('connected to the broker again');
        comeUp();
      } else if (status.type === 'error') {
        // What the broker's user list does not let this service do.
        logger.error({ err: status.error }, 'the broker refuses something');
      }
    }
  }

  /** Runs now, or as soon as the first connection is up; subscriptions survive reconnects by themselves. */
  function withConnection(use: (connection: NatsConnection) => void): void {
    if (state) use(state.connection);
    else whenConnected.push(use);
  }

  const longestAnswerBytes = () => (state?.connection.info?.max_payload ?? defaultPayload) - answerMargin;

  function answerOf(reply: unknown): string {
    const text = JSON.stringify({ reply });
    const longest = longestAnswerBytes();
    // Not an outage: the same answer would not fit the next time either.
    if (Buffer.byteLength(text) > longest) throw new ContractError(`The answer is longer than ${longest} bytes.`);
    return text;
  }

  /** What this process serves under a name, as the broker's tools list it. */
  function microService(service: string): DiscoverableService {
    const known = services.get(service);
    if (known) return known;
    const made = createDiscoverableService(service, { events: subjectPrefix });
    services.set(service, made);
    withConnection((connection) => made.attach(connection));
    return made;
  }

  const late = setTimer(() => {
    if (!up) {
      const fields = { url: settings.NATS_URL, reason: failure };
      logger.warn(fields, 'waiting for the broker; commands are accepted and delivered later');
    }
  }, 2_000);
  late.unref();
  bringUp().catch((error: unknown) => {
    if (!closed) giveUp(new Error('The broker cannot be used.', { cause: error }));
  });

  function jetStream() {
    if (!state || !up) throw new UnavailableError('The broker is not connected.');
    return state;
  }

  const events = createJetStreamEvents(settings, jetStream, logger);

  return {
    ...events,
    jetStream,
    listen(service, stream, listener) {
      let stopped = false;
      let stop = () => {
        stopped = true;
      };
      withConnection((connection) => {
        if (stopped) return;
        const subscription = connection.subscribe(subjectOf(service, stream), {
          callback: (_error, message) => {
            try {
              listener(fromBinaryMode(headersIn(message.headers), message.string()));
            } catch {
              // The durable consumer meets the same message and parks it; a listener has nothing to add.
            }
          },
        });
        stop = () => subscription.unsubscribe();
      });
      return () => stop();
    },
    serve(service, endpoint, answer) {
      const subject = endpointSubject(service, endpoint);
      const count = microService(service).endpoint(endpoint, subject);
      withConnection((connection) => {
        connection.subscribe(subject, {
          queue: service,
          callback: (_error, message) => {
            // An address outside its inboxes would make this service publish in its own name.
            if (!message.reply?.startsWith('_INBOX')) return;
            const startedAt = performance.now();
            Promise.resolve()
              .then(() => answer(questionIn(message.data)))
              .then((reply) => {
                message.respond(answerOf(reply));
                count(startedAt);
              })
              .catch((error: unknown) => {
                logger.warn({ err: error, endpoint }, 'a question could not be answered');
                const known = error instanceof Error ? error : new Error('unknown');
                message.respond(JSON.stringify(refusalOf(known)));
                count(startedAt, known);
              });
          },
        });
      });
    },
    longestAnswerBytes,
    async settled() {
      if (state) await isKnown(state.connection);
    },
    async ask(service, endpoint, question, timeout = settings.REQUEST_TIMEOUT_MS) {
      const { connection } = jetStream();
      const message = await connection
        .request(endpointSubject(service, endpoint), JSON.stringify(question), { timeout })
        .catch((error: unknown) => {
          throw new UnavailableError(`${service} does not answer ${endpoint}`, { cause: error });
        });
      const answer: { reply?: unknown } & Partial<Refusal> = message.json();
      if (answer.error !== undefined) throw errorIn({ name: '', ...answer, error: answer.error }, service);
      return answer.reply;
    },
    notify(service, topic, text) {
      if (up) state?.connection.publish(endpointSubject(service, topic), text);
    },
    onNotice(service, topic, listener) {
      withConnection((connection) => {
        connection.subscribe(endpointSubject(service, topic), {
          callback: (_error, message) => listener(message.string()),
        });
      });
    },
    status: () => (up ? (events.trouble() ?? 'ok') : 'not connected'),
    onConnected(listener) {
      connectedListeners.push(listener);
      if (up) listener();
    },
    async close() {
      closed = true;
      clearTimeout(late);
      // What is settled by now is still acknowledged.
      await endOfTurn();
      up = false;
      if (state) await state.connection.close();
    },
  };
}
