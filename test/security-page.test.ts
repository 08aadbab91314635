import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { settings, table } from '../deploy/settings.ts';
import { attacks } from './hostile/attacks.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/security.md');

/** Limits, by name. */
const isLimit = (name: string) =>
  /^MAX_|^RATE_|^BREAKER_|TIMEOUT|TOLERANCE|QUERY_WAIT_MS|_LIMIT$|_BYTES$|_CACHE_SIZE$/.test(name);

const limits = () =>
  settings
    .filter(({ name }) => isLimit(name))
    .map(({ name, fallback, reader, what }) => [`\`${name}\``, fallback, reader, what]);

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
  expectPart('limits', table(['setting', 'default', 'of', 'what it bounds'], limits()));
});

it('the page on security has every attack of the hostile suite, and no other', () => {
  expectPart('attacks', attacks.map(({ name }) => `- ${name}`).join('\n'));
});
