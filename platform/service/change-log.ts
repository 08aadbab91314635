import { hash } from 'node:crypto';
import type { Envelope } from '../../schema/events/envelope.ts';
import { lastVersionOf, type Journal, type JournalDocument } from '../event-core/journal.ts';
import { eventId, journalId } from '../foundation/event-id.ts';
import type { LruCache } from '../foundation/lru-cache.ts';
import type { EventStream, StoredMessage } from '../messaging/event-stream.ts';

/** A place among the messages that the broker has stored. */
export interface LogPlace {
  sequence: number;
  storedAt: string;
  /** Tells this message from another one that has its place after the broker lost what it had. */
  mark: string;
}

/** A decision where it is told. */
export interface ToldDecision<State, Event extends Envelope> {
  place: LogPlace;
  document: JournalDocument<State, Event>;
}

/** Up to which version each stream was told. */
export type Positions = LruCache<string, number>;

/**
 * A service's decisions in the order in which the broker stored their events: each once, those of a stream in order, for
 * every reader and from every place alike. The broker may have repeated an event, or taken a later one of its stream
 * first: then the earlier ones are told with that one.
 */
export interface ChangeLog<State, Event extends Envelope> {
  /** What these messages tell, beyond the positions, which it moves. */
  tell(messages: readonly StoredMessage[], positions: Positions): Promise<ToldDecision<State, Event>[]>;
  /** The messages from one place up to another, of some streams or of all; null when there are more than `most`. */
  read(from: number, to: number, streams: readonly string[] | null, most: number): Promise<StoredMessage[] | null>;
  next(from: number): Promise<StoredMessage | null>;
  last(): Promise<StoredMessage | null>;
  /** The first place at which something was stored after this time. */
  firstAfter(storedAt: string): Promise<number>;
}

export interface ChangeLogOptions<State, Event extends Envelope> {
  service: string;
  journal: Pick<Journal<State, Event>, 'containing' | 'latest'>;
  bus: Pick<EventStream, 'nextStored' | 'lastStored'>;
  /** A decision that need not be read, by the id of one of its events. */
  known(id: string): JournalDocument<State, Event> | undefined;
}

/** How many decisions of a stream may have waited for the broker together. */
const mostBehind = 10;
/** An event that was stored so long after its decision waited, or comes again: the broker knows ids for longer. */
const lateMs = 10_000;
/** A mark so long before the message was stored is that of an earlier message. */
const repeatedMs = 60_000;
/** Messages of all services in which one of a stream may have been stored out of turn: seconds of a large city. */
const lookBack = 5_000;
/** Decisions that share a read. */
const pageSize = 100;
/** The broker answers one question at a time: so many are asked side by side. */
const mostReaders = 16;
/** Messages of one reader, at least: it begins with a question of its own. */
const leastPerReader = 50;

export const markOf = ({ event, storedAt }: StoredMessage) => hash('sha256', `${event?.id} ${storedAt}`).slice(0, 12);

export const placeOfMessage = (message: StoredMessage): LogPlace => ({
  sequence: message.sequence,
  storedAt: message.storedAt,
  mark: markOf(message),
});

