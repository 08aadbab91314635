import './dials.css';
import type { ReactNode } from 'react';
import { useTariff } from '../../shared/api/use-tariff.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinute, timeLeft, timePassed } from '../../shared/i18n/seoul-time.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
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
export function RideDial({ since }: { since: string }) {
  const words = useWords(rideWords);
  const { overtimeFreeMinutes } = useTariff();
  const start = Date.parse(since);
  const passed = useClock((now) => timePassed(since, now));
  const freeMs = overtimeFreeMinutes === undefined ? null : overtimeFreeMinutes * minuteMs;
  // A ride that was never free is over its time from the beginning.
  const part = useClock((now) => (freeMs === null ? 0 : Math.max(0, Math.min(1, (now - start) / Math.max(1, freeMs)))));
  const late = part >= 1;
  return (
    <>
      <Dial part={part} tone={late ? 'soon' : 'riding'} figure={passed} label={words.rideTime} />
      {freeMs !== null &&
        (late ? (
          <Overtime />
        ) : (
          <p className="dial-note" data-tone="calm">
            {words.freeUntil(hourAndMinute(start + freeMs))}
          </p>
        ))}
      <p className="aside">{words.ridingSince(hourAndMinute(since))}</p>
    </>
  );
}

function Overtime() {
  const words = useWords(rideWords);
  const { overtimeFreeMinutes = 0, overtimeStepMinutes = 0, overtimeStepPrice = 0, overtimeCap = 0 } = useTariff();
  return (
    <p className="dial-note" data-tone="bad">
      {words.overtime(overtimeFreeMinutes, overtimeStepMinutes, overtimeStepPrice, overtimeCap)}
    </p>
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
