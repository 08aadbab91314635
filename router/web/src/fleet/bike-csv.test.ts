import { describe, expect, it } from '@jest/globals';
import { readBikes } from './bike-csv.ts';

const problems = (text: string) => readBikes(text).map(({ line, problem }) => [line, problem]);

describe('a file of bikes', () => {
  it('is read with or without a heading, in the mark and the line ends of any editor', () => {
    expect(readBikes('\uFEFFcolor,registeredDate\r\ngreen,2026-11-23\r\n\r\nwhite\r\n')).toEqual([
      { line: 2, color: 'green', registeredDate: '2026-11-22T15:00:00.000Z', problem: null },
      { line: 4, color: 'white', registeredDate: null, problem: null },
    ]);
    expect(readBikes('green')).toHaveLength(1);
    expect(readBikes('색\t등록일\n초록\t2026.11.23')[0]?.color).toBe('초록');
  });

  it('keeps what is quoted together', () => {
    expect(readBikes('"green, with a ""basket""";2026-11-23T09:00:00+09:00')[0]).toEqual({
      line: 1,
      color: 'green, with a "basket"',
      registeredDate: '2026-11-23T00:00:00.000Z',
      problem: null,
    });
  });

  it('says line by line what is wrong', () => {
    expect(problems(`,2026-11-23\n${'x'.repeat(41)}\ngreen,yesterday\n"green\ngreen,2026-02-31\ngreen`)).toEqual([
      [1, 'noColor'],
      [2, 'longColor'],
      [3, 'badDate'],
      [4, 'badQuotes'],
      [5, 'badDate'],
      [6, null],
    ]);
  });

  it('is empty when it says nothing', () => {
    expect(readBikes('\n \n')).toEqual([]);
  });
});
