import { describe, expect, it } from '@jest/globals';
import { nearestFree } from './nearest-free.ts';

const free = [{ bikeId: 2 }, { bikeId: 9 }, { bikeId: 12 }];

describe('the bike to take instead', () => {
  it('has the nearest number, and is never the one that was refused', () => {
    expect(nearestFree(8, free)).toBe(9);
    expect(nearestFree(9, free)).toBe(12);
    expect(nearestFree(999_999, free)).toBe(12);
  });

  it('is none when none is free', () => {
    expect(nearestFree(8, [])).toBeNull();
    expect(nearestFree(8, [{ bikeId: 8 }])).toBeNull();
  });
});
