import {
  JetStreamApiCodes,
  JetStreamApiError,
  type ConsumerMessages,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type PubAck,
  type StoredMsg,
  type StreamInfo,
} from '@nats-io/jetstream';
import { errors, headers as natsHeaders, millis, nanos, type MsgHdrs } from '@nats-io/transport-node';
import { fromBinaryMode, toBinaryMode, toHeaderValue, type Envelope } from '../../schema/events/envelope.ts';
import { UnavailableError } from '../foundation/errors.ts';
import { endOfTurn } from '../foundation/turn.ts';
import {
  allSubjects,
  eventSubject,
  type Deliveries,
  type Delivery,
  type EventStream,
  type StoredMessage,
} from './event-stream.ts';
import type { Logger } from '../server/logger.ts';

export interface JetStreamSettings {
  EVENT_STREAM: string;
  EVENT_SUBJECT_PREFIX: string;
  EVENT_REPLICAS: number;
  DUPLICATE_WINDOW_MS: number;
}

export interface JetStream {
  client: JetStreamClient;
  manager: JetStreamManager;
}

/** The stream of events in JetStream. */
export interface JetStreamEvents extends EventStream {
  readonly streamName: string;
  /** Creates the stream when the broker has none. */
  ensureStream(): Promise<void>;
  /** Why the stream that is there takes none of our events, or none can be made, as of the last look at it. */
  trouble(): string | undefined;
  /** When the oldest message arrived that a durable consumer has not acknowledged; null without one. */
  oldestPending(name: string, publishers: readonly string[]): Promise<Date | null>;
}

