/** What the city's file of stations says, line by line; pure. */
import Papa from 'papaparse';
import {
  type District,
  districts,
  type Position,
  positionFault,
  type PositionFault,
} from '../../../../schema/places.ts';
import { readText, type TextFault, textRules } from '../../../../schema/text.ts';
import { readDate } from './bike-date.ts';
import { prepareCsv, recordsIn } from './csv.ts';

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

/** Why a line is no station; `station-words.ts` says it to people. */
export type StationProblem =
  | { code: 'badQuotes' | 'noPosition' | 'noRacks' }
  | { code: 'badPosition'; fault: PositionFault }
  | { code: 'badNumber' | 'badDate' | 'badDistrict'; said: string }
  | { code: 'badText'; field: 'name' | 'address'; fault: TextFault | 'BROKEN' }
  | { code: 'sameNumber'; line: number };

/** Why nothing in a file can be read. */
export type StationFileProblem = { code: 'noColumns'; columns: readonly Column[] } | { code: 'tooMany' };

export type FileLine = { line: number } & (
  { station: FileStation; problem: null } | { station: null; problem: StationProblem }
);

export interface StationFile {
  lines: readonly FileLine[];
  problem: StationFileProblem | null;
}

export type Column = 'number' | 'name' | 'district' | 'address' | 'latitude' | 'longitude' | 'date' | 'racks';
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

/** Characters of a station's texts: the station's own rules have them, too (INVALID_NAME, INVALID_ADDRESS). */
export const longestTexts = { name: 100, address: 200 };

/** Every line that says something. `now` in epoch milliseconds: no station opens long after. */
export function readStations(text: string, now: number): StationFile {
  const { content, delimiter, skipped } = prepareCsv(text);
  const { data, errors, meta } = Papa.parse<string[]>(content, {
    delimiter,
    newline: '\n',
    // Allows for headings and blank lines, yet stops before reading all of a file that is too long.
    preview: longestFile + 100,
  });
  const misquoted = new Set(errors.flatMap(({ type, row }) => (type === 'Quotes' ? [row] : [])));
  const rows = recordsIn(data, skipped + 1).filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  // A heading may have several lines: it ends where the first station begins, or what nobody can read.
  const first = rows.findIndex(
    ({ row, cells }) => misquoted.has(row) || cells.some((cell) => /^(ST-)?\d+(\.\d+)?$/i.test(plain(cell))),
  );
  if (rows.length === 0) return { lines: [], problem: null };
  const columns = columnsIn(rows.slice(0, first < 0 ? rows.length : first).map(({ cells }) => cells));
  const missing = needed.filter((column) => columns[column].length === 0);
  if (missing.length > 0) return { lines: [], problem: { code: 'noColumns', columns: missing } };
  const stations = first < 0 ? [] : rows.slice(first);
  if (meta.truncated || stations.length > longestFile) {
    return { lines: [], problem: { code: 'tooMany' } };
  }
  const lineOf = new Map<number, number>();
  const lines = stations.map(({ row, line, cells }): FileLine => {
    const read = misquoted.has(row) ? { code: 'badQuotes' as const } : stationIn(cells, columns, now);
    if ('code' in read) return { line, station: null, problem: read };
    const earlier = lineOf.get(read.number);
    if (earlier !== undefined) return { line, station: null, problem: { code: 'sameNumber', line: earlier } };
    lineOf.set(read.number, line);
    return { line, station: read, problem: null };
  });
  return { lines, problem: null };
}

