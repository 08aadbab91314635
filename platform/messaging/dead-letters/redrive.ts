import type { Envelope } from '../../../schema/events/envelope.ts';
import type { EventBus } from '../bus.ts';
import { ContractError, isUnavailable } from '../../foundation/errors.ts';
import { publisherOf } from '../event-stream.ts';
import { readParked } from '../inbox-message.ts';
import type { Logger } from '../../server/logger.ts';
import { eventsBetween } from '../missing-events.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { ParkedMessage } from './parked-message.ts';
import type { Retry } from '../../foundation/retry.ts';
import type { Checkpoints } from '../checkpoints.ts';
import type { Processor } from '../processor.ts';

/** The way back of parked messages. All of it runs in the lane of the subject. */
export interface Redrive {
  /** Handles a subject's parked messages again, in order, up to the first that fails. Returns how many went through. */
  redrive(subject: string): Promise<number>;
  /** Gives a parked message up, and handles those that waited behind it. @throws {ContractError} when it may not. */
  discard(id: string, subject: string, reason: string): Promise<void>;
  /** Resumes messages that are parked behind others of which none is parked any more. */
  takeUp(subject: string): Promise<void>;
}

export interface RedriveOptions {
  bus: Pick<EventBus, 'ask'> & { subjectPrefix: string };
  positions: Checkpoints;
  deadLetters: DeadLetters;
  retry: Retry;
  processor: Processor;
  logger: Logger;
  handle(event: Envelope, subject: string): Promise<void>;
}

export function createRedrive(options: RedriveOptions): Redrive {
  const { bus, positions, deadLetters, logger, retry } = options;

  async function moveOn(subject: string, version: number): Promise<void> {
    const stored = positions.advance(subject, version);
    positions.hurry();
    await stored;
  }

  async function redrive(subject: string): Promise<number> {
    let settled = 0;
    // Asked again at the end: another instance may have put something behind the last one.
    for (
      let waiting = await deadLetters.inLine(subject);
      waiting.length > 0;
      waiting = await deadLetters.inLine(subject)
    ) {
      for (const parked of waiting) {
        if (!(await redriveOne(subject, parked))) return settled;
        await deadLetters.settle(parked._id, 'redriven');
        settled += 1;
      }
    }
    return settled;
  }

  /** Returns false when it failed again. */
  async function redriveOne(subject: string, parked: ParkedMessage): Promise<boolean> {
    const { _id: id, version, event, payload } = parked;
    if (version === null || !event) return false;
    const position = await positions.reread(subject);
    if (version <= position) return true;
    const place = publisherOf(bus.subjectPrefix, subject);
    try {
      for await (const missing of eventsBetween(bus, place, position, version, logger)) {
        await options.handle(missing, subject);
        await moveOn(subject, missing.sequence);
      }
      await options.handle(event, subject);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      const known = error instanceof Error ? error : new Error(String(error));
      const errorClass = known instanceof ContractError ? 'contract' : 'unknown';
      await deadLetters.park({ id, subject, version, event, payload, errorClass, error: known });
      logger.error({ err: known, subject, version }, 'a parked message failed again');
      return false;
    }
    await moveOn(subject, version);
    return true;
  }

  async function takeUp(subject: string): Promise<void> {
    const { whileUnavailable } = retry;
    const readFirst = () => whileUnavailable(() => deadLetters.first(subject));
    for (let first = await readFirst(); first?.errorClass === 'behind'; first = await readFirst()) {
      const { _id: id, version } = first;
      const parked = await whileUnavailable(() => deadLetters.get(id));
      if (parked?.status !== 'parked') continue;
      const incoming = readParked(parked, bus.subjectPrefix);
      await options.processor.process(incoming);
      positions.hurry();
      await Promise.all(incoming.stored);
      const isHandled = version <= (await whileUnavailable(() => positions.reread(subject)));
      const next = isHandled ? null : await readFirst();
      if (isHandled) await whileUnavailable(() => deadLetters.settle(id, 'redriven'));
      else if (next?._id === id && next.errorClass === 'behind') {
        // It was parked a second time, as one that blocks no other: its owner does not have its predecessors.
        await whileUnavailable(() => deadLetters.settle(id, 'discarded', 'parked again without its version'));
      }
    }
  }

  return {
    redrive,
    takeUp,
    async discard(id, subject, reason) {
      const parked = await deadLetters.get(id);
      if (parked?.status !== 'parked') throw new ContractError(`No parked message has the id ${id}.`);
      const [first] = await deadLetters.inLine(subject);
      if (parked.version !== null && first?._id !== id) {
        throw new ContractError(`${first?._id ?? 'Nothing'} is parked before it, and must be settled first.`);
      }
      if (parked.version !== null) await moveOn(subject, parked.version);
      await deadLetters.settle(id, 'discarded', reason);
      logger.warn({ id, reason }, 'an operator discarded a parked message');
      await redrive(subject);
    },
  };
}
