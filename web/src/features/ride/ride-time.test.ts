import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { overtimePrice, type OvertimeRule } from '../../../../schema/overtime.ts';
import { rideTimeAt } from './ride-time.ts';

const minute = 60_000;
const start = Date.parse('2026-11-23T09:00:00Z');
const city: OvertimeRule = { freeMinutes: 60, stepMinutes: 5, stepPrice: 200, cap: 30_000 };
const at = (minutes: number, rule = city) => {
  const { stage, price, dearer, dearerAt } = rideTimeAt(start + minutes * minute, start, rule);
  return [stage, price, dearer, (dearerAt - start) / minute];
};

describe('a ride', () => {
  it.each([
    [0, ['free', 0, 200, 60]],
    [49.99, ['free', 0, 200, 60]],
    [50, ['soon', 0, 200, 60]],
    [60, ['soon', 0, 200, 60]],
    [60.01, ['over', 200, 400, 65]],
    [65, ['over', 200, 400, 65]],
    [65.01, ['over', 400, 600, 70]],
    [805.01, ['over', 30_000, 30_000, 810]],
    [-1, ['free', 0, 200, 60]],
  ])('of %d minutes is %p: its stage, what it costs, and next what, when', (minutes, told) =>
    expect(at(minutes)).toEqual(told),
  );

  it('that is never free is over from its first moment on', () => {
    expect(at(0, { ...city, freeMinutes: 0 })).toEqual(['soon', 0, 200, 0]);
    expect(at(0.01, { ...city, freeMinutes: 0 })).toEqual(['over', 200, 400, 5]);
  });

  const rules = fc.record({
    freeMinutes: fc.integer({ min: 0, max: 200 }),
    stepMinutes: fc.integer({ min: 1, max: 120 }),
    stepPrice: fc.integer({ min: 0, max: 10_000 }),
    cap: fc.integer({ min: 0, max: 50_000 }),
  });
  it('costs what point will charge, until the time that is told, and from then on what is told', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 0, max: 3_000 * minute }), (rule, rideMs) => {
        const { stage, price, dearer, dearerAt } = rideTimeAt(start + rideMs, start, rule);
        const charged = (now: number) => overtimePrice(now - start, rule);
        expect(price).toBe(charged(start + rideMs));
        expect(dearerAt).toBeGreaterThanOrEqual(start + rideMs);
        expect(charged(dearerAt)).toBe(price);
        expect(charged(dearerAt + 1)).toBe(dearer);
        if (stage !== 'over') expect(price).toBe(0);
      }),
    );
  });
});
