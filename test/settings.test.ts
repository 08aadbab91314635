import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { routerSettings } from '../router/config.ts';
import { subgraphNames } from '../schema/subgraphs.ts';
import { settingsSchema as approval } from '../subgraphs/approval/subgraph.ts';
import { processSettings } from '../subgraphs/chassis/index.ts';
import { serviceSettings } from '../subgraphs/chassis/settings.ts';
import { settingsSchema as dashboard } from '../subgraphs/dashboard/subgraph.ts';
import { settingsSchema as point } from '../subgraphs/point/subgraph.ts';
import { settingsSchema as reservation } from '../subgraphs/reservation/subgraph.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

type Shape = Record<string, z.ZodType>;
type Setting = readonly [name: string, fallback: string];

const without = (shape: Shape, other: Shape): Shape =>
  Object.fromEntries(Object.entries(shape).filter(([name]) => !(name in other)));

/** Who reads what: the headings of .env.example. Those of tools are read without a schema. */
const readers: Record<string, Shape> = {
  'every process': processSettings.shape,
  'every subgraph': without(serviceSettings.shape, processSettings.shape),
  ...{ approval: approval.shape, point: point.shape, reservation: reservation.shape, dashboard: dashboard.shape },
  router: without(routerSettings.shape, processSettings.shape),
};

/** Where each subgraph has one, that of bike stands for all. */
const ofAnotherSubgraph = new RegExp(`^(${subgraphNames.filter((name) => name !== 'bike').join('|')})_URL$`, 'i');
/** `BIKE_PORT`; and a setting of every subgraph, for bike alone. */
const isOfBike = (name: string) =>
  name === 'BIKE_PORT' || (name.startsWith('BIKE_') && name.slice('BIKE_'.length) in serviceSettings.shape);

function sections(): Map<string, Setting[]> {
  const found = new Map<string, Setting[]>();
  for (const section of read('.env.example').split('# --- ').slice(1)) {
    const [heading = ''] = section.split(/[:\n]/, 1);
    const settings = [...section.matchAll(/^#([A-Z]\w*)=(\S*)/gm)].map(
      ([, name = '', text = '']) => [name, text] as const,
    );
    found.set(heading, [...(found.get(heading) ?? []), ...settings]);
  }
  return found;
}

/** What a process reads where the setting is so. */
const valueOf = (schema: z.ZodType, text?: string) => schema.parse(text || undefined);

describe('.env.example', () => {
  it.each(Object.entries(readers))('has every setting of %s, and nothing else', (heading, shape) => {
    const said = (sections().get(heading) ?? [])
      .map(([name]) => name)
      .filter((name) => name in shape || !isOfBike(name));
    const known = Object.keys(shape).filter((name) => !ofAnotherSubgraph.test(name));
    expect(said.toSorted()).toEqual(known.toSorted());
  });

  it.each(Object.entries(readers))('has the defaults of %s', (heading, shape) => {
    const settings = (sections().get(heading) ?? []).filter(([name]) => name in shape);
    const said = settings.map(([name, text]) => [name, valueOf(shape[name] as z.ZodType, text)]);
    const actual = settings.map(([name]) => [name, valueOf(shape[name] as z.ZodType)]);
    const relative = (value: unknown) => (value === 'router/web/dist' ? resolve(root, value) : value);
    expect(said.map(([name, value]) => [name, relative(value)])).toEqual(actual);
  });

  it('has what the tools read, and nothing that nobody reads', () => {
    const files = globSync('deploy/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'));
    const code = files.map(read).join('\n');
    const ofProcesses = new Set(Object.values(readers).flatMap((shape) => Object.keys(shape)));
    const asked = [...code.matchAll(/\benv(?:\.|\[')([A-Z]\w*)/g)].map(([, name = '']) => name);
    const said = [...sections()].flatMap(([heading, settings]) => (heading in readers ? [] : settings));
    const names = said.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(asked.filter((name) => !ofProcesses.has(name) && name !== 'PATH')));
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
    expect(said).toEqual(expect.arrayContaining([['DATA_DIRECTORY', '.data']]));
  });
});

describe('the table of settings in the README of the router', () => {
  const rows = read('router/README.md').matchAll(
    /^\| (?<names>`[A-Z]\w*`(?:, `[A-Z]\w*`)*) +\| (?<fallbacks>.+?) +\|/gm,
  );
  const said = [...rows].flatMap(({ groups: { names = '', fallbacks = '' } = {} }) => {
    const values = fallbacks.split(', ');
    return names.split(', ').map((name, index) => [name.replaceAll('`', ''), values[index] ?? values[0]] as const);
  });

  it('has each once', () => {
    expect(said.map(([name]) => name).toSorted()).toEqual(Object.keys(readers['router'] ?? {}).toSorted());
  });

  it('has the defaults of all that are numbers', () => {
    const numbers = Object.entries(readers['router'] ?? {})
      .map(([name, schema]) => [name, valueOf(schema)] as const)
      .filter(([, value]) => typeof value === 'number');
    expect(Object.fromEntries(said)).toMatchObject(
      Object.fromEntries(numbers.map(([name, value]) => [name, String(value)])),
    );
  });
});
