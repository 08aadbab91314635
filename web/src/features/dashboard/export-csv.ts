import { csvFile } from '../../shared/api/csv.ts';
import { seoulStamp } from '../../shared/i18n/seoul-time.ts';
import type { ShownRow } from './dashboard-state.ts';

const columns = [
  'reserveNo',
  'reserveStatus',
  'bikeId',
  'userId',
  'reserveDateTime',
  'startDateTime',
  'returnDateTime',
  'expiresAt',
  'fee',
  'refusalCode',
  'updatedAt',
] as const;

/** The rows as CSV. Every line repeats the time and the filter, so that they survive renaming and pasting. */
export function toCsv(rows: readonly ShownRow[], filter: string, at: number): string {
  const taken = seoulStamp(at);
  const lines = rows.map(({ row }) => [...columns.map((column) => row[column] ?? ''), taken, filter]);
  return csvFile([[...columns, 'exportedAt', 'filter'], ...lines]);
}

/** `reservations-20261123T180005+0900-status-IN_USE.csv` */
export function csvName(name: string, filter: string, at: number): string {
  const taken = seoulStamp(at).replaceAll(/[-:]/g, '');
  const asked = filter.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-').replaceAll(/^-+|-+$/g, '');
  return `${[name, taken, asked].filter(Boolean).join('-')}.csv`;
}
