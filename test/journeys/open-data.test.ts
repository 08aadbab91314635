import { randomUUID } from 'node:crypto';
import { request, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BikeOfVehicleDocument,
  ChangeBikeConditionDocument,
  CloseStationDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  ReserveBikeDocument,
  ReturnBikeDocument,
} from '../../schema/client/generated/graphql.ts';
import type { Client } from '../../schema/client/client.ts';
import { gbfsSchemas, hasGbfsSchemas } from '../support/gbfs-schemas.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

interface Vehicle {
  vehicle_id: string;
  station_id?: string;
  is_reserved: boolean;
  is_disabled: boolean;
  rental_uris?: { web: string };
}

interface Feed {
  ttl: number;
  last_updated: string;
  data: {
    feeds?: { name: string; url: string }[];
    versions?: { version: string; url: string }[];
    vehicles?: Vehicle[];
    stations?: { station_id: string; num_vehicles_available: number; is_renting: boolean }[];
  };
}

/** How old the truth in a document may be: what docs/open-data.md promises. */
const behindAtMostMs = 2_000;
/**
 * A busy machine may hold up one document for longer, but hardly so many in a row. A feed that is made anew too rarely
 * is late each time: every decision is taken just after it was made.
 */
const decisions = 10;

/** Until a request is answered, on a busy machine; one that hangs never is. */
const answerWithinMs = 20_000;

interface Asked {
  path: string;
  method: string;
  headers: Record<string, string>;
}

const part = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('3.0', '3.1-RC3', 'json', 'xml', 'bikeList', '1', '5', 'ST-2', 'key') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('gbfs.json', 'vehicle_status.json', 'station_status.json', 'gbfs_versions.json'),
  },
  fc.constantFrom(
    '',
    '.',
    '..',
    '%2e%2e',
    '%2F',
    '%20',
    '%00',
    '%',
    '%zz',
    '%EA%B0',
    '0',
    '-1',
    '1001',
    '9'.repeat(30),
  ),
  fc.constantFrom(
    '2.3',
    '3.0.0',
    'ko',
    'JSON',
    'xls',
    '__proto__.json',
    'constructor.json',
    'gbfs.json.gz',
    'a;b',
    '*',
  ),
  fc.webSegment(),
  fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
);
const like = (...path: (fc.Arbitrary<string> | string)[]) =>
  fc.tuple(...path.map((one) => (typeof one === 'string' ? fc.constant(one) : one))).map((parts) => parts.join('/'));
const header = (...values: string[]) => fc.option(fc.oneof(fc.constantFrom(...values), fc.base64String()), { nil: '' });

/** Anything that reaches one of the two doors, most of it nearly right. */
const anything: fc.Arbitrary<Asked> = fc.record({
  path: fc
    .tuple(
      fc.oneof(
        like('/gbfs', fc.constantFrom('3.0', '3.1-RC3'), part),
        like(
          '/gbfs',
          fc.array(part, { maxLength: 4 }).map((parts) => parts.join('/')),
        ),
        like('/openapi', 'key', fc.constantFrom('json', 'xml'), 'bikeList', part, part, part),
        like(
          '/openapi',
          fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/')),
        ),
      ),
      fc.constantFrom('', '/', '//', '?', '?x=1&x=2', '?%', '/?a=b/c.json'),
    )
    .map(([path, end]) => path.replaceAll(/[?#]/g, '') + end),
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('GET', 'HEAD') },
    fc.constantFrom('OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'),
  ),
  headers: fc
    .record({
      'accept-encoding': header('br', 'gzip', '*', '*;q=0', 'br;q=0, gzip;q=0.1', 'identity;q=0', ';;q=,', 'zstd'),
      'if-none-match': header('*', 'W/"x", "y"', '"', 'W/'),
      accept: header('text/html', 'application/json;q=0', '*/*;q=0'),
      range: header('bytes=0-10', 'bytes=5-1', 'bytes=99999999-'),
      'if-range': header('"x"', 'Sat, 28 Nov 2026 00:00:00 GMT'),
      'if-match': header('"x"'),
      'if-modified-since': header('Sat, 28 Nov 2026 00:00:00 GMT'),
      origin: header('https://any.example', 'null'),
      'x-open-data-base': header('https://elsewhere.example'),
    })
    .map((headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))),
});

