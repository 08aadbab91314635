import './dials.css';
import type { ReactNode } from 'react';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinute, hourAndMinuteOn, timeLeft, timePassed } from '../../shared/i18n/seoul-time.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { Overtime, useOvertimeRule } from './overtime.tsx';
import { rideWords } from './words.ts';

const soonMs = 2 * 60_000;
const minuteMs = 60_000;

/** How long the bike is still held, as a ring that empties. */
export function HoldDial({ from, until }: { from: string; until: string }) {
  const words = useWords(rideWords);
  const end = Date.parse(until);
  const whole = end - Date.parse(from);
  const left = useClock((now) => timeLeft(until, now));
  const part = useClock((now) => Math.max(0, Math.min(1, (end - now) / whole)));
  const soon = useClock((now) => end - now < soonMs);
  const minutes = useClock((now) => Math.max(0, Math.ceil((end - now) / minuteMs)));
  return (
    <>
      <Dial part={part} tone={soon ? 'soon' : 'held'} figure={left} label={words.holdLeft} />
      {/* Said once a minute, not once a second. */}
      <p className="visually-hidden" role="timer" aria-live="polite">
        {words.minutesLeft(minutes)}
      </p>
      <p className="dial-note">{words.heldUntil(hourAndMinute(until))}</p>
    </>
  );
}

/** How long the ride has lasted, as a ring that fills until it costs extra. */
export function RideDial({ since, reserveNo }: { since: string; reserveNo: number }) {
  const words = useWords(rideWords);
  const rule = useOvertimeRule();
  const start = Date.parse(since);
  const began = useClock((now) => hourAndMinuteOn(since, now));
  const passed = useClock((now) => timePassed(since, now));
  const freeMs = rule && rule.freeMinutes * minuteMs;
  // A ride that was never free is over its time from the beginning.
  const part = useClock((now) => (freeMs === null ? 0 : Math.max(0, Math.min(1, (now - start) / Math.max(1, freeMs)))));
  return (
    <>
      <Dial part={part} tone={part >= 1 ? 'soon' : 'riding'} figure={passed} label={words.rideTime} />
      {rule && <Overtime start={start} rule={rule} reserveNo={reserveNo} />}
      <p className="aside">{words.ridingSince(began)}</p>
    </>
  );
}

interface DialProps {
  /** 0 to 1. */
  part: number;
  tone: 'held' | 'soon' | 'riding';
  figure: ReactNode;
  label: string;
}

const radius = 52;
const around = 2 * Math.PI * radius;

function Dial({ part, tone, figure, label }: DialProps) {
  return (
    <div className="dial" data-tone={tone}>
      <svg viewBox="0 0 120 120" aria-hidden="true">
        <circle cx="60" cy="60" r={radius} className="dial-ground" />
        <circle
          cx="60"
          cy="60"
          r={radius}
          className="dial-part"
          strokeDasharray={`${part * around} ${around}`}
          transform="rotate(-90 60 60)"
        />
      </svg>
      <p>
        <strong className="number">{figure}</strong>
        <span>{label}</span>
      </p>
    </div>
  );
}
