import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { publishers } from '../schema/events/index.ts';
import { subgraphNames, type SubgraphName } from '../schema/subgraphs.ts';
import { policies as pointPolicies } from './point/policies.ts';
import { policies as reservationPolicies } from './reservation/policies.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const policies: Partial<Record<SubgraphName, Record<string, object>>> = {
  point: pointPolicies,
  reservation: reservationPolicies,
};

/** By subgraph: the events of its row in the table of all. */
const publishedBySubgraph = new Map(
  [...read('subgraphs/README.md').matchAll(/^\| \[(\w+)\]\(\w+\) +\|[^|]+\| ([^|]+?) +\|/gm)].map(
    ([, name, events = '']) => [name, events === '–' ? [] : events.split(', ')],
  ),
);

describe.each(subgraphNames)('the README of %s', (name) => {
  const [, out = '', into = ''] = read(`subgraphs/${name}/README.md`).split(/^\| (?=out|in |setting)/m);
  const rowsOf = (table: string): [string, string][] =>
    [...table.matchAll(/^\| `(\w+)` +\| (.+?) +\|/gm)].map(([, first = '', second = '']) => [first, second]);

  it('names the events that it publishes', () => {
    const published = name === 'dashboard' ? undefined : publishers[name];
    expect(rowsOf(out).map(([event]) => event)).toEqual(Object.keys(published?.events ?? {}));
    expect(publishedBySubgraph.get(name)?.toSorted()).toEqual(Object.keys(published?.events ?? {}).toSorted());
    if (published) expect(out).toContain(`evt.${name}.${published.aggregate}-<`);
  });

  it('names the events that it follows, and what each leads to', () => {
    const followed = Object.entries(policies[name] ?? {});
    const said = followed.map(([event, named]) => [
      event,
      Object.keys(named)
        .map((policy) => `\`${policy}\``)
        .join(),
    ]);
    expect(rowsOf(into)).toEqual(said);
  });
});