/** @param jetStream throws an UnavailableError while the broker is not connected. */
export function createJetStreamEvents(
  settings: JetStreamSettings,
  jetStream: () => JetStream,
  logger: Logger,
): JetStreamEvents {
  const { EVENT_STREAM: streamName, EVENT_SUBJECT_PREFIX: subjectPrefix } = settings;
  const lostListeners: (() => void)[] = [];
  /** Of what this process published: the newest that the broker has stored. */
  let lastStored: { seq: number; msgID: string } | undefined;
  let trouble: string | undefined;
  let warned: string | undefined;
  const tellLost = () => {
    for (const listener of lostListeners) listener();
  };

  /** No answer from the broker is an outage; a refusal is an error. */
  const ask = <Answer>(question: (jetStream: JetStream) => Promise<Answer>): Promise<Answer> =>
    question(jetStream()).catch((error: unknown) => {
      if (isNoStream(error)) tellLost();
      throw isRefused(error) ? error : new UnavailableError('The broker does not answer.', { cause: error });
    });

  async function readStream(): Promise<StreamInfo> {
    try {
      const there = await ask(({ manager }) => manager.streams.info(streamName));
      compareSettings(there);
      return there;
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
    }
    const created = await ask(({ manager }) =>
      manager.streams.add({
        name: streamName,
        subjects: [`${subjectPrefix}.>`],
        storage: 'file',
        retention: 'limits',
        discard: 'new',
        deny_delete: true,
        num_replicas: settings.EVENT_REPLICAS,
        duplicate_window: nanos(settings.DUPLICATE_WINDOW_MS),
      }),
    ).catch((error: unknown) => {
      if (error instanceof JetStreamApiError) tell(`the stream ${streamName} cannot be made: ${error.message}`);
      throw error;
    });
    tell(undefined);
    logger.info({ stream: streamName }, 'created the event stream');
    tellLost();
    return created;
  }

  /** Once, as long as it lasts. */
  function tell(found: string | undefined): void {
    if (found !== undefined && found !== trouble) logger.error({ stream: streamName }, found);
    trouble = found;
  }

  /** No user of the broker may change the stream: what differs is said. */
  function compareSettings({ config: { subjects, num_replicas, duplicate_window } }: StreamInfo): void {
    const takesOurs = subjects.some((subject) => hasRoomFor(subject, subjectPrefix));
    const others = `the stream ${streamName} takes ${subjects.join(', ')}, and EVENT_SUBJECT_PREFIX is ${subjectPrefix}`;
    tell(takesOurs ? undefined : others);
    const { EVENT_REPLICAS: replicas, DUPLICATE_WINDOW_MS: windowMs } = settings;
    const differing = [
      { name: 'EVENT_REPLICAS', stream: num_replicas, setting: replicas, edit: `--replicas ${replicas}` },
      {
        name: 'DUPLICATE_WINDOW_MS',
        stream: millis(duplicate_window),
        setting: windowMs,
        edit: `--dupe-window ${windowMs}ms`,
      },
    ].filter(({ stream, setting }) => stream !== setting);
    const known = JSON.stringify(differing);
    if (differing.length > 0 && known !== warned) {
      const run = `nats stream edit ${streamName} ${differing.map(({ edit }) => edit).join(' ')}`;
      const values = Object.fromEntries(differing.map(({ name, stream, setting }) => [name, { stream, setting }]));
      logger.warn(
        { stream: streamName, ...values, run },
        'the event stream is not as the settings say, and they do not change it: docs/operating.md',
      );
    }
    warned = known;
  }

  /** Resolves when the broker has stored it, or had stored a message with this id before. */
  async function store(service: string, event: Envelope, msgID: string): Promise<PubAck> {
    // First of all: an event that cannot be encoded is at fault itself, and no outage.
    const { headers, payload } = toBinaryMode(event);
    const carried = natsHeaders();
    for (const [key, value] of headers) carried.append(key, value);
    const subject = eventSubject(subjectPrefix, service, event.subject);
    await endOfTurn();
    const stored = await ask(({ client }) => client.publish(subject, payload, { msgID, headers: carried }));
    // Concurrent duplicates can be answered with sequence 0, which proves neither (nats-server #5827).
    if (stored.seq === 0) throw new UnavailableError('The broker did not say whether it stored the event.');
    if (!stored.duplicate && stored.seq > (lastStored?.seq ?? 0)) lastStored = { seq: stored.seq, msgID };
    return stored;
  }

  const messageAt = (seq: number) => ask(({ manager }) => manager.streams.getMessage(streamName, { seq }));

  /** A store that was rolled back and has grown since looks whole, but has other messages in these places. */
  async function keepsLast(): Promise<boolean> {
    const last = lastStored;
    if (!last) return true;
    const message = await messageAt(last.seq);
    if (message?.header.get('Nats-Msg-Id') === last.msgID) return true;
    if (lastStored === last) lastStored = undefined;
    return false;
  }

  /** The first message of a stream, or of all of a service, at this place or after it. */
  const nextMessage = (subject: string, seq: number) => {
    const query = { seq, next_by_subj: subject };
    return ask(({ manager }) => manager.streams.getMessage(streamName, query));
  };

  return {
    streamName,
    subjectPrefix,
    async ensureStream() {
      await readStream();
    },
    trouble: () => trouble,
    async publish(service, event) {
      const id = messageId(event);
      let stored = await store(service, event, id);
      // Within the duplicate window the broker confirms messages that it no longer has: they need another id.
      while (stored.duplicate && (await messageAt(stored.seq)) === null) {
        stored = await store(service, event, `${id}#${stored.seq}`);
      }
      return !stored.duplicate;
    },
    async holdings() {
      const { created, state } = await readStream();
      return { created, lastSequence: state.last_seq, messages: state.messages, keepsLast: await keepsLast() };
    },
    async countMessages(service, stream) {
      const all = allSubjects(subjectPrefix, service);
      const query = { subjects_filter: stream === undefined ? all : eventSubject(subjectPrefix, service, stream) };
      const { state } = await ask(({ manager }) => manager.streams.info(streamName, query));
      return new Map(Object.entries(state.subjects ?? {}));
    },
    async newestVersion(service, stream) {
      const query = { last_by_subj: eventSubject(subjectPrefix, service, stream) };
      const message = await ask(({ manager }) => manager.streams.getMessage(streamName, query));
      return Number(message?.header.get('ce-sequence') ?? 0);
    },
    async versions(service, stream) {
      const versions = new Set<number>();
      const subject = eventSubject(subjectPrefix, service, stream);
      for (let message = await nextMessage(subject, 1); message !== null;) {
        versions.add(Number(message.header.get('ce-sequence')));
        message = await nextMessage(subject, message.seq + 1);
      }
      return versions;
    },
    async nextStored(service, stream, sequence) {
      const subject =
        stream === null ? allSubjects(subjectPrefix, service) : eventSubject(subjectPrefix, service, stream);
      return toStored(await nextMessage(subject, Math.max(1, sequence)).catch(noneWithoutStream));
    },
    async lastStored(service) {
      const query = { last_by_subj: allSubjects(subjectPrefix, service) };
      const last = ask(({ manager }) => manager.streams.getMessage(streamName, query));
      return toStored(await last.catch(noneWithoutStream));
    },
    async oldestPending(name, publishers) {
      const info = await ask(({ manager }) => manager.consumers.info(streamName, name));
      if (info.num_pending + info.num_ack_pending === 0) return null;
      const from = info.ack_floor.stream_seq + 1;
      const firsts = await Promise.all(
        publishers.map((publisher) => nextMessage(allSubjects(subjectPrefix, publisher), from)),
      );
      const times = firsts.filter((message) => message !== null).map(({ time }) => time.getTime());
      return times.length > 0 ? new Date(Math.min(...times)) : null;
    },
    onLost: (listener) => void lostListeners.push(listener),
    async pending(name) {
      const info = await ask(({ manager }) => manager.consumers.info(streamName, name));
      const { num_pending, num_ack_pending } = info;
      return num_pending + num_ack_pending;
    },
    async consume({ name, publishers, ackWaitMs, maxAckPending }) {
      await readStream();
      await ask(({ manager }) =>
        manager.consumers.add(streamName, {
          durable_name: name,
          ack_policy: 'explicit',
          deliver_policy: 'all',
          filter_subjects: publishers.map((publisher) => allSubjects(subjectPrefix, publisher)),
          ack_wait: nanos(ackWaitMs),
          max_ack_pending: maxAckPending,
        }),
      );
      const consumer = await ask(({ client }) => client.consumers.get(streamName, name));
      const messages = await consumer.consume({ max_messages: 256, expires: 10_000, idle_heartbeat: 2_000 });
      void stopWhenGone(messages);
      return toDeliveries(messages);
    },
  };
}

