import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { excessIn } from './variable-limits.ts';

const limits = { listItems: 10, fields: 5, nesting: 4, values: 40 };
const nested = (depth: number, wrap: (inner: unknown) => unknown) => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = wrap(value);
  return value;
};

describe('variables', () => {
  it.each([
    ['a list that is long', { a: Array(11).fill(0) }, 'a list of 11 items'],
    ['a list in a list', { a: [Array(11).fill(0)] }, 'a list of 11 items'],
    ['an object of many fields', { a: { b: 1, c: 2, d: 3, e: 4, f: 5, g: 6 } }, 'an object of 6 fields'],
    ['lists in lists', { a: nested(5, (inner) => [inner]) }, 'nested deeper than 4'],
    ['objects in objects', { a: nested(100_000, (inner) => ({ inner })) }, 'nested deeper than 4'],
    ['many variables', Object.fromEntries(Array.from({ length: 41 }, (_, n) => [n, n])), 'more than 40 values'],
    ['many short lists', { a: Array(8).fill(Array(8).fill(0)) }, 'more than 40 values'],
  ])('are refused with %s', (_what, variables, says) => expect(excessIn(variables, limits)).toContain(says));

  it('pass at the limits, and whatever is small', () => {
    expect(excessIn({ a: Array(10).fill(0), b: nested(4, (inner) => [inner]), c: null }, limits)).toBeUndefined();
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }), (variables) => {
        expect(excessIn(variables, { listItems: 100, fields: 100, nesting: 10, values: 10_000 })).toBeUndefined();
      }),
    );
  });
});
