import type { Envelope } from '../../schema/events/envelope.ts';
import { createLruCache } from '../foundation/lru-cache.ts';
import { clientError, isUnavailable } from '../foundation/errors.ts';
import { createPulled, type Pulled } from '../foundation/pulled.ts';
import type { Time } from '../foundation/time.ts';
import type { EventBus } from '../messaging/bus.ts';
import type { EventStream, StoredMessage } from '../messaging/event-stream.ts';
import { lastVersionOf, type Journal, type JournalDocument } from '../event-core/journal.ts';
import type { Notices } from './await-outcome.ts';
import { changeCursor, readChangeCursor, type ChangeCursor } from './change-cursor.ts';
import {
  createChangeLog,
  eventsOf,
  lastEventOf,
  markOf,
  placeOfMessage,
  type LogPlace,
  type Positions,
} from './change-log.ts';

/** What a subscriber gets: a change, the cursor after it, and the id of the event that it tells of. */
export interface Told<Value> {
  value: Value;
  cursor: string;
  seen: readonly [eventId: string];
}

export interface Wish<Value> {
  /** The cursor to go on after; null for what is decided from now on. */
  after: string | null;
  /** Names what is followed, and by whom: cursors of others are refused. */
  name: string;
  wants(value: Value): boolean;
  /**
   * The streams on which there may be something for this subscriber since then, so that what all the others did need
   * not be read; null when there are too many. Left out: any.
   */
  streamsSince?(since: Date): Promise<readonly string[] | null>;
}

/**
 * What a service decides, told to subscribers by every instance in the same order, with cursors that mean the same to
 * all of them. The order is that in which the broker stored the events: it costs no write. Views show a change before
 * it is told, because a decision is published after them.
 */
export interface ChangeFeed<Value> {
  /**
   * The changes after a cursor, then the live ones, with no gap and no repeat.
   * @throws a client error CURSOR_EXPIRED when too much has happened since, BAD_USER_INPUT when it is none of this wish.
   * @throws {UnavailableError} while the broker is away.
   */
  follow(wish: Wish<Value>): Promise<AsyncIterableIterator<Told<Value>>>;
  close(): void;
}

export interface ChangeFeedOptions<State, Event extends Envelope, Value> {
  service: string;
  journal: Pick<Journal<State, Event>, 'containing' | 'latest'>;
  notices: Pick<Notices<State, Event>, 'onDecision'>;
  bus: Pick<EventBus, 'listen' | 'onConnected'> & Pick<EventStream, 'nextStored' | 'lastStored'>;
  time: Time;
  /** How many changes to keep in memory. */
  mostKept?: number;
  /** What subscribers see of a decision; undefined when they see nothing. */
  changeIn(document: JournalDocument<State, Event>): Value | undefined;
}

/** A place in the order of changes: one message may tell several of its stream. */
type Spot = Pick<ChangeCursor, 'sequence' | 'version'>;

/** After all that a message tells. */
const whole = Number.MAX_SAFE_INTEGER;

interface Entry<Value> {
  place: LogPlace;
  version: number;
  value: Value;
  eventId: string;
}

interface Follower<Value> {
  after: Spot | null;
  /** The entry that it looks at next, counted from the first that there ever was. */
  next: number;
  wants(value: Value): boolean;
  pulled: Pulled<Told<Value>>;
}

/** Changes in memory, about 500 bytes each: minutes of a large city, for all who come back after a restart. */
const manyChanges = 20_000;
/** Messages of all services that are read again for a subscriber who follows everything. */
const mostMissed = 50_000;
/** … and of the streams of one who does not. */
const mostMissedOfStreams = 1_000;
/** Streams whose position is remembered; of others it is found out again. */
const mostStreams = 100_000;
/** Decisions of this process that need not be read from the journal when their events come. */
const mostOwn = 1_000;
/** The broker tells of an event and stores it side by side: the first looks may come too early. */
const retryMs = { first: 1, longest: 200, total: 1_000 };
/** How often to look without a notice, in case one was lost. */
const pollEveryMs = 1_000;
/** A service starts without the broker, which is there a moment later. */
const patienceMs = 10_000;
const patienceEveryMs = 50;

const expired = () =>
  clientError('CURSOR_EXPIRED', 'What changed since this cursor is not known any more: read the state again.');

