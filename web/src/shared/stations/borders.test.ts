import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type District, districtNames, metersBetween, type Position } from '../../../../schema/places.ts';
import { type Border, bordersOf, reachMeters } from './borders.ts';
import { place, type Placed } from './figures.ts';
import type { Station } from './places.ts';
import { type Point, toPosition } from './view.ts';

type Stand = readonly [district: District, latitude: number, longitude: number];

const placed = (stands: readonly Stand[]) =>
  place(
    stands.map(([district, latitude, longitude], index): Station => {
      const names = { stationId: `ST-${index + 1}`, number: index + 1, nameKo: '가', nameEn: 'A', address: null };
      return { ...names, district, position: { latitude, longitude }, racks: 10, openedDate: null, state: 'OPEN' };
    }),
  );
const bordersAmong = (...stands: readonly Stand[]) => bordersOf(placed(stands));

/** Points of lines, and some between them. */
const along = (borders: readonly Border[]) =>
  borders.flatMap((border) =>
    border.slice(1).flatMap((to, index) => {
      const from = border[index] ?? to;
      return [0, 0.3, 0.5, 1].map((part) => ({
        x: from.x + (to.x - from.x) * part,
        y: from.y + (to.y - from.y) * part,
      }));
    }),
  );

/** In meters, to the nearest station of each district, the closest district first. */
function distances(stations: readonly Placed[], point: Point) {
  const nearest = new Map<District, number>();
  for (const { station } of stations) {
    const meters = metersBetween(station.position, toPosition(point));
    nearest.set(station.district, Math.min(meters, nearest.get(station.district) ?? Infinity));
  }
  return [...nearest]
    .map(([district, meters]) => ({ district, meters }))
    .sort((one, other) => one.meters - other.meters);
}

/** How far the shape of the earth may lead a line of this map astray. */
const toleranceMeters = 10;

/** To 10 cm, as cities publish it, on an area that is some times as wide as a border reaches. */
const stand = fc.tuple(
  fc.constantFrom(...districtNames.slice(0, 4)),
  fc.integer({ min: 37_500_000, max: 37_560_000 }).map((micro) => micro / 1_000_000),
  fc.integer({ min: 126_900_000, max: 126_980_000 }).map((micro) => micro / 1_000_000),
);

/** Of two at one place, a border knows one. */
const apart = fc.uniqueArray(stand, { minLength: 2, maxLength: 60, selector: ([, ...position]) => position.join() });

