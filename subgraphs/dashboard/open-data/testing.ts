import fc from 'fast-check';
import { districtNames } from '../../../schema/places.ts';
import { createParked } from '../parked.ts';
import type { Picture } from '../picture.ts';
import type { BikeView, StationView } from '../projections.ts';
import type { Tariff } from './gbfs.ts';

export const tariff: Tariff = {
  reservationFee: 1_000,
  holdMinutes: 10,
  freeMinutes: 60,
  stepMinutes: 5,
  stepPrice: 200,
  cap: 30_000,
};

export const stationNumbered = (number: number, said: Partial<StationView> = {}): StationView => ({
  stationId: `ST-${number}`,
  number,
  nameKo: `대여소 ${number}`,
  nameEn: null,
  district: 'MAPO',
  address: null,
  position: { latitude: 37.5556488, longitude: 126.91062927 },
  racks: 10,
  openedDate: null,
  state: 'OPEN',
  since: '2026-11-27T00:00:00.000Z',
  ...said,
});

export const bikeNumbered = (bikeId: number, said: Partial<BikeView> = {}): BikeView => ({
  bikeId,
  condition: 'IN_SERVICE',
  use: 'free',
  ...said,
});

export function pictureOf(bikes: BikeView[], stations: StationView[] = []): Picture {
  const parked = createParked();
  for (const bike of bikes) parked.change(undefined, bike);
  return {
    bikes: new Map(bikes.map((bike) => [bike.bikeId, bike])),
    stations: new Map(stations.map((station) => [station.stationId, station])),
    parked: parked.at,
    at: new Date('2026-11-27T01:02:03.456Z'),
    version: 1,
  };
}

const positions = fc.record({
  latitude: fc.double({ min: 33, max: 39, noNaN: true }),
  longitude: fc.double({ min: 124, max: 132, noNaN: true }),
});
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

/** Any picture that events can lead to: bikes at stations that there are or not, with positions, or nowhere. */
export const pictures: fc.Arbitrary<Picture> = fc
  .tuple(
    fc.uniqueArray(
      fc.record({
        number: fc.integer({ min: 1, max: 20 }),
        nameKo: name,
        nameEn: fc.option(name),
        district: fc.constantFrom(...districtNames),
        address: fc.option(name),
        position: positions,
        racks: fc.integer({ min: 0, max: 30 }),
        state: fc.constantFrom('OPEN' as const, 'CLOSED' as const),
      }),
      { selector: ({ number }) => number, maxLength: 8 },
    ),
    fc.uniqueArray(
      fc.record({
        bikeId: fc.integer({ min: 1, max: 1_000 }),
        condition: fc.constantFrom(
          'IN_SERVICE' as const,
          'MAINTENANCE' as const,
          'LOST' as const,
          'RETIRED' as const,
          null,
        ),
        use: fc.constantFrom('free' as const, 'reserved' as const, 'inUse' as const),
        place: fc.oneof(
          fc.constant({}),
          fc.record({ position: positions }),
          fc.integer({ min: 1, max: 22 }).map((number) => ({ stationId: `ST-${number}` })),
        ),
        lastRide: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
        minute: fc.option(fc.integer({ min: 10, max: 15 }), { nil: undefined }),
      }),
      { selector: ({ bikeId }) => bikeId, maxLength: 60 },
    ),
  )
  .map(([stations, bikes]) =>
    pictureOf(
      bikes.map(({ place, lastRide, minute, use, ...bike }) => ({
        ...bike,
        use,
        // A bike on a ride stands nowhere.
        ...(use === 'inUse' ? {} : place),
        ...(lastRide === undefined ? {} : { lastRide }),
        ...(minute === undefined ? {} : { since: `2026-11-27T00:${minute}:00.000Z` }),
      })),
      stations.map(({ number, ...said }) => stationNumbered(number, said)),
    ),
  );
