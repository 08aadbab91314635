import type { Envelope } from '../../schema/events/envelope.ts';
import { createBatcher } from '../foundation/batcher.ts';
import type { EventBus } from './bus.ts';
import type { EventStream } from './event-stream.ts';
import { reachCrashPoint } from '../foundation/crash-points.ts';
import { isUnavailable } from '../foundation/errors.ts';
import { createLruCache } from '../foundation/lru-cache.ts';
import type { Journal, JournalDocument } from '../event-core/journal.ts';
import type { Logger } from '../server/logger.ts';
import { realTime, type Time } from '../foundation/time.ts';

/**
 * Brings decisions out: views first, then the broker, then the mark. At once after the insert; after a crash or an
 * outage, by a sweeper. Consumers settle order and repetitions by version, so several relays of one service need no
 * lock. A decision that the broker or a view refuses is set aside and blocks no other: a consumer that misses it asks
 * the journal.
 */
export interface OutboxRelay<State, Event extends Envelope> {
  /** Resolves when the views show it; the broker and the mark follow by themselves. */
  dispatch(document: JournalDocument<State, Event>): Promise<void>;
  start(): void;
  close(): Promise<void>;
}

export interface OutboxRelayOptions<State, Event extends Envelope> {
  service: string;
  journal: Pick<Journal<State, Event>, 'unpublished' | 'refusedDue' | 'putAside' | 'markPublished'>;
  bus: Pick<EventStream, 'publish'> & Pick<EventBus, 'status'>;
  logger: Logger;
  applyViews(document: JournalDocument<State, Event>): Promise<void>;
  sweepEveryMs: number;
  sweepBatch: number;
  /** How long marks may wait for others, to share a write. */
  gatherMs: number;
  /** A refused decision is retried after twice as long each time, up to this. */
  longestDelayMs: number;
  clock(): Date;
  time?: Time;
}

/**
 * Decisions whose views are known to be written, until they are published: about 15 MB. While the broker is away they
 * grow by each decision; the views of one that was forgotten are written once more, which changes nothing.
 */
export const decisionsRemembered = 100_000;
const reportEveryMs = 10_000;
const longestReason = 1_000;
/** Without a failure of its own, or without a broker, the sweeper looks only every n-th round. */
const quietRounds = 4;
/** … and of those every n-th while it has so much under way itself: the database reads all of it for each look. */
const [muchUnderWay, busyRounds] = [100, 16];
/** Where nothing was refused lately, every n-th look is for what another process put aside before it died. */
const looksWithoutRefused = 5;

