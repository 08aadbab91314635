import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gbfsVersions } from '../../../schema/open-data-addresses.ts';
import { whyNotThere } from '../../../schema/places.ts';
import type { BikeView } from '../projections.ts';
import { bikeNamed, fixedFeeds, liveFeeds, tariffFeeds, writeVehicles, type Live } from './gbfs.ts';
import { bikeNumbered, pictureOf, pictures, stationNumbered, tariff } from './testing.ts';
import { vehicleIds } from './vehicle-ids.ts';

const from = { vehicleIds: vehicleIds('secret'), publicUrl: undefined };
const installation = { contact: 'a@b.example', publicUrl: undefined };

interface Vehicle {
  vehicle_id: string;
  station_id?: string;
  lat?: number;
  lon?: number;
  is_reserved: boolean;
  is_disabled: boolean;
}
interface StationStatus {
  station_id: string;
  num_vehicles_available: number;
  num_vehicles_disabled: number;
  num_docks_available: number;
}

/** A feed of the live ones, read. */
const read = (name: string, picture: Live['picture'], version: '3.0' | '3.1-RC3' = '3.0') =>
  JSON.parse(liveFeeds[name]?.({ picture, ...from }, version) ?? 'null') as {
    vehicles: Vehicle[];
    stations: (StationStatus & { region_id?: string })[];
    alerts: { station_ids: string[] }[];
  };
const vehiclesOf = (...bikes: Parameters<typeof pictureOf>) => read('vehicle_status', pictureOf(...bikes)).vehicles;
const at = { stationId: 'ST-1' };
const stations = [stationNumbered(1)];

describe('vehicle_status', () => {
  it('has each bike that stands somewhere, with what a rider may do with it', () => {
    const position = { latitude: 37.12345678, longitude: 127.00000049 };
    const flags = (said: Parameters<typeof bikeNumbered>[1]) =>
      vehiclesOf([bikeNumbered(1, { ...at, ...said })], stations).map((one) => [one.is_reserved, one.is_disabled]);
    expect(flags({})).toEqual([[false, false]]);
    expect(flags({ use: 'reserved' })).toEqual([[true, false]]);
    expect(flags({ condition: 'MAINTENANCE' })).toEqual([[false, true]]);
    expect(vehiclesOf([bikeNumbered(1, { position })])).toMatchObject([{ lat: 37.123457, lon: 127 }]);
  });

  it('has none that is on a ride, lost, retired, unknown to its owner, nowhere, or at a station nobody opened', () => {
    const absent = [
      bikeNumbered(1, { ...at, use: 'inUse' }),
      bikeNumbered(2, { ...at, condition: 'LOST' }),
      bikeNumbered(3, { ...at, condition: 'RETIRED' }),
      bikeNumbered(4, { ...at, condition: null }),
      bikeNumbered(5),
      bikeNumbered(6, { stationId: 'ST-2' }),
    ];
    expect(vehiclesOf(absent, stations)).toEqual([]);
  });

  it('gives a bike another name after each ride, and only then', () => {
    const names = (...bikes: Parameters<typeof bikeNumbered>[1][]) =>
      new Set(bikes.map((said) => vehiclesOf([bikeNumbered(17, { ...at, ...said })], stations)[0]?.vehicle_id));
    expect(
      names({}, { use: 'reserved' }, { condition: 'MAINTENANCE' }, { position: { latitude: 37, longitude: 127 } }).size,
    ).toBe(1);
    expect(names({}, { lastRide: 1 }, { lastRide: 2 }).size).toBe(3);
    expect(names({ lastRide: 2 })).toEqual(new Set([vehicleIds('secret').nameOf(bikeNumbered(17, { lastRide: 2 }))]));
    expect(vehicleIds('secret').nameOf(bikeNumbered(17))).not.toBe(vehicleIds('another').nameOf(bikeNumbered(17)));
  });

  it('names no two bikes alike, and neither the names nor their order tell which is which', () => {
    const bikes = Array.from({ length: 2_000 }, (_, index) => bikeNumbered(index + 1, at));
    const names = vehiclesOf(bikes, stations).map(({ vehicle_id }) => vehicle_id);
    expect(new Set(names).size).toBe(2_000);
    expect(names).toEqual([...names].sort());
    for (const name of names) expect(name).toMatch(/^[\w-]{22}$/);
  });

  const textOf = (picture: Live['picture']) => liveFeeds['vehicle_status']?.({ picture, ...from }, '3.0');
  /** Of which nothing has been written yet. */
  const anew = (picture: Live['picture']) => ({ ...picture, bikes: new Map(picture.bikes) });

  it('is the same whether it was written at once or bike by bike as they changed', () => {
    const change = fc.record({
      bikeId: fc.integer({ min: 1, max: 8 }),
      use: fc.constantFrom('free' as const, 'reserved' as const, 'inUse' as const),
      lastRide: fc.integer({ min: 1, max: 2 }),
      stationId: fc.constantFrom('ST-1', 'ST-2'),
    });
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 8 }), { minLength: 2 }), (steps) => {
        const bikes = new Map<number, BikeView>();
        for (const [step, changes] of steps.entries()) {
          for (const { bikeId, ...said } of changes) bikes.set(bikeId, bikeNumbered(bikeId, said));
          // Of the two stations one is opened when bikes stand there already.
          const picture = { ...pictureOf([], [stationNumbered(1), ...(step > 0 ? [stationNumbered(2)] : [])]), bikes };
          expect(textOf(picture)).toBe(textOf(anew(picture)));
        }
      }),
    );
  });

  it('has what changed while it was written ahead, and lets others have their turn', async () => {
    const all = Array.from({ length: 3_000 }, (_, index) => bikeNumbered(index + 1, at));
    const picture = pictureOf(all, stations);
    const bikes = picture.bikes as Map<number, BikeView>;
    let turns = 0;
    const change = () => {
      turns += 1;
      bikes.set(turns, bikeNumbered(turns, { ...at, use: 'reserved' }));
      changing = setImmediate(change);
    };
    let changing = setImmediate(change);
    await writeVehicles({ picture, ...from });
    clearImmediate(changing);
    expect(turns).toBeGreaterThanOrEqual(3);
    const text = textOf(picture);
    expect(text).toBe(textOf(anew(picture)));
    expect(text?.match(/"is_reserved":true/g)).toHaveLength(turns);
  });
});