/** Whether a subject of a stream, with wildcards, takes any event with this prefix. */
function hasRoomFor(subject: string, prefix: string): boolean {
  const tokens = subject.split('.');
  const wanted = prefix.split('.');
  const end = tokens.indexOf('>');
  const isLongEnough = end === -1 ? tokens.length > wanted.length : true;
  const fits = wanted.every((name, place) => (end !== -1 && place >= end) || ['*', name].includes(tokens[place] ?? ''));
  return isLongEnough && fits;
}

function toStored(message: StoredMsg | null): StoredMessage | null {
  if (!message) return null;
  const { seq: sequence, timestamp: storedAt, header } = message;
  try {
    const payload = Buffer.from(message.data).toString();
    return { sequence, storedAt, event: fromBinaryMode(headersIn(header), payload) };
  } catch {
    return { sequence, storedAt, event: null };
  }
}

/** Nothing was published yet, or all of it is lost. */
function noneWithoutStream(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null;
  throw error;
}

/** The broker deduplicates by it. */
const messageId = ({ id }: Envelope) => toHeaderValue(id);

/** Stops a consumer that is gone, or silent for two heartbeats: the client would wait for ever. */
async function stopWhenGone(messages: ConsumerMessages): Promise<void> {
  for await (const notification of messages.status()) {
    const gone = ['consumer_not_found', 'stream_not_found', 'consumer_deleted'].includes(notification.type);
    if (gone || (notification.type === 'heartbeats_missed' && notification.count >= 2)) messages.stop();
  }
}

function toDeliveries(messages: ConsumerMessages): Deliveries {
  return {
    stop: () => messages.stop(),
    async *[Symbol.asyncIterator]() {
      for await (const message of messages) yield toDelivery(message);
    },
  };
}

function toDelivery(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    header: headersIn(message.headers),
    payload: message.string(),
    ack: () => void endOfTurn().then(() => message.ack()),
    nak: (delayMs) => message.nak(delayMs),
    working: () => message.working(),
  };
}

/** The client looks at every header for each that it is asked for, and an event has eleven. */
export function headersIn(headers: MsgHdrs | undefined): (name: string) => string | undefined {
  const found = new Map<string, string | undefined>();
  for (const [name, [first]] of headers ?? []) found.set(name, first);
  return (name) => found.get(name);
}

/** No stream has this subject (or JetStream is not up yet). */
function isNoStream(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}

/** A refusal by the broker (or the client, for a message larger than the broker takes); other errors prove nothing. */
function isRefused(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status !== 503;
  return (
    error instanceof errors.InvalidArgumentError ||
    error instanceof errors.InvalidSubjectError ||
    error instanceof errors.PermissionViolationError
  );
}
