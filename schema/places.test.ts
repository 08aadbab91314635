import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boxAround, metersBetween, stationIdOf, stationNumberIn, type Position } from './places.ts';

const cityHall = { latitude: 37.5663, longitude: 126.9779 };
const anywhere = fc.record({
  latitude: fc.double({ min: 33, max: 39, noNaN: true }),
  longitude: fc.double({ min: 124, max: 132, noNaN: true }),
});
/** Where one comes after so many meters in a direction, on a sphere. */
function after({ latitude, longitude }: Position, meters: number, bearing: number): Position {
  const [lat, lon, arc] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180, meters / 6_371_008.8];
  const there = Math.asin(Math.sin(lat) * Math.cos(arc) + Math.cos(lat) * Math.sin(arc) * Math.cos(bearing));
  const turn = Math.atan2(
    Math.sin(bearing) * Math.sin(arc) * Math.cos(lat),
    Math.cos(arc) - Math.sin(lat) * Math.sin(there),
  );
  return { latitude: (there * 180) / Math.PI, longitude: ((lon + turn) * 180) / Math.PI };
}

describe('a distance', () => {
  it('is the way on a sphere', () => {
    expect(metersBetween(cityHall, cityHall)).toBe(0);
    // A degree of latitude on the mean sphere: 111.195 km.
    expect(metersBetween({ latitude: 37, longitude: 127 }, { latitude: 38, longitude: 127 })).toBeCloseTo(
      111_195.08,
      2,
    );
    // Seoul Station; on the ellipsoid of maps it is 1436 m away.
    expect(Math.round(metersBetween(cityHall, { latitude: 37.5547, longitude: 126.9707 }))).toBe(1438);
  });

  it('is true to the millimetre in any direction, and the same both ways', () => {
    fc.assert(
      fc.property(
        anywhere,
        fc.double({ min: 0, max: 50_000, noNaN: true }),
        fc.double({ min: 0, max: 6.28, noNaN: true }),
        (from, meters, bearing) => {
          const to = after(from, meters, bearing);
          expect(Math.abs(metersBetween(from, to) - meters)).toBeLessThan(0.001);
          expect(metersBetween(to, from)).toBe(metersBetween(from, to));
        },
      ),
    );
  });
});

describe('a box', () => {
  it('holds every place that is so near, and little more', () => {
    fc.assert(
      fc.property(
        anywhere,
        fc.double({ min: 1, max: 2_000_000, noNaN: true }),
        fc.double({ min: 0, max: 6.28, noNaN: true }),
        (from, meters, bearing) => {
          const { south, north, west, east } = boxAround(from, meters);
          const { latitude, longitude } = after(from, meters, bearing);
          expect(latitude).toBeGreaterThanOrEqual(south);
          expect(latitude).toBeLessThanOrEqual(north);
          // Far around, a circle may cross the date line, where no station is.
          if (meters < 1_000_000) {
            expect(longitude).toBeGreaterThanOrEqual(west);
            expect(longitude).toBeLessThanOrEqual(east);
          }
        },
      ),
    );
    const { south, north } = boxAround(cityHall, 1_000);
    expect(metersBetween({ latitude: south, longitude: 127 }, { latitude: north, longitude: 127 })).toBeCloseTo(
      2_000,
      0,
    );
  });

  it('holds what is exactly as far, from a hair to the other end of the country', () => {
    const hair = fc.double({ min: -1e-7, max: 1e-7, noNaN: true });
    const beside = fc
      .tuple(anywhere, hair, hair)
      .map(
        ([from, north, east]) => [from, { latitude: from.latitude + north, longitude: from.longitude + east }] as const,
      );
    // Due north or south, the edge of the box is as far as the place.
    const across = fc
      .tuple(anywhere, anywhere)
      .map(([from, { latitude }]) => [from, { latitude, longitude: from.longitude }] as const);
    fc.assert(
      fc.property(fc.oneof(beside, across, fc.tuple(anywhere, anywhere)), ([from, to]) => {
        const { south, north, west, east } = boxAround(from, metersBetween(from, to));
        expect(to.latitude >= south && to.latitude <= north).toBe(true);
        expect(to.longitude >= west && to.longitude <= east).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a station’s id', () => {
  it('is that of its number, and of no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (number) => stationNumberIn(stationIdOf(number)) === number),
    );
    fc.assert(
      fc.property(
        fc.string(),
        (text) =>
          [undefined, text].includes(stationIdOf(stationNumberIn(text) ?? -1)) || stationNumberIn(text) === undefined,
      ),
    );
  });
});
