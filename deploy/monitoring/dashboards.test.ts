import { describe, expect, it } from '@jest/globals';
import { queriesOf, readDashboards } from './dashboards.ts';
import { promtool, withPromtool } from './promtool.ts';

const source = { type: 'prometheus', uid: '${datasource}' };

describe.each(readDashboards())('the dashboard in $file', (dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  it('asks whatever Prometheus the person chose, and says what each panel is', () => {
    expect(panels.length).toBeGreaterThan(10);
    for (const { title, description, datasource, targets } of panels) {
      expect({ title, description, datasource }).toEqual({
        title: expect.stringMatching(/./),
        description: expect.stringMatching(/\.$/),
        datasource: source,
      });
      expect(targets).not.toHaveLength(0);
      for (const target of targets ?? []) expect(target.datasource).toEqual(source);
    }
  });

  it('has no two panels with one id or in one place', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  withPromtool('for Prometheus (needs promtool: npm run monitor:install)', () => {
    const asRules = (queries: string[]) => ({
      groups: [
        {
          name: 'queries',
          rules: queries.map((query, index) => ({
            record: `query_${index}`,
            expr: query.replaceAll('$__rate_interval', '1m').replaceAll('$service', '.*'),
          })),
        },
      ],
    });

    it('consists of queries that it can read', () => {
      expect(promtool(['check', 'rules'], asRules(queriesOf(dashboard)))).toMatchObject({ status: 0 });
      expect(promtool(['check', 'rules'], asRules(['sum(rate(up)']))).toMatchObject({ status: 1 });
    });
  });
});
