import { until } from './until.ts';

const dayMs = 86_400_000;
const seoulAheadMs = 9 * 3_600_000;
/** Longer than a test of a page takes. */
const nearMs = 60_000;

/** Waits for midnight in Seoul where it is near: the counts of today begin anew then, and times of before get their day. */
export async function untilFarFromMidnight(): Promise<void> {
  const midnight = Math.ceil((Date.now() + seoulAheadMs) / dayMs) * dayMs - seoulAheadMs;
  if (midnight - Date.now() > nearMs) return;
  await until('the day in Seoul has begun', () => Date.now() > midnight, 2 * nearMs);
}