function columnsIn(heading: readonly (readonly string[])[]): Columns {
  const columns = Object.fromEntries(headings.map(([column]) => [column, [] as number[]])) as Columns;
  const width = Math.max(0, ...heading.map((cells) => cells.length));
  const titles = Array.from({ length: width }, (_, place) =>
    heading
      .map((cells) => plain(cells[place] ?? '').replace(/[\s_()[\]"]/g, ''))
      .join('')
      .toLowerCase(),
  );
  titles.forEach((title, place) => {
    const [column] = headings.find(([, pattern]) => pattern.test(title)) ?? [];
    if (column) columns[column].push(place);
  });
  // Beside the racks of LCD and those of QR, a third column is their sum.
  const of = (kind: RegExp) => columns.racks.filter((place) => kind.test(titles[place] ?? ''));
  if (of(/lcd/).length > 0 && of(/qr/).length > 0) columns.racks = of(/lcd|qr/);
  return columns;
}

/** Digits and letters of any width as ASCII has them. */
const plain = (cell: string) => cell.normalize('NFKC').trim();

/** A station, or why the line is none. */
function stationIn(cells: readonly string[], columns: Columns, now: number): FileStation | StationProblem {
  const cell = (column: Column) => cells[columns[column][0] ?? -1] ?? '';
  // Programs that know no empty number write 101.0.
  const [, digits] = /^(?:ST-)?0*(\d{1,6})(?:\.0+)?$/i.exec(plain(cell('number'))) ?? [];
  if (!digits || Number(digits) === 0) return { code: 'badNumber', said: cell('number').trim() };
  const nameKo = nameIn(oneLine(cell('name')), Number(digits));
  const address = oneLine(cell('address')) || null;
  const district = districtByName.get(plain(cell('district')).toLowerCase());
  const position = { latitude: degreesIn(cell('latitude')), longitude: degreesIn(cell('longitude')) };
  const date = plain(cell('date'));
  const opened = date === '' ? { time: null, problem: null } : readDate(date, now);
  const racks = racksIn(columns.racks.map((place) => plain(cells[place] ?? '')));
  const problem =
    textProblem('name', nameKo) ??
    (address === null ? null : textProblem('address', address)) ??
    positionProblem(position) ??
    (opened.problem ? ({ code: 'badDate', said: date } as const) : null);
  if (problem) return problem;
  if (racks === undefined) return { code: 'noRacks' };
  if (district === undefined) return { code: 'badDistrict', said: cell('district').trim() };
  return { number: Number(digits), nameKo, district, address, position, racks, openedDate: opened.time };
}

/** Without the station's own number before it; 4.19민주묘지역 is all name. */
function nameIn(text: string, number: number): string {
  const [before, digits] = /^(\d+)\s*\.\s*/.exec(text) ?? [];
  return before !== undefined && Number(digits) === number ? text.slice(before.length) : text;
}

/** Blanks of any kind, and line breaks, are one space. */
const oneLine = (cell: string) => cell.replace(/\s+/g, ' ').trim();

function textProblem(field: 'name' | 'address', text: string): StationProblem | null {
  const { fault } = readText(text, { ...textRules.nameKo, shortest: 1, longest: longestTexts[field] });
  if (fault) return { code: 'badText', field, fault };
  return text.includes('\uFFFD') ? { code: 'badText', field, fault: 'BROKEN' } : null;
}

/** NaN for what is no decimal number: a spreadsheet's 1.27E+02 has lost the place, and 0x25 is none. */
const degreesIn = (cell: string) => (/^[+-]?\d+(\.\d+)?$/.test(plain(cell)) ? Number(plain(cell)) : Number.NaN);

function positionProblem(position: Position): StationProblem | null {
  const { latitude, longitude } = position;
  if ([latitude, longitude].some((degrees) => Number.isNaN(degrees) || degrees === 0)) return { code: 'noPosition' };
  const fault = positionFault(position);
  return fault && { code: 'badPosition', fault };
}

/** Of GraphQL: a larger number would have the whole call refused, not its line. */
const largestInt = 2 ** 31 - 1;

/** The sum of what stands there; undefined where nothing does, or no number. */
function racksIn(cells: readonly string[]): number | undefined {
  const counts = cells.filter((cell) => cell !== '' && cell !== '-').map((cell) => cell.replace(/,/g, ''));
  // Spreadsheets write 10.0; Number() would also take 0x10 and 1e3.
  if (counts.length === 0 || !counts.every((count) => /^\d{1,9}(\.0+)?$/.test(count))) return undefined;
  const sum = counts.reduce((all, count) => all + Number(count), 0);
  return sum <= largestInt ? sum : undefined;
}
