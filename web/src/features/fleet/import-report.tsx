import './import-report.css';
import { useState } from 'react';
import { csvFile } from '../../shared/api/csv.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { type SharedWords, useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { type BikeLine, fileColumns } from './bike-csv.ts';
import type { LineOutcome } from './import-bikes.ts';
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

type LineStatus = 'invalid' | 'waiting' | 'done' | 'failed';

function statusOf({ problem }: BikeLine, outcome: LineOutcome | undefined): LineStatus {
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

/** Lines that need a correction come first. */
const order: readonly LineStatus[] = ['invalid', 'failed', 'waiting', 'done'];
const linesShown = 200;

interface ReportProps {
  lines: readonly BikeLine[];
  outcomes: ReadonlyMap<string, LineOutcome>;
}

export function Report({ lines, outcomes }: ReportProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const outcomeWords = useOutcomeWords();
  const [room, setRoom] = useState(linesShown);
  const report = lines
    .map((line) => ({ line, outcome: outcomes.get(line.key), status: statusOf(line, outcomes.get(line.key)) }))
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || a.line.line - b.line.line);
  return (
    <>
      <table className="report">
        <thead>
          <tr>
            <th scope="col">{words.line}</th>
            <th scope="col">{words.color}</th>
            <th scope="col">{words.registered}</th>
            <th scope="col">{shared.status}</th>
            <th scope="col">{words.outcome}</th>
          </tr>
        </thead>
        <tbody>
          {report.slice(0, room).map(({ line, outcome, status }) => (
            <tr key={line.line} data-line={status}>
              <th scope="row" className="number">
                {line.line}
              </th>
              <td>{line.color || '–'}</td>
              <td>{line.date || '–'}</td>
              <td className="line-status">{words.lineStatus[status]}</td>
              <td>{outcomeText(line, outcome, outcomeWords)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.length > room && (
        <Button weight="quiet" onPress={() => setRoom(room + linesShown)}>
          {shared.more}
        </Button>
      )}
    </>
  );
}
