import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isText, textRules } from '../../../../schema/text.ts';
import { csvFile } from '../../shared/api/csv.ts';
import { type BikeLine, fileColumns, longestImport, readBikes } from './bike-csv.ts';

const now = Date.parse('2026-11-26T09:00:00.000Z');
const read = (text: string) => readBikes(text, now);
const bikes = (text: string) =>
  read(text).lines.map(({ line, color, registeredDate }) => [line, color, registeredDate]);
const problems = (text: string) => read(text).lines.map(({ line, problem }) => [line, problem]);
const keys = (text: string) => read(text).lines.map(({ key }) => key);
const midnight = '2026-11-22T15:00:00.000Z';

describe('a file of bikes', () => {
  it('is read with or without a heading, in the mark and the line ends of any editor', () => {
    expect(bikes('\uFEFFcolor,registeredDate\r\ngreen,2026-11-23\r\n\r\nwhite\r\n')).toEqual([
      [2, 'green', midnight],
      [4, 'white', null],
    ]);
    expect(bikes('green')).toEqual([[1, 'green', null]]);
    expect(bikes('\r\n , \r\n색\t등록일\r초록\t2026.11.23\n')).toEqual([[4, '초록', midnight]]);
    expect(bikes('등록일;메모;색상\n2026-11-23;새것;초록')).toEqual([[2, '초록', midnight]]);
  });

  it.each([
    ['sep=;\r\ncolor;date\r\ngreen;2026-11-23', 3],
    ['"sep=;"\ngreen;2026-11-23', 2],
    ['SEP=,\n"green","2026-11-23"', 2],
    ['sep=\t\ngreen\t2026-11-23', 2],
    ['green;2026-11-23', 1],
    ['green|2026-11-23', 1],
    ['색상，등록일\ngreen，２０２６－１１－２３', 2],
    ['green；2026-11-23', 1],
  ])('%j says what separates', (text, line) => {
    expect(bikes(text)).toEqual([[line, 'green', midnight]]);
  });

  it('keeps what is quoted together, also over lines', () => {
    expect(bikes('"green, with a ""basket""";2026-11-23T00:00:00+09:00')).toEqual([
      [1, 'green, with a "basket"', midnight],
    ]);
    expect(bikes('color,note,date\ngreen,"a\r\nb\nc",2026-11-23\nwhite,,')).toEqual([
      [2, 'green', midnight],
      [5, 'white', null],
    ]);
  });

  it('says line by line what is wrong', () => {
    expect(
      problems(
        [
          'color,registeredDate',
          ',2026-11-23',
          'x'.repeat(41),
          'green,yesterday',
          'green,2026-02-31',
          'green,0001-01-01',
          '"gre\nen"',
          ' "green"',
          'green,2026-11-23,basket',
          'gre\u202Een',
          'green\ud83d',
          '\u3164',
          'green',
        ].join('\n'),
      ),
    ).toEqual([
      [2, 'noColor'],
      [3, 'longColor'],
      [4, 'badDate'],
      [5, 'badDate'],
      [6, 'strangeDate'],
      [7, 'badColor'],
      [9, 'badQuotes'],
      [10, 'extraCells'],
      [11, 'badColor'],
      [12, 'badColor'],
      [13, 'badColor'],
      [14, null],
    ]);
  });

  it.each(['"blue', '"blue"x'])('registers nothing behind a quote that is not closed: %s', (color) => {
    expect(problems(`green\n${color}\nwhite\nred`)).toEqual([
      [1, null],
      [2, 'badQuotes'],
    ]);
  });

  it('is empty when it says nothing', () => {
    for (const text of ['', '\uFEFF', '\n \n', ',,\n;', 'color,registeredDate\r\n', 'sep=;'])
      expect(read(text).lines).toEqual([]);
  });

  it('is refused whole when it is too long, or has no color', () => {
    expect(read('green\n'.repeat(longestImport)).lines).toHaveLength(longestImport);
    expect(read('green\n'.repeat(longestImport + 1))).toEqual({ lines: [], problem: 'tooMany' });
    expect(read('green\n'.repeat(200_000))).toEqual({ lines: [], problem: 'tooMany' });
    expect(read(`${'\n'.repeat(200_000)}green`)).toEqual({ lines: [], problem: 'tooMany' });
    expect(read('등록일,모델\n2026-11-23,A')).toEqual({ lines: [], problem: 'noColorColumn' });
  });
});

describe('the key of a line', () => {
  it('is the same whenever the line is read, wherever it stands, however it is written', () => {
    const [green, white] = keys('green,2026-11-23\nwhite');
    expect(keys('색상;등록일\nred;\n white ;\n"green";2026.11.23')).toEqual([expect.any(String), white, green]);
  });

  it('counts lines that are alike, and tells batches apart', () => {
    const text = 'color,batch\ngreen,\ngreen,\ngreen,A\ngreen,A';
    expect(new Set(keys(text)).size).toBe(4);
    expect(keys(text)).toEqual(keys(text));
  });

  it('is one that the services take, and never that of another line', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const file = read(fileOf(lines)).lines;
        expect(new Set(file.map(({ key }) => key)).size).toBe(file.length);
        for (const { key, problem } of file)
          expect(problem !== null || isText(key, textRules.idempotencyKey)).toBe(true);
      }),
    );
  });
});

const text = fc.oneof(
  fc.constantFrom('초록', '=1+1', '＝1+1', "'=1+1", '-', '"', 'a;=b', 'a, b', '@x', "'", 'dark\u00A0green', '👩‍🔧'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 44 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }),
);
const date = fc.oneof(fc.constantFrom('', '2018-09-28', '2018.9.28', '20180928', '2018-02-30', '-1', '=now'), text);
const line = fc.record({ color: text, date, batch: fc.oneof(fc.constant(''), text) });

function fileOf(lines: readonly Pick<BikeLine, 'color' | 'date' | 'batch'>[]): string {
  return csvFile([fileColumns, ...lines.map(({ color, date, batch }) => [color, date, batch])]);
}

it('a file that was read is written and read again the same', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const once = read(fileOf(lines)).lines;
      const twice = read(fileOf(once)).lines;
      const said = (file: readonly BikeLine[]) => file.map(({ line: _line, ...bike }) => bike);
      expect(said(twice)).toEqual(said(once));
    }),
  );
});
