import type { Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from '../messaging/bus.ts';
import { eventId } from '../foundation/event-id.ts';
import { lastVersionOf, type JournalDocument } from '../event-core/journal.ts';
import { createPulled } from '../foundation/pulled.ts';
import { startPause, type Time } from '../foundation/time.ts';

/** Tells this process of its own decisions. */
export interface Notices<State, Event extends Envelope> {
  notify(document: JournalDocument<State, Event>): void;
  /** Calls the listener with each decision of this process on the stream (on any stream for `>`). */
  onDecision(stream: string, listener: (document: JournalDocument<State, Event>) => void): () => void;
}

export function createNotices<State, Event extends Envelope>(): Notices<State, Event> {
  type Listener = (document: JournalDocument<State, Event>) => void;
  const listeners = new Map<string, Set<Listener>>();
  return {
    notify(document) {
      for (const key of [document.stream, '>']) for (const listener of listeners.get(key) ?? []) listener(document);
    },
    onDecision(stream, listener) {
      const known = listeners.get(stream) ?? new Set();
      listeners.set(stream, known.add(listener));
      return () => {
        known.delete(listener);
        if (known.size === 0 && listeners.get(stream) === known) listeners.delete(stream);
      };
    },
  };
}

/**
 * Waits until a state meets the condition, at most `timeoutMs`; then gives the last one seen. It sees a decision of
 * this process at once; one of another instance by the broker's notice, or, while the broker is away, in the journal:
 * after `pollMs`, then after twice as long, and so on, so that waiting costs little when everything is slow.
 */
export async function waitForState<State extends object, Event extends Envelope>(options: {
  service: string;
  stream: string;
  notices: Notices<State, Event>;
  bus: EventBus;
  read(): Promise<VersionedState<State>>;
  until(state: State): boolean;
  /** What is known already; saves the first look at the journal. */
  from?: JournalDocument<State, Event> | undefined;
  timeoutMs: number;
  pollMs: number;
  time: Time;
}): Promise<VersionedState<State>> {
  const { from, until, time } = options;
  let last = from?.state;
  let version = from ? lastVersionOf(from) : 0;
  let stale = !from;
  let wake: () => void = () => undefined;
  const stops = [
    options.notices.onDecision(options.stream, (document) => {
      last = document.state;
      version = lastVersionOf(document);
      wake();
    }),
    options.bus.listen(options.service, options.stream, ({ sequence }) => {
      // Notices of this process's own decisions come back too.
      if (sequence <= version) return;
      stale = true;
      wake();
    }),
  ];
  try {
    let pollMs = options.pollMs;
    for (const deadline = time.now() + options.timeoutMs; ;) {
      if (last === undefined || stale) {
        stale = false;
        const found = await options.read();
        last = found.state;
        version = Math.max(version, found.version);
      }
      const left = deadline - time.now();
      if (until(last) || left <= 0) return { state: last, version };
      const pause = startPause(time, Math.min(pollMs, left));
      wake = pause.end;
      if (await pause.over) continue;
      stale = true;
      pollMs *= 2;
    }
  } finally {
    for (const stop of stops) stop();
  }
}

/**
 * Starts to listen for an event of another service; `arrived` resolves with true when it came, with false after
 * `timeoutMs`. Delivery is not guaranteed: the caller must be right without it.
 */
export function expectEvent(
  { bus, time }: { bus: Pick<EventBus, 'listen'>; time: Time },
  publisher: string,
  stream: string,
  matches: (event: Envelope) => boolean,
): { arrived(timeoutMs: number): Promise<boolean>; stop(): void } {
  let seen = false;
  let wake: (() => void) | undefined;
  const stop = bus.listen(publisher, stream, (event) => {
    if (!matches(event)) return;
    seen = true;
    wake?.();
  });
  return {
    stop,
    arrived: async (timeoutMs) => {
      if (!seen) {
        const pause = startPause(time, timeoutMs);
        wake = pause.end;
        await pause.over;
      }
      stop();
      return seen;
    },
  };
}

export interface VersionedState<State> {
  state: State;
  version: number;
}

/** What a stream changed to, and the last event of that. */
export interface Change<State> {
  state: State;
  eventId: string;
}

/** At most this many changes wait for a slow subscriber; then it misses the oldest. */
const maxWaitingChanges = 1_000;

/**
 * The states that streams change to from now on, decided by any instance, in order within each stream. A version that
 * is already superseded when this instance hears of it may be skipped, or replaced by the newer state.
 */
export function changesOf<State extends object, Event extends Envelope>(options: {
  service: string;
  notices: Notices<State, Event>;
  bus: EventBus;
  read(stream: string): Promise<VersionedState<State>>;
  /** Resolves when the views show a stream up to a version: no subscriber hears of a change that it cannot read. */
  show(stream: string, version: number): Promise<void>;
}): AsyncIterableIterator<Change<State>> {
  const heard = new Map<string, number>();
  const given = new Map<string, number>();
  const waiting: { stream: string; read: () => Promise<VersionedState<State>> }[] = [];
  const pulled = createPulled(take, () => {
    for (const stop of stops) stop();
  });

  function push(stream: string, version: number, read: () => Promise<VersionedState<State>>): void {
    if (version <= (heard.get(stream) ?? 0)) return;
    heard.set(stream, version);
    waiting.push({ stream, read });
    if (waiting.length > maxWaitingChanges) waiting.shift();
    pulled.wake();
  }
  const stops = [
    options.notices.onDecision('>', (document) => {
      const { stream, state } = document;
      const version = lastVersionOf(document);
      push(stream, version, () => Promise.resolve({ state, version }));
    }),
    options.bus.listen(options.service, null, ({ subject, sequence }) => {
      push(subject, sequence, () => options.read(subject));
    }),
  ];

  async function take(): Promise<Change<State> | undefined> {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { state, version } = await next.read();
      // A late look at the journal may have returned a later state.
      if (version <= (given.get(next.stream) ?? 0)) continue;
      given.set(next.stream, version);
      await options.show(next.stream, version);
      return { state, eventId: eventId(options.service, next.stream, version) };
    }
    return undefined;
  }
  return pulled.items;
}

/**
 * What a function makes of each item, without those for which it returns undefined. Unlike an async generator it ends
 * at once when told to, not at the next item.
 */
export function pick<Item, Result>(
  items: AsyncIterableIterator<Item>,
  toResult: (item: Item) => Result | undefined,
): AsyncIterableIterator<Result> {
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    await items.return?.();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      for (;;) {
        const item = await items.next();
        if (item.done) return { done: true, value: undefined };
        const result = toResult(item.value);
        if (result !== undefined) return { done: false, value: result };
      }
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
