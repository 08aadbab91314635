import { describe, expect, it } from '@jest/globals';
import { hindranceOf, isWorthWaiting } from './asked-bike.ts';

const bike = (condition: 'IN_SERVICE' | 'MAINTENANCE' | 'LOST' | 'RETIRED', isAvailable: boolean) => ({
  bike: { condition, isAvailable, station: null },
});

describe('a bike that a rider asks about', () => {
  it.each([
    ['free', bike('IN_SERVICE', true), null, false],
    ['taken', bike('IN_SERVICE', false), 'BIKE_ALREADY_RESERVED', true],
    ['broken', bike('MAINTENANCE', false), 'BIKE_NOT_IN_SERVICE', true],
    ['lost', bike('LOST', false), 'BIKE_NOT_IN_SERVICE', false],
    ['retired', bike('RETIRED', false), 'BIKE_NOT_IN_SERVICE', false],
    ['unknown', { bike: null }, 'BIKE_NOT_FOUND', false],
  ] as const)('that is %s says why it cannot be had, and whether waiting helps', (_name, asked, hindrance, waits) => {
    expect([hindranceOf(asked), isWorthWaiting(asked)]).toEqual([hindrance, waits]);
  });
});
