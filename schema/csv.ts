/** CSV as everything here writes it (RFC 4180), for spreadsheets of any locale. */

/** At the head of a file it tells spreadsheets that it is UTF-8: else Excel shows Korean as rubbish. */
export const byteOrderMark = '\uFEFF';

/**
 * CSV injection: a spreadsheet takes a cell that begins so for a formula, and would run what a rider chose as a name.
 * In East Asia full-width letters count too. A cell also begins after each separator that any locale's spreadsheet
 * knows.
 */
const formulaStart = "(?='*[=+\\-@\\t\\r\\n＝＋－＠])";
const cellStart = '(?<=^|[,;\\t\\r\\n])';
const toDisarm = new RegExp(cellStart + formulaStart, 'gu');
const disarmed = new RegExp(`${cellStart}'${formulaStart}`, 'gu');

/** What a cell said before it was disarmed. */
export function plainText(cell: string): string {
  return cell.replace(disarmed, '');
}

/** Besides what RFC 4180 asks for: separators of other locales, whose spreadsheets would take one cell for two. */
const toQuote = /[",;\t\r\n|，；\uFEFF]|^ | $/;

/** One line with its end. Text is disarmed, numbers stay as they are. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = value.replace(toDisarm, "'");
  return toQuote.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
