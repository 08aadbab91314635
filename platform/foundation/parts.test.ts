import { describe, expect, it } from '@jest/globals';
import { partsOf } from './parts.ts';

describe('parts of a list of keys', () => {
  it('have each key once, in order, and at most fifty of them', () => {
    const keys = Array.from({ length: 101 }, (_, key) => key);
    const parts = partsOf(keys);
    expect(parts.map(({ length }) => length)).toEqual([50, 50, 1]);
    expect(parts.flat()).toEqual(keys);
  });

  it('are none of an empty list', () => {
    expect(partsOf([])).toEqual([]);
  });
});
