import { bikeNumberIn } from '../../shared/i18n/numbers.ts';

/** As many lines as one call takes. */
const mostBikes = 1_000;

/** The bikes that somebody names by their numbers, each once; null where one is no number, or there are none or too many. */
export function bikeNumbersIn(text: string): number[] | null {
  const numbers = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(bikeNumberIn);
  const known = numbers.filter((number) => number !== null);
  if (known.length < numbers.length) return null;
  const bikeIds = [...new Set(known)];
  return bikeIds.length > 0 && bikeIds.length <= mostBikes ? bikeIds : null;
}
