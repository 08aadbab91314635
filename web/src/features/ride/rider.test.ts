import { expect, it } from '@jest/globals';
import { isDecided } from './rider.ts';

it.each([
  [null, false],
  ['PENDING', false],
  ['RESERVED', true],
  ['IN_USE', true],
] as const)('of a reservation that is %s, it is told that the bike is theirs: %s', (reserveStatus, told) => {
  const reservation = reserveStatus && { reserveStatus };
  expect(isDecided(reservation as Parameters<typeof isDecided>[0])).toBe(told);
});
