import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readRuleGroups } from './rules.ts';

const directory = join(import.meta.dirname, '../../docs/runbooks');
const rules = readRuleGroups().flatMap((group) => group.rules);
const headings = ['Look here first', 'Fix', 'It is over when'];

const fileOf = (alert: string) => `${alert.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.md`;

describe('runbooks', () => {
  it.each(rules)('$alert names its own', ({ alert, annotations }) => {
    expect(annotations.runbook).toBe(`docs/runbooks/${fileOf(alert)}`);
  });

  it('are there for every alert, and for nothing else', () => {
    const pages = readdirSync(directory).filter((file) => file !== 'README.md');
    expect(pages.sort()).toEqual(rules.map(({ alert }) => fileOf(alert)).sort());
  });

  it.each(rules)('$alert has the shape that all have, and a query or command to begin with', ({ alert }) => {
    const text = readFileSync(join(directory, fileOf(alert)), 'utf8');
    expect(text.startsWith(`# ${alert}\n\n**What it means.** `)).toBe(true);
    expect(text).toContain('\n\n**What riders notice.** ');
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(headings);
    const [, lookHere = ''] = text.split(/^## /m);
    expect(lookHere).toMatch(/```(sh|promql|js)\n/);
  });
});
