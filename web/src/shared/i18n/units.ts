/** Numbers with their units, as the language says them: `10분`, `1 minute`, `90 minutes`. */
import type { Language } from './language.ts';

type Unit = 'second' | 'minute' | 'hour' | 'day';

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

const formats = new Map<string, Intl.NumberFormat | Intl.RelativeTimeFormat>();
function formatOf<Format extends Intl.NumberFormat | Intl.RelativeTimeFormat>(key: string, make: () => Format): Format {
  const made = formats.get(key) ?? make();
  formats.set(key, made);
  return made as Format;
}

/** How long something takes. */
export function duration(ms: number, language: Language): string {
  return inUnits(ms)
    .map(([value, unit]) => {
      const options = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 } as const;
      return formatOf(`${language} ${unit}`, () => new Intl.NumberFormat(language, options)).format(value);
    })
    .join(' ');
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
