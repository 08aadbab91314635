import { memo, useMemo } from 'react';
import { useClock } from '../../shared/i18n/clock.ts';
import { type Count, formatCount } from '../../shared/i18n/numbers.ts';
import { seoulDay } from '../../shared/i18n/seoul-time.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { attemptsIn } from './dashboard-state.ts';
import { fileName, historyAddress } from './export-address.ts';
import { ExportButtons } from './export-buttons.tsx';
import { type Bucket, type Range, type Slot, spanOf } from './history.ts';
import { slotName } from './slot-names.ts';
import { dashboardWords } from './words.ts';

/** What the graph tells of hours and days beyond the attempts. */
const columns = [
  'confirmed',
  'cancelled',
  'expired',
  'ridesStarted',
  'returned',
  'rideMinutes',
  'pointsPurchased',
  'pointsSpent',
  'overtimeCharged',
  'pointsRestored',
] as const satisfies readonly (keyof Bucket)[];

/** The same as the chart, and more, for those who do not see it or want the figures. What is still to come is left out. */
export const DemandTable = memo(function DemandTable({ range, slots }: { range: Range; slots: readonly Slot[] }) {
  const words = useWords(dashboardWords);
  const { language } = useSpeech();
  const minute = useClock((now) => Math.floor(now / 60_000));
  const begun = useMemo(() => slots.filter(({ begin }) => begin < (minute + 1) * 60_000), [slots, minute]);
  const more = range === 'minutes' ? [] : columns;
  const span = spanOf(range, useClock(seoulDay));
  return (
    <details className="figures-table">
      <summary>{words.asTable}</summary>
      <div className="scroller" role="region" aria-label={words.demandTitle[range]} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.when}</th>
              <th scope="col">{words.requestedLegend}</th>
              <th scope="col">{words.rejectedLegend}</th>
              {more.map((name) => (
                <th key={name} scope="col">
                  {words.columns[name]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="number" translate="no">
            {begun.map((slot) => (
              <tr key={slot.begin}>
                <th scope="row">{slotName(slot, range, language)}</th>
                <Cell value={attemptsIn(slot)} />
                <Cell value={slot.refused} />
                {more.map((name) => (
                  <Cell key={name} value={slot.bucket?.[name] ?? 0} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {span && (
        <ExportButtons
          address={(format) => historyAddress(span, format)}
          name={(format) => fileName(words.historyFile, range, serverClock.now(), format)}
        />
      )}
    </details>
  );
});

const Cell = ({ value }: { value: Count }) => <td data-zero={Number(value) === 0}>{formatCount(value)}</td>;
