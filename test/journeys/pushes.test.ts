import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPushKey } from '../../deploy/local/development-keys.ts';
import {
  PushKeyDocument,
  StartPushesDocument,
  StopPushesDocument,
  WaitForBikeDocument,
} from '../../schema/client/generated/graphql.ts';
import { publicKeyOf } from '../../subgraphs/reservation/pushes/pushes.ts';
import { mostBrowsers } from '../../subgraphs/reservation/pushes/subscriptions.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startPushService } from '../support/push-service.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

describe('a rider whose page is closed', () => {
  let system: TestSystem;
  let service: Awaited<ReturnType<typeof startPushService>>;
  const key = createPushKey();

  beforeAll(async () => {
    service = await startPushService();
    // Held, and free, for so short a time that something is to be told at the first look or the second.
    const env = {
      ...key,
      PUSH_SERVICES: service.origin,
      HOLD_MINUTES: '0.25',
      OVERTIME_FREE_MINUTES: '10',
    };
    system = await startSystem({ env });
  }, 240_000);
  afterAll(async () => {
    await system.close();
    await service.close();
  }, 240_000);

  const start = async ({ client }: Rider, input: ReturnType<typeof service.browser>) =>
    (await client.request(StartPushesDocument, { input: { ...input, language: 'EN' } })).startPushes;
  const stop = async ({ client }: Rider, endpoint?: string) =>
    (await client.request(StopPushesDocument, { input: endpoint === undefined ? {} : { endpoint } })).stopPushes;

  it('is told that a hold ends, once, in each browser where they agreed and did not take it back', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const one = await rider(system, 'one');
    await one.buys(5_000);
    const { pushKey } = await one.client.request(PushKeyDocument, {});
    expect(pushKey).toBe(publicKeyOf(key.VAPID_PRIVATE_KEY));
    const [phone, tablet] = [service.browser(), service.browser()];
    expect(await start(one, phone)).toEqual({ browsers: 1, refusal: null });
    expect(await start(one, tablet)).toEqual({ browsers: 2, refusal: null });
    expect(await start(one, phone)).toEqual({ browsers: 2, refusal: null });
    expect(await stop(one, tablet.endpoint)).toEqual({ browsers: 1 });
    await one.reserves(bikeId);
    await until('it is told', () => service.pushed.length > 0);
    expect(service.pushed).toMatchObject([
      { path: new URL(phone.endpoint).pathname, text: { body: expect.stringContaining(`${bikeId}`), url: '/ride' } },
    ]);
  });

  it('is told that a ride is about to cost, and that the bike which they wait for is free', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const [rides, waits] = [await rider(system, 'rides'), await rider(system, 'waits')];
    await rides.buys(5_000);
    const { reserveNo } = await rides.reserves(bikeId);
    expect(await rides.starts(reserveNo)).toBe('IN_USE');
    const { waitForBike } = await waits.client.request(WaitForBikeDocument, { input: { bikeId } });
    expect(waitForBike.refusal).toBe(null);
    const theirs = new Map<Rider, ReturnType<typeof service.browser>>();
    for (const each of [rides, waits]) {
      const browser = service.browser();
      theirs.set(each, browser);
      await start(each, browser);
    }
    const toldTo = (one: Rider) => {
      const path = new URL(theirs.get(one)?.endpoint ?? '').pathname;
      return service.pushed.filter((push) => push.path === path).map(({ text }) => text.body);
    };
    await until('it is told of the ride', () => toldTo(rides).length > 0);
    expect(toldTo(rides)).toEqual([expect.stringContaining(`Bike ${bikeId} costs nothing more until`)]);
    expect(toldTo(waits)).toEqual([]);
    expect(await rides.returns(reserveNo)).toBe('RETURNED');
    await until('it is told of the bike', () => toldTo(waits).length > 0);
    expect(toldTo(waits)).toEqual([expect.stringContaining(`Bike ${bikeId} is free`)]);
  });

  it('has a bounded number of browsers, each of one rider alone', async () => {
    const [two, three] = [await rider(system, 'two'), await rider(system, 'three')];
    const browsers = Array.from({ length: mostBrowsers + 2 }, () => service.browser());
    for (const browser of browsers) await start(two, browser);
    const [first = service.browser(), last = service.browser()] = [browsers[0], browsers.at(-1)];
    expect(await stop(two, first.endpoint)).toEqual({ browsers: mostBrowsers });
    expect(await start(three, last)).toEqual({ browsers: 1, refusal: null });
    expect(await stop(two, last.endpoint)).toEqual({ browsers: mostBrowsers - 1 });
    expect(await stop(three, last.endpoint)).toEqual({ browsers: 0 });
    expect(await stop(two)).toEqual({ browsers: 0 });
  });

  it('has nothing sent anywhere else', async () => {
    const one = await rider(system, 'one');
    const browser = service.browser();
    for (const wrong of [
      { endpoint: 'https://127.0.0.1/x' },
      { endpoint: 'http://10.0.0.1/' },
      { p256dh: 'x' },
      { auth: '' },
    ]) {
      const { refusal } = await start(one, { ...browser, ...wrong });
      expect(refusal).toMatchObject({ code: 'PUSH_NOT_POSSIBLE' });
    }
  });
});