export function createChangeLog<State, Event extends Envelope>(
  options: ChangeLogOptions<State, Event>,
): ChangeLog<State, Event> {
  const { service, journal, bus } = options;
  type Document = JournalDocument<State, Event>;

  async function documentsOf(events: readonly Envelope[]): Promise<Map<string, Document>> {
    const found = new Map<string, Document>();
    const unknown: { stream: string; version: number }[] = [];
    for (const { id, subject: stream, sequence: version } of events) {
      const known = options.known(id);
      if (known) found.set(id, known);
      else unknown.push({ stream, version });
    }
    for (let at = 0; at < unknown.length; at += pageSize) {
      for (const document of await journal.containing(unknown.slice(at, at + pageSize))) {
        document.events.forEach((_event, index) =>
          found.set(eventId(service, document.stream, document.version + index), document),
        );
      }
    }
    return found;
  }

  /** The newest version of a stream among the messages just before a place. */
  async function storedBefore(stream: string, sequence: number): Promise<number> {
    let newest = 0;
    let message = await bus.nextStored(service, stream, sequence - lookBack);
    while (message && message.sequence < sequence) {
      newest = Math.max(newest, message.event?.sequence ?? 0);
      message = await bus.nextStored(service, stream, message.sequence + 1);
    }
    return newest;
  }

  /**
   * Up to where a stream was told before a message of it, when no earlier one was read here; null when at least what the
   * message tells was.
   */
  async function positionBefore({ stream, version, at }: Document, message: StoredMessage): Promise<number | null> {
    const storedAt = new Date(message.storedAt).getTime();
    const stored = await storedBefore(stream, message.sequence);
    if (stored >= version) return null;
    const [document, ...before] = await journal.latest(stream, mostBehind, version);
    const markedBefore = (ms: number, one?: Document) => (one?.publishedAt?.getTime() ?? Infinity) <= ms;
    if (storedAt - at.getTime() > lateMs) {
      const after = (await journal.latest(stream, mostBehind)).filter((one) => one.version > version);
      if (markedBefore(storedAt - repeatedMs, document)) return null;
      if (after.some((one) => markedBefore(storedAt, one))) return null;
    }
    const told = before.find((one) => one.version <= stored || markedBefore(storedAt, one));
    return told ? lastVersionOf(told) : (before.at(-1)?.version ?? 1) - 1;
  }

  async function read(from: number, to: number, stream: string | null): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    for (let next: number = from; next < to;) {
      const message = await bus.nextStored(service, stream, next);
      if (!message || message.sequence >= to) break;
      messages.push(message);
      next = message.sequence + 1;
    }
    return messages;
  }

  return {
    async tell(messages, positions) {
      const ours = messages.filter(
        ({ event }) => event?.id === eventId(service, event?.subject ?? '', event?.sequence ?? 0),
      );
      const documents = await documentsOf(ours.flatMap(({ event }) => event ?? []));
      const told: ToldDecision<State, Event>[] = [];
      for (const message of ours) {
        const document = documents.get(message.event?.id ?? '');
        // Forged: nothing that the journal lacks was decided.
        if (!document) continue;
        const { stream, version } = document;
        const last = lastVersionOf(document);
        const position = positions.get(stream) ?? (await positionBefore(document, message));
        if (position === null) continue;
        if (last > position) {
          const place = placeOfMessage(message);
          const missed =
            version > position + 1 ? await journal.latest(stream, version - position - 1, version - 1) : [];
          const earlier = missed.filter((one) => one.version > position).toReversed();
          told.push(...[...earlier, document].map((one) => ({ place, document: one })));
        }
        // Last: what fails is told when it is tried again.
        positions.set(stream, Math.max(position, last));
      }
      return told;
    },
    async read(from, to, streams, most) {
      if (streams) {
        const found = (await Promise.all(streams.map((stream) => read(from, to, stream)))).flat();
        return found.length > most ? null : found.sort((one, other) => one.sequence - other.sequence);
      }
      if (to - from > most) return null;
      const share = Math.max(leastPerReader, Math.ceil((to - from) / mostReaders));
      const parts: Promise<StoredMessage[]>[] = [];
      for (let at = from; at < to; at += share) parts.push(read(at, Math.min(at + share, to), null));
      return (await Promise.all(parts)).flat();
    },
    next: (from) => bus.nextStored(service, null, from),
    last: () => bus.lastStored(service),
    async firstAfter(storedAt) {
      const last = await bus.lastStored(service);
      let [low, high] = [1, (last?.sequence ?? 0) + 1];
      const since = Date.parse(storedAt);
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const message = await bus.nextStored(service, null, middle);
        if (message && Date.parse(message.storedAt) <= since) low = message.sequence + 1;
        else high = middle;
      }
      return low;
    },
  };
}

/** The id of a decision's last event. */
export function lastEventOf(service: string, document: JournalDocument): string {
  return eventId(service, document.stream, lastVersionOf(document));
}

/** The keys under which a decision is known. */
export function eventsOf(service: string, { stream, version, events }: JournalDocument): string[] {
  return events.map((_event, index) => `${service}.${journalId(stream, version + index)}`);
}
