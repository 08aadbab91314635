import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { table } from '../deploy/settings.ts';
import { gbfsPath, gbfsVersions } from '../schema/open-data-addresses.ts';
import { scopes } from '../schema/scopes.ts';
import { calls, reserveQuery } from '../web/src/features/developers/calls.ts';
import { developersWords } from '../web/src/features/developers/words.ts';

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
    expect(addresses).toEqual(gbfsVersions.map((version) => gbfsPath(version, 'gbfs')));
  });

  it('has every scope, with what it allows', () => {
    const rows = Object.entries(scopes).map(([scope, { allows, fields }]) => {
      const roots = fields.filter((field) => /^(Query|Mutation|Subscription)\./.test(field));
      return [`\`${scope}\``, allows, roots.map((field) => `\`${field.replace(/^\w+\./, '')}\``).join(', ')];
    });
    expectPart('scopes', table(['scope', 'allows to', 'where a token of a rider is needed'], rows));
  });

  const schema = buildSchema(readFileSync(join(root, 'schema/client/generated/api.graphql'), 'utf8'));
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const isCall = (name: string) => roots.some((type) => type?.getFields()[name]);

  it('calls the same for a reservation as the page that is served, and what there is', () => {
    const [, part = ''] = /## A reservation\n([^#]*?)\n- /.exec(readFileSync(page, 'utf8')) ?? [];
    const told = [...part.matchAll(/`(\w+)/g)].map(([, name = '']) => name).filter(isCall);
    const shown = Object.values(calls).flat();
    expect(new Set(told)).toEqual(new Set(shown));
    expect(shown.filter((name) => !isCall(name))).toEqual([]);
  });

  it('sends a mutation that the schema knows, as the page that is served does', () => {
    expect(readFileSync(page, 'utf8')).toContain(reserveQuery);
    expect(validate(schema, parse(reserveQuery))).toEqual([]);
  });

  it('says of a scope what the page that is served says', () => {
    for (const [scope, { allows }] of Object.entries(scopes)) {
      expect(developersWords.en.scopes).toHaveProperty(scope, allows);
    }
  });
});
