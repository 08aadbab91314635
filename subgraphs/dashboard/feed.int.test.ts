import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DomainEvent } from '../../schema/events/index.ts';
import { createStage, type Stage } from '../../platform/service/testing.ts';
import { until } from '../../test/support/until.ts';
import { realTime } from '../../platform/foundation/time.ts';
import type { FeedItem } from './feed-follower.ts';
import { createFeed, type Feed, type FeedOptions, type Snapshot } from './feed.ts';
import { noTotals } from './projections.ts';
import { createReadModels, type FeedDocument, type ReadModels } from './read-models.ts';
import { createResolvers } from './resolvers.ts';
import { settingsSchema } from './subgraph.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage.close());

let databases = 0;

/** A dashboard's database, and replicas on it. */
async function createScene() {
  databases += 1;
  const service = `dashboard${databases}`;
  const prepared = createReadModels((await stage.runtime(service)).database, 86_400);
  await prepared.prepare();
  return {
    models: prepared,
    async replica(
      options: Partial<FeedOptions> = {},
      change: (models: ReadModels) => Partial<ReadModels> = () => ({}),
    ) {
      const { database } = await stage.runtime(service);
      const own = createReadModels(database, 86_400);
      const models = { ...own, ...change(own) };
      const feed = createFeed({
        models,
        clock: () => new Date(),
        time: realTime,
        batchMs: 5,
        settleEveryMs: 0,
        batchSize: 500,
        causeWaitMs: 2_000,
        subjectOf: (_service, stream) => stream,
        recentCommits: 1_000,
        cacheSize: 1_000,
        checkpointEveryMs: 1_000,
        committed: () => undefined,
        ...options,
      });
      await feed.load();
      return { feed, models, database };
    },
    documents: () => prepared.feedAfter(0, 10_000),
  };
}

const day = '2026-11-23';
let clock = 0;
function event(type: string, subject: string, sequence: number, data: object): [DomainEvent, string] {
  clock += 1;
  const time = new Date(Date.parse(`${day}T00:00:00Z`) + clock).toISOString();
  const id = `owner.${subject}@${sequence}`;
  return [{ type, subject, sequence, time, id, causationid: 'a request', data } as unknown as DomainEvent, subject];
}
const registered = (bikeId: number) =>
  event('BikeRegistered', `bike-${bikeId}`, 1, { bikeId, condition: 'IN_SERVICE' });
const condition = (bikeId: number, sequence: number, value: string) =>
  event('BikeConditionChanged', `bike-${bikeId}`, sequence, { bikeId, condition: value });
const increased = (userId: string, sequence: number, amount: number, balanceAfter: number) =>
  event('PointsIncreased', `account-${userId}`, sequence, { userId, amount, balanceAfter });

const beginning = Buffer.from('0.0').toString('base64url');

/** As many items as a follower can get now. */
async function take(items: AsyncIterableIterator<FeedItem>, count: number): Promise<FeedItem[]> {
  const taken: FeedItem[] = [];
  while (taken.length < count) {
    const { value, done } = (await items.next()) as IteratorResult<FeedItem, undefined>;
    if (done) break;
    taken.push(value);
  }
  return taken;
}

async function takeAll(feed: Feed, after: string, count: number): Promise<FeedItem[]> {
  const items = await feed.follow(after);
  const taken = await take(items, count);
  await items.return?.();
  return taken;
}

