import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { metersBetween, type Position } from '../../schema/places.ts';
import { UnavailableError } from '../../platform/index.ts';
import { alternativesTo } from './alternatives.ts';
import type { Around } from './bikes-near.ts';
import { nearestFirst, type NearBike, type SlotRow } from './store.ts';

interface City {
  stations: Position[];
  /** At which station, beside, or nowhere that is known. */
  bikes: { isAvailable: boolean; place: number | Position | null }[];
}

/** Some 11 km by 9: most of it is in reach from its middle, and some is not. */
const somewhere = fc.record({
  latitude: fc.double({ min: 37.5, max: 37.6, noNaN: true }),
  longitude: fc.double({ min: 126.9, max: 127, noNaN: true }),
});
const city: fc.Arbitrary<City> = fc.array(somewhere, { minLength: 1, maxLength: 60, size: 'max' }).chain((stations) =>
  fc.record({
    stations: fc.constant(stations),
    bikes: fc.array(
      fc.record({
        isAvailable: fc.boolean(),
        place: fc.oneof(fc.nat(stations.length - 1), fc.nat(stations.length - 1), somewhere, fc.constant(null)),
      }),
      { minLength: 1, maxLength: 40, size: 'max' },
    ),
  }),
);

const stationIdOf = (index: number) => `ST-${index + 1}`;

function positionIn({ stations, bikes }: City, bikeId: number): Position | undefined {
  const place = bikes[bikeId - 1]?.place ?? undefined;
  return typeof place === 'number' ? stations[place] : place;
}

const isHere = ({ bikes }: City, bikeId: number, wanted: boolean | undefined) =>
  wanted === undefined || bikes[bikeId - 1]?.isAvailable === wanted;

/** A city without servers; counts what is read. */
function around(within: City): Around & { reads: string[] } {
  const reads: string[] = [];
  const bikeIds = within.bikes.map((_, index) => index + 1);
  const far = (from: Position, bikeId: number): NearBike[] => {
    const position = positionIn(within, bikeId);
    return position ? [{ bikeId, meters: metersBetween(from, position) }] : [];
  };
  return {
    reads,
    stations: {
      async near(from, meters) {
        reads.push(`stations ${meters}`);
        const position = 'position' in from ? from.position : within.stations[Number(from.stationId.slice(3)) - 1];
        if (!position) return { near: [] };
        const near = within.stations
          .map((station, index) => ({ stationId: stationIdOf(index), meters: metersBetween(position, station) }))
          .filter((station) => station.meters <= meters)
          .sort((one, other) => one.meters - other.meters);
        return { position, near };
      },
    },
    store: {
      async slotsByIds([bikeId = 0]) {
        reads.push('bike');
        const place = within.bikes[bikeId - 1]?.place ?? null;
        const where =
          typeof place === 'number' ? { stationId: stationIdOf(place) } : { ...(place && { position: place }) };
        return new Map([[bikeId, { _id: bikeId, ...where } as SlotRow]]);
      },
      async nearAt(stations, isAvailable) {
        reads.push('bikes at stations');
        const meters = new Map(stations.map((station) => [station.stationId, station.meters]));
        return bikeIds
          .flatMap((bikeId) => {
            const place = within.bikes[bikeId - 1]?.place;
            const away = typeof place === 'number' ? meters.get(stationIdOf(place)) : undefined;
            return away !== undefined && isHere(within, bikeId, isAvailable) ? [{ bikeId, meters: away }] : [];
          })
          .sort(nearestFirst);
      },
      async nearBeside(from, meters, isAvailable) {
        reads.push('bikes beside');
        return bikeIds
          .filter((bikeId) => typeof within.bikes[bikeId - 1]?.place === 'object')
          .filter((bikeId) => isHere(within, bikeId, isAvailable))
          .flatMap((bikeId) => far(from, bikeId))
          .filter((bike) => bike.meters <= meters)
          .sort(nearestFirst);
      },
    },
  };
}

it('are the nearest five of a whole city that can be reserved, and never the bike that was refused', async () => {
  const asked = fc.oneof(
    fc.nat(40).map((index) => ({ bikeId: index + 1 })),
    fc.nat(60).map((index) => ({ stationId: stationIdOf(index) })),
  );
  let some = 0;
  await fc.assert(
    fc.asyncProperty(city, asked, async (within, wanted) => {
      const from =
        'bikeId' in wanted ? positionIn(within, wanted.bikeId) : within.stations[Number(wanted.stationId.slice(3)) - 1];
      const expected = within.bikes
        .map((bike, index) => ({ ...bike, bikeId: index + 1, position: positionIn(within, index + 1) }))
        .filter(({ isAvailable, bikeId }) => isAvailable && !('bikeId' in wanted && bikeId === wanted.bikeId))
        .flatMap(({ bikeId, position }) =>
          from && position ? [{ bikeId, meters: metersBetween(from, position) }] : [],
        )
        .filter(({ meters }) => meters <= 5_000)
        .sort(nearestFirst)
        .slice(0, 5);
      const places = around(within);
      expect(await alternativesTo(places, wanted, 'BIKE_ALREADY_RESERVED')).toEqual(expected);
      // 60 stations are looked at in two parts; two looks, and the place of the bike.
      expect(places.reads.length).toBeLessThanOrEqual(9);
      if (expected.length === 5) some += 1;
    }),
    { numRuns: 300 },
  );
  expect(some).toBeGreaterThan(30);
});

const small: City = {
  stations: [{ latitude: 37.55, longitude: 126.95 }],
  bikes: [{ isAvailable: true, place: 0 }],
};

it.each([
  ...[undefined, 'BIKE_NOT_FOUND', 'STATION_NOT_FOUND', 'INSUFFICIENT_POINTS', 'RIDER_HAS_LIVE_RESERVATION'],
  'IDEMPOTENCY_KEY_REUSED',
])('are looked for only where a bike was missing, not with %s', async (refusal) => {
  const places = around(small);
  expect(await alternativesTo(places, { stationId: 'ST-1' }, refusal)).toEqual([]);
  expect(places.reads).toEqual([]);
});

it('are none while a server is silent, and a defect stays one', async () => {
  const places = around(small);
  const failing = (error: Error) => ({ ...places, stations: { near: () => Promise.reject(error) } });
  const ask = (error: Error) => alternativesTo(failing(error), { stationId: 'ST-1' }, 'NO_BIKE_AT_STATION');
  expect(await ask(new UnavailableError('station'))).toEqual([]);
  await expect(ask(new TypeError('a defect'))).rejects.toThrow('a defect');
});
