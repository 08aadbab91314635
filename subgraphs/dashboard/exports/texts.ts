/** The text of an export, piece by piece: no more of it is in memory than one piece. */
import { byteOrderMark, csvLine } from '../../../schema/csv.ts';
import { demandRefusal } from '../../../schema/events/index.ts';
import { Long } from '../../../platform/index.ts';
import { hourCounts } from '../hours.ts';
import { refusalsIn, rideMinutesIn, type Bucket } from '../history.ts';
import type { ReservationView } from '../projections.ts';
import type { ExportFormat } from './asked.ts';

/** A value in a file; null where there is none. */
type Cell = string | number | null;
/** Its columns, always the same ones in the same order. */
type Line = Record<string, Cell>;

export const reservationColumns = [
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
] as const satisfies readonly (keyof ReservationView)[];

export const reservationLine = (row: ReservationView): Line =>
  Object.fromEntries(reservationColumns.map((column) => [column, row[column] ?? null]));

const told = hourCounts.filter((name) => name !== 'riddenMs');
export const historyColumns = ['begin', ...told, 'rideMinutes', 'refused', ...demandRefusal.options];

export function historyLine(bucket: Bucket): Line {
  const refusals = refusalsIn(bucket);
  return {
    begin: bucket.begin,
    ...Object.fromEntries(told.map((name) => [name, Long.serialize(bucket.counts[name] ?? 0)])),
    rideMinutes: Long.serialize(rideMinutesIn(bucket)),
    refused: refusals.reduce((sum, { count }) => sum + count, 0),
    ...Object.fromEntries(demandRefusal.options.map((code) => [code, bucket.refused[code] ?? 0])),
  };
}

export interface TextOptions {
  format: ExportFormat;
  columns: readonly string[];
  /** When it was taken, RFC 3339. */
  exportedAt: string;
  filter: string;
}

/** Each piece of the text as its lines come. Lines of a CSV repeat the time and the filter: they survive being pasted. */
export async function* textOf(
  { format, columns, exportedAt, filter }: TextOptions,
  pieces: AsyncIterable<readonly Line[]>,
): AsyncGenerator<string> {
  if (format === 'csv') {
    yield byteOrderMark + csvLine([...columns, 'exportedAt', 'filter']);
    for await (const lines of pieces) {
      const text = lines.map((line) => csvLine([...columns.map((column) => line[column] ?? ''), exportedAt, filter]));
      if (text.length > 0) yield text.join('');
    }
    return;
  }
  yield `{"exportedAt":${JSON.stringify(exportedAt)},"filter":${JSON.stringify(filter)},"lines":[`;
  let before = '\n';
  for await (const lines of pieces) {
    if (lines.length === 0) continue;
    yield before + lines.map((line) => JSON.stringify(line)).join(',\n');
    before = ',\n';
  }
  yield '\n]}\n';
}
