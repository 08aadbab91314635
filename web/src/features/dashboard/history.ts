/** Which time the charts show, kept in the address, and what they show of it. */
import type {
  DashboardHistoryQuery,
  DashboardHistoryQueryVariables,
} from '../../../../schema/client/generated/graphql.ts';
import { attemptsIn, lastMinutes, type Minute } from './dashboard-state.ts';

export const ranges = ['minutes', 'today', 'yesterday', 'week', 'month'] as const;
export type Range = (typeof ranges)[number];
const usual: Range = 'minutes';

export const readRange = (address: string): Range =>
  ranges.find((range) => range === new URLSearchParams(address).get('range')) ?? usual;

/** The address with this range; what else is in it stays. */
export function writeRange(range: Range, address: string): string {
  const query = new URLSearchParams(address);
  if (range === usual) query.delete('range');
  else query.set('range', range);
  const text = query.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}

export type Bucket = DashboardHistoryQuery['dashboard']['history'][number];

/** A bar: a minute, an hour or a day. */
export interface Slot extends Pick<Minute, 'requested' | 'rejected' | 'refused' | 'refusals'> {
  /** When it begins and ends, in ms since 1970. */
  begin: number;
  end: number;
  /** What else the graph tells of hours and days. */
  bucket?: Bucket;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** How many days back a range begins, how many days it has, and what its bars are. */
const days: Record<Exclude<Range, 'minutes'>, { back: number; count: number; by: 'HOUR' | 'DAY' }> = {
  today: { back: 0, count: 1, by: 'HOUR' },
  yesterday: { back: 1, count: 1, by: 'HOUR' },
  week: { back: 6, count: 7, by: 'HOUR' },
  month: { back: 29, count: 30, by: 'DAY' },
};

export const barMs = (range: Range): number =>
  range === 'minutes' ? minuteMs : days[range].by === 'HOUR' ? hourMs : dayMs;

/** What to ask the graph; null for the minutes, which the picture has. @param day in Seoul, since 1970. */
export function spanOf(range: Range, day: number): DashboardHistoryQueryVariables | null {
  if (range === 'minutes') return null;
  const { back, count, by } = days[range];
  const midnight = (of: number) => new Date(of * dayMs - 9 * hourMs).toISOString();
  return { from: midnight(day - back), to: midnight(day - back + count), by };
}

export function slotsOfMinutes(series: readonly Minute[], now: number): readonly Slot[] {
  return lastMinutes(series, now).map((minute) => {
    const begin = Date.parse(minute.minute);
    return { ...minute, begin, end: begin + minuteMs };
  });
}

export function slotsOf(range: Range, buckets: readonly Bucket[]): readonly Slot[] {
  return buckets.map((bucket) => {
    const { requested, rejected, refused, refusals } = bucket;
    const begin = Date.parse(bucket.begin);
    return { requested, rejected, refused, refusals, begin, end: begin + barMs(range), bucket };
  });
}

/** Round numbers from 0 to at least `peak`, four steps at most: the values beside the bars. */
export function ticksFor(peak: number): readonly number[] {
  const rough = Math.max(1, peak / 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.max(2, Math.ceil(peak / step)) + 1 }, (_, place) => place * step);
}

/** Which bars have their time written below: few enough to stand side by side on a phone. */
export function labelledSlots(range: Range, count: number): readonly number[] {
  const step = { minutes: 15, today: 6, yesterday: 6, week: 24, month: 6 }[range];
  return Array.from({ length: Math.ceil(count / step) }, (_, place) => place * step);
}

export const sums = ['confirmed', 'returned', 'cancelled', 'expired', 'refused'] as const;
export type SummedCount = (typeof sums)[number];

/** The counts of all bars together. */
export function sumsOf(buckets: readonly Bucket[]): Record<SummedCount, number> {
  const sum = (name: SummedCount) => buckets.reduce((all, bucket) => all + bucket[name], 0);
  return {
    confirmed: sum('confirmed'),
    returned: sum('returned'),
    cancelled: sum('cancelled'),
    expired: sum('expired'),
    refused: sum('refused'),
  };
}

export const attemptsOf = (slots: readonly Slot[]) => slots.map(attemptsIn);

/** Where a key leads in the chart; null when it is none of its keys. */
export function placeAfter(key: string, place: number | null, count: number): number | null {
  const last = count - 1;
  const at = place ?? last;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, place === null ? last : at - 1);
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(last, place === null ? last : at + 1);
    case 'PageUp':
      return Math.min(last, at + 10);
    case 'PageDown':
      return Math.max(0, at - 10);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
