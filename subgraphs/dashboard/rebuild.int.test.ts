import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseEvent, type DomainEvent } from '../../schema/events/index.ts';
import { createAggregate, eventSubject, type Decider } from '../../platform/index.ts';
import { canonicalJson } from '../../platform/event-core/canonical-json.ts';
import { connected, createStage, originOf, type Stage } from '../../platform/service/testing.ts';
import { until } from '../../test/support/until.ts';
import { realTime } from '../../platform/foundation/time.ts';
import type { FeedItem } from './feed-follower.ts';
import { createFeed } from './feed.ts';
import { createReadModels } from './read-models.ts';
import { rebuildView } from './rebuild.ts';
import { createRebuilds, type Rebuild, type RebuildsOptions } from './rebuilds.ts';
import { storedGenerations } from './rows.ts';

type Recorded = { type: string; data: unknown };
/** A story of events: the rebuild reads journals, and does not care who decided. */
const recorder: Decider<object, { type: 'Record'; events: Recorded[] }, Recorded, 'NEVER'> = {
  initial: {},
  decide: ({ events }) => events,
  evolve: (state) => state,
};
const publishers = ['bike', 'point', 'reservation'] as const;
type PublisherName = (typeof publishers)[number];

const at = '2026-11-25T01:00:00.000Z';
const registered = (bikeId: number) => ({
  type: 'BikeRegistered',
  data: { bikeId, color: 'green', registeredDate: at, condition: 'IN_SERVICE' },
});
const bought = (userId: string, amount: number, balanceAfter: number) => ({
  type: 'PointsIncreased',
  data: { userId, amount, balanceAfter, at, confirmId: 1 },
});
const ride = {
  fee: 1000,
  requestedAt: at,
  deadline: at,
  confirmedAt: at,
  expiresAt: at,
  startedAt: at,
  returnedAt: at,
};
const reservation = (reserveNo: number, userId: string, bikeId: number, ...types: string[]) =>
  types.map((type) => ({ type, data: { reserveNo, userId, bikeId, because: 'BY_RIDER', cancelledAt: at, ...ride } }));

/** Owners with journals, and replicas of a dashboard that get their events. */
async function createScene(stage: Stage) {
  const aggregates = new Map<PublisherName, Awaited<ReturnType<typeof aggregateOf>>>();
  for (const publisher of publishers) aggregates.set(publisher, await aggregateOf(stage, publisher));
  const replicas: Replica[] = [];
  const told: [DomainEvent, string][] = [];

  return {
    told,
    aggregates,
    async replica(options: Partial<RebuildsOptions> = {}, hooks: Hooks = {}): Promise<Replica> {
      const made = await createReplica(stage, options, hooks);
      replicas.push(made);
      return made;
    },
    /** Decides, and tells the replica. */
    async record(publisher: PublisherName, stream: string, events: Recorded[], to = replicas[0]): Promise<void> {
      const outcome = await aggregates.get(publisher)?.handle(stream, { type: 'Record', events }, originOf());
      if (outcome?.kind !== 'decided') throw new Error(`not recorded: ${outcome?.kind}`);
      for (const event of outcome.document.events) {
        const subject = eventSubject(stage.name, publisher, stream);
        told.push([event, subject]);
        await to?.feed.add(event, subject);
      }
    },
  };
}

async function aggregateOf(stage: Stage, publisher: PublisherName) {
  const runtime = await stage.runtime(publisher);
  await connected(runtime.bus);
  await runtime.bus.ensureStream();
  const aggregate = createAggregate(runtime, {
    decider: recorder,
    parse: (envelope) => parseEvent(envelope),
    changesOf: () => [],
    viewsVersion: 1,
  });
  await aggregate.prepare();
  aggregate.start();
  stage.keep(aggregate);
  return Object.assign(aggregate, { collection: runtime.database.collection('journal') });
}

interface Hooks {
  discarded?: string[];
  /** Called after the comparison, before the switch. */
  beforeSwitch?(): Promise<void>;
}

type Replica = Awaited<ReturnType<typeof createReplica>>;

