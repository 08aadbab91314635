import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from '../../schema/csv.ts';
import { readMoves } from './move-bikes.ts';

describe('a file of where bikes stand', () => {
  it('says it with or without headings, in any order, in both languages, as people type numbers', () => {
    const wanted = { bikeId: 12, stationId: 'ST-101' };
    expect(readMoves('12,101')).toEqual([{ line: 1, ...wanted }]);
    expect(readMoves('\r\n１２;ST-101\r\n')).toEqual([{ line: 2, ...wanted }]);
    expect(readMoves('대여소번호,이름,자전거 번호\n101,망원역,12\n')).toEqual([{ line: 2, ...wanted }]);
    expect(readMoves('Bike_ID\tStation\n12\tst-0101')).toEqual([{ line: 2, ...wanted }]);
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
          expect(typeof read === 'string' ? read : read.map(({ line: _line, ...move }) => move)).toEqual(
            moves.map(({ bikeId, number }) => ({ bikeId, stationId: `ST-${number}` })),
          );
        },
      ),
    );
  });

  it('says of each line what is wrong, and where, also after a note of several lines', () => {
    expect(readMoves('bike,station,note\n1,101,"a\nb"\n0,101\n2,\n1,102\n3,ST-1.5\n4,7\n')).toEqual([
      { line: 2, bikeId: 1, stationId: 'ST-101' },
      { line: 4, why: '"0" is no number of a bike.' },
      { line: 5, why: '"" is no number of a station.' },
      { line: 6, why: 'Bike 1 stands in line 2 already.' },
      { line: 7, why: '"ST-1.5" is no number of a station.' },
      { line: 8, bikeId: 4, stationId: 'ST-7' },
    ]);
  });

  it.each([
    ['', 'it is empty.'],
    [' \n,,\n', 'it is empty.'],
    ['color,station\ngreen,101', 'it has no column "bike".'],
    ['bike,place\n1,101', 'it has no column "station".'],
    ['1,101\n'.repeat(200_001), 'it has more than 200000 lines.'],
  ])('is none: %#', (text, because) => {
    expect(readMoves(text)).toBe(because);
  });

  it('is read whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9,"\n;A-Z-]*$/)), (text) => {
        const read = readMoves(text);
        if (typeof read === 'string') expect(read).toMatch(/^it /);
        else for (const { line } of read) expect(line).toBeGreaterThan(0);
      }),
    );
  });
});
