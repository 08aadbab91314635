import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { createReconciler } from './reconciler.ts';
import { realTime, type Time } from '../foundation/time.ts';
import {
  connected,
  createGate,
  createLogbook,
  createSilentTally,
  createStage,
  natsUrl,
  originOf,
  type Stage,
} from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

type ReconciledBus = Parameters<typeof createReconciler>[0]['bus'];

/** A service whose journal holds three streams, all of it in the broker. */
async function createPublished(name: string, natsUrlOfService = natsUrl()) {
  // A stream and subjects of its own: these tests delete them.
  const own = `${stage.name}-${name}`;
  const runtime = await stage.runtime(name, {
    EVENT_STREAM: own,
    EVENT_SUBJECT_PREFIX: own,
    NATS_URL: natsUrlOfService,
  });
  await connected(runtime.bus);
  const { add, handle, journal } = createSilentTally(runtime);
  await journal.createIndexes();
  await runtime.bus.ensureStream();
  const decide = async (stream: string, count: number) => {
    for (const event of await add(stream, count)) await runtime.bus.publish(name, event);
  };
  await Promise.all([decide('a', 3), decide('b', 10), decide('c.서울', 5)]);
  const { manager } = runtime.bus.jetStream();
  const reconcilerWith = (everyMs: number, time: Time = realTime, bus: ReconciledBus = runtime.bus) =>
    createReconciler({
      service: name,
      journal,
      bus,
      logger: runtime.logger,
      clock: () => new Date(),
      everyMs,
      lookEveryMs: everyMs,
      time,
    });
  return {
    runtime,
    manager,
    streamName: own,
    add,
    handle,
    decide,
    subject: (stream: string) => `${own}.${name}.${stream}`,
    reconciler: reconcilerWith(60_000),
    reconcilerWith,
    reconcilerOn: (bus: ReconciledBus) => reconcilerWith(60_000, realTime, bus),
    messages: async () => {
      const { state } = await manager.streams.info(own, { subjects_filter: '>' });
      return Object.values(state.subjects ?? {}).toSorted((x, y) => x - y);
    },
    lastSequence: async () => (await manager.streams.info(own)).state.last_seq,
    close: () => manager.streams.delete(own),
  };
}

