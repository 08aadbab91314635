/** Where bikes are to stand, as a file says, line by line; pure. */
import Papa from 'papaparse';
import { bikeNumberIn } from '../../shared/i18n/numbers.ts';
import { prepareCsv } from './csv.ts';
import { stationIdIn } from './table-address.ts';

/** Four times as many as the city has bikes: a longer file is another file. */
export const longestMoves = 200_000;

/** Why a line moves no bike; `move-words.ts` says it to people. */
export type MoveProblem =
  { code: 'badQuotes' } | { code: 'badBike' | 'badStation'; said: string } | { code: 'sameBike'; line: number };

/** Why nothing in a file can be read. */
export type MoveFileProblem = 'empty' | 'noBikeColumn' | 'noStationColumn' | 'tooMany';

export interface Move {
  bikeId: number;
  stationId: string;
}

/** A line of the file, from 1, as an editor counts. */
export type MoveLine = { line: number } & ({ move: Move; problem: null } | { move: null; problem: MoveProblem });

export interface MoveFile {
  lines: readonly MoveLine[];
  problem: MoveFileProblem | null;
}

const headings = {
  bike: ['bike', 'bikeid', 'bikenumber', '자전거', '자전거번호'],
  station: ['station', 'stationid', 'stationnumber', '대여소', '대여소번호', '대여소id'],
} as const;

/** Every line that says something (RFC 4180), with or without headings; each bike in one line at most. */
export function readMoves(file: string): MoveFile {
  const { content: text, delimiter, skipped } = prepareCsv(file);
  const records: { line: number; cells: string[]; isMisquoted: boolean }[] = [];
  let [line, from] = [1 + skipped, 0];
  Papa.parse<string[]>(text, {
    delimiter,
    newline: '\n',
    step({ data, errors, meta }, parser) {
      const isMisquoted = errors.some(({ type }) => type === 'Quotes');
      if (data.some((cell) => cell.trim() !== '')) records.push({ line, cells: data, isMisquoted });
      if (records.length > longestMoves + 1) parser.abort();
      line += text.slice(from, meta.cursor).split('\n').length - 1;
      from = meta.cursor;
    },
  });
  const [first] = records;
  if (!first) return noMoves('empty');
  // A heading has no digit; a bike and a station have.
  const isHeading = !first.cells.some((cell) => /\p{Nd}/u.test(cell));
  const [bike, station] = isHeading ? [columnOf(first.cells, 'bike'), columnOf(first.cells, 'station')] : [0, 1];
  if (bike < 0) return noMoves('noBikeColumn');
  if (station < 0) return noMoves('noStationColumn');
  const rows = isHeading ? records.slice(1) : records;
  if (rows.length === 0) return noMoves('empty');
  if (rows.length > longestMoves) return noMoves('tooMany');
  const lineOf = new Map<number, number>();
  const lines = rows.map(({ line: at, cells, isMisquoted }): MoveLine => {
    const no = (problem: MoveProblem) => ({ line: at, move: null, problem });
    if (isMisquoted) return no({ code: 'badQuotes' });
    const [bikeText, stationText] = [cells[bike]?.trim() ?? '', cells[station]?.trim() ?? ''];
    const [bikeId, stationId] = [bikeNumberIn(bikeText), stationIdIn(stationText)];
    if (bikeId === null) return no({ code: 'badBike', said: bikeText });
    if (stationId === null) return no({ code: 'badStation', said: stationText });
    const earlier = lineOf.get(bikeId);
    if (earlier !== undefined) return no({ code: 'sameBike', line: earlier });
    lineOf.set(bikeId, at);
    return { line: at, move: { bikeId, stationId }, problem: null };
  });
  return { lines, problem: null };
}

const noMoves = (problem: MoveFileProblem): MoveFile => ({ lines: [], problem });

function columnOf(cells: readonly string[], kind: keyof typeof headings): number {
  const names: readonly string[] = headings[kind];
  return cells.findIndex((cell) =>
    names.includes(
      cell
        .normalize('NFKC')
        .toLowerCase()
        .replaceAll(/[\s_-]/g, ''),
    ),
  );
}
