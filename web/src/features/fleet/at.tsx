import './at.css';
import { useClock } from '../../shared/i18n/clock.ts';
import { clockTimeOn } from '../../shared/i18n/seoul-time.ts';

/** A moment as people in Seoul read it, with its zone. */
export function At({ time }: { time: string }) {
  const text = useClock((now) => `${clockTimeOn(time, now)} KST`);
  return (
    <time dateTime={time} className="number at" translate="no">
      {text}
    </time>
  );
}
