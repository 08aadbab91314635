import './refusals.css';
import { memo, useMemo } from 'react';
import { Empty } from '../../shared/ui/controls.tsx';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { type RefusalCounts, refusalsIn } from './dashboard-state.ts';
import type { Range, Slot } from './history.ts';
import { dashboardWords } from './words.ts';

/** Why riders got no bike in the range, bar by bar. */
export const Refusals = memo(function Refusals({ range, slots }: { range: Range; slots: readonly Slot[] | null }) {
  const words = useWords(dashboardWords);
  const reasons = useMemo(() => refusalsIn(slots ?? []), [slots]);
  return (
    <section className="card refusals" aria-labelledby="refusals-title">
      <h2 id="refusals-title">
        {words.refusals} <span className="aside">{words.rangeNames[range]}</span>
      </h2>
      {reasons.length === 0 ? (
        slots && <Empty title={words.noRefusals} />
      ) : (
        <ul>
          {reasons.map((reason) => (
            <Reason key={reason.code} range={range} {...reason} />
          ))}
        </ul>
      )}
    </section>
  );
});

const height = 20;
const step = 4;

function Reason({ code, counts, total, range }: RefusalCounts & { range: Range }) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const peak = Math.max(...counts);
  const summary =
    range === 'minutes' ? words.refusedPerMinute(peak, counts.at(-1) ?? 0) : words.refusedAtMost[range](peak);
  return (
    <li title={code}>
      <span>{shared.refusal[code].because}</span>
      <strong className="number">{formatCount(total)}</strong>
      <svg viewBox={`0 0 ${counts.length * step} ${height}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <rect className="empty-bar" y={height - 1} width={counts.length * step} height={1} />
        {counts.map((count, place) => {
          const bar = (count / Math.max(2, peak)) * height;
          return count > 0 && <rect key={place} x={place * step} y={height - bar} width={step - 1} height={bar} />;
        })}
      </svg>
      <span className="aside number">{summary}</span>
    </li>
  );
}
