import './report-table.css';
import { type ReactNode, useState } from 'react';
import { Button } from '../../shared/ui/controls.tsx';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { fleetWords } from './words.ts';

export type LineLooks = 'invalid' | 'failed' | 'waiting' | 'done';

export interface ReportLine {
  line: number;
  looks: LineLooks;
  /** What the file says, by column. */
  said: readonly ReactNode[];
  status: string;
  outcome: string;
}

/** Lines that need a correction come first. */
const order: readonly LineLooks[] = ['invalid', 'failed', 'waiting', 'done'];
const linesShown = 200;

/** The lines of a file, and what became of each. */
export function ReportTable({ columns, lines }: { columns: readonly string[]; lines: readonly ReportLine[] }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const [room, setRoom] = useState(linesShown);
  const sorted = lines.toSorted((a, b) => order.indexOf(a.looks) - order.indexOf(b.looks) || a.line - b.line);
  return (
    <>
      <table className="report">
        <thead>
          <tr>
            {[words.line, ...columns, shared.status, words.outcome].map((heading) => (
              <th key={heading} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, room).map(({ line, looks, said, status, outcome }) => (
            <tr key={line} data-line={looks}>
              <th scope="row" className="number">
                {line}
              </th>
              {columns.map((column, place) => (
                <td key={column}>{said[place]}</td>
              ))}
              <td className="line-status">{status}</td>
              <td>{outcome || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > room && (
        <Button weight="quiet" onPress={() => setRoom(room + linesShown)}>
          {shared.more}
        </Button>
      )}
    </>
  );
}
