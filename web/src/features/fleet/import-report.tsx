import { csvFile } from '../../shared/api/csv.ts';
import { type SharedWords, useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { type BikeLine, fileColumns } from './bike-csv.ts';
import type { LineOutcome } from './import-bikes.ts';
import { type LineLooks, ReportTable } from './report-table.tsx';
import { fleetWords, type FleetWords } from './words.ts';

interface OutcomeWords {
  fleet: FleetWords;
  shared: SharedWords;
}

export function useOutcomeWords(): OutcomeWords {
  return { fleet: useWords(fleetWords), shared: useSharedWords() };
}

function outcomeText({ problem }: BikeLine, outcome: LineOutcome | undefined, words: OutcomeWords): string {
  const { fleet, shared } = words;
  if (problem) return fleet.csvProblems[problem];
  switch (outcome?.status) {
    case undefined:
      return fleet.lineStatus.waiting;
    case 'done':
      return fleet.madeBike(outcome.bikeId);
    case 'refused':
      return shared.refusal[outcome.code].because;
    case 'failed':
      return shared.error(outcome.code, '');
  }
}

function statusOf({ problem }: BikeLine, outcome: LineOutcome | undefined): LineLooks {
  if (problem) return 'invalid';
  if (!outcome) return 'waiting';
  return outcome.status === 'done' ? 'done' : 'failed';
}

/**
 * The lines as they were read, with the outcome of each; importing the report registers those that are still missing.
 */
export function reportFile(
  lines: readonly BikeLine[],
  outcomes: ReadonlyMap<string, LineOutcome>,
  words: OutcomeWords,
): string {
  const rows = lines.map((line) => {
    const outcome = outcomes.get(line.key);
    const { color, date, batch } = line;
    return [line.line, color, date, batch, statusOf(line, outcome), outcomeText(line, outcome, words)];
  });
  return csvFile([['line', ...fileColumns, 'status', 'outcome'], ...rows]);
}

interface ReportProps {
  lines: readonly BikeLine[];
  outcomes: ReadonlyMap<string, LineOutcome>;
}

export function Report({ lines, outcomes }: ReportProps) {
  const words = useWords(fleetWords);
  const outcomeWords = useOutcomeWords();
  const report = lines.map((line) => {
    const outcome = outcomes.get(line.key);
    const looks = statusOf(line, outcome);
    return {
      ...{ line: line.line, looks, said: [line.color || '–', line.date || '–'] },
      ...{ status: words.lineStatus[looks], outcome: outcomeText(line, outcome, outcomeWords) },
    };
  });
  return <ReportTable columns={[words.color, words.registered]} lines={report} />;
}
