import type { Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from '../messaging/bus.ts';
import { lastVersionOf, type JournalDocument } from '../event-core/journal.ts';
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
  // A function, because the compiler would take the flag for unchanged across an await.
  const isStale = () => stale;
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
        // This process may have decided meanwhile, and be ahead of what was read.
        if (last === undefined || found.version >= version) [last, version] = [found.state, found.version];
      }
      const left = deadline - time.now();
      if (until(last) || left <= 0) return { state: last, version };
      // Another one decided meanwhile.
      if (isStale()) continue;
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
