/** Numbers with their units, as the language says them: `10분`, `1 minute`, `90 minutes`. */
import type { Language } from './language.ts';

type Unit = 'millisecond' | 'second' | 'minute' | 'hour' | 'day';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** In the units that people count in: minutes also beyond the first hour, days without hours. */
function inUnits(ms: number): [value: number, unit: Unit][] {
  if (ms < minuteMs) return [[ms / secondMs, 'second']];
  if (ms < 2 * hourMs) return [[ms / minuteMs, 'minute']];
  if (ms >= 2 * dayMs) return [[Math.floor(ms / dayMs), 'day']];
  const rest = Math.floor((ms % hourMs) / minuteMs);
  return [[Math.floor(ms / hourMs), 'hour'], ...(rest > 0 ? [[rest, 'minute'] as [number, Unit]] : [])];
}

type Format = Intl.NumberFormat | Intl.RelativeTimeFormat | Intl.ListFormat;
const formats = new Map<string, Format>();
/** Made once: making one takes longer than using it a hundred times. */
function formatOf<Made extends Format>(key: string, make: () => Made): Made {
  const made = formats.get(key) ?? make();
  formats.set(key, made);
  return made as Made;
}

function inUnit(value: number, unit: Unit, unitDisplay: 'long' | 'short', language: Language): string {
  const options = { style: 'unit', unit, unitDisplay, maximumFractionDigits: 1 } as const;
  return formatOf(`${language} ${unit} ${unitDisplay}`, () => new Intl.NumberFormat(language, options)).format(value);
}

/** How long something takes. */
export function duration(ms: number, language: Language): string {
  const parts = formatOf(`${language} parts`, () => new Intl.ListFormat(language, { type: 'unit', style: 'narrow' }));
  return parts.format(inUnits(ms).map(([value, unit]) => inUnit(value, unit, 'long', language)));
}

/** The same in little room, to three figures: `250 ms`, `1.2 sec`, `3분`. */
export function briefly(ms: number, language: Language): string {
  if (Math.round(ms) < secondMs) return inUnit(Math.round(ms), 'millisecond', 'short', language);
  if (ms < minuteMs) return inUnit(ms / secondMs, 'second', 'short', language);
  return inUnit(Math.round(ms / minuteMs), 'minute', 'short', language);
}

/** How long something is past; coarser the older, so that a screen full of times does not flicker. */
export function ago(ms: number, language: Language, justNow: string): string {
  const seconds = Math.floor(ms / secondMs);
  const options = { numeric: 'always', style: 'narrow' } as const;
  const relative = formatOf(`${language} ago`, () => new Intl.RelativeTimeFormat(language, options));
  if (seconds < 5) return justNow;
  if (seconds < 60) return relative.format(-Math.floor(seconds / 5) * 5, 'second');
  if (seconds < 3_600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3_600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}

export const minutes = (count: number, language: Language) => duration(count * minuteMs, language);

/** To ten meters, and kilometers beyond one: nobody walks by the meter. */
export const distance = (meters: number) =>
  meters < 995 ? `${Math.round(meters / 10) * 10} m` : `${(meters / 1000).toFixed(1)} km`;
