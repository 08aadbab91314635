import { type KeyboardEvent, memo, type PointerEvent, useState } from 'react';
import { useClock } from '../../shared/i18n/clock.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { attemptsIn } from './dashboard-state.ts';
import { attemptsOf, labelledSlots, placeAfter, type Range, type Slot, ticksFor } from './history.ts';
import { axisLabel, slotName } from './slot-names.ts';
import { dashboardWords } from './words.ts';

const height = 100;
const step = 10;

/**
 * Bars with the values beside them and the times below. The bar under the pointer, the finger or the arrow keys is told
 * in words: for a screen reader the chart is a slider along the time, whose value is that sentence.
 */
export const DemandChart = memo(function DemandChart({ range, slots }: { range: Range; slots: readonly Slot[] }) {
  const words = useWords(dashboardWords);
  const { language } = useSpeech();
  /** Where the bar begins that is told: it stays the same one while others come. */
  const [told, tell] = useState<number | null>(null);
  const minute = useClock((now) => Math.floor(now / 60_000));
  // The server's minute may be newer than the page's: the newest of sixty has always begun.
  const begun = Math.max(1, slots.filter(({ begin }) => range === 'minutes' || begin <= minute * 60_000).length);
  const attempts = attemptsOf(slots);
  const peak = Math.max(0, ...attempts);
  const ticks = ticksFor(peak);
  const top = ticks.at(-1) ?? 1;
  const summary = words.rangeSummary[range](
    attempts.reduce((sum, count) => sum + count, 0),
    peak,
  );
  const found = slots.findIndex(({ begin }) => begin === told);
  const place = found < 0 ? null : found;
  const slot = place === null ? undefined : slots[place];
  const sentence = slot ? words.slot(slotName(slot, range, language), attemptsIn(slot), slot.refused) : summary;

  function onPointer(event: PointerEvent<HTMLElement>): void {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = Math.floor(((event.clientX - left) / width) * slots.length);
    tell(slots[Math.min(begun - 1, Math.max(0, at))]?.begin ?? null);
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape') return tell(null);
    const next = placeAfter(event.key, place, begun);
    if (next === null) return;
    event.preventDefault();
    tell(slots[next]?.begin ?? null);
  }

  return (
    <>
      <div className="plot">
        <div className="values number" aria-hidden="true" style={{ width: `${formatCount(top).length}ch` }}>
          {ticks.map((value) => (
            <span key={value} style={{ bottom: `${(value / top) * 100}%` }}>
              {formatCount(value)}
            </span>
          ))}
        </div>
        <div
          className="bars"
          role="slider"
          tabIndex={0}
          aria-label={summary}
          aria-valuemin={1}
          aria-valuemax={begun}
          aria-valuenow={(place ?? begun - 1) + 1}
          aria-valuetext={sentence}
          onPointerMove={onPointer}
          onPointerDown={onPointer}
          onPointerLeave={({ pointerType }) => pointerType === 'mouse' && tell(null)}
          onKeyDown={onKeyDown}
        >
          <svg viewBox={`0 0 ${slots.length * step} ${height}`} preserveAspectRatio="none" aria-hidden="true">
            <defs>
              <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect width="4" height="4" className="hatch-ground" />
                <rect width="2" height="4" className="hatch-line" />
              </pattern>
            </defs>
            {ticks.map((value) => {
              const y = height - (value / top) * height;
              return <line key={value} className="tick" x1={0} x2={slots.length * step} y1={y} y2={y} />;
            })}
            {slots.map((entry, at) => (
              <Bar
                key={entry.begin}
                attempts={attemptsIn(entry)}
                refused={entry.refused}
                x={at * step}
                scale={height / top}
              />
            ))}
            {place !== null && <rect className="told" x={place * step} y={0} width={step} height={height} />}
          </svg>
        </div>
        <p className="times number" aria-hidden="true">
          {labelledSlots(range, slots.length).map((at) => {
            const labelled = slots[at];
            return (
              labelled && (
                <span key={labelled.begin} style={{ left: `${(at / slots.length) * 100}%` }}>
                  {axisLabel(labelled, range)}
                </span>
              )
            );
          })}
        </p>
      </div>
      <p className="aside sentence" data-told={slot !== undefined}>
        {sentence}
      </p>
    </>
  );
});

const barWidth = 7;

interface BarProps {
  attempts: number;
  refused: number;
  x: number;
  scale: number;
}

const Bar = memo(function Bar({ attempts, refused, x, scale }: BarProps) {
  const total = attempts * scale;
  const hatched = Math.min(attempts, refused) * scale;
  return (
    <g>
      {total > 0 && <rect className="bar" x={x} y={height - total} width={barWidth} height={total - hatched} />}
      {hatched > 0 && <rect fill="url(#hatch)" x={x} y={height - hatched} width={barWidth} height={hatched} />}
    </g>
  );
});
