/** What the city's file of stations says, line by line; pure. */
import Papa from 'papaparse';
import { districts, whyNotThere, type District, type Position } from '../../schema/places.ts';
import { readText, textRules, wordsFor } from '../../schema/text.ts';
import { readDate } from '../../web/src/features/fleet/bike-date.ts';

/** Three times as many as Seoul has: a longer file is another file. */
export const longestFile = 10_000;

/** A station as a file says it is; what the file does not say is null. */
export interface FileStation {
  number: number;
  nameKo: string;
  district: District;
  address: string | null;
  position: Position;
  racks: number;
  openedDate: string | null;
}

export type FileLine = { line: number } & (
  | { station: FileStation; problem: null }
  /** Why it is no station, for people. */
  | { station: null; problem: string }
);

export interface StationFile {
  lines: readonly FileLine[];
  /** Why nothing in it can be read, for people. */
  problem: string | null;
}

type Column = 'number' | 'name' | 'district' | 'address' | 'latitude' | 'longitude' | 'date' | 'racks';
/** By column: where it is; racks may be in several (LCD and QR). */
type Columns = Record<Column, number[]>;

/**
 * What the headings of the years say, without blanks and brackets: 대여소번호 or 대여소ID, 보관소(대여소)명, 자치구 or
 * 대여소_구, 상세주소 or 대여소 주소, 설치시기 or 기준시작일자, 거치대수 or one each of LCD and QR.
 */
const headings: readonly (readonly [Column, RegExp])[] = [
  ['number', /^(대여소번호|대여소id|stationid|number)/],
  ['name', /대여소명|보관소명|^name/],
  ['address', /주소|address/],
  ['district', /자치구|구명|대여소구|district/],
  ['latitude', /위도|latitude/],
  ['longitude', /경도|longitude/],
  ['date', /설치시기|설치일|시작일|openeddate/],
  ['racks', /거치대수|lcd|qr|racks/],
];
const needed: readonly Column[] = ['number', 'name', 'district', 'latitude', 'longitude', 'racks'];

const districtByName = new Map(
  Object.entries(districts).flatMap(([name, { ko, en }]): [string, District][] =>
    [ko, ko.replace(/구$/, ''), en.toLowerCase(), name.toLowerCase()].map((said) => [said, name as District]),
  ),
);

const badQuotes = 'The quotes do not match. If one is not closed, the lines behind it cannot be read either.';

/** Every line that says something. `now` in epoch milliseconds: no station opens long after. */
export function readStations(text: string, now: number): StationFile {
  const { data, errors, meta } = Papa.parse<string[]>(text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'), {
    newline: '\n',
    delimitersToGuess: [',', '\t', ';'],
    // Allows for headings and blank lines, yet stops before reading all of a file that is too long.
    preview: longestFile + 100,
  });
  const misquoted = new Set(errors.flatMap(({ type, row }) => (type === 'Quotes' ? [data[row ?? 0]] : [])));
  const rows = rowsIn(data).filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  // A heading may have several lines: it ends where the first station begins, or what nobody can read.
  const first = rows.findIndex(
    ({ cells }) => misquoted.has(cells) || cells.some((cell) => /^(ST-)?\d+$/.test(plain(cell))),
  );
  if (rows.length === 0) return { lines: [], problem: null };
  const columns = columnsIn(rows.slice(0, first < 0 ? rows.length : first).map(({ cells }) => cells));
  const missing = needed.filter((column) => columns[column].length === 0);
  if (missing.length > 0) return { lines: [], problem: `Its heading names no ${missing.join(', ')}.` };
  const stations = first < 0 ? [] : rows.slice(first);
  if (meta.truncated || stations.length > longestFile) {
    return { lines: [], problem: `It has more than ${longestFile} lines.` };
  }
  const lineOf = new Map<number, number>();
  const lines = stations.map(({ line, cells }): FileLine => {
    const read = misquoted.has(cells) ? badQuotes : stationIn(cells, columns, now);
    if (typeof read === 'string') return { line, station: null, problem: read };
    const earlier = lineOf.get(read.number);
    if (earlier !== undefined) return { line, station: null, problem: `Line ${earlier} has this number, too.` };
    lineOf.set(read.number, line);
    return { line, station: read, problem: null };
  });
  return { lines, problem: null };
}

