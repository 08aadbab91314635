import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Long } from '../../platform/server/scalars.ts';
import {
  beginsOf,
  bucketsOf,
  hoursIn,
  mostBuckets,
  partsOf,
  refusalsIn,
  rideMinutesIn,
  type BucketSize,
} from './history.ts';
import { hourCounts, type HourView } from './hours.ts';
import { add, type Sum } from './sums.ts';

const begins = (from: string, to: string, by: BucketSize = 'HOUR') =>
  beginsOf({ from, to, by }).map((ms) => new Date(ms).toISOString());

describe('the buckets of a range', () => {
  it('are the hours that it touches, whole', () => {
    const hours = ['2026-11-27T03:00:00.000Z', '2026-11-27T04:00:00.000Z'];
    expect(begins('2026-11-27T03:00:00Z', '2026-11-27T05:00:00Z')).toEqual(hours);
    expect(begins('2026-11-27T03:59:59.999Z', '2026-11-27T04:00:00.001Z')).toEqual(hours);
    expect(begins('2026-11-27T03:30:00Z', '2026-11-27T03:30:00.001Z')).toEqual(hours.slice(0, 1));
    // Kathmandu’s hours begin at three quarters of ours.
    expect(begins('2026-11-27T09:00:00+05:45', '2026-11-27T10:00:00+05:45')).toEqual(hours);
  });

  it('are days of Seoul', () => {
    expect(begins('2026-11-26T15:00:00Z', '2026-11-27T15:00:00Z', 'DAY')).toEqual(['2026-11-26T15:00:00.000Z']);
    expect(begins('2026-11-26T14:59:59Z', '2026-11-27T15:00:01Z', 'DAY')).toEqual([
      '2026-11-25T15:00:00.000Z',
      '2026-11-26T15:00:00.000Z',
      '2026-11-27T15:00:00.000Z',
    ]);
    expect(hoursIn(beginsOf({ from: '2026-11-27T00:00:00Z', to: '2026-11-27T01:00:00Z', by: 'DAY' }), 'DAY')).toEqual([
      ...Array.from({ length: 9 }, (_, place) => `2026-11-26T${place + 15}`),
      ...Array.from({ length: 15 }, (_, place) => `2026-11-27T${String(place).padStart(2, '0')}`),
    ]);
  });

  it('must not be too many, none, or before what a time can say', () => {
    expect(begins('2026-01-01T00:00:00Z', '2026-01-09T08:00:00Z')).toHaveLength(mostBuckets);
    expect(() => begins('2026-01-01T00:00:00Z', '2026-01-09T08:00:00.001Z')).toThrow(
      '"from" to "to" is 201 hours, and at most 200 are told at once.',
    );
    expect(() => begins('0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', 'DAY')).toThrow(/is 36520\d\d days/);
    expect(() => begins('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')).toThrow('"from" must be before "to"');
    expect(() => begins('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).toThrow('"from" must be before "to"');
    expect(() => begins('0000-01-01T00:00:00Z', '0000-01-01T01:00:00Z', 'DAY')).toThrow('must not be before');
  });

  const moment = fc.integer({ min: Date.parse('0000-01-02T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') });
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/;

  it('cover every range without a gap, and can all be said', () => {
    const lengths = fc.integer({ min: 1, max: mostBuckets * 3_600_000 });
    fc.assert(
      fc.property(moment, lengths, fc.constantFrom<BucketSize>('HOUR', 'DAY'), (start, length, by) => {
        const [from, to] = [start, Math.min(start + length, Date.parse('9999-12-31T23:59:59.999Z'))];
        fc.pre(from < to && (to - from) / 3_600_000 < mostBuckets - 1);
        const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), by };
        const found = beginsOf(range);
        const ms = by === 'HOUR' ? 3_600_000 : 86_400_000;
        expect(found[0]).toBeLessThanOrEqual(from);
        expect(from - (found[0] ?? 0)).toBeLessThan(ms);
        expect(found.at(-1)).toBeLessThan(to);
        expect((found.at(-1) ?? 0) + ms).toBeGreaterThanOrEqual(to);
        found.forEach((begin, place) => {
          expect(begin).toBe((found[0] ?? 0) + place * ms);
          expect(new Date(begin).toISOString()).toMatch(rfc3339);
        });
        expect(hoursIn(found, by)).toHaveLength((found.length * ms) / 3_600_000);
      }),
    );
  });

  it('are those of its parts together, from the first moment on', () => {
    const lengths = fc.integer({ min: 1, max: 1_000 * 3_600_000 });
    const starts = fc.oneof(
      moment,
      fc.nat(86_400_000).map((ms) => Date.parse('0000-01-02T00:00:00Z') + ms),
    );
    fc.assert(
      fc.property(starts, lengths, fc.constantFrom<BucketSize>('HOUR', 'DAY'), (from, length, by) => {
        const to = Math.min(from + length, Date.parse('9999-12-31T23:59:59.999Z'));
        fc.pre(from < to);
        const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), by };
        const begins = partsOf(range).flatMap(beginsOf);
        const ms = by === 'HOUR' ? 3_600_000 : 86_400_000;
        begins.forEach((begin, place) => expect(begin).toBe((begins[0] ?? 0) + place * ms));
        expect(from - (begins[0] ?? 0)).toBeLessThan(ms);
        expect((begins.at(-1) ?? 0) + ms).toBeGreaterThanOrEqual(to);
      }),
    );
    const first = { from: '0000-01-02T00:00:00Z', to: '0000-01-05T00:00:00Z', by: 'DAY' as const };
    expect(partsOf(first).flatMap(beginsOf)).toHaveLength(4);
  });

  it('lose nothing and repeat nothing: by the day the same sums as by the hour', () => {
    const from = Date.parse('2026-11-20T15:00:00Z');
    const amounts = fc.oneof(fc.nat(1000), fc.constantFrom<Sum>(2 ** 53 - 1, '9223372036854775807'));
    const rows = fc.uniqueArray(
      fc.record({
        hour: fc.nat(7 * 24 - 1).map((place) => new Date(from + place * 3_600_000).toISOString().slice(0, 13)),
        counts: fc.dictionary(fc.constantFrom(...hourCounts), amounts),
        refused: fc.record({ BIKE_NOT_FOUND: fc.nat(9) }, { requiredKeys: [] }),
      }) as fc.Arbitrary<HourView>,
      { selector: ({ hour }) => hour },
    );
    fc.assert(
      fc.property(rows, (some) => {
        const range = { from: '2026-11-21T00:00:00+09:00', to: '2026-11-28T00:00:00+09:00' };
        const sums = (['HOUR', 'DAY'] as const).map((by) => {
          const buckets = bucketsOf(beginsOf({ ...range, by }), by, some);
          expect(buckets).toHaveLength(by === 'HOUR' ? 168 : 7);
          return hourCounts.map((name) => buckets.reduce<Sum>((sum, { counts }) => add(sum, counts[name] ?? 0), 0));
        });
        const told = hourCounts.map((name) => some.reduce<Sum>((sum, { counts }) => add(sum, counts[name] ?? 0), 0));
        expect(sums).toEqual([told, told]);
      }),
    );
  });

  it('are 0 where nothing happened, and leave out what is not in the range', () => {
    const row: HourView = { hour: '2026-11-27T05', counts: { requested: 2 }, refused: {} };
    const found = beginsOf({ from: '2026-11-27T03:00:00Z', to: '2026-11-27T05:00:00Z', by: 'HOUR' });
    expect(bucketsOf(found, 'HOUR', [row])).toEqual([
      { begin: '2026-11-27T03:00:00.000Z', counts: {}, refused: {} },
      { begin: '2026-11-27T04:00:00.000Z', counts: {}, refused: {} },
    ]);
  });

  it('tell minutes of rides whole, whatever the sum', () => {
    expect(rideMinutesIn({ counts: { riddenMs: 119_999 }, refused: {} })).toBe(1n);
    expect(rideMinutesIn({ counts: {}, refused: {} })).toBe(0n);
    expect(Long.serialize(rideMinutesIn({ counts: { riddenMs: '5404319552844595200000' }, refused: {} }))).toBe(
      '90071992547409920',
    );
  });

  it('tell the most frequent reason first', () => {
    expect(refusalsIn({ counts: {}, refused: { BIKE_NOT_FOUND: 1, NO_POINT_ACCOUNT: 3 } })).toEqual([
      { code: 'NO_POINT_ACCOUNT', count: 3 },
      { code: 'BIKE_NOT_FOUND', count: 1 },
    ]);
  });
});
