import { headers as natsHeaders } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toBinaryMode, type Envelope } from '../../schema/events/envelope.ts';
import { createConsumer, type Consumer, type ConsumerOptions } from './consumer.ts';
import { ContractError, UnavailableError } from '../foundation/errors.ts';
import { createDeadLetters } from './dead-letters/dead-letters.ts';
import type { ParkedMessage } from './dead-letters/parked-message.ts';
import { reactWith } from '../event-core/policies.ts';
import { createCheckpoints, createCheckpointStore } from './checkpoints.ts';
import {
  behind,
  connected,
  createGate,
  createLogbook,
  createSilentTally,
  createStage,
  mongodbUri,
  type Gate,
  type Stage,
  type TallyCommand,
} from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

let scenes = 0;

/** A publisher whose events leave only when a test says so, and a service that follows it. */
async function createScene(options: { pageOfEvents?: number; gate?: Gate } = {}) {
  scenes += 1;
  const [publisher, follower] = [`owner${scenes}`, `follower${scenes}`];
  const owner = await stage.runtime(publisher);
  const own = options.gate ? behind(options.gate) : {};
  await connected(owner.bus);
  await owner.bus.ensureStream();
  const journal = createSilentTally(owner);
  const serveJournal = (tamper = (events: Envelope[]) => events) =>
    owner.bus.serve(publisher, 'journal.read', async (question) => {
      const { stream, after } = question as { stream: string; after: number };
      const events = await journal.journal.eventsAfter(stream, after, 100);
      return tamper(events).slice(0, options.pageOfEvents ?? 100);
    });
  const subject = (stream: string) => `${stage.name}.${publisher}.${stream}`;

  async function publishRaw(stream: string, header: Record<string, string>, payload: string): Promise<void> {
    const carried = natsHeaders();
    for (const [key, value] of Object.entries(header)) carried.set(key, value);
    await owner.bus.jetStream().client.publish(subject(stream), payload, { headers: carried });
  }

  /** One process of the follower. */
  async function follow(more: Partial<ConsumerOptions> = {}) {
    const runtime = await stage.runtime(follower, own);
    await connected(runtime.bus);
    const deadLetters = createDeadLetters(runtime.database, () => new Date());
    await deadLetters.createIndexes();
    const positions = createCheckpoints(createCheckpointStore(runtime.database), 0);
    const handled: string[] = [];
    const { logger, lines } = createLogbook();
    const { handle = () => Promise.resolve(), ...rest } = more;
    const consumer = createConsumer({
      name: follower,
      publishers: [publisher],
      bus: runtime.bus,
      positions,
      deadLetters,
      logger,
      async handle(event, at) {
        await handle(event, at);
        handled.push(`${event.subject}@${event.sequence}`);
      },
      ackWaitMs: 1_000,
      maxAckPending: 256,
      maxHeld: 16,
      retryDelaysMs: [5, 10, 15],
      outageDelayMs: 30,
      stallMs: 1_000,
      ...rest,
    });
    isThrough.set(consumer, async () => {
      const { manager } = owner.bus.jetStream();
      // The broker counts a message as pending a moment after it has confirmed it.
      const last = await manager.streams.getMessage(stage.name, { last_by_subj: subject('>') });
      const info = await manager.consumers.info(stage.name, follower);
      return info.ack_floor.stream_seq >= (last?.seq ?? 0) && (await consumer.pending()) === 0;
    });
    consumer.start();
    stage.keep(consumer);
    const versionsOf = (stream: string) =>
      handled.filter((place) => place.startsWith(`${stream}@`)).map((place) => Number(place.split('@')[1]));
    const parkedOf = async (stream: string) =>
      (await runtime.database
        .collection<ParkedMessage>('parked')
        .find({ subject: subject(stream) })
        .sort({ version: 1 })
        .toArray()) as ParkedMessage[];
    return { consumer, runtime, deadLetters, positions, handled, versionsOf, parkedOf, lines };
  }

  return {
    publisher,
    follower,
    owner,
    ...journal,
    serveJournal,
    subject,
    follow,
    publishRaw,
    publish: (event: Envelope) => owner.bus.publish(publisher, event),
    /** Under another message id: the broker does not see that it is the same event. */
    publishAgain: (event: Envelope) => {
      const { headers, payload } = toBinaryMode(event);
      return publishRaw(event.subject, Object.fromEntries(headers), payload);
    },
  };
}

