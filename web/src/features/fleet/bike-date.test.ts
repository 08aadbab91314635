import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readDate } from './bike-date.ts';

const now = Date.parse('2026-11-26T09:00:00.000Z');
const read = (text: string) => {
  const { time, problem } = readDate(text, now);
  return time ?? problem;
};

describe('a date in a file', () => {
  it.each([
    ['2015-09-06', '2015-09-05T15:00:00.000Z'],
    ['2000-01-01', '1999-12-31T15:00:00.000Z'],
    ['2018.09.28', '2018-09-27T15:00:00.000Z'],
    ['2018. 9. 28.', '2018-09-27T15:00:00.000Z'],
    ['20180928', '2018-09-27T15:00:00.000Z'],
    ['2018/9/28', '2018-09-27T15:00:00.000Z'],
    ['2018년 9월 28일', '2018-09-27T15:00:00.000Z'],
    ['２０１８－０９－２８', '2018-09-27T15:00:00.000Z'],
    ['2015-09-06 23:42', '2015-09-06T14:42:00.000Z'],
    ['2015-09-06 23:42:08.0', '2015-09-06T14:42:08.000Z'],
    ['2026-11-23T09:00:00+09:00', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23T00:00:00Z', '2026-11-23T00:00:00.000Z'],
    ['2024-02-29', '2024-02-28T15:00:00.000Z'],
  ])('%s is read', (text, time) => expect(read(text)).toBe(time));

  it.each([
    ...['2026-02-30', '2026-02-30T00:00:00Z', '2026-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '20260230'],
    ...['2026-11-23T24:00:00Z', '2026-11-23T09:60:00Z', '2026-11-23T09:00:00+24:00', '11/23/2026', '23-11-2026'],
    ...['yesterday', '43371', '2018-9', '2018-09-2８x', '1-1-1', '', '2018.09/28', '=NOW()', '99999-01-01'],
  ])('%j is none', (text) => expect(read(text)).toBe('badDate'));

  it.each(['0001-01-01', '0000-12-31', '1899-12-30', '1970-01-01', '1999-12-31', '2027-12-01', '9999-12-31'])(
    '%s is a slip',
    (text) => expect(read(text)).toBe('strangeDate'),
  );

  it('is the day that it says, in Seoul, for every day there is', () => {
    const days = fc.date({ min: new Date('2000-01-01'), max: new Date('2027-10-01'), noInvalidDate: true });
    fc.assert(
      fc.property(days, (any) => {
        const said = any.toISOString().slice(0, 10);
        const shown = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Seoul' }).format(new Date(read(said)));
        expect(shown).toBe(said);
      }),
    );
  });
});
