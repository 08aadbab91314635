/** What a ride costs beyond its fee: point charges it, and a page tells it before. It needs no library. */

export interface OvertimeRule {
  /** Minutes that the fee covers. */
  freeMinutes: number;
  /** Each started step costs. */
  stepMinutes: number;
  stepPrice: number;
  /** Most that one ride can cost. */
  cap: number;
}

/** 200 points per started 5 minutes after the first 60, at most 30,000 (the city's own rules, docs/facts.md). */
export function overtimePrice(rideMs: number, rule: OvertimeRule): number {
  const steps = Math.ceil(Math.max(0, rideMs / 60_000 - rule.freeMinutes) / rule.stepMinutes);
  return Math.min(rule.cap, steps * rule.stepPrice);
}