/** Whether each consumer has acknowledged everything that the broker has for it. */
const isThrough = new WeakMap<Consumer, () => Promise<boolean>>();

const settled = (consumer: Consumer) =>
  until(
    'everything is acknowledged',
    () =>
      isThrough
        .get(consumer)?.()
        .catch(() => false) ?? false,
  );
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('a consumer', () => {
  it('begins although its first look at what is parked failed', async () => {
    const { owner, add, publish, follow } = await createScene();
    const [event] = await add('a', 1);
    await publish(event as Envelope);
    const deadLetters = createDeadLetters(owner.database, () => new Date());
    const looks = [() => Promise.reject(new Error('the database stumbled'))];
    const { versionsOf } = await follow({
      deadLetters: { ...deadLetters, firsts: () => (looks.pop() ?? (() => deadLetters.firsts()))() },
    });
    await until('it is handled', () => versionsOf('a').length === 1);
  });

  it('handles a subject in order, and different subjects side by side', async () => {
    const { add, publish, follow } = await createScene();
    const streams = ['a', 'b', 'c', 'd'];
    const events = await Promise.all(streams.map((stream) => add(stream, 25)));
    for (const index of upTo(25)) for (const ofStream of events) await publish(ofStream[index - 1] as Envelope);
    const lastHandled = Promise.withResolvers<undefined>();
    const active = new Map<string, number>();
    let most = 0;
    const { versionsOf, consumer } = await follow({
      async handle({ subject, sequence }) {
        active.set(subject, (active.get(subject) ?? 0) + 1);
        most = Math.max(most, active.get(subject) ?? 0);
        // The first event of a waits until d is through.
        if (subject === 'a' && sequence === 1) await lastHandled.promise;
        if (subject === 'd' && sequence === 25) lastHandled.resolve(undefined);
        await new Promise((resolve) => setImmediate(resolve));
        active.set(subject, (active.get(subject) ?? 0) - 1);
      },
    });
    await settled(consumer);
    for (const stream of streams) expect(versionsOf(stream)).toEqual(upTo(25));
    expect(most).toBe(1);
  });

  it('handles an event once, however often it was published', async () => {
    const { add, publish, publishAgain, follow } = await createScene();
    const events = await add('a', 10);
    for (const event of events) await publish(event);
    for (const event of [...events, ...events.toReversed()]) await publishAgain(event);
    const { versionsOf, consumer, parkedOf } = await follow();
    await settled(consumer);
    expect(versionsOf('a')).toEqual(upTo(10));
    expect(await parkedOf('a')).toEqual([]);
  });

  it('fetches what is missing from its owner, page by page, and lets it pass when it comes after all', async () => {
    const { add, publish, follow, serveJournal } = await createScene({ pageOfEvents: 2 });
    serveJournal();
    const events = await add('a', 9);
    const [first, second, third] = events as [Envelope, Envelope, Envelope];
    const last = events[8] as Envelope;
    await publish(third);
    const { versionsOf, consumer } = await follow();
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2, 3]);
    for (const event of [last, second, first]) await publish(event);
    await settled(consumer);
    expect(versionsOf('a')).toEqual(upTo(9));
  });

  it('waits for an owner that is away, while other subjects flow', async () => {
    const { add, publish, follow, serveJournal } = await createScene();
    const held = await add('held', 3);
    const others = await add('others', 3);
    await publish(held[2] as Envelope);
    for (const event of others) await publish(event);
    const { versionsOf, consumer, parkedOf } = await follow();
    await until('the others went through', () => versionsOf('others').length === 3);
    expect(versionsOf('held')).toEqual([]);
    serveJournal();
    await settled(consumer);
    expect(versionsOf('held')).toEqual([1, 2, 3]);
    expect(await parkedOf('held')).toEqual([]);
  });

  it('handles events again when their position was lost, which their cause makes harmless', async () => {
    const { add, publish, follow, owner, follower, publisher } = await createScene();
    for (const event of await add('a', 5)) await publish(event);
    const ledger = createSilentTally(await stage.runtime(follower));
    await ledger.journal.createIndexes();
    const handle = reactWith<TallyCommand>(
      ledger,
      { Added: { countWhenAdded: () => ({ stream: 'sum', command: { type: 'Add', amounts: [1] } }) } },
      (envelope) => envelope,
    );
    const first = await follow({ handle });
    await settled(first.consumer);
    await first.consumer.close();
    await first.runtime.database.collection('positions').deleteMany({});
    await owner.bus.jetStream().manager.consumers.delete(stage.name, follower);
    const second = await follow({ handle });
    await until('all came again', () => second.handled.length === 5);
    expect(await ledger.state('sum')).toMatchObject({ total: 5 });
    const position = await second.positions.reread(`${stage.name}.${publisher}.a`);
    expect(position).toBeLessThanOrEqual(5);
    await settled(second.consumer);
    expect(await second.positions.reread(`${stage.name}.${publisher}.a`)).toBe(5);
  });

  it('shares the work between instances: every event has its effect once', async () => {
    const { add, publish, follow, follower, serveJournal } = await createScene();
    serveJournal();
    const ledger = createSilentTally(await stage.runtime(follower));
    await ledger.journal.createIndexes();
    const handle = reactWith<TallyCommand>(
      ledger,
      {
        Added: {
          countWhenAdded: ({ subject }: Envelope) => ({
            stream: `sum of ${subject}`,
            command: { type: 'Add', amounts: [1] },
          }),
        },
      },
      (envelope) => envelope,
    );
    const instances = [await follow({ handle }), await follow({ handle })];
    const streams = ['a', 'b', 'c'];
    await Promise.all(
      streams.map(async (stream) => {
        for (const event of await add(stream, 12)) await publish(event);
      }),
    );
    await Promise.all(instances.map(({ consumer }) => settled(consumer)));
    for (const stream of streams) expect(await ledger.state(`sum of ${stream}`)).toMatchObject({ total: 12 });
    expect(instances.every(({ handled }) => handled.length > 0)).toBe(true);
  });

  it('builds itself again when its durable consumer, or the whole stream, is gone', async () => {
    const { add, publish, follow, owner, follower } = await createScene();
    // The broker tells it that it is gone; the watchdog would take longer.
    const { versionsOf, consumer } = await follow({ stallMs: 60_000 });
    const publishOne = async (stream: string) => {
      for (const event of await add(stream, 1)) await publish(event);
    };
    await publishOne('a');
    await until('it runs', () => versionsOf('a').length === 1);
    await owner.bus.jetStream().manager.consumers.delete(stage.name, follower);
    await publishOne('a');
    await until('it goes on', () => versionsOf('a').length === 2);
    await owner.bus.jetStream().manager.streams.delete(stage.name);
    await until('the stream is there again', () =>
      consumer.pending().then(
        () => true,
        () => false,
      ),
    );
    await publishOne('a');
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2, 3]);
  });

  it('builds itself again when messages wait and none arrives', async () => {
    const { add, publish, follower, follow } = await createScene();
    const { bus } = await stage.runtime(follower);
    await connected(bus);
    let built = 0;
    const { versionsOf, lines } = await follow({
      stallMs: 300,
      bus: {
        ...bus,
        async consume(durable) {
          const deliveries = await bus.consume(durable);
          built += 1;
          if (built > 1) return deliveries;
          // The first one goes silent without saying so.
          deliveries.stop();
          let end: () => void = () => undefined;
          const ended = new Promise<void>((resolve) => {
            end = resolve;
          });
          return {
            stop: () => end(),
            // eslint-disable-next-line require-yield
            async *[Symbol.asyncIterator]() {
              await ended;
            },
          };
        },
      },
    });
    for (const event of await add('a', 2)) await publish(event);
    await until('it goes on', () => versionsOf('a').length === 2);
    expect(built).toBeGreaterThan(1);
    expect(lines.map(({ message }) => message)).toContain(
      'messages wait and none arrives; building the consumer again',
    );
  });

  it('stops a stream whose owner’s journal was changed, and no other', async () => {
    const { owner, add, publish, follow, serveJournal } = await createScene();
    serveJournal();
    const { versionsOf, parkedOf } = await follow();
    const [first, , third, fourth] = await add('a', 4);
    await owner.database.collection('journal').updateOne({ stream: 'a', version: 2 }, { $set: { 'state.total': 99 } });
    for (const event of [first, third, fourth]) if (event) await publish(event);
    for (const event of await add('b', 2)) await publish(event);
    await until('the stream is parked', async () => (await parkedOf('a')).length === 2);
    await until('the other one flows', () => versionsOf('b').length === 2);
    expect((await parkedOf('a')).map(({ version, errorClass }) => [version, errorClass])).toEqual([
      [3, 'contract'],
      [4, 'behind'],
    ]);
    expect((await parkedOf('a'))[0]?.error).toContain('was changed');
    expect(versionsOf('a')).toEqual([1]);
  });

  it('pauses while its handler’s server is away, and counts nothing', async () => {
    const { add, publish, follow } = await createScene();
    for (const event of await add('a', 3)) await publish(event);
    let calls = 0;
    const { versionsOf, consumer, parkedOf, lines } = await follow({
      async handle() {
        calls += 1;
        if (calls < 12) throw new UnavailableError('away');
      },
    });
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2, 3]);
    expect(calls).toBe(14);
    expect(await parkedOf('a')).toEqual([]);
    expect(lines.filter(({ message }) => message === 'waiting for a server that is away')).toHaveLength(1);
  });

  it('goes on after an outage of its own database', async () => {
    const gate = stage.keep(await createGate(mongodbUri()));
    const { add, publish, follow } = await createScene({ gate });
    const events = await add('a', 6);
    for (const event of events.slice(0, 3)) await publish(event);
    const { versionsOf, consumer, deadLetters } = await follow();
    await settled(consumer);
    await gate.shut();
    for (const event of events.slice(3)) await publish(event);
    await until('the next one is under way', async () => (await consumer.pending()) > 0);
    await gate.open();
    await settled(consumer);
    expect(new Set(versionsOf('a'))).toEqual(new Set(upTo(6)));
    expect(await deadLetters.count()).toBe(0);
  });

  it('finishes what it handles before it closes', async () => {
    const { add, publish, follow, owner, follower } = await createScene();
    for (const event of await add('a', 1)) await publish(event);
    const release = Promise.withResolvers<undefined>();
    let begun = false;
    const { versionsOf, consumer, runtime } = await follow({
      async handle() {
        begun = true;
        await release.promise;
      },
    });
    await until('it handles', () => begun);
    const closed = consumer.close();
    release.resolve(undefined);
    await closed;
    expect(versionsOf('a')).toEqual([1]);
    expect(await runtime.database.collection('positions').countDocuments({})).toBe(1);
    await until('it is acknowledged', async () => {
      const { num_ack_pending } = await owner.bus.jetStream().manager.consumers.info(stage.name, follower);
      return num_ack_pending === 0;
    });
  });

  it('closes at once while it waits to try again, and the event comes again soon', async () => {
    const { add, publish, follow } = await createScene();
    for (const event of await add('a', 2)) await publish(event);
    const fail = () => Promise.reject(new Error('broken'));
    const first = await follow({ handle: fail, retryDelaysMs: [10, 60_000] });
    await until('it waits for the third attempt', async () => (await first.parkedOf('a'))[0]?.attempts === 2);
    const startedAt = Date.now();
    await first.consumer.close();
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    const second = await follow();
    await until('both are handled', () => second.versionsOf('a').length === 2);
    expect(second.versionsOf('a')).toEqual([1, 2]);
    await until('nothing is tried again any more', async () => (await second.parkedOf('a')).length === 0);
  });

  it('goes on after a restart with what waited behind a parked message, and failed once since', async () => {
    const { add, publish, follow } = await createScene();
    for (const event of await add('a', 2)) await publish(event);
    const first = await follow({
      retryDelaysMs: [],
      handle: ({ sequence }) => (sequence === 1 ? Promise.reject(new Error('broken')) : Promise.resolve()),
    });
    await until('both are parked', async () => (await first.parkedOf('a')).length === 2);
    await settled(first.consumer);
    await first.consumer.close();
    // It is settled at another instance, which dies before it has gone on.
    const [{ _id: id } = { _id: '' }] = await first.parkedOf('a');
    await first.positions.advance(id.split('#')[0] ?? '', 1);
    await first.deadLetters.settle(id, 'discarded');
    const second = await follow({ handle: () => Promise.reject(new Error('broken')), retryDelaysMs: [60_000] });
    await until('it waits for the second attempt', async () => (await second.parkedOf('a'))[1]?.error === 'broken');
    await second.consumer.close();
    const third = await follow();
    await until('it is handled', () => third.versionsOf('a').length === 1);
    expect(third.versionsOf('a')).toEqual([2]);
    await until('it is settled', async () => (await third.parkedOf('a'))[1]?.status === 'redriven');
  });
});