async function createReplica(stage: Stage, options: Partial<RebuildsOptions>, hooks: Hooks) {
  const { bus, database, logger } = await stage.runtime('dashboard');
  await connected(bus);
  const models = createReadModels(database, 86_400);
  await models.prepare();
  const feed = createFeed({
    models,
    clock: () => new Date(),
    time: realTime,
    batchMs: 2,
    settleEveryMs: 20,
    batchSize: 500,
    causeWaitMs: 0,
    subjectOf: (service, stream) => eventSubject(stage.name, service, stream),
    recentCommits: 1_000,
    cacheSize: 1_000,
    checkpointEveryMs: 1_000,
    committed: (version) => bus.notify('dashboard', 'feed', String(version)),
  });
  await feed.load();
  stage.keep(feed);
  const rebuilds = createRebuilds({
    database,
    models,
    logger,
    clock: () => new Date(),
    time: realTime,
    catchUp: () => feed.catchUp(),
    build: ({ rebuild, compared, ...work }) =>
      rebuildView({
        ...work,
        async compared(found) {
          await compared(found);
          await hooks.beforeSwitch?.();
        },
        generation: rebuild._id,
        acceptDifference: rebuild.acceptDifference,
        feed,
        models,
        bus,
        publishers,
        discarded: async () => new Set(hooks.discarded),
        flushRows: 10,
        switchMs: 5_000,
      }),
    outageDelayMs: 50,
    leaseMs: 60_000,
    keepMs: 0,
    ...options,
  });
  await rebuilds.prepare();
  stage.keep(rebuilds);

  const ended = async (number: number): Promise<Rebuild> => {
    let found: Rebuild | undefined;
    await until(
      `rebuild ${number} has ended`,
      async () => {
        found = (await rebuilds.list(100)).find(({ _id }) => _id === number);
        return found !== undefined && found.finishedAt !== null;
      },
      60_000,
    );
    return found as Rebuild;
  };
  return {
    feed,
    models,
    database,
    rebuilds,
    ended,
    async rebuild(order: { acceptDifference?: boolean; key?: string } = {}): Promise<Rebuild> {
      const { acceptDifference = false, key = String(Math.random()) } = order;
      const { rebuild, refusal } = await rebuilds.order({ by: 'boss', key, acceptDifference });
      if (!rebuild || refusal) throw new Error(`not begun: ${refusal?.because}`);
      return ended(rebuild._id);
    },
  };
}

/** What clients can see of the view. */
async function viewOf({ models, feed }: Replica) {
  await feed.catchUp();
  const rows: unknown[] = [];
  for (const kind of ['reservation', 'bike', 'account', 'position'] as const) {
    for await (const some of models.live().all(kind))
      rows.push(...[...some].map(([key, view]) => ({ kind, key, view })));
  }
  return { rows: rows.map(canonicalJson).toSorted(), totals: feed.head().totals };
}

/** A little of everything, from three journals. */
async function recordDay({ record }: Pick<Awaited<ReturnType<typeof createScene>>, 'record'>, bikes: number) {
  for (let number = 1; number <= bikes; number += 1) {
    const [user, bike] = [`rider ${number % 3}`, `bike-${number}`];
    await record('bike', bike, [registered(number)]);
    await record(
      'reservation',
      bike,
      reservation(number, user, number, 'ReservationRequested', 'ReservationConfirmed'),
    );
    await record('point', `account-${number}`, [bought(String(number), 500 + number, 500 + number)]);
  }
  await record('reservation', 'bike-1', reservation(1, 'rider 1', 1, 'RideStarted', 'BikeReturned'));
  await record('reservation', 'bike-2', reservation(2, 'rider 2', 2, 'ReservationCancelled'));
}

describe('a rebuild of the view', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
  });
  afterAll(() => stage.close());

  it('makes the same rows from the journals, and puts them in the place of the others', async () => {
    const scene = await createScene(stage);
    const replica = await scene.replica({ leaseMs: 300 });
    await recordDay(scene, 20);
    // A stream longer than a page of the journal.
    for (let year = 0; year < 55; year += 1) {
      const rides = Array.from({ length: 4 }, (_, index) =>
        reservation(1_000 + 4 * year + index, 'many', 3, 'ReservationRequested'),
      );
      await scene.record('reservation', 'bike-3', rides.flat());
    }
    const before = await viewOf(replica);
    const items = await replica.feed.follow(null);

    const done = await replica.rebuild();
    expect(done).toMatchObject({ status: 'switched', differences: 0, by: 'boss', attempt: 1, problem: null });
    expect(done).toMatchObject({ events: scene.told.length, totalEvents: scene.told.length });
    expect(done.liveHash).toMatch(/^[0-9a-f]{32}$/);
    expect(done.rebuiltHash).toBe(done.liveHash);
    expect(replica.models.live().generation).toBe(done._id);
    expect(await viewOf(replica)).toEqual(before);

    // The next change is the next that subscribers see, and it goes into the new rows.
    await scene.record('bike', 'bike-77', [registered(77)]);
    expect(await items.next()).toMatchObject({ value: { eventType: 'BikeRegistered', totals: { bikes: 21 } } });
    await replica.feed.catchUp();
    expect((await replica.models.named(['bike:77'])).get('bike:77')).toMatchObject({ condition: 'IN_SERVICE' });

    // Any replica drops the rows that were replaced.
    replica.rebuilds.start();
    await until('only the live rows are left', async () => {
      return (await storedGenerations(replica.database)).join() === String(done._id);
    });
    // And a replica that starts later uses the new ones.
    const late = await scene.replica();
    expect(late.models.live().generation).toBe(done._id);
    expect(await viewOf(late)).toEqual(await viewOf(replica));
  });
});

