/** A Long beyond what a number holds exactly comes as a string. */
export type Count = number | string;

/** Korean and English write figures alike. */
const figures = new Intl.NumberFormat('en');
const signedFigures = new Intl.NumberFormat('en', { signDisplay: 'exceptZero' });
const english = new Intl.PluralRules('en');

/** `12,345`, `−1`: as wide as a digit, and read as a minus. */
export function formatCount(value: Count): string {
  return figures.format(BigInt(value)).replace('-', '−');
}

/** `+1,000` or `−1,000`: the color is not the only one to tell. */
export function formatSigned(value: Count): string {
  return signedFigures.format(BigInt(value)).replace('-', '−');
}

/** `1 bike`, `1,234 bikes`, for English: Korean nouns have one form. */
export function counted(value: Count, one: string, other = `${one}s`): string {
  return `${formatCount(value)} ${english.select(Number(value)) === 'one' ? one : other}`;
}

/** A whole number as people type it: full-width digits, spaces and commas between thousands are none of their mistakes. */
export function wholeNumberIn(text: string): number | null {
  const digits = text.normalize('NFKC').replace(/[\s,]/g, '');
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

/** GraphQL's Int has no larger one. */
const largestNumber = 2 ** 31 - 1;

/** The number of a bike, as people type it; null for what none can have. */
export function bikeNumberIn(text: string): number | null {
  const number = wholeNumberIn(text);
  return number !== null && number >= 1 && number <= largestNumber ? number : null;
}

/** Reservations are counted alike. */
export const reserveNumberIn = bikeNumberIn;
