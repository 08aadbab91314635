import { describe, expect, it } from '@jest/globals';
import { extensionsOf, noteSeen, type Seen } from './seen.ts';

const operation = (): { seen?: Seen } => ({});

describe('what an operation has seen', () => {
  it('is the newest event of each stream, whatever order the answers come in', () => {
    const one = operation();
    noteSeen(one, { seen: ['reservation.bike-1@7', 'point.account-a@b@c@2'] });
    noteSeen(one, { seen: ['reservation.bike-1@10', 'point.account-a@b@c@1'] });
    noteSeen(one, undefined);
    expect(extensionsOf(one)).toBe(',"extensions":{"seen":["reservation.bike-1@10","point.account-a@b@c@2"]}');
  });

  it('is nothing where no answer told of an event', () => {
    const one = operation();
    for (const extensions of [undefined, null, {}, { seen: 7 }, { seen: [] }, { seen: ['nothing', 7, null] }]) {
      noteSeen(one, extensions);
    }
    expect(extensionsOf(one)).toBe('');
  });

  it('has a limit, and goes on with what it knows', () => {
    const one = operation();
    noteSeen(one, { seen: Array.from({ length: 5_000 }, (_, number) => `bike.bike-${number}@1`) });
    noteSeen(one, { seen: ['bike.bike-0@2'] });
    expect(one.seen?.size).toBe(1_000);
    expect(one.seen?.get('bike.bike-0')).toBe('bike.bike-0@2');
  });
});