describe('while the view is rebuilt', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
  });
  afterAll(() => stage.close());

  it('things go on happening on two replicas, and subscribers see each once and in order', async () => {
    const scene = await createScene(stage);
    const one = await scene.replica();
    const other = await scene.replica();
    await recordDay(scene, 15);
    await other.feed.catchUp();
    const seen: FeedItem[][] = [[], []];
    const following = [one, other].map(async ({ feed }, index) => {
      for await (const item of await feed.follow(null)) seen[index]?.push(item);
    });
    const noticing = setInterval(() => {
      for (const { feed } of [one, other]) feed.catchUp().catch(() => undefined);
    }, 20);
    stage.keep({ close: async () => clearInterval(noticing) });

    const over = { is: false };
    const rebuilding = one.rebuild().finally(() => {
      over.is = true;
    });
    let bike = 1_000;
    for (; !over.is || bike < 1_030; bike += 1) {
      await scene.record('bike', `bike-${bike}`, [registered(bike)], bike % 2 ? one : other);
      const confirmed = reservation(bike, 'busy', bike, 'ReservationRequested', 'ReservationConfirmed');
      await scene.record('reservation', `bike-${bike}`, confirmed, bike % 3 ? one : other);
    }
    expect(await rebuilding).toMatchObject({ status: 'switched', differences: 0 });
    const total = 3 * (bike - 1_000);
    await until('everything was seen', () => seen.every((items) => items.length >= total));
    clearInterval(noticing);
    await one.feed.catchUp();
    await other.feed.catchUp();
    expect(other.models.live().generation).toBe(one.models.live().generation);
    expect(await viewOf(other)).toEqual(await viewOf(one));
    for (const items of seen) {
      expect(items.map(({ eventType, reservation: row }) => `${eventType} ${row?.bikeId}`)).toHaveLength(total);
      expect(new Set(items.map(({ cursor }) => cursor)).size).toBe(total);
    }
    expect(seen[1]).toEqual(seen[0]);
    await one.feed.close();
    await other.feed.close();
    await Promise.all(following);
    // Compares everything again: all of it can be rebuilt.
    const third = await scene.replica();
    expect(await third.rebuild()).toMatchObject({ status: 'switched', differences: 0 });
    expect((await viewOf(third)).totals.bikes).toBe(15 + bike - 1_000);
  });
});