/** What is wrong with an answer by docs/open-data.md; undefined when it is one of its forms. */
function wrongIn(
  { path, method, headers: asked }: Asked,
  { status, headers, body }: { status: number; headers: IncomingHttpHeaders; body: Buffer },
): string | undefined {
  if (headers['access-control-allow-origin'] !== '*' && path !== '/openapi') return 'is not for every page';
  if (method === 'OPTIONS') return status === 204 ? undefined : 'is no preflight';
  if (method !== 'GET' && method !== 'HEAD') return status === 405 && headers.allow ? undefined : 'is no refusal';
  if (status === 304) return asked['if-none-match'] && body.length === 0 ? undefined : 'is nothing new to nobody';
  if (![200, 404].includes(status)) return 'has another status';
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!['identity', 'br', 'gzip'].includes(encoding)) return 'has another encoding';
  if (method === 'HEAD') return body.length === 0 ? undefined : 'has a body';
  const decode = { br: brotliDecompressSync, gzip: gunzipSync }[encoding];
  const text = (decode ? decode(body) : body).toString();
  if (text.includes('elsewhere.example')) return 'names the address that a client made up';
  if (status === 404) return (JSON.parse(text) as { error?: string }).error ? undefined : 'does not say why';
  if (path.startsWith('/gbfs')) {
    const { ttl = 0, last_updated = '', version = '-', data } = JSON.parse(text) as Partial<Feed & { version: string }>;
    return ttl > 0 && Date.parse(last_updated) > 0 && path.includes(version) && data ? undefined : 'is no feed';
  }
  const isXml = headers['content-type']?.startsWith('application/xml');
  const code = isXml
    ? /<CODE>([^<]*)</.exec(text)?.[1]
    : /"CODE":"([^"]*)"/.exec(JSON.stringify(JSON.parse(text)))?.[1];
  return /^(INFO-000|INFO-200|ERROR-3(00|01|10|31|32|33|34|36))$/.test(code ?? '') ? undefined : 'has no code';
}

