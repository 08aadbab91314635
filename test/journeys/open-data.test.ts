import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BikeOfVehicleDocument,
  ChangeBikeConditionDocument,
  CloseStationDocument,
  MoveBikesDocument,
  OpenStationsDocument,
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

describe('open data', () => {
  let system: TestSystem;
  let operator: Client;
  beforeAll(async () => {
    // A hold that runs out while somebody looks, and lasts on a busy machine until the ride begins.
    system = await startSystem({
      env: { HOLD_MINUTES: '0.2', EXPIRY_EVERY_MS: '200', PUBLIC_URL: 'https://bikes.example/' },
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
  afterEach(() => checkInvariants(system), 60_000);
  afterAll(() => system.close(), 60_000);

  const get = (path: string, init?: RequestInit) => fetch(`${system.routerUrl}${path}`, init);
  const feed = async (name: string, version = '3.0') =>
    (await (await get(`/gbfs/${version}/${name}.json`)).json()) as Feed;
  const vehicles = async () => (await feed('vehicle_status')).data.vehicles ?? [];

  it('tells of a bike from its reservation to its return, under another name afterwards', async () => {
    const [bikeId = 0, other = 0] = await registerBikes(system, 2);
    await until('both bikes stand at a station', async () => {
      const moves = [bikeId, other].map((moved) => ({ bikeId: moved, stationId: 'ST-1' }));
      const { moveBikes } = await operator.request(MoveBikesDocument, { input: { moves } });
      return moveBikes.results.every(({ refusal }) => refusal === null);
    });
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
    await person.starts(reserveNo);
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
  }, 60_000);
});