describe('a link', () => {
  const publicUrl = 'https://bikes.example';
  const linked = (name: string, picture: Live['picture']) =>
    JSON.parse(liveFeeds[name]?.({ ...from, picture, publicUrl }, '3.0') ?? '') as Record<
      string,
      { vehicle_id?: string; rental_uris?: { web: string } }[]
    >;

  it('opens the reservation at each station that is open', () => {
    const picture = pictureOf([], [stationNumbered(1), stationNumbered(2, { state: 'CLOSED' })]);
    const links = linked('station_information', picture)['stations']?.map(({ rental_uris }) => rental_uris?.web);
    expect(links).toEqual(['https://bikes.example/ride?station=ST-1', undefined]);
  });

  it('opens that of a bike that is free, by nothing but the name that changes', () => {
    const link = (said: Parameters<typeof bikeNumbered>[1]) =>
      linked('vehicle_status', pictureOf([bikeNumbered(17, { ...at, ...said })], stations))['vehicles']?.[0];
    const free = link({});
    expect(free?.rental_uris).toEqual({ web: `${publicUrl}/ride?vehicle=${free?.vehicle_id}` });
    expect(link({ lastRide: 1 })?.rental_uris?.web).not.toBe(free?.rental_uris?.web);
    expect(link({ use: 'reserved' })).not.toHaveProperty('rental_uris');
    expect(link({ condition: 'MAINTENANCE' })).not.toHaveProperty('rental_uris');
  });

  it('is not there where the installation has no address', () => {
    const picture = pictureOf([bikeNumbered(17, at)], stations);
    for (const feed of Object.values(liveFeeds)) expect(feed({ ...from, picture }, '3.0')).not.toContain('rental_uris');
    expect(fixedFeeds['system_information']?.(installation, '3.0')).not.toContain('"url"');
  });

  it('leads to the pages themselves', () => {
    const said = fixedFeeds['system_information']?.({ ...installation, publicUrl }, '3.0');
    expect(JSON.parse(said ?? '')).toMatchObject({ url: 'https://bikes.example/' });
  });
});

describe('the bike of a name', () => {
  it('is the one that the feed calls so now, and no other', () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const named = read('vehicle_status', picture).vehicles.map(({ vehicle_id }) => vehicle_id);
        const found = named.map((name) => bikeNamed(name, { ...from, picture })?.bikeId);
        expect(new Set(found).size).toBe(named.length);
        for (const bike of picture.bikes.values()) {
          const name = from.vehicleIds.nameOf(bike);
          expect(bikeNamed(name, { ...from, picture })).toBe(named.includes(name) ? bike : undefined);
          const before = from.vehicleIds.nameOf({ ...bike, lastRide: 1_000_000 });
          expect(bikeNamed(before, { ...from, picture })).toBeUndefined();
        }
      }),
    );
  });

  it('is none for any other text, or under another secret', () => {
    const picture = pictureOf([bikeNumbered(17, at)], stations);
    const name = from.vehicleIds.nameOf(bikeNumbered(17));
    expect(bikeNamed(name, { ...from, picture })?.bikeId).toBe(17);
    expect(bikeNamed(name, { vehicleIds: vehicleIds('another'), picture })).toBeUndefined();
    // The last sign of a name says four bits only: others decode to the same.
    const alike = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_').map(
      (sign) => name.slice(0, -1) + sign,
    );
    expect(alike.filter((text) => bikeNamed(text, { ...from, picture }))).toEqual([name]);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: fc.constantFrom('A', 'B', 'z', '9', '-', '_'), minLength: 22, maxLength: 22 }),
        ),
        (text) => expect(bikeNamed(text, { ...from, picture })).toBeUndefined(),
      ),
    );
  });

  it('is read back whatever the numbers are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        (bikeId, lastRide) => {
          expect(from.vehicleIds.bikeOf(from.vehicleIds.nameOf(bikeNumbered(bikeId, { lastRide })))).toBe(bikeId);
        },
      ),
    );
  });
});

