import './demand.css';
import { memo } from 'react';
import { Choice, Skeleton } from '../../shared/ui/controls.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import type { Totals } from './dashboard-state.ts';
import { DemandChart } from './demand-chart.tsx';
import { DemandTable } from './demand-table.tsx';
import { type Range, ranges, type Slot, type SummedCount, sums, sumsOf } from './history.ts';
import { Figure } from './tiles.tsx';
import type { History } from './use-history.ts';
import { dashboardWords } from './words.ts';

interface DemandProps extends History {
  totals: Totals;
}

/** Attempts to reserve over the range, the refused part hatched; and what became of them. */
export const Demand = memo(function Demand({ range, choose, slots, error, totals }: DemandProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  return (
    <section className="card demand" aria-labelledby="demand-title">
      <h2 id="demand-title">
        {words.demandTitle[range]}
        <span className="aside legend">
          <span className="key" data-part="available" aria-hidden="true" /> {words.requestedLegend}
          <span className="key" data-part="rejected" aria-hidden="true" /> {words.rejectedLegend}
        </span>
      </h2>
      <Choice
        label={words.range}
        options={ranges.map((key) => ({ key, label: words.rangeNames[key] }))}
        chosen={range}
        onChoose={choose}
      />
      <p className="outcome history-error" data-tone="error" role="status">
        {error ? errorText(error, shared) : ''}
      </p>
      {slots ? (
        <>
          <DemandChart key={range} range={range} slots={slots} />
          <DemandTable range={range} slots={slots} />
          <Outcomes range={range} slots={slots} totals={totals} />
        </>
      ) : (
        <Skeleton label={error ? '' : words.loadingHistory} lines={4} />
      )}
    </section>
  );
});

/** What became of the attempts: of today while the chart shows minutes, else of its range. */
function Outcomes({ range, slots, totals }: { range: Range; slots: readonly Slot[]; totals: Totals }) {
  const words = useWords(dashboardWords);
  const isToday = range === 'minutes' || range === 'today';
  const ofToday: Record<SummedCount, number> = {
    confirmed: totals.reservationsToday,
    returned: totals.returnedToday,
    cancelled: totals.cancelledToday,
    expired: totals.expiredToday,
    refused: totals.refusedToday,
  };
  const counts = isToday ? ofToday : sumsOf(slots.flatMap(({ bucket }) => bucket ?? []));
  return (
    <>
      <h3>
        {isToday ? words.today : words.rangeNames[range]}{' '}
        {isToday && <span className="aside">{words.sinceMidnight}</span>}
      </h3>
      <dl className="figures">
        {sums.map((name) => (
          <Figure key={name} label={words.outcomes[name]} value={counts[name]} />
        ))}
      </dl>
    </>
  );
}
