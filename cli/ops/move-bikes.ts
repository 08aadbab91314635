/** Bikes that are brought to stations, many at once, as a file says. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import Papa from 'papaparse';
import { backoffMs } from '../../schema/client/backoff.ts';
import { type Client, GraphqlRequestError } from '../../schema/client/client.ts';
import { MoveBikesDocument } from '../../schema/client/generated/graphql.ts';
import { stationIdIn } from '../../web/src/features/fleet/table-address.ts';
import { bikeNumberIn } from '../../web/src/shared/i18n/numbers.ts';
import { exitCodes, OpsError } from './ops-error.ts';
import { readTextFile } from './text-file.ts';

/** A line of the file, from 1, as an editor counts. */
export type MoveLine = { line: number } & ({ bikeId: number; stationId: string } | { why: string });

export interface MoveOutcome {
  line: number;
  bikeId: number | null;
  stationId: string | null;
  /**
   * `there`: it stands there now, whether or not it did before; `readable`: nothing was tried; `unknown`: its call got no
   * answer; `not tried`: a call before it failed.
   */
  outcome: 'there' | 'readable' | 'turned down' | 'unknown' | 'not tried';
  why?: string;
}

/** Four times as many as the city has bikes: a longer file is another file. */
export const mostLines = 200_000;
/** Half of what a call takes: an answer of a second or two each. */
const linesPerCall = 500;

const headings = {
  bike: ['bike', 'bikeid', 'bikenumber', '자전거', '자전거번호'],
  station: ['station', 'stationid', 'stationnumber', '대여소', '대여소번호', '대여소id'],
} as const;

/** A call that got no answer is tried so often, and no bike is moved twice by it. */
const attempts = 3;

/** @throws {OpsError} for what is no such file. */
export async function moveBikes(
  client: Client,
  file: string,
  { dryRun, reason }: { dryRun: boolean; reason: string | null },
  report: (line: string) => void,
): Promise<MoveOutcome[]> {
  const lines = readMoves(await readTextFile(file));
  if (typeof lines === 'string')
    throw new OpsError(exitCodes.usage, `${file} says of no bike where it stands: ${lines}`);

  const moves = lines.flatMap((each) => ('bikeId' in each ? [each] : []));
  const results = new Map<number, Result>();
  // Of this run: the same file may be meant again tomorrow.
  const run = randomUUID();
  for (let from = 0; from < moves.length && !dryRun; from += linesPerCall) {
    const some = moves.slice(from, from + linesPerCall);
    try {
      const input = {
        moves: some.map(({ line, bikeId, stationId }) => ({
          ...{ bikeId, stationId, reason },
          idempotencyKey: `${run}-${line}`,
        })),
      };
      const answer = await patiently(() => client.request(MoveBikesDocument, { input }));
      some.forEach(({ line }, place) => {
        const refusal = answer.moveBikes.results[place]?.refusal;
        const because = refusal && `${refusal.code}: ${refusal.because}`;
        results.set(line, because ? { outcome: 'turned down', why: because } : { outcome: 'there' });
      });
    } catch (error) {
      if (results.size === 0) throw error;
      // What was done before stands, and is told; the rest is for another file.
      const why = (error as Error).message;
      for (const { line } of some) results.set(line, { outcome: 'unknown', why });
      for (const { line } of moves.slice(from + some.length)) results.set(line, { outcome: 'not tried', why });
      break;
    }
    report(`${from + some.length} of ${moves.length} bikes`);
  }
  return lines.map((each) => outcomeOf(each, results.get(each.line)));
}

type Result = Pick<MoveOutcome, 'outcome' | 'why'>;

function outcomeOf(said: MoveLine, result: Result = { outcome: 'readable' }): MoveOutcome {
  const { line } = said;
  if ('why' in said) return { line, bikeId: null, stationId: null, outcome: 'turned down', why: said.why };
  const { bikeId, stationId } = said;
  return { line, bikeId, stationId, ...result };
}

/** Its service, or what stands before it, is away for a moment, or busy. */
const passing = ['CONNECTION_LOST', 'SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS', 'CONFLICT'];
const isPassing = ({ code }: GraphqlRequestError) => passing.includes(code) || code.startsWith('HTTP_5');

async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const isRefused = error instanceof GraphqlRequestError && !isPassing(error);
      if (isRefused || attempt === attempts) throw error;
      await delay(backoffMs(attempt));
    }
  }
}

/** Every line that says something (RFC 4180), with or without headings; why none can be read, as a sentence. */
export function readMoves(file: string): MoveLine[] | string {
  const text = file.replace(/\r\n?/g, '\n');
  const records: { line: number; cells: string[]; isMisquoted: boolean }[] = [];
  let [line, from] = [1, 0];
  Papa.parse<string[]>(text, {
    delimiter: delimiterIn(text),
    newline: '\n',
    step({ data, errors, meta }, parser) {
      const isMisquoted = errors.some(({ type }) => type === 'Quotes');
      if (data.some((cell) => cell.trim() !== '')) records.push({ line, cells: data, isMisquoted });
      if (records.length > mostLines + 1) parser.abort();
      line += text.slice(from, meta.cursor).split('\n').length - 1;
      from = meta.cursor;
    },
  });
  const [first] = records;
  if (!first) return 'it is empty.';
  // A heading has no digit; a bike and a station have.
  const isHeading = !first.cells.some((cell) => /\p{Nd}/u.test(cell));
  const [bike, station] = isHeading ? [columnOf(first.cells, 'bike'), columnOf(first.cells, 'station')] : [0, 1];
  if (bike < 0) return 'it has no column "bike".';
  if (station < 0) return 'it has no column "station".';
  const rows = isHeading ? records.slice(1) : records;
  if (rows.length > mostLines) return `it has more than ${mostLines} lines.`;
  const seen = new Map<number, number>();
  return rows.map(({ line: at, cells, isMisquoted }): MoveLine => {
    if (isMisquoted) return { line: at, why: 'A quotation mark is not closed, or not doubled: what follows is lost.' };
    const [bikeText, stationText] = [cells[bike]?.trim() ?? '', cells[station]?.trim() ?? ''];
    const [bikeId, stationId] = [bikeNumberIn(bikeText), stationIdIn(stationText)];
    if (bikeId === null) return { line: at, why: `"${bikeText}" is no number of a bike.` };
    if (stationId === null) return { line: at, why: `"${stationText}" is no number of a station.` };
    const before = seen.get(bikeId);
    if (before !== undefined) return { line: at, why: `Bike ${bikeId} stands in line ${before} already.` };
    seen.set(bikeId, at);
    return { line: at, bikeId, stationId };
  });
}

/** Of spreadsheets of any locale: the one that the first line has. */
function delimiterIn(text: string): string {
  const firstLine = /\S.*/.exec(text)?.[0] ?? '';
  return [',', ';', '\t', '|'].find((each) => firstLine.includes(each)) ?? ',';
}

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
