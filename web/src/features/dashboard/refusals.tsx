import './refusals.css';
import { memo, useMemo } from 'react';
import { Empty } from '../../shared/ui/controls.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { lastMinutes, type Minute, type RefusalCounts, refusalsIn, seriesMinutes } from './dashboard-state.ts';
import { dashboardWords } from './words.ts';

/** Why riders got no bike in the last sixty minutes, minute by minute. */
export const Refusals = memo(function Refusals({ series }: { series: readonly Minute[] }) {
  const words = useWords(dashboardWords);
  const minute = useClock((now) => Math.floor(now / 60_000));
  const reasons = useMemo(() => refusalsIn(lastMinutes(series, minute * 60_000)), [series, minute]);
  return (
    <section className="card refusals" aria-labelledby="refusals-title">
      <h2 id="refusals-title">
        {words.refusals} <span className="aside">{words.lastHour}</span>
      </h2>
      {reasons.length === 0 ? (
        <Empty title={words.noRefusals} />
      ) : (
        <ul>
          {reasons.map((reason) => (
            <Reason key={reason.code} {...reason} />
          ))}
        </ul>
      )}
    </section>
  );
});

const height = 20;
const step = 4;

function Reason({ code, perMinute, total }: RefusalCounts) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const peak = Math.max(...perMinute);
  const summary = words.refusedPerMinute(peak, perMinute.at(-1) ?? 0);
  return (
    <li title={code}>
      <span>{shared.refusal[code].because}</span>
      <strong className="number">{formatCount(total)}</strong>
      <svg viewBox={`0 0 ${seriesMinutes * step} ${height}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <rect className="empty-bar" y={height - 1} width={seriesMinutes * step} height={1} />
        {perMinute.map((count, place) => {
          const bar = (count / Math.max(2, peak)) * height;
          return count > 0 && <rect key={place} x={place * step} y={height - bar} width={step - 1} height={bar} />;
        })}
      </svg>
      <span className="aside number">{summary}</span>
    </li>
  );
}