describe('a reconciler', () => {
  it('publishes nothing when the broker has everything', async () => {
    const { reconciler, lastSequence, close } = await createPublished('in-step');
    expect(await reconciler.reconcile()).toBe(0);
    expect(await reconciler.reconcile()).toBe(0);
    expect(await lastSequence()).toBe(18);
    await close();
  });

  it('refills a stream that was deleted, completely and in order', async () => {
    const { reconciler, manager, streamName, messages, runtime, subject, close } = await createPublished('deleted');
    expect(await reconciler.reconcile()).toBe(0);
    await manager.streams.delete(streamName);
    expect(await reconciler.reconcile()).toBe(18);
    expect(await messages()).toEqual([3, 5, 10]);
    expect(await reconciler.reconcile()).toBe(0);
    const { client } = runtime.bus.jetStream();
    const consumer = await client.consumers.get(streamName, { filter_subjects: subject('b') });
    const sequences = [];
    for await (const message of await consumer.fetch({ max_messages: 10 })) {
      sequences.push(Number(message.headers?.get('ce-sequence')));
      if (sequences.length === 10) break;
    }
    expect(sequences).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await close();
  });

  it('refills subjects that were lost, although the broker remembers their message ids', async () => {
    const { reconciler, manager, streamName, messages, subject, close } = await createPublished('purged');
    await manager.streams.purge(streamName, { filter: subject('b') });
    await manager.streams.purge(streamName, { filter: subject('a') });
    expect(await messages()).toEqual([5]);
    expect(await reconciler.reconcile()).toBe(13);
    expect(await messages()).toEqual([3, 5, 10]);
    expect(await reconciler.reconcile()).toBe(0);
    await close();
  });

  it('refills all that the broker takes, although it refuses some', async () => {
    const { add, handle, reconciler, messages, close } = await createPublished('refused');
    // More streams than are compared at once, before and among the others; no subject is this long.
    const tooLong = 'x'.repeat(4_000);
    for (const index of Array.from({ length: 20 }).keys())
      await handle(`${'abcd'[index % 4]}${index}${tooLong}`, { type: 'Hold', by: 'somebody' }, originOf());
    await add('b', 2);
    await add('z', 1);
    expect(await reconciler.reconcile()).toBe(3);
    expect(await messages()).toEqual([1, 3, 5, 12]);
    expect(await reconciler.reconcile()).toBe(0);
    await close();
  });

  it('refills the tail of a stream', async () => {
    const { add, reconciler, lastSequence, messages, close } = await createPublished('tail');
    // Decided and marked, but the broker lost them.
    await add('b', 4);
    expect(await reconciler.reconcile()).toBe(4);
    expect(await messages()).toEqual([3, 5, 14]);
    expect(await lastSequence()).toBe(22);
    await close();
  });

  it('refills a tail that messages which are there twice make up for', async () => {
    const { add, reconciler, runtime, subject, messages, close } = await createPublished('made-up-for');
    const { client } = runtime.bus.jetStream();
    // Decided and marked, but the broker went back to an older copy, with no process there to notice.
    await add('b', 1);
    const headers = natsHeaders();
    headers.set('ce-sequence', '2');
    await client.publish(subject('b'), 'again', { headers });
    expect(await messages()).toEqual([3, 5, 11]);
    expect(await reconciler.reconcile()).toBe(1);
    expect(await messages()).toEqual([3, 5, 12]);
    await close();
  });

  it('fills a hole before what was published after the loss', async () => {
    const { add, reconciler, manager, streamName, runtime, messages, close } = await createPublished('hole');
    await manager.streams.delete(streamName);
    await runtime.bus.ensureStream();
    // Faster than the loss is noticed.
    for (const event of await add('b', 2)) await runtime.bus.publish('hole', event);
    expect(await messages()).toEqual([2]);
    expect(await reconciler.reconcile()).toBe(18);
    expect(await messages()).toEqual([3, 5, 12]);
    expect(await reconciler.reconcile()).toBe(0);
    await close();
  });

  it('lets messages be that are there twice', async () => {
    const { reconciler, runtime, lastSequence, subject, close } = await createPublished('twice');
    const { client } = runtime.bus.jetStream();
    const headers = natsHeaders();
    headers.set('ce-sequence', '2');
    await client.publish(subject('b'), 'again', { headers });
    expect(await reconciler.reconcile()).toBe(0);
    expect(await lastSequence()).toBe(19);
    await close();
  });

  it('reads no message of a stream that grows while it is compared', async () => {
    const { reconcilerOn, decide, runtime, close } = await createPublished('grows');
    let read = 0;
    let grown = 0;
    const { bus } = runtime;
    const reconciler = reconcilerOn({
      ...bus,
      async countMessages(service, stream) {
        if (stream === 'b' && (grown += 1) < 3) await decide('b', 1);
        return bus.countMessages(service, stream);
      },
      versions(service, stream) {
        read += 1;
        return bus.versions(service, stream);
      },
    });
    expect(await reconciler.reconcile()).toBe(0);
    await decide('b', 2);
    expect(await reconciler.reconcile()).toBe(0);
    expect(read).toBe(0);
    expect(grown).toBeGreaterThan(2);
    await close();
  });

  it('fills a hole of a stream that has grown, found without a loss that was noticed', async () => {
    const { reconciler, add, decide, messages, close } = await createPublished('growing-hole');
    expect(await reconciler.reconcile()).toBe(0);
    // Decided and marked, and lost by the broker; what came after it was not.
    await add('b', 2);
    await decide('b', 3);
    expect(await messages()).toEqual([3, 5, 13]);
    expect(await reconciler.reconcile()).toBe(2);
    expect(await messages()).toEqual([3, 5, 15]);
    await close();
  });

  it('asks for a stream once, until more of it was published', async () => {
    const { runtime, reconcilerOn, decide, close } = await createPublished('asked-once');
    const asked: string[] = [];
    const bus: ReconciledBus = {
      ...runtime.bus,
      newestVersion(service, stream) {
        asked.push(stream);
        return runtime.bus.newestVersion(service, stream);
      },
    };
    const reconciler = reconcilerOn(bus);
    const asksFor = async () => {
      asked.length = 0;
      expect(await reconciler.reconcile()).toBe(0);
      return asked.toSorted();
    };
    // The first one counts all streams at once, and looks at the newest message of each.
    expect(await asksFor()).toEqual(['a', 'b', 'c.서울']);
    expect(await asksFor()).toEqual(['a', 'b', 'c.서울']);
    expect(await asksFor()).toEqual([]);
    await decide('b', 1);
    expect(await asksFor()).toEqual(['b']);
    expect(await asksFor()).toEqual([]);
    await close();
  });

  it('leaves to the relay what is not published yet', async () => {
    const { reconciler, runtime, manager, streamName, subject, messages, close } = await createPublished('on-its-way');
    await createSilentTally(runtime, false).add('a', 1);
    await manager.streams.purge(streamName, { filter: subject('a') });
    expect(await reconciler.reconcile()).toBe(3);
    expect(await messages()).toEqual([3, 5, 10]);
    await close();
  });

  it('finds what was marked only after the broker that had taken it was compared', async () => {
    const { reconcilerWith, runtime, messages, close } = await createPublished('late-mark');
    const { add, journal } = createSilentTally(runtime, false);
    await add('late', 1);
    // Decided long before, and acknowledged by a broker that lost it since.
    await runtime.database.collection('journal').updateMany({ stream: 'late' }, { $set: { at: new Date(0) } });
    const reconciler = reconcilerWith(20);
    expect(await reconciler.reconcile()).toBe(0);
    await journal.markPublished(['late@1']);
    expect(await reconciler.reconcile()).toBe(1);
    expect(await messages()).toEqual([1, 3, 5, 10]);
    await close();
  });

  it.each([
    ['at what was marked since', 'later-mark', 0],
    ['also where the database that dates the marks is three minutes behind', 'mark-behind', 180_000],
  ])('looks once more, ten seconds after a loss, %s', async (_case, name, behindMs) => {
    let now = 0;
    const service = await createPublished(name);
    const { runtime, manager, streamName, messages, subject, close } = service;
    const reconciler = service.reconcilerWith(60_000, { ...realTime, now: () => now });
    await reconciler.reconcile();
    await manager.streams.purge(streamName, { filter: subject('a') });
    expect(await reconciler.reconcile()).toBe(3);
    expect(await reconciler.reconcile()).toBe(0);
    // The lost store had the third of four; another message of the stream makes the count right, and it is not the
    // newest.
    const { add, journal } = createSilentTally(runtime, false);
    const [third, fourth] = await add('late', 4).then((events) => events.slice(2));
    const { client } = runtime.bus.jetStream();
    for (const version of ['1', '2', '2']) {
      const headers = natsHeaders();
      headers.set('ce-sequence', version);
      await client.publish(subject('late'), 'of before', { headers });
    }
    if (fourth) await runtime.bus.publish(name, fourth);
    await journal.markPublished(['late@1', 'late@2', 'late@3', 'late@4']);
    await runtime.database
      .collection('journal')
      .updateMany({ stream: 'late' }, { $set: { publishedAt: new Date(Date.now() - behindMs) } });
    expect(await messages()).toEqual([3, 4, 5, 10]);
    expect(await reconciler.reconcile()).toBe(0);
    now = 10_000;
    expect(third?.sequence).toBe(3);
    expect(await reconciler.reconcile()).toBe(1);
    expect(await messages()).toEqual([3, 5, 5, 10]);
    await close();
  });

  it('has nothing to find where what was lost while the service was away is published again', async () => {
    const { runtime, reconcilerWith, manager, streamName, messages, subject, close } = await createPublished('away');
    const { add, journal } = createSilentTally(runtime, false);
    // By a process that ended before it marked them; then the broker loses the second, and has the third twice.
    const events = await add('late', 3);
    for (const event of events) await runtime.bus.publish('away', event);
    const lost = await manager.streams.getMessage(streamName, { last_by_subj: subject('late') });
    await manager.streams.purge(streamName, { filter: subject('late'), seq: lost?.seq });
    const { client } = runtime.bus.jetStream();
    for (const version of ['1', '3']) {
      const headers = natsHeaders();
      headers.set('ce-sequence', version);
      await client.publish(subject('late'), 'of before', { headers });
    }
    const reconciler = reconcilerWith(3_600_000);
    await reconciler.reconcile();
    // The relay of the next process: the broker takes all three for repetitions.
    const lacked = await Promise.all(events.map((event) => runtime.bus.publish('away', event)));
    expect(lacked).toEqual([true, true, false]);
    await journal.markPublished(events.map(({ id }) => id));
    expect([...(await runtime.bus.versions('away', 'late'))].sort()).toEqual([1, 2, 3]);
    expect(await reconciler.reconcile()).toBe(0);
    expect(await messages()).toEqual([3, 5, 5, 10]);
    await close();
  });

  it('offers again what the broker refused, long after it was marked', async () => {
    const { runtime, reconcilerWith, manager, streamName, messages, subject, close } = await createPublished('firm');
    await runtime.database.collection('journal').updateMany({}, { $set: { publishedAt: new Date(0) } });
    const reconciler = reconcilerWith(1);
    await reconciler.reconcile();
    await manager.streams.purge(streamName, { filter: subject('a') });
    await manager.streams.update(streamName, { max_msg_size: 1 });
    // At each message of all streams, twice, and then once more.
    for (const _ of [1, 2, 3]) expect(await reconciler.reconcile()).toBe(0);
    await manager.streams.update(streamName, { max_msg_size: -1 });
    expect(await reconciler.reconcile()).toBe(3);
    expect(await messages()).toEqual([3, 5, 10]);
    await close();
  });

  it('notices a loss while it runs, also of a stream without new decisions', async () => {
    const service = await createPublished('running');
    const { runtime, manager, streamName, messages, subject, close } = service;
    await runtime.database.collection('journal').updateMany({}, { $set: { publishedAt: new Date(0) } });
    const reconciler = stage.keep(service.reconcilerWith(20));
    await reconciler.reconcile();
    await service.decide('fresh', 1);
    await reconciler.reconcile();
    reconciler.start();
    await manager.streams.purge(streamName, { filter: subject('b') });
    await until('the lost subject is back', async () => (await messages()).includes(10));
    await manager.streams.delete(streamName);
    await until('all of it is back', async () =>
      messages().then(
        (counts) => counts.join() === '1,3,5,10',
        () => false,
      ),
    );
    await reconciler.close();
    await close();
  });

  it('compares when the connection comes back', async () => {
    const gate = stage.keep(await createGate(natsUrl()));
    const { add, reconciler, runtime, messages, close } = await createPublished('reconnected', gate.url);
    reconciler.start();
    await gate.shut();
    await until('it noticed', () => runtime.bus.status() !== 'ok');
    await add('b', 2);
    await gate.open();
    await until('the events are there', () =>
      messages().then(
        (counts) => counts.join() === '3,5,12',
        () => false,
      ),
    );
    await reconciler.close();
    await close();
  });

  it('says nothing of an outage, and survives one', async () => {
    const gate = stage.keep(await createGate(natsUrl()));
    const { runtime, close, manager: _manager } = await createPublished('outage', gate.url);
    const { logger, lines } = createLogbook();
    const { journal, add } = createSilentTally(runtime);
    const reconciler = createReconciler({
      service: 'outage',
      journal,
      bus: runtime.bus,
      logger,
      clock: () => new Date(),
      everyMs: 10,
      lookEveryMs: 10,
    });
    await gate.shut();
    await until('it noticed', () => runtime.bus.status() !== 'ok');
    reconciler.start();
    await expect(reconciler.reconcile()).rejects.toThrow(/not connected/);
    await add('b', 1);
    await gate.open();
    await until('it goes on', () => lines.some(({ message }) => message === 'refilled the broker from the journal'));
    expect(lines.filter(({ message }) => message !== 'refilled the broker from the journal')).toEqual([]);
    await reconciler.close();
    await close();
  });
});
