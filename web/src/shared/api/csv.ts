/** Files that leave the page, and cells of those that come back. */
import Papa from 'papaparse';

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

const disarm = (cell: string | number) => (typeof cell === 'string' ? cell.replace(toDisarm, "'") : cell);

/** Separators of other locales: unquoted, their spreadsheets would take one cell for two. */
const otherSeparator = /[;\t|，；]/;

/** A file of rows (RFC 4180), with the mark that tells spreadsheets it is UTF-8. Text is disarmed. */
export function csvFile(rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(disarm));
  return `\uFEFF${Papa.unparse(cells, { quotes: (cell) => otherSeparator.test(String(cell)) })}\r\n`;
}

export function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