export function createChangeFeed<State, Event extends Envelope, Value>(
  options: ChangeFeedOptions<State, Event, Value>,
): ChangeFeed<Value> {
  const { service, bus, time, changeIn, mostKept = manyChanges } = options;
  type Document = JournalDocument<State, Event>;
  const own = createLruCache<string, Document>(mostOwn);
  const log = createChangeLog({ service, journal: options.journal, bus, known: (id) => own.get(id) });
  const positions: Positions = createLruCache<string, number>(mostStreams);
  const followers = new Set<Follower<Value>>();
  const entries: Entry<Value>[] = [];
  /** The number of the first entry that is kept. */
  let first = 0;
  /** Every change after this one, up to `read`, is in the entries. */
  let keptAfter: Spot = { sequence: 0, version: whole };
  let read: LogPlace = { sequence: 0, storedAt: new Date(0).toISOString(), mark: '' };
  /** Heard of, and not read yet: the version by stream. */
  const expected = new Map<string, number>();
  let stops: (() => void)[] = [];
  let beginning: Promise<void> | undefined;
  let extending: Promise<unknown> = Promise.resolve();
  let running = false;
  let news: 'none' | 'heard' | 'poll' = 'none';
  /** The broker was away, and may have come back without its store, which has grown past the place since. */
  let wasAway = false;
  /** How often the broker lost its store: what was a place before means nothing after it. */
  let losses = 0;
  let closed = false;
  bus.onConnected(() => (wasAway = true));

  async function begin(): Promise<void> {
    stops = [
      options.notices.onDecision('>', (document) => {
        for (const id of eventsOf(service, document)) own.set(id, document);
      }),
      bus.listen(service, null, ({ subject, sequence }) => {
        expected.set(subject, Math.max(sequence, expected.get(subject) ?? 0));
        look('heard');
      }),
      time.every(pollEveryMs, () => look('poll')),
    ];
    try {
      const last = await patiently(() => log.last());
      if (last) read = placeOfMessage(last);
      keptAfter = { sequence: read.sequence, version: whole };
    } catch (error) {
      beginning = undefined;
      stop();
      throw error;
    }
  }

  function stop(): void {
    for (const each of stops) each();
    stops = [];
  }

  async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (const deadline = time.now() + patienceMs; ;) {
      try {
        return await ask();
      } catch (error) {
        if (!isUnavailable(error) || time.now() > deadline || closed) throw error;
      }
      await time.wait(patienceEveryMs);
    }
  }

  function look(why: 'heard' | 'poll'): void {
    if (news !== 'poll') news = why;
    if (running || closed || !beginning) return;
    running = true;
    // After a failure the next poll looks again.
    void beginning
      .then(readOn)
      .catch(() => {
        wasAway = true;
        news = 'none';
      })
      .finally(() => {
        running = false;
        if (news !== 'none') look(news);
      });
  }

  async function readOn(): Promise<void> {
    let [retryIn, waited] = [retryMs.first, 0];
    while (news !== 'none' && !closed) {
      const isPoll = news === 'poll' || wasAway;
      wasAway = false;
      if (isPoll) await checkPlace();
      news = 'none';
      if (await readAll(isPoll)) [retryIn, waited] = [retryMs.first, 0];
      if (expected.size === 0) continue;
      // The broker drops what it had already: not everything that is heard is stored.
      if (waited >= retryMs.total) return expected.clear();
      await time.wait(retryIn);
      waited += retryIn;
      retryIn = Math.min(2 * retryIn, retryMs.longest);
      look('heard');
    }
  }

  /** Whether the broker still has what was read last: otherwise it has lost its store, and is given everything again. */
  async function checkPlace(): Promise<void> {
    if (read.mark === '') return;
    const there = await log.next(read.sequence);
    if (there?.sequence === read.sequence && markOf(there) === read.mark) return;
    read = { ...read, sequence: (await log.firstAfter(read.storedAt)) - 1, mark: '' };
    // Places of before mean nothing any more. What comes again was told: the positions stay.
    losses += 1;
    forget(entries.length);
    keptAfter = { sequence: read.sequence, version: whole };
    for (const follower of followers) follower.after = null;
  }

  /** Until nothing more is expected, or, without notices, until there is no more. Returns whether there was anything. */
  async function readAll(toTheEnd: boolean): Promise<boolean> {
    let isAny = false;
    while (!closed && (toTheEnd || expected.size > 0)) {
      const message = await log.next(read.sequence + 1);
      if (!message) break;
      for (const { place, document } of await log.tell([message], positions)) push(place, document);
      read = placeOfMessage(message);
      isAny = true;
      const { subject = '', sequence = 0 } = message.event ?? {};
      if ((expected.get(subject) ?? Infinity) <= Math.max(sequence, positions.get(subject) ?? 0))
        expected.delete(subject);
    }
    return isAny;
  }

  function entryOf(place: LogPlace, document: Document): Entry<Value> | undefined {
    const value = changeIn(document);
    if (value === undefined) return undefined;
    return { place, version: lastVersionOf(document), value, eventId: lastEventOf(service, document) };
  }

  function push(place: LogPlace, document: Document): void {
    const entry = entryOf(place, document);
    if (!entry) return;
    const at = first + entries.push(entry) - 1;
    for (const follower of followers) {
      // One that has nothing to read stays at the end, and sleeps.
      if (follower.next === at && !isFor(follower, entry)) follower.next = at + 1;
      else follower.pulled.wake();
    }
    if (entries.length > mostKept * 1.1) forget(entries.length - mostKept);
  }

  function forget(count: number): void {
    const last = entries[count - 1];
    entries.splice(0, count);
    first += count;
    if (last && isAfter(last, keptAfter)) keptAfter = { sequence: last.place.sequence, version: last.version };
  }

  const isAfter = ({ place, version }: Entry<Value>, { sequence, version: seen }: Spot) =>
    place.sequence > sequence || (place.sequence === sequence && version > seen);

  /** Whether all that comes after it is kept. */
  const isKept = ({ sequence, version }: Spot) =>
    sequence > keptAfter.sequence || (sequence === keptAfter.sequence && version >= keptAfter.version);

  const isFor = ({ wants, after }: Follower<Value>, entry: Entry<Value>) =>
    wants(entry.value) && (!after || isAfter(entry, after));

  const toldOf = ({ place, version, value, eventId }: Entry<Value>, name: string): Told<Value> => ({
    value,
    seen: [eventId],
    cursor: changeCursor({ sequence: place.sequence, mark: place.mark, version }, name),
  });

  /** Pulls at the subscriber's pace: nothing queues up for one that is slow. */
  function join(wish: Wish<Value>, after: Spot | null, next: number, missed: Promise<Entry<Value>[]> | null) {
    const pulled = createPulled(take, () => followers.delete(follower));
    const follower: Follower<Value> = { after, next, wants: wish.wants, pulled };
    followers.add(follower);
    let before: Entry<Value>[] | null = null;

    async function take(): Promise<Told<Value> | undefined> {
      before ??= (await missed) ?? [];
      const early = before.shift();
      if (early) return toldOf(early, wish.name);
      if (follower.next < first) throw expired();
      for (let entry = entries[follower.next - first]; entry; entry = entries[follower.next - first]) {
        follower.next += 1;
        if (isFor(follower, entry)) return toldOf(entry, wish.name);
      }
      return undefined;
    }
    if (closed) pulled.end();
    return pulled.items;
  }

  /** The message that a cursor stands at. @throws a client error CURSOR_EXPIRED when the broker has it no more. */
  async function messageAt({ sequence, mark }: ChangeCursor): Promise<StoredMessage> {
    const message = await patiently(() => log.next(sequence));
    if (message?.sequence !== sequence || markOf(message) !== mark) throw expired();
    return message;
  }

  /** What was told from a cursor up to a place, to those who follow everything or these streams. */
  async function readMissed(
    cursor: ChangeCursor,
    { event }: StoredMessage,
    to: number,
    streams: readonly string[] | null,
  ): Promise<Entry<Value>[]> {
    const stream = event?.subject ?? '';
    const all = streams && [...new Set([stream, ...streams])];
    const most = streams ? mostMissedOfStreams : mostMissed;
    const messages = await patiently(() => log.read(cursor.sequence, to, all, most));
    if (!messages) throw expired();
    const known: Positions = createLruCache<string, number>(mostStreams);
    known.set(stream, cursor.version);
    const told = await log.tell(messages, known);
    return told.flatMap(({ place, document }) => entryOf(place, document) ?? []);
  }

  /** Reads what is older than what is kept, for all who come back to it. */
  async function extendTo(cursor: ChangeCursor, message: StoredMessage): Promise<void> {
    if (isKept(cursor)) return;
    const upTo = keptAfter;
    const missed = await readMissed(cursor, message, upTo.sequence + 1, null);
    const older = missed.filter((entry) => !isAfter(entry, upTo));
    // Entries of other places in between were forgotten meanwhile.
    if (keptAfter !== upTo || older.length + entries.length > mostKept) throw expired();
    entries.unshift(...older);
    first -= older.length;
    keptAfter = cursor;
  }

  function firstAfter(cursor: ChangeCursor): number {
    let at = entries.length;
    for (let entry = entries[at - 1]; entry && isAfter(entry, cursor); entry = entries[at - 1]) at -= 1;
    return first + at;
  }

  return {
    async follow(wish) {
      const after = wish.after === null ? null : readChangeCursor(wish.after, wish.name);
      if (wish.after !== null && !after)
        throw clientError('BAD_USER_INPUT', '"after" is no cursor of this subscription.');
      await (beginning ??= begin());
      if (!after) return join(wish, null, first + entries.length, null);
      const message = await messageAt(after);
      if (isKept(after)) return join(wish, after, firstAfter(after), null);
      if (!wish.streamsSince) {
        const extended = extending.then(() => extendTo(after, message));
        extending = extended.catch(() => undefined);
        await extended;
        if (!isKept(after)) throw expired();
        return join(wish, after, firstAfter(after), null);
      }
      // All three before the question: what is decided meanwhile, on any stream, is told from what is kept.
      const place: Spot = { sequence: read.sequence, version: whole };
      const next = first + entries.length;
      const lossesBefore = losses;
      const streams = await wish.streamsSince(new Date(message.storedAt));
      if (!streams || losses !== lossesBefore) throw expired();
      const missed = readMissed(after, message, place.sequence + 1, streams);
      missed.catch(() => undefined);
      const wanted = missed.then((found) => found.filter(({ value }) => wish.wants(value)));
      wanted.catch(() => undefined);
      return join(wish, place, next, wanted);
    },
    close() {
      closed = true;
      stop();
      for (const { pulled } of followers) pulled.end();
    },
  };
}
