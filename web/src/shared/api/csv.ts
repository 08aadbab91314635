/** Cells of files that leave the page, and of those that come back. */

/**
 * CSV injection: a spreadsheet takes a cell that begins so for a formula, and would run what a rider chose as a name.
 * In East Asia full-width letters count too. A cell also begins after each separator that any locale's spreadsheet
 * knows.
 */
const formulaStart = "(?='*[=+\\-@\\t\\r\\n＝＋－＠])";
const cellStart = '(?<=^|[,;\\t\\r\\n])';
const toDisarm = new RegExp(cellStart + formulaStart, 'gu');
const disarmed = new RegExp(`${cellStart}'${formulaStart}`, 'gu');

/** One cell (RFC 4180); text is disarmed, which `plainText` takes back. */
export function csvCell(value: string | number): string {
  const text = typeof value === 'string' ? value.replace(toDisarm, "'") : String(value);
  return /[",;\t\r\n|，；]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What a cell said before it was disarmed. */
export function plainText(cell: string): string {
  return cell.replace(disarmed, '');
}

/** A file of rows, with the mark that tells spreadsheets it is UTF-8. */
export function csvFile(rows: readonly (readonly (string | number)[])[]): string {
  return `\uFEFF${rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('')}`;
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
