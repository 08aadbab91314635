import './demand.css';
import { memo, useMemo } from 'react';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinute } from '../../shared/i18n/seoul-time.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { attemptsIn, lastMinutes, type Minute, seriesMinutes, type Totals } from './dashboard-state.ts';
import { Figure } from './tiles.tsx';
import { dashboardWords } from './words.ts';

const height = 100;
const barWidth = 7;
const step = 10;

/** Attempts to reserve in each of the last sixty minutes, the refused part hatched; and what became of them today. */
export const Demand = memo(function Demand({ series, totals }: { series: readonly Minute[]; totals: Totals }) {
  const words = useWords(dashboardWords);
  return (
    <section className="card demand" aria-labelledby="demand-title">
      <h2 id="demand-title">
        {words.perMinute}
        <span className="aside legend">
          <span className="key" data-part="available" aria-hidden="true" /> {words.requestedLegend}
          <span className="key" data-part="rejected" aria-hidden="true" /> {words.rejectedLegend}
        </span>
      </h2>
      <Chart series={series} />
      <h3>
        {words.today} <span className="aside">{words.sinceMidnight}</span>
      </h3>
      <dl className="figures">
        <Figure label={words.reservationsToday} value={totals.reservationsToday} />
        <Figure label={words.returnedToday} value={totals.returnedToday} />
        <Figure label={words.cancelledToday} value={totals.cancelledToday} />
        <Figure label={words.expiredToday} value={totals.expiredToday} />
        <Figure label={words.refusedToday} value={totals.refusedToday} />
      </dl>
    </section>
  );
});

const Chart = memo(function Chart({ series }: { series: readonly Minute[] }) {
  const words = useWords(dashboardWords);
  const minute = useClock((now) => Math.floor(now / 60_000));
  const minutes = useMemo(() => lastMinutes(series, minute * 60_000), [series, minute]);
  const peak = Math.max(...minutes.map(attemptsIn));
  const requested = minutes.reduce((sum, entry) => sum + attemptsIn(entry), 0);
  const scale = height / Math.max(4, peak);
  const summary = words.perMinuteSummary(requested, peak);
  return (
    <>
      <svg viewBox={`0 0 ${seriesMinutes * step} ${height}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <defs>
          <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="4" height="4" className="hatch-ground" />
            <rect width="2" height="4" className="hatch-line" />
          </pattern>
        </defs>
        {minutes.map((entry, place) => (
          <Bar key={entry.minute} entry={entry} x={place * step} scale={scale} />
        ))}
      </svg>
      <p className="axis" aria-hidden="true">
        <span>{words.minutesAgo(60)}</span>
        <span>{words.minutesAgo(30)}</span>
        <span>{words.now}</span>
      </p>
      <p className="aside">{summary}</p>
    </>
  );
});

const Bar = memo(function Bar({ entry, x, scale }: { entry: Minute; x: number; scale: number }) {
  const words = useWords(dashboardWords);
  const attempts = attemptsIn(entry);
  const total = attempts * scale;
  const refused = Math.min(attempts, entry.refused) * scale;
  const time = hourAndMinute(entry.minute);
  return (
    <g>
      <title>{words.minute(time, attempts, entry.refused)}</title>
      <rect className="empty-bar" x={x} y={height - 1} width={barWidth} height={1} />
      {total > 0 && <rect className="bar" x={x} y={height - total} width={barWidth} height={total - refused} />}
      {refused > 0 && <rect fill="url(#hatch)" x={x} y={height - refused} width={barWidth} height={refused} />}
    </g>
  );
});
