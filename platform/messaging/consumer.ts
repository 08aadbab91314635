import type { Envelope } from '../../schema/events/envelope.ts';
import type { EventBus } from './bus.ts';
import { reachCrashPoint } from '../foundation/crash-points.ts';
import { ContractError, isUnavailable } from '../foundation/errors.ts';
import type { Deliveries, Delivery, EventStream } from './event-stream.ts';
import { readDelivery } from './inbox-message.ts';
import { createKeyedQueue } from '../foundation/keyed-queue.ts';
import type { Logger } from '../server/logger.ts';
import type { DeadLetters } from './dead-letters/dead-letters.ts';
import { createRetry } from '../foundation/retry.ts';
import type { Checkpoints } from './checkpoints.ts';
import { createProcessor } from './processor.ts';
import { createRedrive } from './dead-letters/redrive.ts';
import { realTime, type Time } from '../foundation/time.ts';

/**
 * A durable pull consumer: every event of the publishers it follows is handled once and in the order of its stream,
 * however often and in whatever order the broker delivers it (docs/architecture.md, "Consumers and parked events").
 */
export interface Consumer {
  start(): void;
  /** Handles a subject's parked messages again, in order, up to the first that fails. Returns how many went through. */
  redrive(subject: string): Promise<number>;
  /** Gives a parked message up, and handles those that waited behind it. */
  discard(id: string, reason: string): Promise<void>;
  /** Messages in the broker that were not handled yet. */
  pending(): Promise<number>;
  /** Lets what is being handled finish. */
  close(): Promise<void>;
}

export interface ConsumerOptions {
  /** Name of the durable consumer. */
  name: string;
  /** Whose events to follow. */
  publishers: readonly string[];
  bus: Pick<EventStream, 'subjectPrefix' | 'consume' | 'pending'> & Pick<EventBus, 'ask'>;
  positions: Checkpoints;
  deadLetters: DeadLetters;
  logger: Logger;
  /** Resolves when the effects of the event are stored. @throws {ContractError} when the event makes no sense. */
  handle(event: Envelope, subject: string): Promise<void>;
  /** Called for each message that is parked. */
  parked?(): void;
  ackWaitMs: number;
  maxAckPending: number;
  /** How many messages of a subject may wait while it cannot go on; later ones are parked until it can. */
  maxHeld: number;
  /** Waits between the attempts after an unknown error; the message is parked after the last. */
  retryDelaysMs: readonly number[];
  /** How long to wait before asking an unavailable server again. */
  outageDelayMs: number;
  /** Rebuild the consumer when messages wait and none was handled for this long. */
  stallMs: number;
  time?: Time;
  /** From 0 to 1; spreads retries. */
  random?: () => number;
}

