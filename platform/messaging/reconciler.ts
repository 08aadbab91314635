import type { Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from './bus.ts';
import { reachCrashPoint } from '../foundation/crash-points.ts';
import { ChainBrokenError, isUnavailable } from '../foundation/errors.ts';
import { eventSubject, type EventStream, type Holdings } from './event-stream.ts';
import type { Journal } from '../event-core/journal.ts';
import type { Logger } from '../server/logger.ts';
import { realTime, type Time } from '../foundation/time.ts';

/**
 * Refills the broker from the journal when it has less: its store was deleted, rolled back, or lost a part. Compares
 * every stream at start-up, after each reconnection, and when the broker's stream was recreated or lost messages;
 * otherwise, periodically, those with recent publications.
 */
export interface Reconciler {
  /** One comparison. Returns how many events the broker lacked. */
  reconcile(): Promise<number>;
  start(): void;
  close(): Promise<void>;
}

export interface ReconcilerOptions<Event extends Envelope> {
  service: string;
  journal: Pick<Journal<unknown, Event>, 'lastPublished' | 'eventsAfter'>;
  bus: Pick<EventStream, 'subjectPrefix' | 'holdings' | 'countMessages' | 'newestVersion' | 'versions' | 'publish'> &
    Pick<EventStream, 'onLost'> &
    Pick<EventBus, 'onConnected'>;
  logger: Logger;
  everyMs: number;
  /** How often to see whether the broker lost anything. */
  lookEveryMs: number;
  clock(): Date;
  time?: Time;
}

const pageOfEvents = 200;
const streamsAtOnce = 16;
/** The comparison of each minute has time: each stream is two requests, and decisions go on beside them. */
const streamsAtOnceLately = 2;
/**
 * A store that went back to an older copy lost its newest messages. Of streams with something published this recently,
 * the newest message is checked, too: a matching count may be older messages, some of them twice. Clocks may differ by
 * an hour.
 */
const latelyMs = 7_200_000;
/** How often to count a stream that grows meanwhile, before its messages are looked at, a request each. */
const looksAtGrowing = 3;
/** Twice, at once and with the next look: what the lost store had accepted may be marked only in between … */
const exactAfterLoss = 2;
/** … or, with a slow database, at most this long after the loss: then what was marked since is checked once more. */
const lateMarkMs = 10_000;

export function createReconciler<Event extends Envelope>(options: ReconcilerOptions<Event>): Reconciler {
  const { service, journal, bus, logger, time = realTime } = options;
  let seen: (Holdings & { comparedAt: Date }) | undefined;
  /** What the next comparisons owe: a look at all streams; at each of their messages, this many times. */
  let due = { all: true, exact: 0 };
  /** The last loss, until what was marked late is checked. */
  let lost: { since: Date; lateAt: number } | undefined;
  /** The versions up to which the last short comparison looked: the next one sees most of them again, by the overlap. */
  let compared = new Map<string, number>();
  let running: Promise<number> | undefined;
  let stops: (() => void)[] = [];
  let closed = false;

  const lostOf = ({ lastSequence, messages }: Holdings) => lastSequence - messages;

  /** Whether the broker lost something. Nothing is ever deleted: what is gone was lost. */
  function isLoss(now: Holdings): boolean {
    if (!now.keepsLast) return true;
    if (!seen) return false;
    return seen.created !== now.created || now.lastSequence < seen.lastSequence || lostOf(now) > lostOf(seen);
  }

  function noteLoss(): void {
    due = { all: true, exact: exactAfterLoss };
    lost = { since: options.clock(), lateAt: time.now() + lateMarkMs };
  }

  const isLateDue = () => lost !== undefined && due.exact === 0 && time.now() >= lost.lateAt;

  async function compare(): Promise<number> {
    const comparedAt = options.clock();
    const holdings = await bus.holdings();
    if (isLoss(holdings)) noteLoss();
    const exactly = due.exact > 0;
    const late = isLateDue() ? lost : undefined;
    // The database's clock, which dates the marks, may be behind: two rounds of overlap, and all that it may be after a loss.
    const [last, overlapMs] = late ? [late.since, latelyMs] : [seen?.comparedAt, 2 * options.everyMs];
    const since = last && !due.all && !exactly ? new Date(last.getTime() - overlapMs) : undefined;
    const streams = journal.lastPublished({ since, now: comparedAt })[Symbol.asyncIterator]();
    const all = since ? undefined : await bus.countMessages(service);
    const lately = all && !exactly ? await publishedLately(comparedAt) : new Set<string>();
    const found = new Map<string, number>();
    let refilled = 0;
    /** A stream that cannot be refilled blocks no other. */
    const refusals: unknown[] = [];
    const refuse = (error: unknown) => {
      if (isUnavailable(error)) throw error;
      refusals.push(error);
    };
    const compareNext = async () => {
      for (let next = await streams.next(); !next.done && !closed; next = await streams.next()) {
        const { stream, version } = next.value;
        // After a loss also what the lost store may have accepted; otherwise that is on its way.
        const upTo = exactly ? Infinity : version;
        const isKnown = since !== undefined && !late && compared.get(stream) === version;
        if (since && !late) found.set(stream, version);
        if (isKnown) continue;
        const lacked = await compareStream(
          stream,
          upTo,
          { all, asksNewest: since !== undefined || lately.has(stream), asksEach: exactly || late !== undefined },
          refuse,
        );
        refilled += lacked;
      }
    };
    await Promise.all(Array.from({ length: since ? streamsAtOnceLately : streamsAtOnce }, compareNext));
    if (refilled > 0) logger.warn({ events: refilled }, 'refilled the broker from the journal');
    if (refusals.length > 0) {
      logger.error({ err: refusals[0], refused: refusals.length }, 'the broker lacks events, and refuses them');
    }
    if (!closed) {
      seen = { ...holdings, comparedAt };
      compared = found;
      // What was refused may be accepted the next time, and is not marked again by then.
      due = { all: refusals.length > 0, exact: Math.max(0, due.exact - 1) };
      // Another loss may have been detected meanwhile.
      if (late === lost) lost = undefined;
    }
    return refilled;
  }

  async function publishedLately(now: Date): Promise<Set<string>> {
    const streams = new Set<string>();
    const since = new Date(now.getTime() - latelyMs);
    for await (const { stream } of journal.lastPublished({ since, now })) streams.add(stream);
    return streams;
  }

  async function compareStream(
    stream: string,
    upTo: number,
    {
      all,
      asksNewest,
      asksEach,
    }: { all: ReadonlyMap<string, number> | undefined; asksNewest: boolean; asksEach: boolean },
    refuse: (error: unknown) => void,
  ): Promise<number> {
    try {
      const count = all && (all.get(eventSubject(bus.subjectPrefix, service, stream)) ?? 0);
      const isWhole = !asksEach && ((count === upTo && !asksNewest) || (await keepsAll(stream, upTo)));
      return isWhole ? 0 : await refill(stream, upTo, count !== 0, refuse);
    } catch (error) {
      refuse(error);
      return 0;
    }
  }

  /** Whether the broker has every version up to this one and after it, as far as two numbers tell. */
  async function keepsAll(stream: string, upTo: number): Promise<boolean> {
    const subject = eventSubject(bus.subjectPrefix, service, stream);
    for (let look = 1; ; look += 1) {
      const newest = await bus.newestVersion(service, stream);
      const count = (await bus.countMessages(service, stream)).get(subject) ?? 0;
      if (newest >= upTo && count === newest) return true;
      // More than its versions: the stream has grown between the questions, or has messages twice.
      if (newest < upTo || count < newest || look === looksAtGrowing) return false;
    }
  }

  /**
   * Any version may be missing, not just the last ones: decisions after a loss can reach the broker before the loss is
   * detected. As many messages as versions is right, unless some were lost and others are there twice.
   * @param upTo the last version to look for.
   * @param refuse called with the reason when the broker refuses an event. @throws the error again when it is an
   * outage.
   * @returns how many events the broker did not have.
   */
  async function refill(
    stream: string,
    upTo: number,
    hasSome: boolean,
    refuse: (error: unknown) => void,
  ): Promise<number> {
    let lacked = 0;
    try {
      const there = hasSome ? await bus.versions(service, stream) : new Set<number>();
      for (let position = 0; position < upTo;) {
        const events = await journal.eventsAfter(stream, position, pageOfEvents);
        const last = events.at(-1);
        if (!last || closed) return lacked;
        const missing = events.filter(({ sequence }) => sequence <= upTo && !there.has(sequence));
        // Concurrently: they leave in this order on one connection.
        const answers = await Promise.all(missing.map((event) => bus.publish(service, event).catch(refuse)));
        lacked += answers.filter(Boolean).length;
        reachCrashPoint('during-refill');
        position = last.sequence;
      }
      return lacked;
    } catch (error) {
      // The journal has raised the alarm; the other streams are sound.
      if (error instanceof ChainBrokenError) return lacked;
      throw error;
    }
  }

  const reconcile = () => {
    running ??= compare().finally(() => {
      running = undefined;
    });
    return running;
  };

  async function compareAfresh(wasLost: boolean): Promise<void> {
    // What is in progress may have begun before.
    while (running) await running.catch(() => undefined);
    if (wasLost) noteLoss();
    else due = { ...due, all: true };
    await reconcile();
  }

  async function look(): Promise<void> {
    const holdings = await bus.holdings();
    if (isLoss(holdings)) await compareAfresh(true);
    else if (!seen || due.exact > 0 || isLateDue()) await reconcile();
    else seen = { ...seen, ...holdings };
  }

  const quietly = (work: () => Promise<unknown>) => () => {
    work().catch((error: unknown) => {
      if (!isUnavailable(error) && !closed)
        logger.warn({ err: error }, 'could not compare the journal with the broker');
    });
  };

  return {
    reconcile,
    start() {
      bus.onConnected(quietly(() => compareAfresh(false)));
      bus.onLost(quietly(() => compareAfresh(true)));
      stops = [time.every(options.everyMs, quietly(reconcile)), time.every(options.lookEveryMs, quietly(look))];
    },
    async close() {
      closed = true;
      for (const stop of stops) stop();
      await running?.catch(() => undefined);
    },
  };
}
