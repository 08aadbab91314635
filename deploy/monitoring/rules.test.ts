import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { promtool, withPromtool } from './promtool.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { readRuleGroups } from './rules.ts';

interface RuleCase {
  alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
}

const cases = { name: 'cases.yaml', text: readFileSync(join(import.meta.dirname, 'rules.test.yaml'), 'utf8') };
const groups = readRuleGroups();
const rules = groups.flatMap((group) => group.rules);

describe('the cases of the rules', () => {
  const { tests } = parse(cases.text) as { tests: RuleCase[] };
  const said = tests.flatMap((one) => one.alert_rule_test);

  it.each(rules)('$alert is to fire once and to be quiet once', ({ alert }) => {
    const expected = said.filter(({ alertname }) => alertname === alert);
    expect(expected.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(expected.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });
});

describe('ServiceMissing', () => {
  it('looks for the router and every subgraph', () => {
    const { expr = '' } = rules.find(({ alert }) => alert === 'ServiceMissing') ?? {};
    const looked = [...expr.matchAll(/absent\(process_start_time_seconds\{service="(\w+)"\}\)/g)].map(
      ([, name]) => name,
    );
    expect(looked.sort()).toEqual(['router', ...subgraphNames].sort());
  });
});

withPromtool('the rules, as Prometheus judges them (needs promtool: npm run monitor:install)', () => {
  it('can be read', () => {
    expect(promtool(['check', 'rules'], { groups })).toEqual({ status: 0, said: expect.any(String) });
  });

  it('fire on bad series, and stay quiet on good ones', () => {
    expect(promtool(['test', 'rules'], { groups }, cases)).toEqual({ status: 0, said: expect.any(String) });
  });

  it.each([
    ['none of them could fire', 'and on () (vector(1) > 2)'],
    ['all of them always fired', 'or on () vector(1)'],
  ])('would fail their cases if %s', (_what, change) => {
    const changed = groups.map((group) => ({
      ...group,
      rules: group.rules.map(({ for: _for, ...rule }) => ({ ...rule, expr: `(${rule.expr}) ${change}` })),
    }));
    const { status, said } = promtool(['test', 'rules'], { groups: changed }, cases);
    expect(status).not.toBe(0);
    for (const { alert } of rules) expect(said).toContain(`alertname: ${alert}`);
  });
});