describe('what cannot be handled', () => {
  it('is tried again as often as the delays say, then parked; a restart goes on counting', async () => {
    const { add, publish, follow, serveJournal } = await createScene();
    serveJournal();
    for (const event of await add('a', 1)) await publish(event);
    let calls = 0;
    const handle = async () => {
      calls += 1;
      throw new Error(`broken ${calls}`);
    };
    const first = await follow({ handle, retryDelaysMs: [5, 60_000, 60_000, 60_000] });
    await until('it failed twice', async () => (await first.parkedOf('a'))[0]?.attempts === 2);
    expect(await first.parkedOf('a')).toMatchObject([{ status: 'retrying', attempts: 2 }]);
    expect(await first.deadLetters.count()).toBe(0);
    await first.consumer.close();
    const second = await follow({ handle, retryDelaysMs: [5, 5, 5] });
    await settled(second.consumer);
    expect(calls).toBe(4);
    expect(await second.parkedOf('a')).toMatchObject([
      {
        status: 'parked',
        errorClass: 'unknown',
        version: 1,
        attempts: 4,
        error: 'broken 4',
        stack: expect.stringContaining('consumer.int.test.ts'),
        event: { type: 'Added', data: { amount: 1 } },
      },
    ]);
  });

  it('leaves nothing behind when a later attempt succeeds', async () => {
    const { add, publish, follow } = await createScene();
    for (const event of await add('a', 2)) await publish(event);
    let calls = 0;
    const { consumer, versionsOf, parkedOf } = await follow({
      async handle() {
        calls += 1;
        if (calls < 3) throw new Error('broken');
      },
    });
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2]);
    expect(await parkedOf('a')).toEqual([]);
  });

  it('is parked at once when it breaks its contract; its stream waits behind it, the others flow', async () => {
    const { add, publish, publishRaw, follow, parkedHere } = await withParked();
    for (const event of await add('others', 3)) await publish(event);
    let calls = 0;
    const { consumer, versionsOf, parkedOf } = await follow({
      async handle({ subject, sequence }) {
        if (subject !== 'a' || sequence !== 2) return;
        calls += 1;
        throw new ContractError('what is this');
      },
    });
    await publishRaw('b', { 'ce-id': 'x', 'ce-sequence': '1' }, '{ no json');
    await settled(consumer);
    expect(calls).toBe(1);
    expect(versionsOf('a')).toEqual([1]);
    expect(versionsOf('others')).toEqual([1, 2, 3]);
    expect(parkedHere(await parkedOf('a'))).toEqual(['2 contract parked', '3 behind parked', '4 behind parked']);
    expect(await parkedOf('b')).toMatchObject([
      { version: 1, errorClass: 'contract', status: 'parked', event: null, payload: '{ no json', attempts: 1 },
    ]);
  });

  it('goes through in order when it is redriven, and what came behind it too', async () => {
    const { add, publish, follow, parkedHere, failing, subject } = await withParked();
    const { consumer, versionsOf, parkedOf, positions } = await follow({ handle: failing });
    await settled(consumer);
    expect(parkedHere(await parkedOf('a'))).toEqual(['2 contract parked', '3 behind parked', '4 behind parked']);
    // Nothing changed: it stays where it is.
    expect(await consumer.redrive(subject('a'))).toBe(0);
    expect(versionsOf('a')).toEqual([1]);
    failing.versions.clear();
    failing.versions.add(4);
    expect(await consumer.redrive(subject('a'))).toBe(2);
    expect(versionsOf('a')).toEqual([1, 2, 3]);
    expect(parkedHere(await parkedOf('a'))).toEqual(['2 contract redriven', '3 behind redriven', '4 contract parked']);
    failing.versions.clear();
    for (const event of await add('a', 1)) await publish(event);
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2, 3]);
    expect(await consumer.redrive(subject('a'))).toBe(2);
    for (const event of await add('a', 1)) await publish(event);
    await settled(consumer);
    expect(versionsOf('a')).toEqual(upTo(6));
    expect(await positions.reread(subject('a'))).toBe(6);
  });

  it('is given up by a discard, and what waited behind it goes on; the first in line only', async () => {
    const { follow, parkedHere, failing, subject } = await withParked();
    const { consumer, versionsOf, parkedOf } = await follow({ handle: failing });
    await settled(consumer);
    await expect(consumer.discard(`${subject('a')}#3`, 'not its turn')).rejects.toBeInstanceOf(ContractError);
    await expect(consumer.discard(`${subject('a')}#9`, 'never heard of')).rejects.toBeInstanceOf(ContractError);
    expect(versionsOf('a')).toEqual([1]);
    await consumer.discard(`${subject('a')}#2`, 'seen by hand');
    expect(versionsOf('a')).toEqual([1, 3, 4]);
    expect(parkedHere(await parkedOf('a'))).toEqual(['2 contract discarded', '3 behind redriven', '4 behind redriven']);
    expect((await parkedOf('a'))[0]?.reason).toBe('seen by hand');
    await expect(consumer.discard(`${subject('a')}#2`, 'again')).rejects.toBeInstanceOf(ContractError);
  });

  it('blocks again after a restart, until it is redriven', async () => {
    const { add, publish, follow, failing, subject } = await withParked();
    const first = await follow({ handle: failing });
    await settled(first.consumer);
    await first.consumer.close();
    for (const event of await add('a', 1)) await publish(event);
    const second = await follow();
    await settled(second.consumer);
    expect(second.versionsOf('a')).toEqual([]);
    expect(await second.consumer.redrive(subject('a'))).toBe(4);
    expect(second.versionsOf('a')).toEqual([2, 3, 4, 5]);
  });

  it('blocks no longer at one instance when it was redriven at another', async () => {
    const { add, publish, follow, failing, subject } = await withParked();
    const first = await follow({ handle: failing });
    await settled(first.consumer);
    expect(first.deadLetters.blocks(subject('a'))).toBe(true);
    // The operator’s request reaches the other instance.
    const second = await follow({ publishers: ['nobody'], name: `${first.runtime.service}-other` });
    expect(await second.consumer.redrive(subject('a'))).toBe(3);
    for (const event of await add('a', 1)) await publish(event);
    await until('it is handled', () => first.versionsOf('a').includes(5));
    expect(await first.deadLetters.count()).toBe(0);
  });

  it('without a version blocks no other, also not a redrive', async () => {
    const { add, publish, publishRaw, follow, failing, subject } = await withParked();
    const { consumer, versionsOf, parkedOf } = await follow({ handle: failing });
    await publishRaw('a', {}, 'hello?');
    await publishRaw('c', { 'ce-sequence': 'minus one' }, '{}');
    for (const event of await add('c', 2)) await publish(event);
    await settled(consumer);
    expect(versionsOf('c')).toEqual([1, 2]);
    const [nameless] = (await parkedOf('a')).filter(({ version }) => version === null);
    expect(nameless).toMatchObject({ errorClass: 'contract', status: 'parked', payload: 'hello?', event: null });
    failing.versions.clear();
    expect(await consumer.redrive(subject('a'))).toBe(3);
    expect(versionsOf('a')).toEqual(upTo(4));
    await consumer.discard(nameless?._id ?? '', 'nobody knows what it was');
    expect((await parkedOf('c')).map(({ status }) => status)).toEqual(['parked']);
  });

  it('that no database would keep as it came is parked as the text that it is', async () => {
    const { add, publish, publishRaw, follow } = await createScene();
    const { consumer, versionsOf, parkedOf } = await follow();
    const payloads = [
      '{"reason":"half \\ud83d"}',
      '{"k\\ud800":1}',
      '{"_bsontype":"ObjectId"}',
      '{"at":{"$ref":"a","$id":1,"$db":"b"}}',
      '{"__proto__":{"a":1}}',
      `${'['.repeat(200)}${']'.repeat(200)}`,
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      JSON.stringify('x'.repeat(900_000)),
    ];
    const [sample] = await add('sample', 1);
    const headers = Object.fromEntries(toBinaryMode(sample as Envelope).headers);
    for (const [index, payload] of payloads.entries()) {
      const name = `odd-${index}`;
      const id = headers['ce-id']?.replace('sample', name) ?? '';
      await publishRaw(name, { ...headers, 'ce-subject': name, 'ce-id': id }, payload);
    }
    for (const event of await add('a', 1)) await publish(event);
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1]);
    for (const [index, payload] of payloads.entries()) {
      expect(versionsOf(`odd-${index}`)).toEqual([]);
      expect(await parkedOf(`odd-${index}`)).toMatchObject([{ errorClass: 'contract', event: null, payload }]);
    }
  });

  it('from a subject that cannot be read is parked too', async () => {
    const { add, publish, publishRaw, follow } = await createScene();
    const { consumer, versionsOf, runtime } = await follow();
    await publishRaw('%zz', { 'ce-sequence': '1' }, '{}');
    for (const event of await add('a', 1)) await publish(event);
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1]);
    expect(await runtime.database.collection('parked').countDocuments({ errorClass: 'contract' })).toBe(1);
  });

  it('says of itself what cannot be: it is not handled, and blocks no other', async () => {
    const { add, publish, publishRaw, follow, serveJournal, publisher } = await createScene();
    serveJournal();
    const { consumer, versionsOf, parkedOf } = await follow();
    const events = await add('a', 3);
    const [first, second] = events as [Envelope, Envelope];
    await publish(first);
    const headersOf = (event: Envelope) => Object.fromEntries(toBinaryMode(event).headers);
    const forged: [string, Record<string, string>][] = [
      ['its id is of another stream', { 'ce-id': `${publisher}.b@2` }],
      ['its id is of another version', { 'ce-id': `${publisher}.a@3` }],
      ['its id is of another service', { 'ce-id': 'elsewhere.a@2' }],
      ['its id is made up', { 'ce-id': 'x' }],
      ['its source is another', { 'ce-source': '/ttareungi/elsewhere' }],
      ['its subject is another', { 'ce-subject': 'b' }],
      ['its version is none', { 'ce-sequence': '2e0' }],
      ['its version is too large', { 'ce-sequence': '9007199254740993' }],
      ['its version is of its own', { 'ce-sequence': '7' }],
    ];
    for (const [index, [, header]] of forged.entries())
      await publishRaw('a', { ...headersOf(second), ...header }, JSON.stringify({ amount: 1_000 + index }));
    // Nothing travels below a stream.
    await publishRaw('a.b', headersOf(second), JSON.stringify({ amount: 1_000_000 }));
    for (const event of events.slice(1)) await publish(event);
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2, 3]);
    const parked = [...(await parkedOf('a')), ...(await parkedOf('a.b'))];
    expect(parked).toHaveLength(forged.length + 1);
    expect(parked.every(({ version, errorClass }) => version === null && errorClass === 'contract')).toBe(true);
  });

  it('is not taken from an answer either that another event stands in', async () => {
    const { add, publish, follow, serveJournal } = await createScene();
    const [, , third] = await add('a', 3);
    serveJournal((events) => events.map((event) => ({ ...event, source: '/ttareungi/elsewhere' })));
    const { consumer, versionsOf, parkedOf } = await follow();
    await publish(third as Envelope);
    await settled(consumer);
    expect(versionsOf('a')).toEqual([]);
    expect(await parkedOf('a')).toMatchObject([
      { errorClass: 'contract', error: expect.stringContaining('elsewhere') },
    ]);
  });

  it('because its owner knows nothing of it does not block its stream', async () => {
    const { add, publish, follow, serveJournal, subject } = await createScene();
    serveJournal();
    const [event] = await add('a', 1);
    if (!event) throw new Error('nothing was decided');
    const { consumer, versionsOf, parkedOf } = await follow();
    await publish(event);
    await publish({ ...event, id: event.id.replace('@1', '@99'), sequence: 99 });
    await settled(consumer);
    expect(await parkedOf('a')).toMatchObject([
      { version: null, errorClass: 'contract', error: expect.stringContaining('no version 2 of a, but 99 came') },
    ]);
    for (const later of await add('a', 1)) await publish(later);
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1, 2]);
    expect(await consumer.redrive(subject('a'))).toBe(0);
  });

  it('because its owner lost what lies before it does not spin', async () => {
    const { add, publish, follow, serveJournal } = await createScene();
    let asked = 0;
    serveJournal((events) => {
      asked += 1;
      return events.filter(({ sequence }) => sequence !== 2);
    });
    const events = await add('a', 4);
    await publish(events[3] as Envelope);
    const { consumer, versionsOf, parkedOf } = await follow();
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1]);
    expect(await parkedOf('a')).toMatchObject([{ errorClass: 'contract' }]);
    expect(asked).toBeLessThan(5);
  });

  it('inside a gap leaves nothing out when it is redriven', async () => {
    const { follow, failing, serveJournal, ...scene } = await withParked('a', false);
    serveJournal();
    // The broker has only the last one.
    await scene.publish(scene.events[3] as Envelope);
    const { consumer, versionsOf, parkedHere, parkedOf } = { ...scene, ...(await follow({ handle: failing })) };
    await settled(consumer);
    expect(versionsOf('a')).toEqual([1]);
    expect(parkedHere(await parkedOf('a'))[0]).toBe('2 contract parked');
    failing.versions.clear();
    await consumer.redrive(scene.subject('a'));
    expect(versionsOf('a')).toEqual([1, 2, 3, 4]);
  });

  it('holds nothing in the broker: nothing is pending once it is parked', async () => {
    const { follow, failing, owner, follower } = await withParked();
    const { consumer } = await follow({ handle: failing });
    await settled(consumer);
    expect(await owner.bus.jetStream().manager.consumers.info(stage.name, follower)).toMatchObject({
      num_pending: 0,
      num_ack_pending: 0,
    });
  });

  /** A scene with four events on a stream, of which the second breaks its contract. */
  async function withParked(stream = 'a', publishThem = true) {
    const scene = await createScene();
    const events = await scene.add(stream, 4);
    if (publishThem) for (const event of events) await scene.publish(event);
    const versions = new Set([2]);
    const fail = async ({ subject, sequence }: Envelope) => {
      if (subject === stream && versions.has(sequence)) throw new ContractError('what is this');
    };
    return {
      ...scene,
      events,
      failing: Object.assign(fail, { versions }),
      parkedHere: (parked: ParkedMessage[]) =>
        parked.map(({ version, errorClass, status }) => `${version ?? '?'} ${errorClass} ${status}`),
    };
  }
});
