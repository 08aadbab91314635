/** Files that leave the page. */
import { byteOrderMark, csvLine } from '../../../../schema/csv.ts';

/** A file of rows, its text disarmed. */
export function csvFile(rows: readonly (readonly (string | number)[])[]): string {
  return byteOrderMark + rows.map(csvLine).join('');
}

export function download(name: string, content: string | Blob): void {
  const blob = typeof content === 'string' ? new Blob([content], { type: 'text/csv;charset=utf-8' }) : content;
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
