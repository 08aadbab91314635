import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { plainText } from '../../../../schema/csv.ts';
import { csvFile } from './csv.ts';

const starts = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
const nasty = fc.string({ unit: fc.constantFrom(...starts, "'", '"', ',', ';', ' ', 'a', '따'), maxLength: 12 });

/** What stands in the file for one cell. */
const written = (cell: string | number) => csvFile([[cell]]).replace(/^\uFEFF|\r\n$/g, '');

describe('a cell that leaves the page', () => {
  it.each(starts)('is no formula when it begins with %j, here and behind any separator', (start) => {
    for (const before of ['', 'x,', 'x;', 'x\t', 'x\n', 'x\r\n']) {
      const text = Papa.parse<string[]>(written(`${before}${start}1+1`), { delimiter: ',', newline: '\u0001' as '\n' });
      expect(text.data[0]?.[0]).toContain(`'${start}1+1`);
    }
  });

  it('says the same when it comes back', () => {
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (text) => {
        const [row] = Papa.parse<string[]>(csvFile([[text, 'end']]).slice(1), { delimiter: ',', newline: '\r\n' }).data;
        expect(row?.map(plainText)).toEqual([text, 'end']);
      }),
    );
  });

  it('leaves numbers, dates and names as they are', () => {
    expect([-5, '2026-11-23T18:00:05+09:00', '초록', 'status=CANCELLED&sort=-bikeId'].map(written)).toEqual([
      '-5',
      '2026-11-23T18:00:05+09:00',
      '초록',
      'status=CANCELLED&sort=-bikeId',
    ]);
  });
});
