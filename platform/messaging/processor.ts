import type { Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from './bus.ts';
import { reachCrashPoint } from '../foundation/crash-points.ts';
import { ChainBrokenError, ContractError } from '../foundation/errors.ts';
import { toFailed, type InboxMessage } from './inbox-message.ts';
import type { Logger } from '../server/logger.ts';
import { eventsBetween } from './missing-events.ts';
import type { DeadLetters, FirstInLine } from './dead-letters/dead-letters.ts';
import type { ErrorClass } from './dead-letters/parked-message.ts';
import type { Retry } from '../foundation/retry.ts';
import { longestTimerMs } from '../foundation/time.ts';
import type { Checkpoints } from './checkpoints.ts';

/** What becomes of one message: handled in the order of its stream, or parked. */
export interface Processor {
  /** Resolves when the message may be acknowledged, apart from its positions. One after the other for a subject. */
  process(incoming: InboxMessage): Promise<void>;
  /** Parks a message behind others of its subject. */
  parkBehind(incoming: InboxMessage): Promise<void>;
}

export interface ProcessorOptions {
  bus: Pick<EventBus, 'ask'>;
  positions: Pick<Checkpoints, 'get' | 'reread' | 'advance'>;
  deadLetters: DeadLetters;
  retry: Retry;
  logger: Logger;
  handle(event: Envelope, subject: string): Promise<void>;
  parked?(): void;
  /** Waits between the attempts after an unknown error; parked after the last. */
  retryDelaysMs: readonly number[];
  /** From 0 to 1, for the jitter. */
  random(): number;
  /** Called when the subject cannot go on for now; the function it returns, when it can. */
  hold(subject: string): () => void;
}

export function createProcessor(options: ProcessorOptions): Processor {
  const { positions, deadLetters, logger, retry, hold } = options;
  const { whileUnavailable } = retry;

  async function process(incoming: InboxMessage): Promise<void> {
    const { subject, version } = incoming;
    if (version === null)
      return park(incoming, 'contract', incoming.unreadable ?? new ContractError('The event has no version.'));
    if (version <= (await whileUnavailable(() => positions.get(subject)))) return advance(incoming, version);
    const first = deadLetters.blocks(subject) ? await whileUnavailable(() => deadLetters.first(subject)) : null;
    if (await staysParked(incoming, version, first)) return;
    if (version > (await whileUnavailable(() => positions.get(subject))) + 1) {
      const settled = await whileUnavailable(
        () => closeGap(incoming, version),
        () => hold(subject),
      );
      if (settled) return;
    }
    await settle(incoming, version);
  }

  /** True when the message is behind a parked one, and is now parked too, or when it is that one. */
  async function staysParked(incoming: InboxMessage, version: number, first: FirstInLine | null): Promise<boolean> {
    if (!first || version < first.version) return false;
    if (version > first.version) {
      await parkBehind(incoming);
      return true;
    }
    if (first.errorClass === 'behind') return false;
    await whileUnavailable(() => takeItsPlace(incoming, first));
    return true;
  }

  /** The parked message came again; or another one with its version, which is not lost: it is handled later. */
  async function takeItsPlace(incoming: InboxMessage, first: FirstInLine): Promise<void> {
    const parked = await deadLetters.get(first._id);
    if (parked?.payload === incoming.payload && parked.event?.id === incoming.event?.id) return;
    await park(incoming, first.errorClass, new Error('Another message of this version was parked before it.'));
  }

  /** Handles the events between the position and this version. Returns true when this one has to wait or is settled. */
  async function closeGap(incoming: InboxMessage, version: number): Promise<boolean> {
    const { subject } = incoming;
    // Another instance may have handled or parked events that this one has not seen.
    const position = await positions.reread(subject);
    if (version <= position) return true;
    if (await staysParked(incoming, version, await deadLetters.first(subject))) return true;
    try {
      for await (const event of eventsBetween(options.bus, incoming, position, version, logger)) {
        const { data, sequence } = event;
        const missing = { ...incoming, event, version: sequence, payload: JSON.stringify(data), unreadable: null };
        if (await settle(missing, sequence)) continue;
        await parkBehind(incoming);
        return true;
      }
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      // Its owner does not have its predecessors: it blocks no other.
      const isKnown = error instanceof ChainBrokenError;
      await park(isKnown ? incoming : { ...incoming, version: null }, 'contract', error);
      return true;
    }
    return false;
  }

  /** Handles one event that is next in its stream, or parks it and returns false. */
  async function settle(incoming: InboxMessage, version: number): Promise<boolean> {
    const failure = await attempt(incoming);
    if (failure) {
      await park(incoming, failure.errorClass, failure.error);
      return false;
    }
    reachCrashPoint('before-position');
    advance(incoming, version);
    return true;
  }

  /** Only the acknowledgement waits for the write, not the next of the lane; a repetition's acknowledgement too. */
  function advance(incoming: InboxMessage, version: number): void {
    const stored = whileUnavailable(() => positions.advance(incoming.subject, version));
    stored.catch(() => undefined);
    incoming.stored.push(stored);
  }

  async function attempt(incoming: InboxMessage): Promise<{ errorClass: ErrorClass; error: Error } | undefined> {
    const { event, unreadable, subject } = incoming;
    if (!event || unreadable) return { errorClass: 'contract', error: unreadable ?? new ContractError('unreadable') };
    let release: (() => void) | undefined;
    try {
      for (;;) {
        try {
          await whileUnavailable(() => options.handle(event, subject));
          if (release) await whileUnavailable(() => deadLetters.clear(toFailed(incoming, 'unknown', new Error()).id));
          return undefined;
        } catch (error) {
          const known = error instanceof Error ? error : new Error(String(error));
          if (retry.ended) throw known;
          if (known instanceof ContractError) return { errorClass: 'contract', error: known };
          const failed = toFailed(incoming, 'unknown', known);
          const attempts = await whileUnavailable(() => deadLetters.recordAttempt(failed));
          const delay = options.retryDelaysMs[attempts - 1];
          if (delay === undefined) return { errorClass: 'unknown', error: known };
          logger.warn(
            { err: known, event: event.id, attempts, correlationId: event.correlationid },
            'an event failed; trying again',
          );
          release ??= hold(subject);
          await retry.pause(Math.min(delay * (0.75 + options.random() / 2), longestTimerMs));
        }
      }
    } finally {
      release?.();
    }
  }

  async function park(incoming: InboxMessage, errorClass: ErrorClass, error: Error): Promise<void> {
    await whileUnavailable(() => deadLetters.park(toFailed(incoming, errorClass, error)));
    reachCrashPoint('after-parking');
    options.parked?.();
    const { subject, version, event } = incoming;
    const level = errorClass === 'behind' ? 'info' : 'error';
    logger[level](
      { subject, version, errorClass, reason: error.message, correlationId: event?.correlationid },
      'parked a message',
    );
  }

  const parkBehind = (incoming: InboxMessage) =>
    park(incoming, 'behind', new Error('An earlier event of this stream is parked, or tried again.'));

  return { process, parkBehind };
}
