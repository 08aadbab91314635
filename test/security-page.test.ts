import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { attacks } from './hostile/attacks.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/security.md');

/** Limits, by name. Above COMPRESS_ABOVE_BYTES nothing is refused. */
const isLimit = (name: string) =>
  /^MAX_|TIMEOUT|TOLERANCE|QUERY_WAIT_MS|_LIMIT$|_BYTES$|_CACHE_SIZE$/.test(name) && name !== 'COMPRESS_ABOVE_BYTES';

function limits(): string[][] {
  const [, ...sections] = readFileSync(join(root, '.env.example'), 'utf8').split('# --- ');
  return sections.flatMap((section) => {
    const [heading = ''] = section.split(/[:\n]/, 1);
    const settings = [...section.matchAll(/^#([A-Z]\w*)=(\S*)(?: +# (.*))?$/gm)];
    return settings
      .filter(([, name = '']) => isLimit(name))
      .map(([, name = '', fallback = '', what = '']) => [`\`${name}\``, fallback, heading, what]);
  });
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column] ?? '')].map((cell) => cell.length)),
  );
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** The part of the page between two marks. `UPDATE=1` writes it. */
function expectPart(name: string, wanted: string): void {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [
    `<!-- ${name}: UPDATE=1 npm run test:fast -- --testPathPatterns security-page -->\n`,
    `<!-- end of ${name} -->`,
  ];
  const [before, rest = ''] = text.split(begin);
  const [part = '', after = ''] = rest.split(end);
  if (process.env['UPDATE'] && after) writeFileSync(page, `${before}${begin}\n${wanted}\n\n${end}${after}`);
  else expect(part.trim()).toBe(wanted);
}

it('the page on security has every limit, with its default and what it bounds', () => {
  const rows = limits();
  expect(rows.filter(([, , , what]) => what === '')).toEqual([]);
  expectPart('limits', table(['setting', 'default', 'of', 'what it bounds'], rows));
});

it('the page on security has every attack of the hostile suite, and no other', () => {
  expectPart('attacks', attacks.map(({ name }) => `- ${name}`).join('\n'));
});
