/** What is told of many measured times, in ms. */
export interface Distribution {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** The smallest value that at least `share` of the values do not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

export function distributionOf(values: readonly number[]): Distribution {
  const at = (share: number) => round(percentile(values, share));
  return { count: values.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** The middle one; the mean of the two middle ones of an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  return round(((sorted[Math.ceil(half) - 1] ?? NaN) + (sorted[Math.floor(half)] ?? NaN)) / 2);
}

/** Two digits after the point are more than any of these measurements is worth. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A function that counts by name. */
export function createCounter(): { counts: Record<string, number>; count(name: string): void } {
  const counts: Record<string, number> = {};
  return { counts, count: (name) => (counts[name] = (counts[name] ?? 0) + 1) };
}
