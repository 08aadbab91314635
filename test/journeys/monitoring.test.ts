import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queriesOf, readDashboards } from '../../deploy/monitoring/dashboards.ts';
import { metricNamesIn } from '../../deploy/monitoring/promql.ts';
import { readRuleGroups } from '../../deploy/monitoring/rules.ts';
import { subgraphNames } from '../../schema/subgraphs.ts';
import { until } from '../support/until.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** A metric as the table in docs/metrics.md has it, or as a process exports it. */
interface Metric {
  name: string;
  type: string;
  help: string;
}

interface Documented extends Metric {
  labels: string[];
  services: string[];
}

const services = [...subgraphNames, 'router'];

function documented(): Documented[] {
  const rows = read('docs/metrics.md').matchAll(
    /^\| `(?<name>\w+)` +\| (?<type>\w+) +\| (?<labels>[^|]*?) *\| (?<from>[^|]+?) +\| (?<help>[^|]+?) +\|$/gm,
  );
  return [...rows].map(({ groups }) => {
    const { name = '', type = '', labels = '', from = '', help = '' } = groups ?? {};
    const groupsOfServices: Record<string, readonly string[]> = { all: services, subgraphs: subgraphNames };
    return { name, type, help, labels: listOf(labels), services: [...(groupsOfServices[from] ?? listOf(from))] };
  });
}

const listOf = (text: string) => text.split(', ').filter(Boolean);

/** Figures of Node's own. */
const isCommon = (name: string) => /^(nodejs|process)_/.test(name);
/** Prometheus' own metrics of its targets and alerts, and what Kubernetes tells of volumes. */
const ofOthers = ['up', 'ALERTS', 'kubelet_volume_stats_used_bytes', 'kubelet_volume_stats_capacity_bytes'];

describe('what is said of metrics', () => {
  let system: TestSystem;
  const texts = new Map<string, string>();

  beforeAll(async () => {
    system = await startSystem();
    const operator = await system.token('boss', ['operator']);
    for (const query of ['query Bikes { bikes { nodes { bikeId } } }', 'query Wrong { nothing }']) {
      await fetch(`${system.routerUrl}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${operator}` },
        body: JSON.stringify({ query }),
      });
    }
    // Node tells of it after the first time.
    await until('garbage was collected', async () => {
      Array.from({ length: 100_000 }, () => ({}));
      return (await (await fetch(`${system.routerUrl}/metrics`)).text()).includes('nodejs_gc_duration_seconds_sum');
    });
    const urls = [
      ...Object.values(system.services ?? {}).map(({ name, port }) => [name, `http://127.0.0.1:${port}`] as const),
      ['router', system.routerUrl] as const,
    ];
    for (const [name, url] of urls) texts.set(name, await (await fetch(`${url}/metrics`)).text());
  }, 240_000);
  afterAll(() => system.close());

  function exported(service: string): Metric[] {
    const text = texts.get(service) ?? '';
    const metrics = [...text.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm)];
    return metrics
      .map(([, name = '', help = '', type = '']) => ({ name, help, type }))
      .filter(({ name }) => !isCommon(name));
  }

  /** The label names of a metric's samples, in all processes. */
  function labelsOf(name: string): Set<string> {
    const samples = [...texts.values()]
      .join('\n')
      .matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'));
    return new Set(
      [...samples].flatMap(([, labels = '']) => [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)),
    );
  }

  it.each(services)('names what %s exports, all of it and nothing else', (service) => {
    const said = documented().filter((metric) => metric.services.includes(service));
    const byName = (one: Metric, other: Metric) => one.name.localeCompare(other.name);
    expect(exported(service).sort(byName)).toEqual(
      said.map(({ name, type, help }) => ({ name, type, help })).sort(byName),
    );
  });

  it('names the labels of what was counted', () => {
    // No subgraph has to be asked again here.
    const counted = documented().filter(({ name }) => /^(graphql|subgraph)_/.test(name) && !name.includes('retries'));
    expect(counted).toHaveLength(5);
    for (const { name, type, labels } of counted) {
      const said = ['service', ...labels, ...(type === 'histogram' ? ['le'] : [])];
      expect([name, [...labelsOf(name)].sort()]).toEqual([name, said.sort()]);
    }
  });

  it('counts under the names of our own documents, in the router and behind it', () => {
    expect(texts.get('router')).toContain(
      'graphql_requests_total{operation="Bikes",type="query",code="OK",service="router"} 1',
    );
    expect(texts.get('router')).toContain('code="GRAPHQL_VALIDATION_FAILED"');
    expect(texts.get('bike')).toContain(
      'graphql_requests_total{operation="Bikes",type="query",code="OK",service="bike"} 1',
    );
  });

  it('reads every gauge of a server', () => {
    const gauges = documented().filter(({ type }) => type === 'gauge');
    for (const { name, services: from } of gauges) {
      for (const service of from)
        expect(texts.get(service)).toMatch(new RegExp(`^${name}{(?:\\w+="\\w+",)?service="${service}"} \\d`, 'm'));
    }
  });

  /** Names that a query may use. */
  function queryable(): Set<string> {
    const suffixes: Record<string, string[]> = { histogram: ['_bucket', '_sum', '_count'] };
    return new Set(
      documented().flatMap(({ name, type }) => (suffixes[type] ?? ['']).map((suffix) => `${name}${suffix}`)),
    );
  }

  const unknownIn = (expressions: string[]) => {
    const known = queryable();
    const common = new Set(
      [...texts.values()].flatMap((text) => [...text.matchAll(/^(\w+)[{ ]/gm)].map(([, name]) => name)),
    );
    return expressions
      .flatMap(metricNamesIn)
      .filter((name) => !ofOthers.includes(name) && !known.has(name) && !(isCommon(name) && common.has(name)));
  };

  it('is what the alerts are made of', () => {
    const expressions = readRuleGroups().flatMap(({ rules }) => rules.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(10);
    expect(unknownIn(expressions)).toEqual([]);
    expect(unknownIn(['rate(ttareungi_no_such_metric[5m])'])).toEqual(['ttareungi_no_such_metric']);
  });

  it.each(readDashboards())('is what $file shows', (dashboard) => {
    expect(unknownIn(queriesOf(dashboard))).toEqual([]);
  });

  it('is on a dashboard, all that is ours', () => {
    const shown = new Set(readDashboards().flatMap(queriesOf).flatMap(metricNamesIn));
    const left = documented().filter(({ name }) => !shown.has(name) && !shown.has(`${name}_bucket`));
    expect(left.map(({ name }) => name)).toEqual([]);
  });

  it('is what the runbooks ask for', () => {
    const pages = readdirSync(join(root, 'docs/runbooks')).map((file) => read(`docs/runbooks/${file}`));
    const queries = pages.flatMap((page) =>
      [...page.matchAll(/```promql\n(.*?)\n```/gs)].map(([, query = '']) => query),
    );
    expect(queries.length).toBeGreaterThan(10);
    expect(unknownIn(queries)).toEqual([]);
  });
});