describe('a view that differs from the journals', () => {
  let stage: Stage;
  let scene: Awaited<ReturnType<typeof createScene>>;
  let replica: Replica;
  const discarded: string[] = [];
  beforeAll(async () => {
    stage = await createStage();
    scene = await createScene(stage);
    replica = await scene.replica({ leaseMs: 300 });
    await recordDay(scene, 12);
    await replica.feed.catchUp();
  });
  afterAll(() => stage.close());

  it('stays, and the difference is told; unless that was wanted: then the rebuilt one takes its place', async () => {
    const bikes = replica.database.collection('bikes');
    await bikes.updateOne({ _id: 5 as never }, { $set: { use: 'inUse' } });
    await bikes.deleteOne({ _id: 6 as never });
    await replica.database
      .collection('accounts')
      .insertOne({ _id: 'ghost' as never, version: 1, userId: 'ghost', balance: 9 });

    const refused = await replica.rebuild();
    expect(refused).toMatchObject({ status: 'refused', differences: 3, version: null });
    expect(refused.liveHash).not.toBe(refused.rebuiltHash);
    expect(refused.examples.map(({ kind, key }) => `${kind} ${key}`).toSorted()).toEqual([
      'account ghost',
      'bike 5',
      'bike 6',
    ]);
    expect(refused.examples.find(({ key }) => key === '5')).toMatchObject({
      live: expect.stringContaining('inUse'),
      rebuilt: expect.stringContaining('reserved'),
    });
    expect(replica.models.live().generation).toBe(0);
    expect(await storedGenerations(replica.database)).toEqual([0]);

    expect(await replica.rebuild({ acceptDifference: true })).toMatchObject({ status: 'switched', differences: 3 });
    expect(Object.fromEntries(await replica.models.named(['bike:5', 'account:ghost']))).toEqual({
      'bike:5': expect.objectContaining({ bikeId: 5, condition: 'IN_SERVICE', use: 'reserved' }),
    });
    expect(await replica.rebuild()).toMatchObject({ status: 'switched', differences: 0 });
  });

  it('is not one of what an operator gave up', async () => {
    const subject = eventSubject(stage.name, 'point', 'account-given-up');
    await scene.record('point', 'account-given-up', [bought('given-up', 5, 5)]);
    // Its owner does not know the second.
    const impostor = eventSubject(stage.name, 'bike', 'bike-666');
    const other = await scene.replica({}, { discarded });
    await other.feed.skip(impostor, 1);
    discarded.push(`${subject}#2`, `${impostor}#1`);
    const outcome = await scene.aggregates
      .get('point')
      ?.handle('account-given-up', { type: 'Record', events: [bought('given-up', 0, 77)] }, originOf());
    expect(outcome?.kind).toBe('decided');
    await other.feed.skip(subject, 2);
    expect(await other.rebuild()).toMatchObject({ status: 'switched', differences: 0 });
    expect((await other.models.named(['account:given-up'])).get('account:given-up')).toMatchObject({ balance: 5 });
  });

  it('is left as it is where a journal cannot be trusted', async () => {
    const journal = scene.aggregates.get('bike')?.collection;
    const changed = await journal?.findOneAndUpdate({ stream: 'bike-4' }, { $set: { 'events.0.data.color': 'red' } });
    const generation = replica.models.live().generation;
    const failed = await (await scene.replica()).rebuild();
    expect(failed).toMatchObject({ status: 'failed', problem: expect.stringContaining('was changed') });
    expect(replica.models.live().generation).toBeGreaterThanOrEqual(generation);
    await journal?.replaceOne({ stream: 'bike-4' }, changed as never);
    const repaired = await scene.replica({}, { discarded });
    expect(await repaired.rebuild()).toMatchObject({ status: 'switched' });
  });
});

describe('a rebuild', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await createStage();
  });
  afterAll(() => stage.close());

  it('is begun once, however often it is ordered, and one at a time', async () => {
    const scene = await createScene(stage);
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const one = await scene.replica({}, { beforeSwitch: () => held });
    const other = await scene.replica();
    await recordDay(scene, 3);
    const order = { by: 'boss', key: 'k', acceptDifference: false };
    const answers = await Promise.all([
      one.rebuilds.order(order),
      one.rebuilds.order(order),
      other.rebuilds.order({ ...order, key: 'l' }),
    ]);
    const begun = answers.filter(({ refusal }) => !refusal).map(({ rebuild }) => rebuild?._id);
    expect(new Set(begun)).toEqual(new Set([1]));
    expect(answers.map(({ refusal }) => refusal?.code)).toContain('REBUILD_UNDER_WAY');
    const known = (await one.rebuilds.list(1))[0]?.key ?? '';
    expect((await other.rebuilds.order({ ...order, key: known, acceptDifference: true })).refusal?.code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
    go();
    await one.ended(1);
    expect((await one.rebuilds.order({ ...order, key: known })).rebuild).toMatchObject({ _id: 1, status: 'switched' });
  });

  it('whose process sleeps is begun again by another one, and what wakes up later changes nothing', async () => {
    const scene = await createScene(stage);
    let wake: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let isAsleep = false;
    // Its clock stands still, so it sends no heartbeat either.
    const sleeper = await scene.replica(
      { time: { ...realTime, every: () => () => undefined } },
      {
        beforeSwitch() {
          isAsleep = true;
          return asleep;
        },
      },
    );
    await recordDay(scene, 3);
    const { rebuild } = await sleeper.rebuilds.order({ by: 'boss', key: 'slept', acceptDifference: false });
    const number = rebuild?._id ?? 0;
    await until('it sleeps', () => isAsleep);
    const other = await scene.replica({ leaseMs: 200 });
    other.rebuilds.start();
    expect(await other.ended(number)).toMatchObject({ status: 'abandoned' });
    const again = await other.ended(number + 1);
    expect(again).toMatchObject({ status: 'switched', attempt: 2, by: 'boss', differences: 0 });

    wake();
    await until('it hears of it', async () => {
      await sleeper.feed.catchUp();
      return sleeper.models.live().generation === number + 1;
    });
    await scene.record('bike', 'bike-900', [registered(900)], other);
    expect(await viewOf(sleeper)).toEqual(await viewOf(other));
    expect((await other.rebuilds.list(2)).map(({ status }) => status)).toEqual(['switched', 'abandoned']);
  });
});