/** With the line on which each begins: a cell in quotes may have several. */
function rowsIn(rows: readonly string[][]) {
  let line = 1;
  return rows.map((cells) => {
    const row = { line, cells };
    line += 1 + cells.reduce((breaks, cell) => breaks + cell.split('\n').length - 1, 0);
    return row;
  });
}

function columnsIn(heading: readonly (readonly string[])[]): Columns {
  const columns = Object.fromEntries(headings.map(([column]) => [column, [] as number[]])) as Columns;
  const width = Math.max(0, ...heading.map((cells) => cells.length));
  for (let place = 0; place < width; place += 1) {
    const title = heading
      .map((cells) => plain(cells[place] ?? '').replace(/[\s_()[\]"]/g, ''))
      .join('')
      .toLowerCase();
    const [column] = headings.find(([, pattern]) => pattern.test(title)) ?? [];
    if (column) columns[column].push(place);
  }
  return columns;
}

/** Digits and letters of any width as ASCII has them. */
const plain = (cell: string) => cell.normalize('NFKC').trim();

/** A station, or why the line is none. */
function stationIn(cells: readonly string[], columns: Columns, now: number): FileStation | string {
  const cell = (column: Column) => cells[columns[column][0] ?? -1] ?? '';
  const [, digits] = /^(?:ST-)?0*(\d{1,6})$/.exec(plain(cell('number'))) ?? [];
  if (!digits || Number(digits) === 0) return `"${cell('number').trim()}" is no number of a station.`;
  const nameKo = oneLine(cell('name')).replace(/^\d+\s*\.\s*/, '');
  const address = oneLine(cell('address')) || null;
  const district = districtByName.get(plain(cell('district')).toLowerCase());
  const position = { latitude: degreesIn(cell('latitude')), longitude: degreesIn(cell('longitude')) };
  const date = plain(cell('date'));
  const opened = date === '' ? { time: null, problem: null } : readDate(date, now);
  const racks = racksIn(columns.racks.map((place) => plain(cells[place] ?? '')));
  return (
    whyNoText('name', nameKo, 100) ??
    (address === null ? null : whyNoText('address', address, 200)) ??
    whyNoPosition(position) ??
    (opened.problem ? `"${date}" is no date on which a station opened.` : null) ??
    (racks === undefined ? 'It has no number of racks.' : null) ??
    (district === undefined ? `"${cell('district').trim()}" is none of the 25 districts.` : null) ??
    // What is not known was told above.
    ({ number: Number(digits), nameKo, district, address, position, racks, openedDate: opened.time } as FileStation)
  );
}

/** Blanks of any kind, and line breaks, are one space. */
const oneLine = (cell: string) => cell.replace(/\s+/g, ' ').trim();

function whyNoText(what: string, text: string, longest: number): string | null {
  const rule = { ...textRules.nameKo, shortest: 1, longest };
  const { fault } = readText(text, rule);
  if (fault) return `Its ${what} ${wordsFor(fault, rule)}.`;
  return text.includes('\uFFFD') ? `Its ${what} has a broken character in it.` : null;
}

/** NaN where there is none. */
const degreesIn = (cell: string) => (plain(cell) === '' ? Number.NaN : Number(plain(cell)));

function whyNoPosition(position: Position): string | null {
  const { latitude, longitude } = position;
  const isMissing = [latitude, longitude].some((degrees) => Number.isNaN(degrees) || degrees === 0);
  return isMissing ? 'It has no position.' : whyNotThere(position);
}

/** The sum of what stands there; undefined where nothing does, or no number. */
function racksIn(cells: readonly string[]): number | undefined {
  const counts = cells.filter((cell) => cell !== '' && cell !== '-').map((cell) => Number(cell.replace(/,/g, '')));
  if (counts.length === 0 || !counts.every((count) => Number.isInteger(count) && count >= 0)) return undefined;
  return counts.reduce((sum, count) => sum + count, 0);
}
