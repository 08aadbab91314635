import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { table } from '../deploy/settings.ts';
import { scopes } from '../schema/scopes.ts';
import { gbfsVersions } from '../subgraphs/dashboard/open-data/gbfs.ts';

const root = join(import.meta.dirname, '..');

describe('the page for planners', () => {
  const page = join(root, 'docs/planners.md');
  /** The part of the page between two marks. `UPDATE=1` writes it. */
  function expectPart(name: string, wanted: string): void {
    const text = readFileSync(page, 'utf8');
    const begin = `<!-- ${name}: UPDATE=1 npm run test:fast -- --testPathPatterns planners-page -->\n`;
    const end = `<!-- end of ${name} -->`;
    const [before, rest = ''] = text.split(begin);
    const [part = '', after = ''] = rest.split(end);
    if (process.env['UPDATE'] && after) writeFileSync(page, `${before}${begin}\n${wanted}\n\n${end}${after}`);
    else expect(part.trim()).toBe(wanted);
  }

  it('shows the example that is run here', () => {
    const [, ...lines] = readFileSync(join(root, 'schema/client/planner-example.ts'), 'utf8').trim().split('\n');
    expectPart('example', `\`\`\`ts\n${lines.join('\n')}\n\`\`\``);
  });

  it('leads to feeds that there are', () => {
    const addresses = readFileSync(page, 'utf8').match(/\/gbfs\/[^`\s]*/g);
    expect(gbfsVersions.map((version) => `/gbfs/${version}/gbfs.json`)).toEqual(
      expect.arrayContaining(addresses ?? []),
    );
    expect(addresses).not.toBeNull();
  });

  it('has every scope, with what it allows', () => {
    const rows = Object.entries(scopes).map(([scope, { allows, fields }]) => {
      const roots = fields.filter((field) => /^(Query|Mutation|Subscription)\./.test(field));
      return [`\`${scope}\``, allows, roots.map((field) => `\`${field.replace(/^\w+\./, '')}\``).join(', ')];
    });
    expectPart('scopes', table(['scope', 'allows to', 'where a token of a rider is needed'], rows));
  });
});
