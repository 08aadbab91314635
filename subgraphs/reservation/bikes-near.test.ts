import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { metersBetween, type Position } from '../../schema/places.ts';
import { bikesNear, farthestMeters, type Around } from './bikes-near.ts';
import { nearestFirst, type NearBike } from './store.ts';

const cityHall = { latitude: 37.5663, longitude: 126.9779 };
/** Few places, so that many stand equally far: in the same place, or as far on the other side. */
const place = fc
  .record({ north: fc.integer({ min: -1, max: 1 }), east: fc.integer({ min: -1, max: 1 }) })
  .map(({ north, east }): Position => ({
    latitude: cityHall.latitude + north / 128,
    longitude: cityHall.longitude + east / 128,
  }));

interface Bike {
  bikeId: number;
  isAvailable: boolean;
  /** At which station, or beside. */
  at: number | Position;
}

interface City {
  stations: Position[];
  bikes: Bike[];
}

const city = fc.array(place, { minLength: 1, maxLength: 80, size: 'max' }).chain((stations) =>
  fc.record({
    stations: fc.constant(stations),
    bikes: fc
      .array(
        fc.record({
          isAvailable: fc.boolean(),
          at: fc.oneof({ weight: 5, arbitrary: fc.nat(stations.length - 1) }, { weight: 1, arbitrary: place }),
        }),
        { maxLength: 120, size: 'max' },
      )
      .chain((bikes) =>
        fc
          .shuffledSubarray(
            bikes.map((_, index) => index + 1),
            { minLength: bikes.length },
          )
          .map((ids) => bikes.map((bike, index) => ({ ...bike, bikeId: ids[index] ?? 0 }))),
      ),
  }),
);

const idOf = (index: number) => `ST-${index + 1}`;

/** A city without servers, as its services answer. */
function around({ stations, bikes }: City): Around {
  const isWanted = (bike: Bike, isAvailable?: boolean) => isAvailable === undefined || bike.isAvailable === isAvailable;
  return {
    stations: {
      async near(from, meters) {
        if (!('position' in from)) throw new Error('Nobody asks from a station here.');
        const near = stations
          .map((station, index) => ({ stationId: idOf(index), meters: metersBetween(from.position, station) }))
          .filter((station) => station.meters <= meters)
          .sort((one, other) => one.meters - other.meters);
        return { position: from.position, near };
      },
    },
    store: {
      slotsByIds: async () => new Map(),
      async nearAt(near, isAvailable) {
        const meters = new Map(near.map((station) => [station.stationId, station.meters]));
        return bikes
          .filter((bike) => isWanted(bike, isAvailable))
          .flatMap(({ bikeId, at }): NearBike[] => {
            const far = typeof at === 'number' ? meters.get(idOf(at)) : undefined;
            return far === undefined ? [] : [{ bikeId, meters: far }];
          })
          .sort(nearestFirst);
      },
      async nearBeside(near, meters, isAvailable) {
        return bikes
          .filter((bike) => isWanted(bike, isAvailable))
          .flatMap(({ bikeId, at }) => (typeof at === 'number' ? [] : [{ bikeId, meters: metersBetween(near, at) }]))
          .filter((bike) => bike.meters <= meters)
          .sort(nearestFirst);
      },
    },
  };
}

/** By rules of its own: every bike, its distance, in order. */
function expected({ stations, bikes }: City, near: Position, meters: number, isAvailable?: boolean | null): NearBike[] {
  const all = bikes.flatMap(({ bikeId, at, ...bike }) => {
    const stands = typeof at === 'number' ? stations[at] : at;
    const isAsked = isAvailable === null || isAvailable === undefined || bike.isAvailable === isAvailable;
    return stands && isAsked ? [{ bikeId, meters: metersBetween(near, stands) }] : [];
  });
  return all
    .filter((bike) => bike.meters <= meters)
    .sort((one, other) => one.meters - other.meters || one.bikeId - other.bikeId);
}

describe('the bikes near a place', () => {
  it('are the nearest of all, of those equally near by number, however many are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        city,
        place,
        fc.constantFrom(1, 900, 2_000, farthestMeters, null),
        fc.constantFrom(true, false, null),
        fc.constantFrom(1, 2, 3, 5, 20, 200, null),
        async (within, near, withinMeters, available, first) => {
          const found = await bikesNear(around(within), { near, withinMeters, available, first });
          const all = expected(within, near, withinMeters ?? 1_000, available);
          expect(found).toEqual(all.slice(0, first ?? 50));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are told once each, also one that is brought from beside to a station while it is asked', async () => {
    const within: City = { stations: [cityHall], bikes: [{ bikeId: 7, isAvailable: true, at: 0 }] };
    const { store, stations } = around(within);
    const nearBeside = async () => [{ bikeId: 7, meters: 30 }];
    const found = await bikesNear({ stations, store: { ...store, nearBeside } }, { near: cityHall, first: 5 });
    expect(found).toEqual([{ bikeId: 7, meters: 0 }]);
  });

  it.each([0, -1, farthestMeters + 1])('are not looked for within %p meters', async (withinMeters) => {
    const asking = bikesNear(around({ stations: [], bikes: [] }), { near: cityHall, withinMeters });
    await expect(asking).rejects.toThrow(`"withinMeters" must be 1 to ${farthestMeters}, not ${withinMeters}.`);
  });
});
