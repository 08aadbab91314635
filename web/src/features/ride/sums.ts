import type { PastRide } from './rider.ts';

/** What a ride cost beyond its fee, and in all; null while point does not tell. */
export function sumsOf({ fee, overtime }: PastRide): { overtime: string; all: string } | null {
  if (overtime === null || overtime === undefined) return null;
  return { overtime: String(overtime), all: String(BigInt(fee) + BigInt(overtime)) };
}

/** In whole minutes from the first one on, as a ride is charged; null before its end, or without a ride. */
export function lastedMs({ startDateTime, returnDateTime }: PastRide): number | null {
  if (!startDateTime || !returnDateTime) return null;
  const ms = Math.max(0, Date.parse(returnDateTime) - Date.parse(startDateTime));
  const unit = ms < 60_000 ? 1_000 : 60_000;
  return Math.floor(ms / unit) * unit;
}
