import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Long } from '../../platform/server/scalars.ts';
import { add, subtract, type Sum } from './sums.ts';

const edges = [53n, 62n, 63n, 64n, 70n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n]);
const amount = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const text = (sum: Sum) => String(sum);

describe('a sum of points', () => {
  it('is exact, a number as long as that is, and shown in every case', () => {
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 2_000 }), (amounts) => {
        const exact = amounts.reduce((sum, each) => sum + BigInt(each), 0n);
        const sum = amounts.reduce<Sum>(add, 0);
        expect(text(sum)).toBe(String(exact));
        expect(typeof sum === 'number').toBe(Number.isSafeInteger(Number(exact)));
        expect(String(Long.serialize(sum))).toBe(String(exact));
        expect(amounts.toReversed().reduce<Sum>(subtract, sum)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it.each(edges)('goes through %d and back', (edge) => {
    for (const sign of [1n, -1n]) {
      const there = add(0, String(sign * edge));
      expect(text(there)).toBe(String(sign * edge));
      expect(text(add(there, 1))).toBe(String(sign * edge + 1n));
      expect(subtract(there, String(sign * edge))).toBe(0);
      expect(String(Long.serialize(there))).toBe(String(sign * edge));
    }
  });

  it('goes on from one that was kept as an inexact number before', () => {
    expect(add(2 ** 54, 1)).toBe(String(2n ** 54n + 1n));
  });
});
