import type { Client } from '../../schema/client/client.ts';
import { stationIdOf } from '../../schema/places.ts';
import {
  carryOut,
  isDeed,
  planFor,
  type Result,
  stationsOf,
  type Step,
} from '../../web/src/features/fleet/import-stations.ts';
import { readStations } from '../../web/src/features/fleet/station-csv.ts';
import { fileProblem, lineProblem, stationWords } from '../../web/src/features/fleet/station-words.ts';
import { exitCodes, OpsError } from './ops-error.ts';
import { readTextFile } from './text-file.ts';

/** What becomes of a line; `why` where nothing does. */
export interface LineOutcome {
  line: number;
  stationId: string | null;
  outcome: 'opened' | 'changed' | 'same' | 'turned down';
  why?: string;
}

/** Opens the stations of a file that are not there, and changes those that are otherwise. */
export async function importStations(
  client: Client,
  file: string,
  dryRun: boolean,
  report: (line: string) => void,
): Promise<LineOutcome[]> {
  const { lines, problem } = readStations(await readTextFile(file), Date.now());
  const whyNot = problem ?? (lines.length === 0 ? { code: 'empty' as const } : null);
  if (whyNot) throw new OpsError(exitCodes.usage, `${file} is no file of stations: ${fileProblem(whyNot, 'en')}`);

  const plan = planFor(lines, await stationsOf(client));
  const deeds = plan.filter(isDeed);
  const results = new Map<Step, Result>();
  if (!dryRun) {
    await carryOut(client, deeds, (some) => {
      for (const [deed, result] of some) results.set(deed, result);
      report(`${results.size} of ${deeds.length} stations`);
    });
  }
  return plan.map((step) => outcomeOf(step, results.get(step) ?? null));
}

function outcomeOf(step: Step, refusal: Result): LineOutcome {
  const { line, station } = step;
  const stationId = station && stationIdOf(station.number);
  const turnedDown = (why: string) => ({ line, stationId, outcome: 'turned down' as const, why });
  if (refusal) return turnedDown(`${refusal.code}: ${refusal.because}`);
  switch (step.kind) {
    case 'invalid':
      return turnedDown(lineProblem(step.problem, 'en'));
    case 'closed':
      return turnedDown(stationWords.en.closed);
    case 'open':
      return { line, stationId, outcome: 'opened' };
    case 'change':
      return { line, stationId, outcome: 'changed' };
    case 'same':
      return { line, stationId, outcome: 'same' };
  }
}
