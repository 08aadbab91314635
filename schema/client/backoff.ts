/** How to retry: at once, then with exponential back-off and jitter, so that clients do not retry in step. */
const firstMs = 250;
const longestMs = 10_000;

/** Milliseconds before the given retry (1, 2, 3 …). */
export function backoffMs(retry: number, random: () => number = Math.random): number {
  return Math.min(longestMs, firstMs * 2 ** retry) * (0.5 + random() / 2);
}
