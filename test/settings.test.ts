import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { localSettings } from '../deploy/local/settings.ts';
import { routerSettings } from '../router/config.ts';
import { subgraphNames } from '../schema/subgraphs.ts';
import { ConfigError, processSettings, readConfig } from '../platform/index.ts';
import { readServiceSettings } from '../platform/service/runtime.ts';
import { settingsOfAll } from '../subgraphs/registry.ts';
import { settingsSchema as approval } from '../subgraphs/approval/subgraph.ts';
import { serviceSettings } from '../platform/service/settings.ts';
import { settingsSchema as dashboard } from '../subgraphs/dashboard/subgraph.ts';
import { settingsSchema as point } from '../subgraphs/point/subgraph.ts';
import { settingsSchema as reservation } from '../subgraphs/reservation/subgraph.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

type Shape = Record<string, z.ZodType>;
type Setting = readonly [name: string, fallback: string];

const without = (shape: Shape, other: Shape): Shape =>
  Object.fromEntries(Object.entries(shape).filter(([name]) => !(name in other)));

/** Who reads which settings: the headings of .env.example. Tools read theirs without a schema. */
const readers: Record<string, Shape> = {
  'every process': processSettings.shape,
  'every subgraph': without(serviceSettings.shape, processSettings.shape),
  ...{ approval: approval.shape, point: point.shape, reservation: reservation.shape, dashboard: dashboard.shape },
  router: without(routerSettings.shape, processSettings.shape),
};

/** Settings that exist once per subgraph: bike's stands for all. */
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

/** The value that a process gets from this text. */
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
    const relative = (value: unknown) => (value === 'web/dist' ? resolve(root, value) : value);
    expect(said.map(([name, value]) => [name, relative(value)])).toEqual(actual);
  });

  it('has what the tools read, and nothing that nobody reads', () => {
    const files = globSync('{cli,deploy}/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'));
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

describe('a setting that is wrong', () => {
  const all: Shape = { ...settingsOfAll.shape, ...routerSettings.shape, ...localSettings.shape };
  const junk = [
    'abc',
    '여덟',
    '-1',
    '1e99',
    '1.5',
    '9'.repeat(30),
    ' ',
    '\t',
    '0x10',
    '1e3',
    'NaN',
    'Infinity',
    '1,2',
    '{}',
  ];
  const strange = [
    'user:hush@host',
    'http://user:hush@host/?key=hush',
    'http//x',
    '\u0000\u001b[31m',
    'x'.repeat(5_000),
  ];
  // Settings whose values another program defines.
  const free = /^(CORS_ORIGINS|WEB_ROOT|DATA_DIRECTORY|PYTHON|JWT_|DEV_TOKEN_PRIVATE_KEY|NATS_(USERNAME|PASSWORD)$)/;
  const isNumber = (schema: z.ZodType) => typeof schema.safeParse(undefined).data === 'number';

  function told(name: string, text: string): string {
    const schema = all[name] as z.ZodType;
    try {
      readConfig(z.object({ [name]: schema }), { [name]: text });
      return '';
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  }

  it.each(Object.keys(all))('is named in a line of plain words that says what it may be: %s', (name) => {
    const schema = all[name] as z.ZodType;
    const isSecret = schema.meta()?.['secret'] === true;
    expect(schema.description).toMatch(/\w/);
    const lines = [...junk, ...strange].map((text) => [text, told(name, text)] as const).filter(([, line]) => line);
    for (const [text, line] of lines) {
      expect(line).toMatch(new RegExp(`^${name}: must be [^\\n]+\\.$`));
      expect(line).toContain(schema.description);
      expect(line).not.toMatch(/expected|received|invalid|hush|[<>]=/i);
      expect(line.length).toBeLessThan(400);
      if (isSecret) expect(line).toContain('not shown');
      else if (text.length < 60 && !/[@?]/.test(text)) expect(line).toContain(JSON.stringify(text));
    }
    if (!free.test(name)) expect(lines.length).toBeGreaterThan(0);
  });

  it.each(Object.keys(all).filter((name) => isNumber(all[name] as z.ZodType)))('is no number: %s', (name) => {
    const bad = [...junk, ...strange].filter((text) => !(/^(HOLD_MINUTES|TRACE_RATIO)$/.test(name) && text === '1.5'));
    expect(bad.filter((text) => told(name, text) === '')).toEqual([]);
  });

  it.each(Object.keys(all))('is not one that is empty, nor its default: %s', (name) => {
    expect(told(name, '')).toBe('');
  });

  it.each(Object.keys(all).filter((name) => name.endsWith('_MS')))('is a time that no timer can wait: %s', (name) => {
    expect(told(name, name === 'RETRY_DELAYS_MS' ? '1,2147483648' : '2147483648')).not.toBe('');
    expect(told(name, '2147483647')).toBe('');
  });

  it('is told by the name under which it was given', () => {
    const wrong = { BIKE_MONGODB_URI: 'http://hush' };
    expect(() => readServiceSettings('bike', wrong)).toThrow(/^BIKE_MONGODB_URI: must be [^\n]+ not shown\.$/);
    expect(() => readServiceSettings('point', wrong)).not.toThrow();
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
