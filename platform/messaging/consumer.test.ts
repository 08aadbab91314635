import { describe, expect, it } from '@jest/globals';
import { toBinaryMode, type Envelope } from '../../schema/events/envelope.ts';
import { realTime } from '../foundation/time.ts';
import { createLogger } from '../server/logger.ts';
import { until } from '../../test/support/until.ts';
import { createConsumer, type ConsumerOptions } from './consumer.ts';
import type { Deliveries, Delivery } from './event-stream.ts';

const ackWaitMs = 3_000;

/** A consumer that gets these events, and handles each when a test says so. */
function createScene(
  streams: string[],
  {
    consume,
    logger = createLogger('fatal', 'follower'),
  }: Partial<Pick<ConsumerOptions['bus'], 'consume'>> & Partial<Pick<ConsumerOptions, 'logger'>> = {},
) {
  const told: string[] = [];
  const handle = new Map(streams.map((stream) => [stream, Promise.withResolvers<undefined>()]));
  const deliveries: Delivery[] = streams.map((stream) => {
    const { headers, payload } = toBinaryMode(eventOf(stream));
    const header = new Map(headers);
    return {
      subject: `evt.owner.${stream}`,
      header: (name) => header.get(name),
      payload,
      ack: () => told.push(`${stream} is acknowledged`),
      nak: () => told.push(`${stream} is refused`),
      working: () => told.push(`${stream} is worked on`),
    };
  });
  const ended = Promise.withResolvers<undefined>();
  const stream: Deliveries = {
    stop: () => ended.resolve(undefined),
    async *[Symbol.asyncIterator]() {
      yield* deliveries;
      await ended.promise;
    },
  };
  let beat: () => void = () => undefined;
  const consumer = createConsumer({
    name: 'follower',
    publishers: ['owner'],
    bus: {
      subjectPrefix: 'evt',
      consume: consume ?? (() => Promise.resolve(stream)),
    } as unknown as ConsumerOptions['bus'],
    positions: {
      get: () => Promise.resolve(0),
      reread: () => Promise.resolve(0),
      advance: () => Promise.resolve(),
      hurry: () => undefined,
    },
    deadLetters: {
      firsts: () => Promise.resolve([]),
      triedAgain: () => Promise.resolve([]),
      blocks: () => false,
    } as unknown as ConsumerOptions['deadLetters'],
    logger,
    handle: ({ subject }) => handle.get(subject)?.promise ?? Promise.resolve(),
    ackWaitMs,
    maxAckPending: 16,
    maxHeld: 16,
    retryDelaysMs: [],
    outageDelayMs: 1,
    stallMs: 60_000,
    time: {
      ...realTime,
      every(ms, call) {
        if (ms === ackWaitMs / 3) beat = call;
        return () => undefined;
      },
    },
  });
  return { consumer, told, beat: () => beat(), settle: (of: string) => handle.get(of)?.resolve(undefined) };
}

const eventOf = (stream: string): Envelope => ({
  specversion: '1.0',
  id: `owner.${stream}@1`,
  source: '/ttareungi/owner',
  type: 'Added',
  subject: stream,
  time: '2026-11-23T00:00:00.000Z',
  sequence: 1,
  correlationid: 'correlation',
  causationid: 'causation',
  data: {},
});

describe('a consumer tells the broker that it works on an event', () => {
  it('when it takes so long that it would come again, and of no other', async () => {
    const { consumer, told, beat, settle } = createScene(['long', 'short', 'shorter']);
    consumer.start();
    settle('shorter');
    await until('the shortest is through', () => told.length > 0);
    beat();
    expect(told).toEqual(['shorter is acknowledged']);
    settle('short');
    await until('the short one is through', () => told.length > 1);
    beat();
    beat();
    expect(told.slice(1)).toEqual(['short is acknowledged', 'long is worked on', 'long is worked on']);
    settle('long');
    await consumer.close();
    beat();
    expect(told.slice(4)).toEqual(['long is acknowledged']);
  });
});

it('a consumer that the broker refuses is told of once, until there is another reason', async () => {
  let attempts = 0;
  const told: unknown[] = [];
  const { consumer } = createScene([], {
    consume: () => Promise.reject(new Error((attempts += 1) < 5 ? 'no room' : 'no leave')),
    logger: Object.assign(createLogger('silent', 'follower'), {
      warn: ({ err }: { err: Error }) => void told.push(err.message),
    }),
  });
  consumer.start();
  await until('it was tried often', () => attempts > 8);
  await consumer.close();
  expect(told).toEqual(['no room', 'no leave']);
});