describe('the borders of districts', () => {
  it('are where the nearest stations of two districts are as far, and not too far', () => {
    fc.assert(
      fc.property(fc.array(stand, { maxLength: 60 }), (stands) => {
        const stations = placed(stands);
        for (const point of along(bordersOf(stations))) {
          const [one, other] = distances(stations, point);
          expect((other?.meters ?? Infinity) - (one?.meters ?? 0)).toBeLessThan(toleranceMeters);
          expect(one?.meters).toBeLessThan(reachMeters + toleranceMeters);
        }
      }),
    );
  });

  it('are missing nowhere: whoever walks from one district into another crosses one', () => {
    fc.assert(
      fc.property(apart, stand, stand, (stands, [, ...one], [, ...other]) => {
        const stations = placed(stands);
        const crossed = bordersOf(stations).flatMap(dense).map(toPosition);
        const steps = 400;
        const at = (step: number): Position => ({
          latitude: one[0] + ((other[0] - one[0]) * step) / steps,
          longitude: one[1] + ((other[1] - one[1]) * step) / steps,
        });
        const districtAt = (position: Position) => nearest(stations, position);
        for (let step = 1; step <= steps; step += 1) {
          const [before, now] = [districtAt(at(step - 1)), districtAt(at(step))];
          if (before.district === now.district || now.meters > reachMeters - 50) continue;
          expect(crossed.some((point) => metersBetween(point, at(step)) < 60)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are none where there are not two districts', () => {
    expect(bordersAmong()).toEqual([]);
    expect(bordersAmong(['MAPO', 37.55, 126.91])).toEqual([]);
    fc.assert(
      fc.property(fc.array(stand, { maxLength: 30 }), (stands) => {
        expect(bordersAmong(...stands.map(([, ...position]): Stand => ['MAPO', ...position]))).toEqual([]);
      }),
    );
  });

  it('are none between stations at the same place', () => {
    expect(bordersAmong(['MAPO', 37.55, 126.91], ['JUNG', 37.55, 126.91])).toEqual([]);
    const others: Stand[] = [
      ['MAPO', 37.55, 126.91],
      ['MAPO', 37.552, 126.912],
    ];
    expect(bordersAmong(...others, ['JUNG', 37.55, 126.91])).toEqual([]);
  });

  it('are one between two stations, half way, as long as both are near', () => {
    const [border, ...more] = bordersAmong(['MAPO', 37.55, 126.91], ['JUNG', 37.55, 126.93]);
    expect(more).toEqual([]);
    const [south, north] = [...(border ?? [])].map(toPosition).sort((one, other) => one.latitude - other.latitude);
    for (const end of [south, north]) expect(end?.longitude).toBeCloseTo(126.92, 6);
    for (const end of [south, north])
      expect(metersBetween(end as Position, { latitude: 37.55, longitude: 126.91 })).toBeCloseTo(reachMeters, -1);
    expect(bordersAmong(['MAPO', 37.55, 126.91], ['JUNG', 37.55, 126.95])).toEqual([]);
  });

  it('are there between stations in a row', () => {
    const row: readonly Stand[] = (['MAPO', 'JUNG', 'JUNG', 'MAPO'] as const).map((district, index) => [
      district,
      37.55,
      126.91 + index / 100,
    ]);
    const longitudes = bordersAmong(...row).map(([from]) => toPosition(from as Point).longitude);
    expect(longitudes.sort()).toEqual([expect.closeTo(126.915, 6), expect.closeTo(126.935, 6)]);
  });

  it('do not change for a station at the other end of the country', () => {
    const near: readonly Stand[] = [
      ['MAPO', 37.55, 126.91],
      ['JUNG', 37.55, 126.93],
      ['MAPO', 37.555, 126.912],
    ];
    const pointsOf = (stands: readonly Stand[]) =>
      bordersAmong(...stands)
        .flat()
        .map(({ x, y }) => `${x.toFixed(9)} ${y.toFixed(9)}`)
        .sort();
    expect(pointsOf([...near, ['SONGPA', 35.1, 129.04]])).toEqual(pointsOf(near));
  });

  it('run around a district within another, and end where they begin', () => {
    const grid: Stand[] = [];
    for (let row = -2; row <= 2; row += 1)
      for (let column = -2; column <= 2; column += 1)
        grid.push([row === 0 && column === 0 ? 'JUNG' : 'MAPO', 37.55 + row / 200, 126.91 + column / 200]);
    const [border, ...more] = bordersAmong(...grid);
    expect(more).toEqual([]);
    expect(border?.length).toBeGreaterThan(4);
    expect(border?.at(-1)).toEqual(border?.[0]);
  });

  it('of a city are lines from where three districts meet to the next such place', () => {
    const side = 50;
    const city = Array.from({ length: side ** 2 }, (_, index): Stand => {
      const [row, column] = [Math.floor(index / side), index % side];
      const district = districtNames[5 * Math.floor(row / 10) + Math.floor(column / 10)] ?? 'MAPO';
      // In no order, as streets have them.
      const [north, east] = [Math.sin(index * 12.9), Math.sin(index * 78.2)];
      return [district, 37.45 + (row + north / 3) / 300, 126.8 + (column + east / 3) / 300];
    });
    const borders = bordersAmong(...city);
    // Five by five have 40 borders; of four that meet, two may have a short one.
    expect(borders.length).toBeGreaterThanOrEqual(40);
    expect(borders.length).toBeLessThanOrEqual(56);
    expect(borders.flat().length).toBeGreaterThan(40 * 10);
  });
});

function nearest(stations: readonly Placed[], position: Position) {
  return stations.reduce<{ district: District | null; meters: number }>(
    (best, { station }) => {
      const meters = metersBetween(station.position, position);
      return meters < best.meters ? { district: station.district, meters } : best;
    },
    { district: null, meters: Infinity },
  );
}

/** With a point each 20 meters or so. */
function dense(border: Border): Border {
  return border.flatMap((to, index) => {
    const from = border[index - 1];
    if (!from) return [to];
    const parts = Math.ceil(metersBetween(toPosition(from), toPosition(to)) / 20) || 1;
    return Array.from({ length: parts }, (_, part) => ({
      x: from.x + ((to.x - from.x) * (part + 1)) / parts,
      y: from.y + ((to.y - from.y) * (part + 1)) / parts,
    }));
  });
}
