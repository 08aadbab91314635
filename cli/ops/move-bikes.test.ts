import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Client, GraphqlRequestError } from '../../schema/client/client.ts';
import { csvLine } from '../../schema/csv.ts';
import { moveBikes, readMoves } from './move-bikes.ts';

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

  it('says where a quotation mark takes the rest of the file, and loses nothing else', () => {
    const lost: unknown = expect.stringMatching(/^A quotation mark/);
    for (const note of ['"broken" saddle', '"never closed']) {
      expect(readMoves(`bike,station,note\n1,101,${note}\n2,102,y\n3,103,z`)).toEqual([{ line: 2, why: lost }]);
    }
    expect(readMoves('1,101\r2,102\r')).toEqual([
      { line: 1, bikeId: 1, stationId: 'ST-101' },
      { line: 2, bikeId: 2, stationId: 'ST-102' },
    ]);
    expect(readMoves(`1,101${'\n'.repeat(200_005)}2,102`)).toMatchObject([{ bikeId: 1 }, { bikeId: 2 }]);
  });

  it('moves what it can, and tells what was not tried after a call that failed', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'moves-')), 'moves.csv');
    await writeFile(file, Array.from({ length: 1_600 }, (_, index) => `${index + 1},101`).join('\n'));
    const keys: string[][] = [];
    const client = {
      request: (_document: unknown, { input }: { input: { moves: { idempotencyKey: string }[] } }) => {
        keys.push(input.moves.map(({ idempotencyKey }) => idempotencyKey));
        if (keys.length === 2) return Promise.reject(new GraphqlRequestError('CONNECTION_LOST', 'away'));
        if (keys.length > 3) return Promise.reject(new GraphqlRequestError('FORBIDDEN', 'no right'));
        return Promise.resolve({ moveBikes: { results: input.moves.map(() => ({ refusal: null })) } });
      },
    } as unknown as Client;
    const outcomes = await moveBikes(client, file, { dryRun: false, reason: null }, () => undefined);
    await rm(dirname(file), { recursive: true });
    const count = (outcome: string) => outcomes.filter((each) => each.outcome === outcome).length;
    expect(['there', 'unknown', 'not tried'].map(count)).toEqual([1_000, 500, 100]);
    expect(outcomes.at(-1)).toMatchObject({ line: 1_600, why: 'no right' });
    // The second call was asked twice, as the same one; of all others no key is another's.
    expect(keys[1]).toEqual(keys[2]);
    expect(new Set(keys.flat()).size).toBe(1_500);
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
