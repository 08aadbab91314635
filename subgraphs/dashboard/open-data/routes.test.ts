import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.ts';
import { UnavailableError } from '../../../platform/index.ts';
import type { Picture } from '../picture.ts';
import { createOpenData } from './routes.ts';
import { bikeNumbered, pictureOf, stationNumbered, tariff } from './testing.ts';
import { vehicleIds } from './vehicle-ids.ts';

const feedOfBikes = 'vehicle_status';

describe('the feeds as they are sent', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  async function open() {
    let now = Date.parse('2026-11-27T01:00:00Z');
    let picture: Picture = pictureOf([bikeNumbered(1, { stationId: 'ST-1' })], [stationNumbered(1)]);
    let isAway = false;
    let asked = 0;
    let broken: Error | undefined;
    let made = 0;
    let arrived = 0;
    let held: Promise<unknown> | undefined;
    const routes = createOpenData({
      picture: () => (broken ? Promise.reject(broken) : Promise.resolve(picture)),
      async live() {
        made += 1;
        await held;
        if (broken) throw broken;
        return { picture, vehicleIds: vehicleIds('secret'), publicUrl: undefined };
      },
      tariff() {
        asked += 1;
        return isAway ? Promise.reject(new UnavailableError('point does not answer')) : Promise.resolve(tariff);
      },
      installation: { contact: 'a@b.example', publicUrl: undefined },
      clock: () => new Date(now),
    });
    const failures: unknown[] = [];
    const server = createServer((request, response) => {
      arrived += 1;
      const route = routes[request.url?.startsWith('/gbfs/') ? '/gbfs/' : '/openapi/'];
      // As the platform does with what a route does not answer itself.
      Promise.resolve(route?.(request, response)).catch((error: unknown) => {
        failures.push(error);
        response.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => (server.closeAllConnections(), server.close()));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      get: (name: string, headers: Record<string, string> = {}) => fetch(`${base}/gbfs/3.0/${name}.json`, { headers }),
      bikeList: (from: number) => fetch(`${base}/openapi/any/json/bikeList/${from}/${from}`),
      breaks: (error?: Error) => (broken = error),
      failures,
      /** A change of the picture, and its time. */
      change: (said: Partial<Picture>) => (picture = { ...picture, ...said, version: picture.version + 1 }),
      pass: (ms: number) => (now += ms),
      away: (away: boolean) => (isAway = away),
      asked: () => asked,
      /** How often a feed of now was made. */
      made: () => made,
      /** Making begins, and ends only when so many more requests have come. */
      holdUntil(requests: number) {
        const all = arrived + requests;
        held = until(`${requests} requests came`, () => Promise.resolve(arrived >= all));
      },
    };
  }

  it('are the same bytes until something changed and a second has passed', async () => {
    const { get, change, pass } = await open();
    const first = await get('vehicle_status');
    const etag = first.headers.get('etag') ?? '';
    pass(60_000);
    expect((await get('vehicle_status')).headers.get('etag')).toBe(etag);
    const at = new Date('2026-11-27T01:02:03Z');
    change({ at, bikes: new Map([[1, bikeNumbered(1, { stationId: 'ST-1', use: 'reserved' })]]) });
    pass(999);
    for (const known of [etag, `"other", ${etag}`, '*']) {
      expect((await get('vehicle_status', { 'if-none-match': known })).status).toBe(304);
    }
    pass(1);
    const changed = await get('vehicle_status', { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(await changed.json()).toMatchObject({
      last_updated: '2026-11-27T01:02:03Z',
      ttl: 1,
      data: { vehicles: [{ is_reserved: true }] },
    });
  });

  it('are made only for those who ask, once for all who ask meanwhile', async () => {
    const { get, change, pass, made, holdUntil } = await open();
    for (const asked of [1, 2]) {
      change({ bikes: new Map([[1, bikeNumbered(1, { stationId: 'ST-1', lastRide: asked })]]) });
      pass(60_000);
      expect(made()).toBe(asked - 1);
      holdUntil(3);
      const answers = await Promise.all(
        ['br', 'gzip', 'identity'].map((one) => get(feedOfBikes, { 'accept-encoding': one })),
      );
      expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(1);
      expect(made()).toBe(asked);
    }
  });

  it('say what changes while they are made, and what changes then to the next who asks', async () => {
    const { get, change, pass, holdUntil } = await open();
    holdUntil(2);
    const first = get(feedOfBikes);
    change({ bikes: new Map([[1, bikeNumbered(1, { stationId: 'ST-1', use: 'reserved' })]]) });
    await get(feedOfBikes);
    expect(await (await first).json()).toMatchObject({ data: { vehicles: [{ is_reserved: true }] } });
    change({ bikes: new Map() });
    pass(1_000);
    expect(await (await get(feedOfBikes)).json()).toMatchObject({ data: { vehicles: [] } });
  });

  it('tell all who waited what went wrong, and are made again for the next', async () => {
    const { get, breaks, made, holdUntil, failures } = await open();
    const broken = new Error('a bug');
    breaks(broken);
    holdUntil(2);
    const answers = await Promise.all([get(feedOfBikes), get(feedOfBikes)]);
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(failures).toEqual([broken, broken]);
    breaks();
    expect((await get(feedOfBikes)).status).toBe(200);
    expect(made()).toBe(2);
  });

  it('ask for the tariff once a minute, and say the last one while its owners are away', async () => {
    const { get, pass, away, asked } = await open();
    away(true);
    const missing = await get('system_pricing_plans');
    expect([missing.status, missing.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await get('station_status')).status).toBe(200);
    away(false);
    const known = await (await get('system_pricing_plans')).text();
    pass(59_999);
    await get('system_pricing_plans');
    expect(asked()).toBe(2);
    away(true);
    pass(1);
    expect(await (await get('system_pricing_plans')).text()).toBe(known);
    expect(asked()).toBe(3);
  });

  it('name the address that the router says', async () => {
    const { get } = await open();
    const response = await get('gbfs', { 'x-open-data-base': 'https://bikes.example' });
    expect(JSON.stringify(await response.json())).toContain('"https://bikes.example/gbfs/3.0/station_status.json"');
  });

  it('are made anew when the clock was put back', async () => {
    const { get, change, pass } = await open();
    await get('vehicle_status');
    change({ bikes: new Map() });
    pass(-3_600_000);
    expect(await (await get('vehicle_status')).json()).toMatchObject({ data: { vehicles: [] } });
  });

  it('sort stations once for all who ask in a second', async () => {
    const { bikeList, change, pass } = await open();
    let counted = 0;
    class Counted extends Map<string, ReturnType<typeof stationNumbered>> {
      override values() {
        counted += 1;
        return super.values();
      }
    }
    change({ stations: new Counted([['ST-1', stationNumbered(1)]]) });
    for (const from of [1, 2, 3, 1]) expect((await bikeList(from)).status).toBe(200);
    expect(await (await bikeList(1)).json()).toMatchObject({ rentBikeStatus: { row: [{ parkingBikeTotCnt: '1' }] } });
    pass(1_000);
    await bikeList(1);
    expect(counted).toBe(1);
    change({});
    pass(1_000);
    await bikeList(1);
    expect(counted).toBe(2);
  });

  it('are not there while the database is away, and say what they said last', async () => {
    const { get, bikeList, breaks, pass, failures } = await open();
    // As the driver says it.
    const away = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:27017'), { name: 'MongoNetworkError' });
    breaks(away);
    for (const response of [await get('station_status'), await bikeList(1)]) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await response.text()).not.toContain('27017');
    }
    breaks();
    const known = await (await get('station_status')).text();
    breaks(away);
    pass(1_000);
    expect(await (await get('station_status')).text()).toBe(known);
    expect(failures).toEqual([]);
  });
});
