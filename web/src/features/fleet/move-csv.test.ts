import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from '../../../../schema/csv.ts';
import { longestMoves, readMoves } from './move-csv.ts';
import { moveFileProblem, moveProblem } from './move-words.ts';

/** Its lines, as an operator is told of them. */
const told = (text: string) =>
  readMoves(text).lines.map(({ line, move, problem }) =>
    problem ? { line, why: moveProblem(problem, 'en') } : { line, ...move },
  );

describe('a file of where bikes stand', () => {
  it('says it with or without headings, in any order, in both languages, as people type numbers', () => {
    const wanted = { bikeId: 12, stationId: 'ST-101' };
    expect(told('12,101')).toEqual([{ line: 1, ...wanted }]);
    expect(told('\r\n１２;ST-101\r\n')).toEqual([{ line: 2, ...wanted }]);
    expect(told('대여소번호,이름,자전거 번호\n101,망원역,12\n')).toEqual([{ line: 2, ...wanted }]);
    expect(told('Bike_ID\tStation\n12\tst-0101')).toEqual([{ line: 2, ...wanted }]);
    expect(told('\uFEFFsep=|\r\nbike|station\r\n12|101\r\n')).toEqual([{ line: 3, ...wanted }]);
    expect(told('12，101')).toEqual([{ line: 1, ...wanted }]);
    expect(told('bike,station,note\n12,101,a;b;c;d;e\n')).toEqual([{ line: 2, ...wanted }]);
  });

  it('is read as it was written', () => {
    const pair = fc.record({
      bikeId: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      number: fc.integer({ min: 1, max: 999_999 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(pair, { selector: ({ bikeId }) => bikeId, minLength: 1 }),
        fc.array(fc.string(), { size: 'small' }),
        (moves, notes) => {
          const lines = moves.map(({ bikeId, number }, at) => csvLine([`${bikeId}`, `ST-${number}`, notes[at] ?? '']));
          const read = readMoves(csvLine(['bike', 'station', 'note']) + lines.join(''));
          expect(read.lines.map(({ move }) => move)).toEqual(
            moves.map(({ bikeId, number }) => ({ bikeId, stationId: `ST-${number}` })),
          );
        },
      ),
    );
  });

  it('says of each line what is wrong, and where, also after a note of several lines', () => {
    expect(told('bike,station,note\n1,101,"a\nb"\n0,101\n2,\n1,102\n3,ST-1.5\n4,7\n')).toEqual([
      { line: 2, bikeId: 1, stationId: 'ST-101' },
      { line: 4, why: '"0" is no number of a bike.' },
      { line: 5, why: '"" is no number of a station.' },
      { line: 6, why: 'Line 2 has this number, too.' },
      { line: 7, why: '"ST-1.5" is no number of a station.' },
      { line: 8, bikeId: 4, stationId: 'ST-7' },
    ]);
  });

  it('says where a quotation mark takes the rest of the file, and loses nothing else', () => {
    const lost: unknown = expect.stringMatching(/^The quotes do not match/);
    for (const note of ['"broken" saddle', '"never closed']) {
      expect(told(`bike,station,note\n1,101,${note}\n2,102,y\n3,103,z`)).toEqual([{ line: 2, why: lost }]);
    }
    expect(told('1,101\r2,102\r')).toEqual([
      { line: 1, bikeId: 1, stationId: 'ST-101' },
      { line: 2, bikeId: 2, stationId: 'ST-102' },
    ]);
    expect(told(`1,101${'\n'.repeat(200_005)}2,102`)).toMatchObject([{ bikeId: 1 }, { bikeId: 2 }]);
  });

  it.each([
    ['', 'empty', 'There is no bike in the file.'],
    [' \n,,\n', 'empty', 'There is no bike in the file.'],
    ['bike,station\n', 'empty', 'There is no bike in the file.'],
    ['color,station\ngreen,101', 'noBikeColumn', 'Its heading names no column "bike".'],
    ['bike,place\n1,101', 'noStationColumn', 'Its heading names no column "station".'],
    ['1,101\n'.repeat(longestMoves + 1), 'tooMany', 'It has more than 200,000 lines.'],
  ] as const)('is none: %#', (text, problem, because) => {
    expect(readMoves(text)).toEqual({ lines: [], problem });
    expect(moveFileProblem(problem, 'en')).toBe(because);
  });

  it('may move every bike of a city', () => {
    const text = Array.from({ length: longestMoves }, (_, index) => `${index + 1},101`).join('\n');
    expect(readMoves(text).lines.at(-1)).toEqual({
      ...{ line: longestMoves, problem: null },
      move: { bikeId: longestMoves, stationId: 'ST-101' },
    });
  });

  it('is read whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9,"\n;A-Z-]*$/)), (text) => {
        const { lines, problem } = readMoves(text);
        expect(lines.length > 0).toBe(problem === null);
        for (const { line } of lines) expect(line).toBeGreaterThan(0);
      }),
    );
  });
});
