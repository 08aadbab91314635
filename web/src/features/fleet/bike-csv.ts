/** What a CSV file with bikes says, line by line; pure. */
import Papa from 'papaparse';
import { isText, readText, textRules } from '../../../../schema/text.ts';
import { plainText } from '../../../../schema/csv.ts';
import { readDate, type DateProblem } from './bike-date.ts';
import { prepareCsv, recordsIn, type CsvRecord } from './csv.ts';

/** So many lines register in seconds and can be reviewed in minutes; the city's largest delivery was half of it. */
export const longestImport = 10_000;
/** So many lines of the longest color, in two bytes a letter. */
export const largestFileBytes = 4_000_000;
const longestColor = 40;
const batchRule = { shortest: 0, longest: 40, trimmed: true };

export type LineProblem = 'noColor' | 'longColor' | 'badColor' | 'badBatch' | 'badQuotes' | 'extraCells' | DateProblem;
export type FileProblem = 'tooMany' | 'noColorColumn';

export interface BikeLine {
  /** Where it begins, as an editor counts, from 1. */
  line: number;
  color: string;
  /** As it is written; empty means now. */
  date: string;
  /** Tells apart what is alike otherwise: the same line of another batch is another bike. */
  batch: string;
  /** RFC 3339; null means now. */
  registeredDate: string | null;
  problem: LineProblem | null;
  /**
   * The same for the same line wherever and whenever it is read, so that it is registered once; lines that are alike
   * are counted.
   */
  key: string;
}

export interface BikeFile {
  lines: readonly BikeLine[];
  problem: FileProblem | null;
}

/** Every line that says something (RFC 4180). `now` in epoch milliseconds: a bike cannot have joined long after. */
export function readBikes(text: string, now: number): BikeFile {
  const { content, delimiter, skipped } = prepareCsv(text);
  const { data, errors, meta } = Papa.parse<string[]>(content, {
    delimiter,
    newline: '\n',
    // Allows for blank lines, yet stops before reading all of a file that is too long.
    preview: 2 * longestImport,
  });
  const misquoted = new Set(errors.flatMap(({ type, row }) => (type === 'Quotes' ? [row] : [])));
  const records = recordsIn(data, skipped + 1).filter(({ cells }) => cells.some((cell) => /[^\s,;|，；]/.test(cell)));
  const columns = columnsIn(records[0]?.cells ?? []);
  if (columns === 'none') return { lines: [], problem: 'noColorColumn' };
  const bikes = columns.isHeading ? records.slice(1) : records;
  if (meta.truncated || bikes.length > longestImport) return { lines: [], problem: 'tooMany' };
  const alike = new Map<string, number>();
  const lines = bikes.map((record) => {
    const bike = toBike(record, columns, misquoted.has(record.row), now);
    const name = nameOf(bike);
    const count = (alike.get(name) ?? 0) + 1;
    alike.set(name, count);
    const key = `bike ${count} ${name}`;
    return { ...bike, key, problem: bike.problem ?? (isText(key, textRules.idempotencyKey) ? null : 'badColor') };
  });
  return { lines, problem: null };
}

/** The heading and the columns by which a file is read again. */
export const fileColumns = ['color', 'registeredDate', 'batch'] as const;

type ColumnName = 'color' | 'date' | 'batch';
type Columns = Partial<Record<ColumnName, number>> & { isHeading: boolean; count: number };

const headings: Record<ColumnName, readonly string[]> = {
  color: ['color', 'colour', '색', '색상', '색깔'],
  date: ['registereddate', 'registered', 'date', '등록일', '등록일자', '등록일시', '등록날짜'],
  batch: ['batch', '묶음'],
};

/** By its heading, or else the first two columns. */
function columnsIn(cells: readonly string[]): Columns | 'none' {
  const titles = cells.map((cell) => cell.normalize('NFKC').replace(/[\s_]/g, '').toLowerCase());
  const place = (name: ColumnName) => titles.findIndex((title) => headings[name].includes(title));
  const [color, date, batch] = [place('color'), place('date'), place('batch')];
  if (color >= 0) return { isHeading: true, count: cells.length, color, date, batch };
  if (date >= 0 || batch >= 0) return 'none';
  return { isHeading: false, count: 2, color: 0, date: 1 };
}

function toBike({ line, cells }: CsvRecord, columns: Columns, isMisquoted: boolean, now: number) {
  const cell = (name: ColumnName) => plainText((cells[columns[name] ?? -1] ?? '').trim());
  const [color, date, batch] = [cell('color'), cell('date'), cell('batch')];
  const read = date === '' ? { time: null, problem: null } : readDate(date, now);
  const problem =
    shapeProblem(cells, columns, isMisquoted) ?? colorProblem(color) ?? read.problem ?? batchProblem(batch);
  return { line, color, date, batch, registeredDate: read.time, problem };
}

function shapeProblem(cells: readonly string[], { count }: Columns, isMisquoted: boolean): LineProblem | null {
  // A quote counts at the beginning of a cell only (RFC 4180): behind a space it would become part of the color.
  if (isMisquoted || cells.some((cell) => /^\s+"/.test(cell))) return 'badQuotes';
  return cells.slice(count).some((cell) => cell.trim() !== '') ? 'extraCells' : null;
}

function colorProblem(color: string): LineProblem | null {
  if (color === '') return 'noColor';
  const { fault } = readText(color, { ...textRules.color, longest: longestColor });
  if (fault === 'TOO_LONG') return 'longColor';
  return fault && 'badColor';
}

function batchProblem(batch: string): LineProblem | null {
  return readText(batch, batchRule).fault && 'badBatch';
}

/** Unambiguous: the color comes last, and the batch carries its own length. */
function nameOf({ color, batch, registeredDate }: Pick<BikeLine, 'color' | 'batch' | 'registeredDate'>): string {
  const said = namable(batch);
  return `${registeredDate ?? 'now'} ${said.length} ${said} ${namable(color)}`;
}

/** Keys must not contain invisible characters; colors may. */
function namable(text: string): string {
  const each = { shortest: 1, longest: 1, name: true };
  const show = (letter: string) => `%${letter.codePointAt(0)?.toString(16)};`;
  return Array.from(text, (letter) =>
    letter === ' ' || (letter !== '%' && isText(letter, each)) ? letter : show(letter),
  ).join('');
}
