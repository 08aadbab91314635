import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Runtime } from '../../../platform/index.ts';
import { createStage, type Stage } from '../../../platform/service/testing.ts';
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
