/** What the files that operators choose have in common, whatever is in them; pure. */

export interface PreparedCsv {
  /** With one kind of line end, and without a byte order mark. */
  content: string;
  delimiter: string;
  /** Lines that are no content. */
  skipped: number;
}

/** One kind of line end, and no line `sep=;`, by which Excel says what separates. */
export function prepareCsv(text: string): PreparedCsv {
  const lines = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const [said, delimiter] = /^"?sep=([,;\t|])"?[ ,;\t]*(?:\n|$)/i.exec(lines) ?? [];
  if (said !== undefined && delimiter) return { content: lines.slice(said.length), delimiter, skipped: 1 };
  return { content: lines, delimiter: delimiterIn(lines.slice(0, 50_000)), skipped: 0 };
}

const separators = [',', ';', '\t', '|', '，', '；'];

/**
 * The most frequent separator outside quotes, of the first line that says something and has one: a note below may be
 * full of another. Korean keyboards write full-width ones too. Papa Parse would guess by lines of equal length, which a
 * list of colors, some with a date, does not have.
 */
function delimiterIn(text: string): string {
  const lines = text.replace(/"(?:[^"]|"")*"/g, 'x').split('\n');
  const says = (line: string) => /[^\s,;|，；]/.test(line) && separators.some((each) => line.includes(each));
  const line = lines.find(says) ?? '';
  const count = (separator: string) => line.split(separator).length;
  return separators.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

export interface CsvRecord {
  row: number;
  line: number;
  cells: readonly string[];
}

/** With the line on which each begins: a cell in quotes may have several. */
export function recordsIn(rows: readonly string[][], firstLine: number): CsvRecord[] {
  let line = firstLine;
  return rows.map((cells, row) => {
    const record = { row, line, cells };
    line += 1 + cells.reduce((breaks, cell) => breaks + cell.split('\n').length - 1, 0);
    return record;
  });
}
