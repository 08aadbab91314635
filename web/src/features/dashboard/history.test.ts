import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Minute } from './dashboard-state.ts';
import {
  type Bucket,
  labelledSlots,
  placeAfter,
  ranges,
  readRange,
  slotsOf,
  slotsOfMinutes,
  spanOf,
  sumsOf,
  ticksFor,
  writeRange,
} from './history.ts';
import { axisLabel, slotName } from './slot-names.ts';

/** 27 November 2026 in Seoul. */
const day = Date.UTC(2026, 10, 27) / 86_400_000;
const bucket = (begin: string, counts: Partial<Bucket> = {}): Bucket => ({
  ...{ begin, requested: 0, confirmed: 0, rejected: 0, cancelled: 0, expired: 0, ridesStarted: 0, returned: 0 },
  ...{ rideMinutes: 0, refused: 0, refusals: [], pointsPurchased: 0, pointsSpent: 0, pointsRestored: 0 },
  ...{ overtimeCharged: 0, ...counts },
});

describe('the range', () => {
  it('is kept in the address with what else is there', () => {
    for (const range of ranges) expect(readRange(writeRange(range, '?q=10&status=IN_USE'))).toBe(range);
    expect(writeRange('week', '?status=IN_USE,EXPIRED')).toBe('?status=IN_USE,EXPIRED&range=week');
    expect(writeRange('minutes', '?range=week')).toBe('');
    expect(['', '?range=', '?range=century', '?range=__proto__'].map(readRange)).toEqual(Array(4).fill('minutes'));
  });

  it('asks for whole days of Seoul', () => {
    expect(ranges.map((range) => spanOf(range, day))).toEqual([
      null,
      { from: '2026-11-26T15:00:00.000Z', to: '2026-11-27T15:00:00.000Z', by: 'HOUR' },
      { from: '2026-11-25T15:00:00.000Z', to: '2026-11-26T15:00:00.000Z', by: 'HOUR' },
      { from: '2026-11-20T15:00:00.000Z', to: '2026-11-27T15:00:00.000Z', by: 'HOUR' },
      { from: '2026-10-28T15:00:00.000Z', to: '2026-11-27T15:00:00.000Z', by: 'DAY' },
    ]);
  });
});

describe('a bar', () => {
  const begin = '2026-11-27T05:00:00.000Z';
  it('is named by its time in Seoul', () => {
    const [hour = { begin: 0, end: 0 }] = slotsOf('week', [bucket(begin)]);
    expect(ranges.map((range) => slotName(hour, range, 'ko'))).toEqual([
      '14:00',
      '14:00–15:00',
      '14:00–15:00',
      '11-27 (금) 14:00–15:00',
      '11-27 (금)',
    ]);
    expect(slotName(hour, 'month', 'en')).toBe('11-27 (Fri)');
    expect(ranges.map((range) => axisLabel(hour, range))).toEqual(['14:00', '14:00', '14:00', '11-27', '11-27']);
    const [last = { begin: 0, end: 0 }] = slotsOf('today', [bucket('2026-11-27T14:00:00.000Z')]);
    expect(slotName(last, 'today', 'ko')).toBe('23:00–00:00');
  });

  it('is there for each of the last sixty minutes', () => {
    const minute: Minute = { minute: begin, requested: 3, rejected: 1, refused: 2, refusals: [] };
    const slots = slotsOfMinutes([minute], Date.parse(begin) + 30_000);
    expect(slots).toHaveLength(60);
    expect(slots.at(-1)).toMatchObject({ requested: 3, begin: Date.parse(begin), end: Date.parse(begin) + 60_000 });
    expect(slots[0]).toMatchObject({ requested: 0, begin: Date.parse(begin) - 59 * 60_000 });
  });
});

describe('the chart', () => {
  it('has few round values beside it, from 0 to at least its peak', () => {
    expect([0, 1, 4, 5, 9, 12, 100, 101, 19_200].map(ticksFor)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2, 3, 4],
      [0, 2, 4, 6],
      [0, 5, 10],
      [0, 5, 10, 15],
      [0, 50, 100],
      [0, 50, 100, 150],
      [0, 5000, 10_000, 15_000, 20_000],
    ]);
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (peak) => {
        const ticks = ticksFor(peak);
        expect(ticks.length).toBeLessThanOrEqual(5);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(peak);
        // No more than twice as high as need be, or bars would be small.
        expect(ticks.at(-1)).toBeLessThanOrEqual(Math.max(2, 2 * peak));
      }),
    );
  });

  it('has few times below it', () => {
    const counts = { minutes: 60, today: 24, yesterday: 24, week: 168, month: 30 };
    expect(ranges.map((range) => labelledSlots(range, counts[range]).length)).toEqual([4, 4, 4, 7, 5]);
  });

  it('is read by keys, and never left by them', () => {
    expect(['ArrowLeft', 'ArrowRight', 'Home', 'End', 'Tab', 'a'].map((key) => placeAfter(key, null, 24))).toEqual([
      23,
      23,
      0,
      23,
      null,
      null,
    ]);
    const keys = fc.constantFrom(
      'ArrowLeft',
      'ArrowRight',
      'ArrowUp',
      'ArrowDown',
      'PageUp',
      'PageDown',
      'Home',
      'End',
    );
    fc.assert(
      fc.property(fc.array(keys), fc.integer({ min: 1, max: 168 }), (pressed, count) => {
        let place: number | null = null;
        for (const key of pressed) {
          place = placeAfter(key, place, count);
          expect(place).toBeGreaterThanOrEqual(0);
          expect(place).toBeLessThan(count);
        }
      }),
    );
    expect([placeAfter('ArrowLeft', 5, 24), placeAfter('ArrowRight', 5, 24)]).toEqual([4, 6]);
    expect([placeAfter('PageDown', 5, 24), placeAfter('PageUp', 5, 24)]).toEqual([0, 15]);
  });

  it('adds up what became of the attempts', () => {
    const buckets = [
      bucket('2026-11-27T05:00:00.000Z', { confirmed: 2, refused: 1, returned: 1 }),
      bucket('2026-11-27T06:00:00.000Z', { confirmed: 3, cancelled: 4, expired: 5 }),
    ];
    expect(sumsOf(buckets)).toEqual({ confirmed: 5, returned: 1, cancelled: 4, expired: 5, refused: 1 });
  });
});