const addAll = (feed: Feed, events: [DomainEvent, string][]) =>
  Promise.all(events.map(([added, subject]) => feed.add(added, subject)));
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('the feed', () => {
  it('commits what comes together at once, and no more than a batch', async () => {
    const { replica, documents } = await createScene();
    const committed: number[] = [];
    const { feed } = await replica({ batchSize: 20, batchMs: 20, committed: (version) => committed.push(version) });
    await addAll(feed, upTo(50).map(registered));
    const sizes = (await documents()).map(({ changes }) => changes.length);
    expect(sizes).toEqual([20, 20, 10]);
    expect(committed).toEqual([1, 2, 3]);
    expect(feed.snapshot()).toMatchObject({ totals: { bikes: 50, available: 50 }, at: expect.stringContaining(day) });
  });

  it('reads what a batch needs at once, also where memory holds less than that', async () => {
    const { replica, models } = await createScene();
    await addAll((await replica()).feed, upTo(50).map(registered));
    const reads: number[] = [];
    const { feed } = await replica({ cacheSize: 5, batchMs: 50 }, (own) => ({
      named(names) {
        reads.push(names.length);
        return own.named(names);
      },
    }));
    await addAll(
      feed,
      upTo(50).map((bikeId) => condition(bikeId, 2, 'OUT_OF_SERVICE')),
    );
    // Fifty bikes and fifty positions, less what memory holds.
    expect(reads).toHaveLength(1);
    expect(reads[0]).toBeGreaterThanOrEqual(95);
    expect(feed.snapshot().totals).toMatchObject({ bikes: 50, available: 0, outOfService: 50 });
    const bikes = await models.rows(0).find('bike', upTo(50));
    expect([...bikes.values()].map((bike) => bike.condition)).toEqual(Array(50).fill('OUT_OF_SERVICE'));
  });

  it('tells the latest changes up to a cursor, who they were about and what moved, also after a restart', async () => {
    const { replica } = await createScene();
    const { feed } = await replica();
    for (const one of [registered(7), increased('10', 1, 3_000, 3_000), increased('10', 2, 5_000, 8_000)]) {
      await feed.add(...one);
    }
    const { cursor } = feed.snapshot();
    const told = [
      { eventType: 'PointsIncreased', userId: '10', points: 5_000 },
      { eventType: 'PointsIncreased', userId: '10', points: 3_000 },
      { eventType: 'BikeRegistered', bikeId: 7 },
    ];
    expect(await feed.recent(cursor, 50)).toMatchObject(told);
    expect(await feed.recent(cursor, 2)).toMatchObject(told.slice(0, 2));
    expect((await feed.recent(cursor, 50)).map((item) => item.cursor).toReversed()).toEqual(
      (await takeAll(feed, beginning, 3)).map((item) => item.cursor),
    );
    await feed.add(...registered(8));
    expect(await feed.recent(cursor, 50)).toHaveLength(3);
    const { feed: restarted } = await replica({ recentCommits: 0 });
    expect(await restarted.recent(restarted.snapshot().cursor, 2)).toMatchObject([
      { bikeId: 8 },
      { userId: '10', points: 5_000 },
    ]);
  });

  it('shows an event in the rows before its adding ends', async () => {
    const { replica } = await createScene();
    const { feed, models } = await replica();
    await addAll(feed, [registered(1), increased('10', 1, 500, 500)]);
    expect(Object.fromEntries(await models.named(['bike:1', 'account:10']))).toMatchObject({
      'bike:1': { condition: 'IN_SERVICE', use: 'free' },
      'account:10': { balance: 500 },
    });
    expect(await models.position('bike-1')).toBe(1);
  });

  it('takes an event once, also when it comes again, at the same moment or after a restart', async () => {
    const { replica, documents } = await createScene();
    const { feed } = await replica();
    await addAll(feed, [increased('10', 1, 500, 500), increased('10', 1, 500, 500)]);
    await addAll(feed, [increased('10', 1, 500, 500)]);
    const { feed: restarted } = await replica({ cacheSize: 1 });
    await addAll(restarted, [increased('10', 1, 500, 500), increased('11', 1, 7, 7)]);
    expect(restarted.snapshot().totals).toMatchObject({ pointsMoved: 507, pointsInCirculation: 507 });
    expect((await documents()).flatMap(({ changes }) => changes)).toHaveLength(2);
  });

  it('tells the counts of its own day, whatever a clock that is ahead has counted', async () => {
    const { replica } = await createScene();
    const now = () => new Date(`${day}T03:00:00Z`);
    const { feed, models } = await replica({ clock: now });
    const bought = (userId: string, time: string): [DomainEvent, string] => {
      const [event, subject] = increased(userId, 1, 5, 5);
      return [{ ...event, time }, subject];
    };
    await addAll(feed, [bought('10', `${day}T01:00:00Z`)]);
    await addAll(feed, [bought('11', '2027-11-23T01:00:00Z')]);
    await addAll(feed, [bought('12', `${day}T02:00:00Z`), bought('13', '2027-11-24T01:00:00Z')]);
    const told = await takeAll(feed, beginning, 4);
    expect(new Set(told.map(({ totals }) => totals.day))).toEqual(new Set([day]));
    expect(told.map(({ totals }) => totals.pointsPurchasedToday)).toEqual([5, 5, 10, 10]);
    expect(told.map(({ totals }) => totals.pointsMoved)).toEqual([5, 10, 15, 20]);
    const dependencies = { feed, models, clock: now } as Parameters<typeof createResolvers>[0];
    const { totals } = createResolvers(dependencies)['Dashboard'] as { totals(of: Snapshot): Promise<unknown> };
    expect(await totals(feed.snapshot())).toMatchObject({ day, pointsPurchasedToday: 10, pointsMoved: 20 });
  });

  it('refuses an event that it cannot make sense of, and takes the others of its batch', async () => {
    const { replica } = await createScene();
    const { feed } = await replica();
    const [broken, subject] = event('BikeRegistered', 'bike-9', 1, {});
    const results = await Promise.allSettled([
      feed.add({ ...broken, data: undefined } as unknown as DomainEvent, subject),
      ...[registered(1), registered(2)].map(([added, at]) => feed.add(added, at)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(feed.snapshot().totals.bikes).toBe(2);
    expect(await feed.position('bike-9')).toBe(0);
  });

  it('moves past an event that was given up, without a change; at once when it is past it', async () => {
    const { replica, documents } = await createScene();
    const { feed, models } = await replica({ batchMs: 300 });
    await feed.skip('bike-1', 1);
    expect(await feed.position('bike-1')).toBe(1);
    expect(await models.position('bike-1')).toBe(1);
    expect(await documents()).toMatchObject([{ changes: [], positions: [{ subject: 'bike-1', version: 1 }] }]);
    await addAll(feed, [condition(1, 2, 'BROKEN')]);
    const startedAt = Date.now();
    await feed.skip('bike-1', 2);
    expect(Date.now() - startedAt).toBeLessThan(200);
    expect(await documents()).toHaveLength(2);
  });

  it.each([1_000, 2])(
    'goes on from every cursor without a gap or a repeat (%i commits in memory)',
    async (recentCommits) => {
      const { replica } = await createScene();
      const { feed } = await replica({ recentCommits });
      // Commits of 3, 1, 4, 0 (quiet) and 2 changes.
      for (const bikes of [[1, 2, 3], [4], [5, 6, 7, 8]]) await addAll(feed, bikes.map(registered));
      await feed.skip('bike-99', 1);
      await addAll(feed, [condition(1, 2, 'BROKEN'), condition(2, 2, 'BROKEN')]);
      const all = await takeAll(feed, beginning, 10);
      expect(new Set(all.map(({ cursor }) => cursor)).size).toBe(10);

      const live = await Promise.all(
        [beginning, ...all.map(({ cursor }) => cursor)].map(async (cursor) => ({
          cursor,
          items: await feed.follow(cursor),
        })),
      );
      const last = feed.snapshot().cursor;
      const fromSnapshot = await feed.follow(last);
      const fromNow = await feed.follow(null);
      await addAll(feed, [registered(9), registered(10)]);
      const whole = await takeAll(feed, beginning, 12);
      expect(whole.slice(0, 10)).toEqual(all);
      for (const [index, { items }] of live.entries()) {
        expect(await take(items, 12 - index)).toEqual(whole.slice(index));
        await items.return?.();
      }
      expect(await take(fromSnapshot, 2)).toEqual(whole.slice(10));
      expect(await take(fromNow, 2)).toEqual(whole.slice(10));

      // After a restart a cursor means the same.
      const { feed: restarted } = await replica({ recentCommits });
      for (const index of [0, 2, 3, 5, 9, 11]) {
        expect(await takeAll(restarted, whole[index]?.cursor ?? '', 11 - index)).toEqual(whole.slice(index + 1));
      }
    },
  );

  it('is kept for as long as the setting says now, whatever it said before', async () => {
    const { database } = await stage.runtime('retention');
    const keptFor = async () => {
      const indexes = await database.collection('feed').indexes();
      return indexes.find(({ key }) => 'at' in key)?.expireAfterSeconds;
    };
    for (const seconds of [60, 3_600, 3_600]) {
      const replicas = [1, 2].map(() => createReadModels(database, seconds));
      await Promise.all(replicas.map((models) => models.prepare()));
      expect(await keptFor()).toBe(seconds);
    }
  });

  it('is kept for so long that clocks may differ by an hour', () => {
    const isTaken = (seconds: string) => settingsSchema.safeParse({ FEED_RETENTION_SECONDS: seconds }).success;
    expect(['60', '7199', '7200'].map(isTaken)).toEqual([false, false, true]);
  });

  it('says that a cursor has expired, or is none', async () => {
    const { replica } = await createScene();
    const { feed, database } = await replica({ recentCommits: 1 });
    for (const bikeId of [1, 2, 3, 4]) await addAll(feed, [registered(bikeId)]);
    const all = await takeAll(feed, beginning, 4);
    const slow = await feed.follow(all[0]?.cursor ?? '');
    await database.collection('feed').deleteMany({ version: { $lte: 2 } });
    const codeOf = (cursor: string) =>
      feed.follow(cursor).then(
        () => null,
        (error: unknown) => (error as { extensions: { code: string } }).extensions.code,
      );
    expect(await codeOf(all[0]?.cursor ?? '')).toBe('CURSOR_EXPIRED');
    expect(await codeOf(beginning)).toBe('CURSOR_EXPIRED');
    expect(await codeOf(Buffer.from('99.0').toString('base64url'))).toBe('CURSOR_EXPIRED');
    for (const cursor of ['', '!', 'abc', Buffer.from('-1.0').toString('base64url')]) {
      expect(await codeOf(cursor)).toBe('BAD_USER_INPUT');
    }
    expect(await takeAll(feed, all[2]?.cursor ?? '', 1)).toEqual(all.slice(3));
    expect(await codeOf(feed.snapshot().cursor)).toBeNull();
    // A follower that was too slow gets an error instead of missing events.
    await expect(slow.next()).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
  });

  it('ends its followers at once, when they leave and when it closes', async () => {
    const { replica } = await createScene();
    const { feed } = await replica();
    const leaving = await feed.follow(null);
    const pending = leaving.next();
    await leaving.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    const staying = (await feed.follow(null)).next();
    await feed.close();
    expect(await staying).toEqual({ done: true, value: undefined });
  });
});

describe('an effect', () => {
  const causedBy = ([added, subject]: [DomainEvent, string], causationid: string): [DomainEvent, string] => [
    { ...added, causationid },
    subject,
  ];
  const typesOf = (items: FeedItem[]) => items.map(({ eventType }) => eventType);

  it('is shown after its cause, in whatever order they come, and in batches however small', async () => {
    const { replica } = await createScene();
    const { feed } = await replica({ batchSize: 2, batchMs: 1, causeWaitMs: 60_000 });
    const effects = upTo(5).map((bikeId) => causedBy(condition(bikeId, 1, 'BROKEN'), `point.account-${bikeId}@1`));
    const added = addAll(feed, effects);
    await addAll(
      feed,
      upTo(5).map((bikeId) => increased(String(bikeId), 1, 1, 1)),
    );
    await added;
    const types = typesOf(await takeAll(feed, beginning, 10));
    const countIn = (some: string[], type: string) => some.filter((name) => name === type).length;
    expect(countIn(types, 'PointsIncreased')).toBe(5);
    for (const end of upTo(10)) {
      const shown = types.slice(0, end);
      expect(countIn(shown, 'BikeConditionChanged')).toBeLessThanOrEqual(countIn(shown, 'PointsIncreased'));
    }
  });

  it('hears of a cause that another replica committed', async () => {
    const { replica } = await createScene();
    const feeds: Feed[] = [];
    const told = (other: number) => () => void feeds[other]?.catchUp();
    for (const other of [1, 0]) {
      feeds.push((await replica({ causeWaitMs: 60_000, committed: told(other) })).feed);
    }
    const [one, other] = feeds as [Feed, Feed];
    const added = one.add(...causedBy(registered(1), 'point.account-10@1'));
    await other.add(...increased('10', 1, 5, 5));
    await added;
    expect(typesOf(await takeAll(other, beginning, 2))).toEqual(['PointsIncreased', 'BikeRegistered']);
  });

  it('is shown without its cause in the end: that may be parked', async () => {
    const { replica } = await createScene();
    const { feed } = await replica({ causeWaitMs: 50 });
    await feed.add(...causedBy(registered(1), 'point.account-10@1'));
    expect(typesOf(await takeAll(feed, beginning, 1))).toEqual(['BikeRegistered']);
  });
});

describe('a replica whose clock is set back', () => {
  /** It stands still, as one does that is set back again and again. */
  const stopped = new Date(`${day}T00:00:00Z`);
  const clock = () => stopped;

  it('waits no longer for the cause of an event', async () => {
    const { replica } = await createScene();
    const { feed } = await replica({ clock, causeWaitMs: 50 });
    const [effect, subject] = increased('10', 1, 5, 5);
    await feed.add({ ...effect, causationid: 'approval.approval-1@7' }, subject);
    expect(feed.snapshot().totals.pointsMoved).toBe(5);
  });

  it('gives way to another one no longer', async () => {
    const { replica, models } = await createScene();
    const { feed } = await replica({ clock });
    await addAll(feed, [registered(1)]);
    const { totals } = feed.head();
    const nothing = { changes: [], reservations: [], bikes: [], accounts: [], positions: [] };
    await models.append({ ...nothing, _id: 2, at: new Date(), totals, holdMs: 50 });
    await feed.catchUp();
    await addAll(feed, [registered(2)]);
    expect(feed.head()).toMatchObject({ version: 3, totals: { bikes: 2 } });
  });

  it('saves the totals as often', async () => {
    const { replica, models } = await createScene();
    const { feed } = await replica({ clock, checkpointEveryMs: 20 });
    for (const bikeId of [1, 2]) await addAll(feed, [registered(bikeId)]);
    await until('the newest are saved', async () => {
      await feed.catchUp();
      return (await models.checkpoint())?.version === 2;
    });
  });
});

describe('two replicas of the feed', () => {
  it('make one feed without gaps, and serve the same items', async () => {
    const { replica, documents, models } = await createScene();
    const feeds: Feed[] = [];
    // Each hears of the other’s commits while it is busy with its own, as by the broker’s notice.
    const told = (other: number) => () => void feeds[other]?.catchUp();
    feeds.push((await replica({ batchMs: 1, batchSize: 3, committed: told(1) })).feed);
    feeds.push((await replica({ batchMs: 1, batchSize: 3, committed: told(0), cacheSize: 20 })).feed);
    const [one, other] = feeds as [Feed, Feed];
    const total = 40 * 3;
    const following = Promise.all(feeds.map((feed) => takeAll(feed, beginning, total)));

    await Promise.all([
      ...upTo(20).map(async (bikeId) => {
        await addAll(one, [registered(bikeId)]);
        await addAll(one, [condition(bikeId, 2, 'BROKEN')]);
        await addAll(one, [condition(bikeId, 3, 'IN_SERVICE')]);
      }),
      ...upTo(20).map(async (user) => {
        const userId = String(user);
        await addAll(other, [increased(userId, 1, 100, 100)]);
        await addAll(other, [increased(userId, 2, 10, 110)]);
        await addAll(other, [increased(userId, 3, 1, 111)]);
      }),
    ]);
    await Promise.all(feeds.map((feed) => feed.catchUp()));

    const versions = (await documents()).map(({ _id }) => _id);
    expect(versions).toEqual(upTo(versions.length));
    const [seenByOne, seenByOther] = await following;
    expect(seenByOne).toHaveLength(total);
    expect(seenByOther).toEqual(seenByOne);
    expect(one.snapshot()).toEqual(other.snapshot());
    expect(one.snapshot().totals).toMatchObject({
      bikes: 20,
      available: 20,
      outOfService: 0,
      pointsMoved: 2_220,
      pointsInCirculation: 2_220,
      pointsPurchasedToday: 2_220,
    });
    for (const bikeId of upTo(20))
      expect((await models.rows(0).find('bike', [bikeId])).get(bikeId)?.condition).toBe('IN_SERVICE');
    for (const user of upTo(20).map(String))
      expect((await models.rows(0).find('account', [user])).get(user)?.balance).toBe(111);
    expect(await models.position('bike-20')).toBe(3);
  });

  it('take the same events once, when both get them', async () => {
    const { replica, documents } = await createScene();
    const feeds: Feed[] = [];
    const told = (other: number) => () => void feeds[other]?.catchUp();
    for (const other of [1, 0]) feeds.push((await replica({ batchMs: 1, batchSize: 4, committed: told(other) })).feed);
    await Promise.all(
      feeds.flatMap((feed) =>
        upTo(20).map(async (user) => {
          for (const sequence of [1, 2, 3]) {
            await addAll(feed, [increased(String(user), sequence, 10, 10 * sequence)]);
          }
        }),
      ),
    );
    await Promise.all(feeds.map((feed) => feed.catchUp()));
    for (const feed of feeds) {
      expect(feed.snapshot().totals).toMatchObject({ pointsMoved: 600, pointsInCirculation: 600 });
    }
    expect((await documents()).flatMap(({ changes }) => changes)).toHaveLength(60);
  });

  it('do not forget a commit of the other one over a row that they read meanwhile', async () => {
    const { replica } = await createScene();
    const read = Promise.withResolvers<undefined>();
    const absorbed = Promise.withResolvers<undefined>();
    const { feed: one } = await replica({}, (own) => ({
      async position(subject) {
        const stored = await own.position(subject);
        read.resolve(undefined);
        await absorbed.promise;
        return stored;
      },
    }));
    const { feed: other } = await replica();
    const early = one.position('account-10');
    await read.promise;
    await addAll(other, [increased('10', 1, 5, 5)]);
    await one.catchUp();
    absorbed.resolve(undefined);
    await early;
    expect(await one.position('account-10')).toBe(1);
    await addAll(one, [increased('10', 1, 5, 5)]);
    expect(one.snapshot().totals).toMatchObject({ pointsMoved: 5 });
  });

  it('know each other’s cursors at once', async () => {
    const { replica } = await createScene();
    const [one, other] = [(await replica()).feed, (await replica()).feed];
    await addAll(one, [registered(1), registered(2)]);
    const [first, second] = await takeAll(one, beginning, 2);
    const items = await other.follow(first?.cursor ?? '');
    expect(await take(items, 1)).toEqual([second]);
    const fromSnapshot = await (await replica()).feed.follow(one.snapshot().cursor);
    await addAll(one, [registered(3)]);
    await other.catchUp();
    expect(await take(items, 1)).toMatchObject([{ eventType: 'BikeRegistered', totals: { bikes: 3 } }]);
    await Promise.all([items.return?.(), fromSnapshot.return?.()]);
  });

  it('go on from the rows where commits of the other are gone already', async () => {
    const { replica, models } = await createScene();
    let hasForgotten = false;
    const { feed: late, database } = await replica({ forgotten: () => (hasForgotten = true) });
    await addAll(late, [registered(1), registered(2), increased('10', 1, 5, 5)]);
    const items = await late.follow(null);
    const { feed: other } = await replica();
    await addAll(other, [condition(1, 2, 'BROKEN'), increased('10', 2, 7, 12)]);
    await addAll(other, [condition(2, 2, 'BROKEN')]);
    await database.collection('feed').deleteMany({ version: 2 });

    await late.catchUp();
    expect(hasForgotten).toBe(true);
    expect([late.head().version, await late.position('account-10')]).toEqual([3, 2]);
    await expect(items.next()).rejects.toMatchObject({ extensions: { code: 'CURSOR_EXPIRED' } });
    await addAll(late, [condition(1, 3, 'IN_SERVICE'), increased('10', 3, 1, 13)]);
    const expected = { bikes: 2, available: 1, outOfService: 1, pointsMoved: 13, pointsInCirculation: 13 };
    expect(late.snapshot().totals).toMatchObject(expected);
    await other.catchUp();
    expect(other.snapshot()).toEqual(late.snapshot());
    expect((await models.rows(0).find('account', ['10'])).get('10')?.balance).toBe(13);
  });

  it('go on from the rebuilt rows where the commit that made them the live ones is gone', async () => {
    const { replica } = await createScene();
    const { feed: late, models, database } = await replica();
    await addAll(late, [registered(1)]);
    const { feed: other, models: others } = await replica();
    await others.rows(1).prepare();
    const version = await other.switchTo(1, 1_000, ({ totals }) => Promise.resolve(totals));
    await addAll(other, [registered(2)]);
    await database.collection('feed').deleteMany({ version: { $gt: 1, $lte: version ?? 0 } });
    await late.catchUp();
    expect([late.head().version, models.live().generation]).toEqual([other.head().version, 1]);
  });

  it('take no version again that is gone, after a long sleep', async () => {
    const { replica, documents } = await createScene();
    let asleepMs = 0;
    const time = { ...realTime, now: () => realTime.now() + asleepMs };
    const { feed: late, database } = await replica({ time });
    await addAll(late, [registered(1)]);
    const { feed: other } = await replica();
    for (const bikeId of [2, 3]) await addAll(other, [registered(bikeId)]);
    await database.collection('feed').deleteMany({ version: { $lte: 2 } });
    asleepMs = 7_200_000;
    await addAll(late, [registered(4)]);
    expect((await documents()).map(({ _id }) => _id)).toEqual([3, 4]);
    expect(late.snapshot().totals.bikes).toBe(4);
  });

  it('catch up although one of them is busy without a pause', async () => {
    const { replica } = await createScene();
    const [one, other] = [(await replica({ batchMs: 1 })).feed, (await replica({ batchMs: 1 })).feed];
    const busy = new AbortController();
    const load = [1, 100_000].map(async (first) => {
      for (let bikeId = first; !busy.signal.aborted; bikeId += 1) await one.add(...registered(bikeId));
    });
    await addAll(other, [increased('10', 1, 5, 5)]);
    await one.catchUp();
    expect(await one.position('account-10')).toBe(1);
    busy.abort();
    await Promise.all(load);
  });
});

describe('after a crash', () => {
  it('between the commit and the rows, the rows are written by the next who loads', async () => {
    const { replica, models } = await createScene();
    const { feed } = await replica();
    await addAll(feed, [registered(1)]);
    await models.append({
      _id: 2,
      at: new Date(),
      changes: [],
      reservations: [],
      bikes: [{ bikeId: 1, condition: 'IN_SERVICE', use: 'inUse' }],
      accounts: [{ userId: '10', balance: 5 }],
      positions: [{ subject: 'account-10', version: 4 }],
      totals: { ...noTotals, bikes: 1, inUse: 1 },
    } satisfies FeedDocument);
    const { feed: next } = await replica();
    expect(Object.fromEntries(await models.named(['bike:1', 'account:10']))).toMatchObject({
      'bike:1': { use: 'inUse' },
      'account:10': { balance: 5 },
    });
    expect(await next.position('account-10')).toBe(4);
    expect(next.snapshot().totals).toMatchObject({ bikes: 1, inUse: 1, available: 0 });
    await addAll(next, [registered(2)]);
    expect(next.snapshot().totals).toMatchObject({ bikes: 2, inUse: 1, available: 1 });
  });

  it('a write of rows that failed is made up for, and nothing is counted twice', async () => {
    const { replica, documents } = await createScene();
    let failures = 0;
    const { feed, models } = await replica({}, (own) => ({
      write: (document) => (failures-- > 0 ? Promise.reject(new Error('no disk')) : own.write(document)),
    }));
    failures = 2;
    await expect(addAll(feed, [increased('10', 1, 5, 5)])).rejects.toThrow('no disk');
    // Not in the rows yet, so not in the snapshot either.
    expect(feed.snapshot().totals.pointsMoved).toBe(0);
    await addAll(feed, [increased('10', 1, 5, 5), increased('11', 1, 7, 7)]);
    expect(feed.snapshot().totals).toMatchObject({ pointsMoved: 12, pointsInCirculation: 12 });
    expect((await models.named(['account:10'])).get('account:10')).toMatchObject({ balance: 5 });
    expect((await documents()).map(({ changes }) => changes.length)).toEqual([1, 1]);
  });

  it('a commit without an answer is found again, and counted once', async () => {
    const { replica, documents } = await createScene();
    let unanswered = 1;
    const { feed } = await replica({}, (own) => ({
      async append(document) {
        const stored = await own.append(document);
        if (unanswered-- > 0) throw new Error('no answer');
        return stored;
      },
    }));
    await expect(addAll(feed, [increased('10', 1, 5, 5)])).rejects.toThrow('no answer');
    await addAll(feed, [increased('10', 1, 5, 5)]);
    expect(feed.snapshot().totals).toMatchObject({ pointsMoved: 5 });
    expect(await documents()).toHaveLength(1);
  });

  it('of the database while the totals are saved, they are saved again', async () => {
    const { replica, models } = await createScene();
    let failures = 1;
    const { feed } = await replica({}, (own) => ({
      saveCheckpoint: (version, totals) =>
        failures-- > 0 ? Promise.reject(new Error('no disk')) : own.saveCheckpoint(version, totals),
    }));
    await expect(addAll(feed, [registered(1)])).rejects.toThrow('no disk');
    await feed.catchUp();
    expect(await models.checkpoint()).toMatchObject({ version: 1, totals: { bikes: 1 } });
  });

  it('it goes on from the checkpoint, which follows the head also when nothing more comes', async () => {
    const { replica, models } = await createScene();
    const { feed } = await replica({ checkpointEveryMs: 50 });
    for (const bikeId of [1, 2, 3]) await addAll(feed, [registered(bikeId)]);
    // As the slow poll does.
    await until('the checkpoint is at the head', async () => {
      await feed.catchUp();
      return (await models.checkpoint())?.version === 3;
    });
    const read: number[] = [];
    const { feed: restarted } = await replica({}, (own) => ({
      feedAfter: (version, limit) => {
        read.push(version);
        return own.feedAfter(version, limit);
      },
    }));
    expect(read).toEqual([3]);
    expect(restarted.snapshot().totals).toEqual(feed.snapshot().totals);
    await addAll(restarted, [registered(4)]);
    expect(restarted.snapshot().totals).toMatchObject({ bikes: 4 });
    await restarted.close();
    expect(await models.checkpoint()).toMatchObject({ version: 4, totals: { bikes: 4 } });
  });
});
