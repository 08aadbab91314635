/** A whole number as people type it: full-width digits, spaces and commas between thousands are none of their mistakes. */
export function wholeNumberIn(text: string): number | null {
  const digits = text.normalize('NFKC').replace(/[\s,]/g, '');
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}
