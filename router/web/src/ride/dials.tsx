import type { ReactNode } from 'react';
import { useClock } from '../words/clock.ts';
import { clockTime, timeLeft, timePassed } from '../words/seoul-time.ts';
import { useWords } from '../words/speech.tsx';
import { rideWords } from './words.ts';

const soonMs = 2 * 60_000;
const freeRideMs = 60 * 60_000;

/** How long the bike is still held, as a ring that empties. */
export function HoldDial({ from, until }: { from: string; until: string }) {
  const words = useWords(rideWords);
  const end = Date.parse(until);
  const whole = end - Date.parse(from);
  const left = useClock((now) => timeLeft(until, now));
  const part = useClock((now) => Math.max(0, Math.min(1, (end - now) / whole)));
  const soon = useClock((now) => end - now < soonMs);
  const minutes = useClock((now) => Math.max(0, Math.ceil((end - now) / 60_000)));
  return (
    <>
      <Dial part={part} tone={soon ? 'soon' : 'held'} figure={left} label={words.holdLeft} />
      {/* Said once a minute, not once a second. */}
      <p className="visually-hidden" role="timer" aria-live="polite">
        {words.minutesLeft(minutes)}
      </p>
      <p className="dial-note">{words.heldUntil(clockTime(until))}</p>
    </>
  );
}

/** How long the ride has lasted, as a ring that fills until it costs extra. */
export function RideDial({ since }: { since: string }) {
  const words = useWords(rideWords);
  const start = Date.parse(since);
  const passed = useClock((now) => timePassed(since, now));
  const part = useClock((now) => Math.max(0, Math.min(1, (now - start) / freeRideMs)));
  const late = part >= 1;
  return (
    <>
      <Dial part={part} tone={late ? 'soon' : 'riding'} figure={passed} label={words.rideTime} />
      <p className="dial-note" data-tone={late ? 'bad' : 'calm'}>
        {late ? words.overtime : words.freeUntil(clockTime(start + freeRideMs))}
      </p>
      <p className="aside">{words.ridingSince(clockTime(since))}</p>
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
