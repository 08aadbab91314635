import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPushKey } from '../../../deploy/local/development-keys.ts';
import type { Runtime } from '../../../platform/index.ts';
import { createStage, type Stage } from '../../../platform/service/testing.ts';
import { createPushes } from './pushes.ts';
import { createPushSubscriptions, type NewPushSubscription } from './subscriptions.ts';

describe('the browsers of riders who agreed', () => {
  let stage: Stage;
  let subscriptions: ReturnType<typeof createPushSubscriptions>;
  let runtime: Runtime;
  beforeAll(async () => {
    stage = await createStage();
    runtime = await stage.runtime('reservation');
    subscriptions = createPushSubscriptions(runtime.database);
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    await runtime.database.collection('push_subscriptions').deleteMany({});
  });

  const add = (userId: string, endpoint: string, more: Partial<NewPushSubscription> = {}) =>
    subscriptions.add({ userId, endpoint, p256dh: 'p', auth: 'a', language: 'KO', key: 'old', ...more }, new Date());
  const endpointsOf = async (...userIds: string[]) => (await subscriptions.of(userIds)).map(({ endpoint }) => endpoint);

  it('are found by their riders, and none where nobody agreed', async () => {
    expect(await subscriptions.isEmpty()).toBe(true);
    for (const userId of ['10', '11', '12']) await add(userId, `https://push.example/${userId}`);
    expect(await subscriptions.isEmpty()).toBe(false);
    expect(await endpointsOf('10', '12', '13')).toEqual(['https://push.example/10', 'https://push.example/12']);
    expect(await endpointsOf()).toEqual([]);
  });

  it('are told by the first that asks, as they were when it looked', async () => {
    await add('10', 'https://push.example/a');
    const [row] = await subscriptions.of(['10']);
    if (!row) throw new Error('No row.');
    expect(await subscriptions.claim(row, 'one')).toBe(true);
    expect(await subscriptions.claim(row, 'one')).toBe(false);
    // Its push service asked for a pause, by a clock that is far ahead.
    await subscriptions.release(row, 'one', new Date('2027-11-28T00:00:00Z'));
    expect(await subscriptions.claim(row, 'one')).toBe(false);
    const [later] = await subscriptions.of(['10']);
    expect(await subscriptions.claim(later ?? row, 'one')).toBe(true);
  });

  it('hear of the tariff that point has, whatever became of the clock', async () => {
    await add('10', 'https://push.example/a');
    let [asked, passedMs] = [0, 1_000];
    let now = new Date('2026-11-28T01:00:00Z');
    const pushes = createPushes(
      {
        ...runtime,
        clock: () => now,
        time: { ...runtime.time, now: () => passedMs },
        bus: { ...runtime.bus, ask: async () => ({ freeMinutes: (asked += 1) }) },
      },
      {
        privateKey: createPushKey().VAPID_PRIVATE_KEY,
        ...{ contact: 'bikes@city.example', services: [], holdMs: 600_000 },
        ridersWith: async () => [],
        ridersNow: async () => () => ({ live: null, waiting: null }),
      },
    );
    const look = () => pushes.sweeps[0]?.run(new AbortController().signal);
    await look();
    now = new Date('2026-11-28T00:00:00Z');
    for (const ms of [299_999, 1]) {
      await look();
      expect(asked).toBe(1);
      passedMs += ms;
    }
    await look();
    expect(asked).toBe(2);
  });

  it('are forgotten where another key signs now; those that agreed to it are kept', async () => {
    await add('10', 'https://push.example/a');
    await add('10', 'https://push.example/b');
    await add('10', 'https://push.example/b', { key: 'new' });
    await subscriptions.prepare(undefined);
    expect((await endpointsOf('10')).length).toBe(2);
    await subscriptions.prepare('new');
    expect(await endpointsOf('10')).toEqual(['https://push.example/b']);
  });
});