describe('the feeds of any picture', () => {
  it('agree with each other, and with the picture', () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const { vehicles } = read('vehicle_status', picture);
        const status = read('station_status', picture).stations;
        const information = read('station_information', picture).stations;
        const known = information.map(({ station_id }) => station_id);
        expect(status.map(({ station_id }) => station_id)).toEqual(known);
        expect(new Set(known)).toEqual(new Set(picture.stations.keys()));
        const isKnown = (bike: BikeView) => bike.condition !== null;
        const standing = Map.groupBy([...picture.bikes.values()].filter(isKnown), ({ stationId }) => stationId);
        for (const { station_id, num_vehicles_available, num_vehicles_disabled, num_docks_available } of status) {
          const here = vehicles.filter((vehicle) => vehicle.station_id === station_id);
          expect(here.filter((one) => !one.is_reserved && !one.is_disabled)).toHaveLength(num_vehicles_available);
          expect(here.filter((one) => one.is_disabled)).toHaveLength(num_vehicles_disabled);
          const racks = picture.stations.get(station_id)?.racks ?? 0;
          expect(num_docks_available).toBe(Math.max(0, racks - (standing.get(station_id)?.length ?? 0)));
        }
        for (const vehicle of vehicles) {
          if (vehicle.station_id !== undefined) expect(known).toContain(vehicle.station_id);
          else expect(whyNotThere({ latitude: vehicle.lat ?? 0, longitude: vehicle.lon ?? 0 })).toBeNull();
        }
        const closed = [...picture.stations.values()].filter(({ state }) => state === 'CLOSED');
        expect(new Set(read('system_alerts', picture).alerts.flatMap(({ station_ids }) => station_ids))).toEqual(
          new Set(closed.map(({ stationId }) => stationId)),
        );
      }),
    );
  });

  it('say everything in every language, and refer only to what there is', () => {
    const system = JSON.parse(fixedFeeds['system_information']?.(installation, '3.0') ?? '') as {
      languages: string[];
    };
    const regions = JSON.parse(fixedFeeds['system_regions']?.(installation, '3.0') ?? '') as {
      regions: { region_id: string }[];
    };
    expect(regions.regions).toHaveLength(25);
    fc.assert(
      fc.property(pictures, fc.constantFrom(...gbfsVersions), (picture, version) => {
        const texts = [
          ...Object.values(liveFeeds).map((feed) => feed({ picture, ...from }, version)),
          ...Object.values(tariffFeeds).map((feed) => feed(tariff, version)),
          ...Object.values(fixedFeeds).map((feed) => feed(installation, version)),
        ];
        for (const text of texts)
          JSON.parse(text, (_key, value: unknown) => {
            if (isTold(value)) expect(value.map(({ language }) => language)).toEqual(system.languages);
            return value;
          });
        const known = regions.regions.map(({ region_id }) => region_id);
        for (const { region_id } of read('station_information', picture, version).stations) {
          expect(known).toContain(region_id);
        }
      }),
    );
  });
});

const isTold = (value: unknown): value is { language: string; text: string }[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => typeof one === 'object' && one !== null && 'language' in one);

describe('the tariff', () => {
  const planOf = (version: '3.0' | '3.1-RC3', change: Partial<typeof tariff> = {}) =>
    (JSON.parse(tariffFeeds['system_pricing_plans']?.({ ...tariff, ...change }, version) ?? '') as { plans: object[] })
      .plans[0];

  it('is told in the words of each version', () => {
    const overtime = { per_min_pricing: [{ start: 60, rate: 200, interval: 5, end: 810 }], currency: 'KRW' };
    expect(planOf('3.0')).toMatchObject({ ...overtime, price: 1_000 });
    expect(planOf('3.1-RC3')).toMatchObject({ ...overtime, price: 0, reservation_price_flat_rate: 1_000 });
    expect(planOf('3.0')).not.toHaveProperty('reservation_price_flat_rate');
  });

  it.each([{ stepPrice: 0 }, { cap: 0 }])('has no overtime where none is charged: %j', (change) => {
    expect(planOf('3.0', change)).not.toHaveProperty('per_min_pricing');
  });
});
