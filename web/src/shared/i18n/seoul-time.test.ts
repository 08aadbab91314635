import { describe, expect, it } from '@jest/globals';
import { clockTimeOn, hourAndMinuteOn } from './seoul-time.ts';

describe('a time, seen later', () => {
  const newYear = Date.parse('2027-01-01T00:00:00+09:00');
  it.each([
    ['of the same day has no day', '2027-01-01T00:00:05+09:00', newYear + 86_399_000, '00:00:05'],
    ['of another day of the year has its day', '2027-01-01T18:00:05+09:00', newYear + 86_400_000, '01-01 18:00:05'],
    ['of New Year’s Eve has its year on New Year’s Day', newYear - 1_000, newYear, '2026-12-31 23:59:59'],
    ['of the same day a year ago has its year', '2026-01-01T18:00:05+09:00', newYear, '2026-01-01 18:00:05'],
    [
      'of a year that has begun in Seoul alone has none',
      '2026-12-31T15:00:00Z',
      newYear + 86_400_000,
      '01-01 00:00:00',
    ],
    ['of the next year has it, as the end of a ride over New Year', newYear, newYear - 1, '2027-01-01 00:00:00'],
  ])('%s', (_, time, now, text) => {
    expect(clockTimeOn(time, now)).toBe(text);
    expect(hourAndMinuteOn(time, now)).toBe(text.slice(0, -3));
  });
});
