import { overtimePrice, type OvertimeRule } from '../../../../schema/overtime.ts';

/** A rider is warned so long before a ride costs more: enough to ride to a station and return the bike there. */
export const warnedBeforeMs = 10 * 60_000;

export type Stage = 'free' | 'soon' | 'over';

/** How a ride that began then stands by its tariff; times in epoch milliseconds. */
export function rideTimeAt(now: number, start: number, rule: OvertimeRule) {
  const freeUntil = start + rule.freeMinutes * 60_000;
  const stepMs = rule.stepMinutes * 60_000;
  const price = overtimePrice(now - start, rule);
  // A step that ends now is still the one before.
  const dearerAt = freeUntil + Math.max(0, Math.ceil((now - freeUntil) / stepMs)) * stepMs;
  const dearer = overtimePrice(dearerAt + 1 - start, rule);
  const stage: Stage = now > freeUntil ? 'over' : freeUntil - now <= warnedBeforeMs ? 'soon' : 'free';
  return { stage, freeUntil, price, /** Equal to the price once it grows no more. */ dearer, dearerAt };
}
