/** What a CSV file with bikes says, line by line; pure. */

export const longestImport = 5_000;
const longestColor = 40;

export type CsvProblem = 'noColor' | 'longColor' | 'badDate' | 'badQuotes';

export interface BikeLine {
  /** As an editor counts them, from 1. */
  line: number;
  color: string;
  /** RFC 3339; null means now. */
  registeredDate: string | null;
  problem: CsvProblem | null;
}

const headings = new Set(['color', 'colour', '색', '색상']);

/** Every line that says something. Separated by commas, semicolons or tabs, quoted as in RFC 4180. */
export function readBikes(text: string): BikeLine[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  return lines.flatMap((content, place) => {
    if (content.trim() === '') return [];
    const cells = cellsOf(content);
    if (place === 0 && headings.has((cells?.[0] ?? '').toLowerCase())) return [];
    return [toBike(place + 1, cells)];
  });
}

function toBike(line: number, cells: string[] | null): BikeLine {
  if (!cells) return { line, color: '', registeredDate: null, problem: 'badQuotes' };
  const [color = '', date = ''] = cells;
  const registeredDate = date === '' ? null : toDateTime(date);
  const problem = problemOf(color, date, registeredDate);
  return { line, color, registeredDate, problem };
}

function problemOf(color: string, date: string, registeredDate: string | null): CsvProblem | null {
  if (color === '') return 'noColor';
  if (Array.from(color).length > longestColor) return 'longColor';
  return date !== '' && registeredDate === null ? 'badDate' : null;
}

/** A day is the midnight with which it begins in Seoul; a time has to name its zone. */
function toDateTime(text: string): string | null {
  const [, year, month, day] = /^(\d{4})[-./](\d{1,2})[-./](\d{1,2})\.?$/.exec(text) ?? [];
  if (year && month && day) return toRealDay(Number(year), Number(month), Number(day));
  if (!/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** Null for the 31st of a month that has none: Date would go on into the next month. */
function toRealDay(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return new Date(date.getTime() - 9 * 3_600_000).toISOString();
}

/** Null when a quote is not closed. */
function cellsOf(content: string): string[] | null {
  const cells: string[] = [];
  let rest = content;
  for (;;) {
    const [found, quoted, plain] = /^\s*(?:"((?:[^"]|"")*)"\s*(?=[,;\t]|$)|([^,;\t]*))/.exec(rest) ?? [];
    if (found === undefined || (quoted === undefined && plain?.startsWith('"'))) return null;
    cells.push((quoted?.replaceAll('""', '"') ?? plain ?? '').trim());
    rest = rest.slice(found.length);
    if (rest === '') return cells;
    rest = rest.slice(1);
  }
}
