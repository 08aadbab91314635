import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { metersBetween } from '../../../../schema/places.ts';
import {
  fit,
  isIn,
  moved,
  pixelsOf,
  type Point,
  type Size,
  toPosition,
  toScreen,
  toWorld,
  type View,
  zoomed,
} from './view.ts';

const inKorea = fc.record({
  latitude: fc.double({ min: 33.5, max: 38.5, noNaN: true }),
  longitude: fc.double({ min: 124.5, max: 131.5, noNaN: true }),
});
const size: Size = { width: 390, height: 360 };
const onScreen = fc.record({
  x: fc.double({ min: 0, max: size.width, noNaN: true }),
  y: fc.double({ min: 0, max: size.height, noNaN: true }),
});
const cityHall = { latitude: 37.5663, longitude: 126.9779 };
const city: View = { center: toWorld(cityHall), scale: 600_000 };

const isNear = (one: Point, other: Point, pixels: number) =>
  expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeLessThan(pixels);

describe('a map', () => {
  it('finds each position again from where it stands', () => {
    fc.assert(
      fc.property(inKorea, (position) => {
        expect(metersBetween(toPosition(toWorld(position)), position)).toBeLessThan(0.01);
      }),
    );
  });

  it('shows all stations that it fits, however far apart, also one and none', () => {
    fc.assert(
      fc.property(fc.array(inKorea, { maxLength: 20 }), (positions) => {
        const points = positions.map(toWorld);
        const view = fit(points, size, 20);
        expect(Number.isFinite(view.scale) && Number.isFinite(view.center.x + view.center.y)).toBe(true);
        const seen = points.filter((point) => isIn(view, size, point));
        // All of the country is more than a phone shows at its farthest.
        if (view.scale > 80_000) expect(seen).toHaveLength(points.length);
      }),
    );
  });

  it('is never empty where there are stations, and shows the many when one is at the other end of the country', () => {
    const phone: Size = { width: 320, height: 200 };
    const seenOf = (points: readonly Point[]) => points.filter((point) => isIn(fit(points, phone, 30), phone, point));
    fc.assert(
      fc.property(fc.array(inKorea, { minLength: 1, maxLength: 20 }), (positions) => {
        expect(seenOf(positions.map(toWorld))).not.toHaveLength(0);
      }),
    );
    const city = Array.from({ length: 9 }, (_, index) => ({
      ...cityHall,
      latitude: cityHall.latitude + index / 1_000,
    }));
    const corners = [
      { latitude: 33, longitude: 124 },
      { latitude: 39, longitude: 132 },
    ];
    expect(seenOf([...corners, ...city].map(toWorld))).toHaveLength(city.length);
  });

  it('keeps what is under the finger there when it is zoomed', () => {
    fc.assert(
      fc.property(onScreen, fc.double({ min: 0.2, max: 5, noNaN: true }), (at, factor) => {
        const under: Point = {
          x: city.center.x + (at.x - size.width / 2) / city.scale,
          y: city.center.y + (at.y - size.height / 2) / city.scale,
        };
        isNear(toScreen(zoomed(city, size, at, factor), size, under), at, 0.01);
      }),
    );
  });

  it('moves with the finger', () => {
    const under = city.center;
    isNear(toScreen(moved(city, 40, -25), size, under), { x: 235, y: 155 }, 0.01);
  });

  it('never leaves Korea, nor zooms without end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        (by, factor) => {
          const view = moved(zoomed(city, size, { x: 0, y: 0 }, factor), by, by);
          const { latitude, longitude } = toPosition(view.center);
          expect(latitude).toBeGreaterThanOrEqual(32.999);
          expect(latitude).toBeLessThanOrEqual(39.001);
          expect(longitude).toBeGreaterThanOrEqual(123.999);
          expect(longitude).toBeLessThanOrEqual(132.001);
          expect(view.scale).toBeGreaterThan(70_000);
          expect(view.scale).toBeLessThan(200_000_000);
        },
      ),
    );
  });

  it('measures as the ground does', () => {
    const seoulStation = { latitude: 37.5547, longitude: 126.9707 };
    const meters = metersBetween(cityHall, seoulStation);
    expect(meters).toBeGreaterThan(1_430);
    expect(meters).toBeLessThan(1_450);
    const [one, other] = [cityHall, seoulStation].map((position) => toScreen(city, size, toWorld(position)));
    const pixels = Math.hypot((one?.x ?? 0) - (other?.x ?? 0), (one?.y ?? 0) - (other?.y ?? 0));
    expect(pixels / pixelsOf(meters, 37.56, city)).toBeCloseTo(1, 2);
  });
});