export function createOutboxRelay<State, Event extends Envelope>(
  options: OutboxRelayOptions<State, Event>,
): OutboxRelay<State, Event> {
  const { journal, bus, logger, service, gatherMs, time = realTime } = options;
  type Document = JournalDocument<State, Event>;
  const underWay = new Set<string>();
  /** Decisions whose views this process has written, until they are published. */
  const shown = createLruCache<string, string>(decisionsRemembered);
  const marks = createBatcher<string>((ids) => journal.markPublished(ids), { gatherMs, time });
  let stopSweeping: () => void = () => undefined;
  let sweeping: Promise<void> | undefined;
  let looks = 0;
  /** When this process last saw a refused decision, by `time`. */
  let refusedAt = -Infinity;
  let closed = false;
  let reportedAt = -Infinity;
  let leftOver = true;
  /** How many leftovers the sweeper has seen, one batch after the other, since the broker is away. */
  let seen = 0;

  async function show(document: Document): Promise<void> {
    if (shown.has(document._id)) return;
    await options.applyViews(document);
    shown.set(document._id, document._id);
  }

  async function publish(document: Document): Promise<void> {
    // Concurrently: they leave in this order on one connection.
    await Promise.all(document.events.map((event) => bus.publish(service, event)));
    reachCrashPoint('after-publish');
  }

  /** Resolves when the broker has it; the mark follows, together with others. */
  async function deliver(document: Document, views = show(document)): Promise<{ marked: Promise<void> }> {
    const { _id } = document;
    underWay.add(_id);
    try {
      // Views first: a consumer that gets an event can read its effect at the owner.
      await views;
      await publish(document);
    } catch (error) {
      underWay.delete(_id);
      throw error;
    }
    const marked = mark(_id);
    // A caller that waits for it gets the failure; without one, the sweeper finds the document.
    marked.catch(() => undefined);
    return { marked };
  }

  async function mark(id: string): Promise<void> {
    try {
      await marks.add(id);
      reachCrashPoint('after-mark');
      shown.delete(id);
    } finally {
      underWay.delete(id);
    }
  }

  /** Each in the order of its version, until an outage. Returns how many went through; null after an outage. */
  async function deliverStream(documents: Document[]): Promise<number | null> {
    documents.sort((one, other) => one.version - other.version);
    try {
      const marked: Promise<void>[] = [];
      for (const document of documents) {
        const delivered = await deliver(document).catch((error: unknown) => stepAside(document, error));
        if (delivered) marked.push(delivered.marked);
      }
      reachCrashPoint('during-sweep');
      await Promise.all(marked);
      return marked.length;
    } catch (error) {
      reportFailure(error);
      return null;
    }
  }

  /** @throws the error again when it is an outage: that is not the decision's fault. */
  async function stepAside(document: Document, error: unknown): Promise<undefined> {
    if (isUnavailable(error)) throw error;
    const { times = 0, since = options.clock() } = document.refused ?? {};
    const delay = Math.min(options.longestDelayMs, options.sweepEveryMs * 2 ** times);
    const until = new Date(options.clock().getTime() + delay);
    const because = (error instanceof Error ? error.message : String(error)).slice(0, longestReason);
    await journal.putAside(document._id, { because, times: times + 1, since, until });
    refusedAt = time.now();
    if (times === 0) logger.error({ err: error, document: document._id }, 'a decision is refused, and steps aside');
  }

  async function sweep(): Promise<void> {
    for (;;) {
      if (bus.status() !== 'ok') return showNext();
      seen = 0;
      // What is in progress may be marked before the list arrives here.
      const busy = new Set(underWay);
      const leftovers = await journal.unpublished(options.sweepBatch);
      const isAll = leftovers.length < options.sweepBatch;
      if (isAll) forgetPublished(leftovers);
      const missed = leftovers.filter(({ _id }) => !busy.has(_id) && !underWay.has(_id));
      const streams = Map.groupBy(missed, ({ stream }) => stream);
      const delivered = await Promise.all(Array.from(streams.values(), deliverStream));
      const documents = delivered.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      if (documents > 0) logger.info({ documents }, 'delivered decisions that were left over');
      if (closed || isAll || delivered.includes(null) || missed.length === 0) return;
    }
  }

  /**
   * Without a broker only views can be written: those of a process that died. A batch each time, then the one after it:
   * an outage may leave thousands, and those in front are still there when their views are written.
   */
  async function showNext(): Promise<void> {
    const leftovers = await journal.unpublished(options.sweepBatch, seen);
    seen = leftovers.length < options.sweepBatch ? 0 : seen + leftovers.length;
    const missed = leftovers.filter(({ _id }) => !underWay.has(_id));
    await Promise.all(missed.map((document) => show(document).catch(reportFailure)));
  }

  /** A queue of its own, so that it takes no place of others. */
  async function tryAgain(): Promise<void> {
    looks += 1;
    if (time.now() - refusedAt > 2 * options.longestDelayMs && looks % looksWithoutRefused !== 0) return;
    const now = options.clock();
    while (bus.status() === 'ok' && !closed) {
      const due = await journal.refusedDue(options.sweepBatch, now, options.longestDelayMs);
      if (due.length > 0) refusedAt = time.now();
      const free = due.filter(({ _id }) => !underWay.has(_id));
      const streams = Map.groupBy(free, ({ stream }) => stream);
      const delivered = await Promise.all(Array.from(streams.values(), deliverStream));
      // What is refused again is due later than now, so that the next ones have their turn.
      if (due.length < options.sweepBatch || free.length === 0 || delivered.includes(null)) return;
    }
  }

  /** Another instance may have published them. */
  function forgetPublished(leftovers: Document[]): void {
    const left = new Set(leftovers.map(({ _id }) => _id));
    for (const id of shown.values()) if (!left.has(id) && !underWay.has(id)) shown.delete(id);
  }

  function reportFailure(error: unknown): void {
    // The part that lost the connection already reported the outage; the sweeper retries many times a second.
    if (isUnavailable(error)) {
      leftOver = true;
      return;
    }
    if (time.now() - reportedAt < reportEveryMs) return;
    reportedAt = time.now();
    logger.error({ err: error }, 'a decision could not be delivered; it will be tried again');
  }

  return {
    async dispatch(document) {
      reachCrashPoint('after-insert');
      const views = show(document);
      deliver(document, views)
        .catch((error: unknown) => stepAside(document, error))
        .then((delivered) => delivered?.marked)
        .catch(reportFailure);
      // The decision stands even when its views fail: the sweeper writes what this could not.
      await views.catch(() => undefined);
    },
    start() {
      let rounds = 0;
      stopSweeping = time.every(options.sweepEveryMs, () => {
        // This process knows what it left over; what others left over by dying can wait a little longer.
        const isQuiet = !leftOver || bus.status() !== 'ok';
        const every = underWay.size > muchUnderWay ? busyRounds : quietRounds;
        if (isQuiet && (rounds += 1) % every !== 0) return;
        leftOver = false;
        sweeping ??= sweep()
          .then(tryAgain)
          .catch(reportFailure)
          .finally(() => {
            sweeping = undefined;
          });
      });
    },
    async close() {
      closed = true;
      stopSweeping();
      await sweeping;
      await marks.idle();
    },
  };
}
