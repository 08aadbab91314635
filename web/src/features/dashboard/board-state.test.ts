import { describe, expect, it } from '@jest/globals';
import { boardOf } from './board-state.ts';
import type { Row } from './dashboard-state.ts';

const held = (bikeId: number, reserveStatus: Row['reserveStatus']) => ({
  row: { bikeId, reserveStatus } as Row,
  changes: 0,
});

describe('the bike board', () => {
  it('shows who is held, ridden, free and away', () => {
    const bikes = [
      { bikeId: 1, condition: 'IN_SERVICE' as const },
      { bikeId: 2, condition: 'IN_SERVICE' as const },
      { bikeId: 3, condition: 'IN_SERVICE' as const },
      { bikeId: 4, condition: 'LOST' as const },
      { bikeId: 5, condition: 'MAINTENANCE' as const },
    ];
    const rows = [held(2, 'PENDING'), held(3, 'IN_USE'), held(1, 'RETURNED'), held(5, 'IN_USE'), held(4, 'RESERVED')];
    expect(boardOf(bikes, rows).map(({ state }) => state)).toEqual([
      'available',
      'reserved',
      'inUse',
      'outOfService',
      'inUse',
    ]);
  });
});
