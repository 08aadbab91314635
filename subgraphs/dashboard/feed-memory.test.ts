import { describe, expect, it } from '@jest/globals';
import { createFeedMemory } from './feed-memory.ts';
import type { ReservationView } from './projections.ts';
import type { FeedDocument } from './read-models.ts';
import { writtenFrom } from './row-keys.ts';

const reservation = (reserveStatus: ReservationView['reserveStatus']): ReservationView => ({
  ...{ reserveNo: 7, userId: '10', bikeId: 1, reserveStatus, fee: 1_000 },
  reserveDateTime: '2026-11-28T00:00:00.000Z',
  ...{ expiresAt: null, startDateTime: null, returnDateTime: null },
  updatedAt: '2026-11-28T00:00:00.000Z',
});

const commitOf = (view: ReservationView) => writtenFrom([['reservation:7', view]]) as unknown as FeedDocument;

describe('the memory of the feed', () => {
  it('keeps what goes on, and what was absorbed until it is written', () => {
    const memory = createFeedMemory(1);
    memory.absorb(commitOf(reservation('IN_USE')));
    memory.remember('bike:1', undefined);
    expect(memory.get('reservation:7')).toEqual(reservation('IN_USE'));
    memory.written();
    expect(memory.isKnown('reservation:7')).toBe(false);
    expect(memory.isKnown('bike:1')).toBe(true);
  });

  it.each(['RETURNED', 'CANCELLED', 'EXPIRED', 'REJECTED'] as const)(
    'lets go of a reservation that is %s once it is written, and of what it was before',
    (status) => {
      const memory = createFeedMemory(10);
      memory.absorb(commitOf(reservation('RESERVED')));
      memory.absorb(commitOf(reservation(status)));
      expect(memory.get('reservation:7')).toEqual(reservation(status));
      memory.written();
      expect(memory.isKnown('reservation:7')).toBe(false);
    },
  );
});
