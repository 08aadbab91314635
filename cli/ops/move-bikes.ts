/** Bikes that are brought to stations, many at once, as a file says. */
import { randomUUID } from 'node:crypto';
import type { Client } from '../../schema/client/client.ts';
import { MoveBikesDocument } from '../../schema/client/generated/graphql.ts';
import { type MoveLine, readMoves } from '../../web/src/features/fleet/move-csv.ts';
import { moveFileProblem, moveProblem } from '../../web/src/features/fleet/move-words.ts';
import { exitCodes, OpsError } from './ops-error.ts';
import { patiently } from './patience.ts';
import { readTextFile } from './text-file.ts';

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

/** Half of what a call takes: an answer of a second or two each. */
const linesPerCall = 500;

/** A call that got no answer is tried so often, and no bike is moved twice by it. */
const attempts = 3;

/** @throws {OpsError} for what is no such file. */
export async function moveBikes(
  client: Client,
  file: string,
  { dryRun, reason }: { dryRun: boolean; reason: string | null },
  report: (line: string) => void,
): Promise<MoveOutcome[]> {
  const { lines, problem } = readMoves(await readTextFile(file));
  if (problem) throw new OpsError(exitCodes.usage, `${file} is no file of moves: ${moveFileProblem(problem, 'en')}`);

  const moves = lines.flatMap(({ line, move }) => (move ? [{ line, ...move }] : []));
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
      const answer = await patiently(
        () => client.request(MoveBikesDocument, { input }),
        (tried) => tried < attempts,
      );
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
  const { line, move, problem } = said;
  if (problem) {
    return { line, bikeId: null, stationId: null, outcome: 'turned down', why: moveProblem(problem, 'en') };
  }
  return { line, ...move, ...result };
}