export function createConsumer(options: ConsumerOptions): Consumer {
  const { name, bus, deadLetters, positions, logger, time = realTime, random = Math.random } = options;
  const lanes = createKeyedQueue();
  const retry = createRetry(time, options.outageDelayMs, (fields, phrase) => logger.warn(fields, phrase));
  const handle = (event: Envelope, subject: string) => options.handle(event, subject);
  const processor = createProcessor({
    ...options,
    retry,
    random,
    handle,
    hold: (subject) => lanes.hold(subject, options.maxHeld),
  });
  const parked = createRedrive({ bus, positions, deadLetters, retry, processor, logger, handle });
  const inHand = new Map<Delivery, Promise<void>>();
  const takingUp = new Set<string>();
  let deliveries: Deliveries | undefined;
  let running: Promise<void> | undefined;
  let stopBeating: () => void = () => undefined;
  let stopLooking: () => void = () => undefined;
  let lastMoveAt = time.now();

  /** Until closed: builds the consumer, reads it to its end, builds it again. */
  async function run(): Promise<void> {
    /** Why it cannot be built: as long as that lasts, it is told once. */
    let told: string | undefined;
    while (!retry.ended) {
      try {
        // Nothing may be handled before the parked subjects are known.
        await takeUpStranded();
        deliveries = await bus.consume({
          name,
          publishers: options.publishers,
          ackWaitMs: options.ackWaitMs,
          maxAckPending: options.maxAckPending,
        });
        told = undefined;
        if (isClosed()) deliveries.stop();
        logger.debug({ consumer: name }, 'consuming');
        for await (const delivery of deliveries) inHand.set(delivery, receive(delivery));
      } catch (error) {
        const because = error instanceof Error ? error.message : String(error);
        if (!isClosed() && !isUnavailable(error) && because !== told) {
          logger.warn({ err: error }, 'the consumer ended; building it again');
          told = because;
        }
      }
      if (!isClosed()) await retry.pause(options.outageDelayMs).catch(() => undefined);
    }
  }

  const isClosed = () => retry.ended;

  async function receive(delivery: Delivery): Promise<void> {
    lastMoveAt = time.now();
    reachCrashPoint('after-receive');
    const incoming = readDelivery(delivery, bus.subjectPrefix);
    const { subject } = incoming;
    try {
      const process = () => processor.process(incoming);
      if (incoming.version === null) await process();
      else await lanes.run(subject, process, () => processor.parkBehind(incoming));
      await Promise.all(incoming.stored);
      if (deadLetters.blocks(subject)) takeUpSoon(subject);
      reachCrashPoint('before-ack');
      delivery.ack();
      reachCrashPoint('after-ack');
    } catch (error) {
      if (!isClosed()) logger.error({ err: error, subject }, 'a message could not be settled; it will come again');
      delivery.nak(isClosed() ? 100 : options.outageDelayMs);
    } finally {
      inHand.delete(delivery);
      lastMoveAt = time.now();
    }
  }

  /** An instance that parks a message behind another cannot know whether that one is still parked. */
  function takeUpSoon(subject: string): void {
    if (takingUp.has(subject)) return;
    takingUp.add(subject);
    lanes
      .run(subject, () => {
        takingUp.delete(subject);
        return parked.takeUp(subject);
      })
      .catch((error: unknown) => {
        if (!isClosed()) logger.error({ err: error, subject }, 'could not go on behind what was parked');
      });
  }

  async function takeUpStranded(): Promise<void> {
    for (const { subject, errorClass } of await deadLetters.firsts()) if (errorClass === 'behind') takeUpSoon(subject);
  }

  /** Another process may have handled a message since an attempt at it failed. */
  async function forgetHandled(): Promise<void> {
    for (const { _id, subject, version } of await deadLetters.triedAgain()) {
      if (version <= (await positions.reread(subject))) await deadLetters.clear(_id);
    }
  }

  async function checkProgress(): Promise<void> {
    if (time.now() - lastMoveAt < options.stallMs) return;
    if ((await bus.pending(name)) <= inHand.size) return;
    logger.warn({ consumer: name }, 'messages wait and none arrives; building the consumer again');
    lastMoveAt = time.now();
    deliveries?.stop();
  }

  return {
    start() {
      running = run();
      // Held messages must not be redelivered while they are worked on. Most are settled before it is worth a message.
      let held: Delivery[] = [];
      stopBeating = time.every(options.ackWaitMs / 3, () => {
        for (const delivery of held) if (inHand.has(delivery)) delivery.working();
        held = [...inHand.keys()];
      });
      stopLooking = time.every(options.stallMs / 2, () => {
        // Others report the outage; the next look comes soon.
        takeUpStranded().catch(() => undefined);
        forgetHandled().catch(() => undefined);
        checkProgress().catch(() => undefined);
      });
    },
    pending: () => bus.pending(name),
    redrive: (subject) => lanes.run(subject, () => parked.redrive(subject)),
    async discard(id, reason) {
      const { subject } = (await deadLetters.get(id)) ?? {};
      if (subject === undefined) throw new ContractError(`No parked message has the id ${id}.`);
      await lanes.run(subject, () => parked.discard(id, subject, reason));
    },
    async close() {
      retry.end();
      stopLooking();
      deliveries?.stop();
      await running;
      await lanes.idle();
      await Promise.all(inHand.values());
      stopBeating();
    },
  };
}
