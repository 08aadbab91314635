import { describe, expect, it } from '@jest/globals';
import { csvName, toCsv } from './export-csv.ts';

const at = Date.parse('2026-11-23T09:00:05.000Z');
const row = {
  reserveNo: 7,
  userId: '10',
  bikeId: 1,
  reserveStatus: 'RESERVED' as const,
  reserveDateTime: '2026-11-23T09:00:00.000Z',
  expiresAt: '2026-11-23T09:10:00.000Z',
  startDateTime: null,
  returnDateTime: null,
  fee: 1000,
  refusalCode: null,
  updatedAt: '2026-11-23T09:00:01.000Z',
};

const lines = (userId: string, filter = '') =>
  toCsv([{ row: { ...row, userId }, changes: 0 }], filter, at).split('\r\n');

describe('an export', () => {
  it('says in every line when it was taken and what was asked for', () => {
    expect(lines('10', 'status=RESERVED')[1]).toBe(
      '7,RESERVED,1,10,2026-11-23T09:00:00.000Z,,,2026-11-23T09:10:00.000Z,1000,,2026-11-23T09:00:01.000Z,2026-11-23T18:00:05+09:00,status=RESERVED',
    );
  });

  it('keeps commas and quotes of a name together', () => {
    expect(lines('Kim, "Min"')[1]).toContain(',"Kim, ""Min""",');
  });

  it('disarms a name that a spreadsheet would run', () => {
    expect(lines('=1+1')[1]).toContain(",'=1+1,");
  });

  it('carries time and filter in the name of its file', () => {
    expect(csvName('reservations', 'status=IN_USE&q=demo', at)).toBe(
      'reservations-20261123T180005+0900-status-IN_USE-q-demo.csv',
    );
  });
});
