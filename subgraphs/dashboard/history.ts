import { ContractError } from '../../platform/index.ts';
import { sumOf, type Counts, type HourView } from './hours.ts';
import type { DemandRefusal } from '../../schema/events/index.ts';

export interface HistoryRange {
  /** RFC 3339. */
  from: string;
  /** The range ends before it. */
  to: string;
  by: BucketSize;
}

export type BucketSize = 'HOUR' | 'DAY';

/** What happened in an hour or a day. */
export interface Bucket extends Counts {
  begin: string;
}

/** As any list has, at most: 8 days by the hour, or half a year by the day. */
export const mostBuckets = 200;

const hourMs = 3_600_000;
const sizes: Record<BucketSize, { ms: number; name: string }> = {
  HOUR: { ms: hourMs, name: 'hours' },
  DAY: { ms: 24 * hourMs, name: 'days' },
};
/** Days begin at midnight in Asia/Seoul, hours with those of UTC. */
const seoulOffsetMs = 9 * hourMs;
/** RFC 3339 cannot say when the bucket of an earlier moment begins. */
const earliest = Date.parse('0000-01-02T00:00:00Z');

/**
 * When each bucket of a range begins, in ms since 1970, oldest first: all those that it touches.
 * @throws {ContractError} when it ends before it begins, or has too many.
 */
export function beginsOf({ from, to, by }: HistoryRange): number[] {
  const { ms, name } = sizes[by];
  const [start, end] = [Date.parse(from), Date.parse(to)];
  if (start >= end) throw new ContractError(`"from" must be before "to": ${from} is not before ${to}.`);
  if (start < earliest) throw new ContractError(`"from" must not be before ${new Date(earliest).toISOString()}.`);
  const first = Math.floor((start + seoulOffsetMs) / ms) * ms - seoulOffsetMs;
  const count = Math.ceil((end - first) / ms);
  if (count > mostBuckets) {
    throw new ContractError(`"from" to "to" is ${count} ${name}, and at most ${mostBuckets} are told at once.`);
  }
  return Array.from({ length: count }, (_, place) => first + place * ms);
}

/** Eleven years by the hour. */
const mostInAFile = 100_000;

/**
 * A range of any length as ranges that may be asked for at once.
 * @throws {ContractError} when it ends before it begins, or is longer than a file may be.
 */
export function partsOf({ from, to, by }: HistoryRange): HistoryRange[] {
  const { ms, name } = sizes[by];
  const [first = 0] = beginsOf({ from, to: earlier(to, Date.parse(from) + 1), by });
  const end = Date.parse(to);
  const count = Math.ceil((end - first) / ms);
  if (count > mostInAFile)
    throw new ContractError(`"from" to "to" is ${count} ${name}; a file has at most ${mostInAFile}.`);
  return Array.from({ length: Math.ceil(count / mostBuckets) }, (_, place) => {
    const begin = first + place * mostBuckets * ms;
    // As it was asked for: its bucket may begin before the earliest moment that may be.
    return { from: place === 0 ? from : new Date(begin).toISOString(), to: earlier(to, begin + mostBuckets * ms), by };
  });
}

const earlier = (time: string, ms: number) => new Date(Math.min(Date.parse(time), ms)).toISOString();

/** The hours (as rows name them) that buckets are made of. */
export function hoursIn(begins: readonly number[], by: BucketSize): string[] {
  const hours = sizes[by].ms / hourMs;
  return begins.flatMap((begin) => Array.from({ length: hours }, (_, place) => hourName(begin + place * hourMs)));
}

const hourName = (ms: number) => new Date(ms).toISOString().slice(0, 13);

/** The buckets, each the sum of its hours; one without any is all 0. */
export function bucketsOf(begins: readonly number[], by: BucketSize, rows: Iterable<HourView>): Bucket[] {
  const byBegin = new Map<number, Counts>(begins.map((begin) => [begin, { counts: {}, refused: {} }]));
  const { ms } = sizes[by];
  const [first = 0] = begins;
  for (const row of rows) {
    const begin = first + Math.floor((Date.parse(`${row.hour}:00:00Z`) - first) / ms) * ms;
    const bucket = byBegin.get(begin);
    if (bucket) byBegin.set(begin, sumOf(bucket, row));
  }
  return Array.from(byBegin, ([begin, counts]) => ({ begin: new Date(begin).toISOString(), ...counts }));
}

/** Whole minutes that all rides together took. */
export const rideMinutesIn = ({ counts }: Counts) => BigInt(counts.riddenMs ?? 0) / 60_000n;

/** By reason, the most frequent first. */
export function refusalsIn({ refused }: Counts): { code: DemandRefusal; count: number }[] {
  const refusals = Object.entries(refused) as [DemandRefusal, number][];
  return refusals.map(([code, count]) => ({ code, count })).sort((one, other) => other.count - one.count);
}