describe('open data', () => {
  let system: TestSystem;
  let operator: Client;
  beforeAll(async () => {
    // A hold that runs out while somebody looks, and lasts on a busy machine until the ride begins.
    system = await startSystem({
      env: { HOLD_MINUTES: '0.3', EXPIRY_EVERY_MS: '200', PUBLIC_URL: 'https://bikes.example/' },
    });
    operator = await system.client('boss', 'operator');
    const position = { latitude: 37.5556488, longitude: 126.91062927 };
    const stations = [1, 2].map((number) => ({
      number,
      nameKo: `대여소 ${number}`,
      district: 'MAPO' as const,
      position,
      racks: 2,
    }));
    await operator.request(OpenStationsDocument, { input: { stations } });
  }, 240_000);
  afterEach(() => checkInvariants(system));
  afterAll(() => system.close());

  const get = (path: string, init?: RequestInit) => fetch(`${system.routerUrl}${path}`, init);
  const feed = async (name: string, version = '3.0') =>
    (await (await get(`/gbfs/${version}/${name}.json`)).json()) as Feed;
  const bring = (bikeIds: number[], stationId: string) =>
    until('the bikes stand at the station', async () => {
      const moves = bikeIds.map((bikeId) => ({ bikeId, stationId }));
      const { moveBikes } = await operator.request(MoveBikesDocument, { input: { moves } });
      return moveBikes.results.every(({ refusal }) => refusal === null);
    });
  const vehicles = async () => (await feed('vehicle_status')).data.vehicles ?? [];

  it('tells of a bike from its reservation to its return, under another name afterwards', async () => {
    const [bikeId = 0, other = 0] = await registerBikes(system, 2);
    await bring([bikeId, other], 'ST-1');
    await operator.request(ChangeBikeConditionDocument, { input: { bikeId: other, condition: 'MAINTENANCE' } });
    const shown = async (wanted: (found: Vehicle[]) => boolean) => {
      let found: Vehicle[] = [];
      await until('the feed shows it', async () => wanted((found = await vehicles())));
      return found;
    };
    const before = await shown((found) => found.length === 2 && found.some(({ is_disabled }) => is_disabled));
    const name = before.find(({ is_disabled }) => !is_disabled)?.vehicle_id;
    const isReserved = (found: Vehicle[]) => found.some((one) => one.vehicle_id === name && one.is_reserved);
    expect(isReserved(before)).toBe(false);

    const person = await rider(system, randomUUID());
    const bikeNamed = async (vehicleId = '') =>
      (await person.client.request(BikeOfVehicleDocument, { vehicleId })).bikeOfVehicle?.bikeId;
    const links = before.map(({ rental_uris }) => rental_uris?.web);
    expect(new Set(links)).toEqual(new Set([undefined, `https://bikes.example/ride?vehicle=${name}`]));
    expect(await bikeNamed(name)).toBe(bikeId);
    await person.buys(10_000);
    await person.reserves(bikeId);
    await shown(isReserved);
    // The hold runs out.
    await shown((found) => found.some((one) => one.vehicle_id === name && !one.is_reserved));
    const { reserveNo } = await person.reserves(bikeId);
    expect(await person.starts(reserveNo)).toBe('IN_USE');
    await shown((found) => found.length === 1 && found[0]?.vehicle_id !== name);
    expect(await bikeNamed(name)).toBeUndefined();
    await person.client.request(ReturnBikeDocument, { input: { reserveNo, stationId: 'ST-2' } });
    const after = await shown((found) => found.length === 2);
    expect(after.find(({ station_id }) => station_id === 'ST-2')).toMatchObject({ is_reserved: false });
    expect(after.map(({ vehicle_id }) => vehicle_id)).not.toContain(name);
    expect(await bikeNamed(name)).toBeUndefined();
    expect(await bikeNamed(after.find(({ station_id }) => station_id === 'ST-2')?.vehicle_id)).toBe(bikeId);

    const { data } = await feed('station_status');
    const available = data.stations?.map((one) => [one.station_id, one.num_vehicles_available]);
    expect(available).toEqual([
      ['ST-1', 0],
      ['ST-2', 1],
    ]);
    const list = await get('/openapi/anything/json/bikeList/1/5/');
    expect(await list.json()).toMatchObject({
      rentBikeStatus: { list_total_count: 2, row: [{ parkingBikeTotCnt: '1' }, { parkingBikeTotCnt: '1' }] },
    });
    await operator.request(CloseStationDocument, { input: { stationId: 'ST-1' } });
    await until('the station is closed in the feed', async () => {
      const { stations = [] } = (await feed('station_status')).data;
      return stations.some((one) => one.station_id === 'ST-1' && !one.is_renting);
    });
  }, 120_000);

  it('says a decision within two seconds of it, and that it is as new as that', async () => {
    const [bikeId = 0] = await registerBikes(system);
    await bring([bikeId], 'ST-2');
    const person = await rider(system, randomUUID());
    await person.buys(20_000);
    const reservedIn = ({ data }: Feed) => data.vehicles?.some(({ is_reserved }) => is_reserved) ?? false;
    const behind: number[] = [];
    while (!behind.some((ms) => ms <= behindAtMostMs) && behind.length < decisions) {
      await until('nothing is reserved', async () => !reservedIn(await feed('vehicle_status')));
      const { reserveBike } = await person.client.request(ReserveBikeDocument, { input: { bikeId } });
      const { reserveNo, reserveDateTime } = reserveBike.reservation ?? {};
      const decidedAt = Date.parse(reserveDateTime ?? '');
      let found: Feed | undefined;
      await until('the feed says it', async () => reservedIn((found = await feed('vehicle_status'))));
      const seenAt = Date.now();
      behind.push(seenAt - decidedAt);
      // In whole seconds.
      const saidAt = Date.parse(found?.last_updated ?? '') + 1_000;
      expect(saidAt).toBeGreaterThan(decidedAt);
      expect(saidAt).toBeLessThanOrEqual(seenAt + 1_000);
      expect(found?.ttl).toBe(1);
      await person.cancels(reserveNo ?? 0);
    }
    expect(Math.min(...behind)).toBeLessThanOrEqual(behindAtMostMs);
  }, 120_000);

  it('answers whatever is asked in one of its forms', async () => {
    const { hostname, port } = new URL(system.routerUrl);
    const ask = ({ path, method, headers }: Asked) =>
      new Promise<Parameters<typeof wrongIn>[1]>((resolve, reject) => {
        const signal = AbortSignal.timeout(answerWithinMs);
        const asking = request({ hostname, port, path, method, headers, signal }, (response) => {
          const { statusCode: status = 0, headers: answered } = response;
          buffer(response).then((body) => resolve({ status, headers: answered, body }), reject);
        });
        asking.once('error', reject).end();
      });
    await fc.assert(
      fc.asyncProperty(anything, async (asked) => {
        const answer = await ask(asked);
        expect([answer.status, wrongIn(asked, answer)]).toEqual([answer.status, undefined]);
      }),
      { numRuns: 500 },
    );
  }, 120_000);

  (hasGbfsSchemas() ? it : it.skip)(
    'is GBFS by its official schemas, at every address that it names',
    async () => {
      const schemaOf = await gbfsSchemas();
      const { versions = [] } = (await feed('gbfs_versions', '3.1-RC3')).data;
      expect(versions.map(({ version }) => version)).toEqual(['3.0', '3.1-RC3']);
      for (const { version, url } of versions) {
        const { pathname, origin } = new URL(url);
        expect(origin).toBe('https://bikes.example');
        const { feeds = [] } = ((await (await get(pathname)).json()) as Feed).data;
        expect(feeds.map((one) => one.name)).toContain('vehicle_status');
        for (const one of [{ name: 'gbfs', url }, ...feeds]) {
          const response = await get(new URL(one.url).pathname);
          const check = schemaOf(version, one.name);
          check(await response.json());
          expect([one.url, response.status, check.errors]).toEqual([one.url, 200, null]);
        }
      }
    },
    180_000,
  );

  it('is for every page and program: no token, no copy of what they have', async () => {
    const first = await get('/gbfs/3.0/system_regions.json', {
      headers: { origin: 'https://any.example', 'accept-encoding': 'br' },
    });
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    expect(first.headers.get('content-encoding')).toBe('br');
    const etag = first.headers.get('etag') ?? '';
    expect((await get('/gbfs/3.0/system_regions.json', { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await get('/gbfs/3.0/system_regions.json', { method: 'HEAD' })).headers.get('etag')).toBe(etag);
    expect((await get('/gbfs/3.0/system_regions.json', { method: 'OPTIONS' })).status).toBe(204);
    for (const path of [
      '/gbfs',
      '/gbfs/',
      '/gbfs/gbfs.json',
      '/gbfs/2.3/gbfs.json',
      '/gbfs/3.0/nothing.json',
      '/gbfs/3.0/gbfs.json/more',
      '/gbfs/3.0/',
    ]) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(JSON.stringify(await response.json())).toContain('/gbfs/3.0/gbfs.json');
    }
    for (const path of ['/gbfs/3.0/gbfs.json', '/openapi/k/json/bikeList/1/5/']) {
      const response = await get(path, { method: 'POST', body: '{}' });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    }
  });
});
