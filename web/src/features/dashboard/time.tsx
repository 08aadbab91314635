import { useClock } from '../../shared/i18n/clock.ts';
import { clockTimeOn } from '../../shared/i18n/seoul-time.ts';

/** A time of day, with its day where that is not today. */
export function Time({ at }: { at: string }) {
  const text = useClock((now) => clockTimeOn(at, now));
  return (
    <time dateTime={at} className="number">
      {text}
    </time>
  );
}
