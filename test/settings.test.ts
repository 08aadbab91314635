import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { filesOfSettings, sections, settings } from '../deploy/settings.ts';
import { ConfigError, readConfig, retiredIn, retiredSettings } from '../platform/index.ts';
import { readServiceSettings } from '../platform/service/runtime.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const all = Object.assign({}, ...Object.values(sections)) as Record<string, z.ZodType>;
const names = Object.keys(all);
const schemaOf = (name: string) => all[name] as z.ZodType;
const allowedFor = (name: string) => schemaOf(name).meta()?.allowed ?? '';

describe('every setting', () => {
  it('is under one heading, with what it is for', () => {
    expect(settings.map(({ name }) => name)).toEqual(names);
    expect(settings.filter(({ what }) => !/\w/.test(what))).toEqual([]);
  });

  it('is in .env.example as a process would read it', () => {
    const read = parseEnv((filesOfSettings().get('.env.example') ?? '').replaceAll(/^#(?=[A-Z])/gm, ''));
    expect(read).toEqual(Object.fromEntries(settings.map(({ name, fallback }) => [name, fallback])));
  });

  it('that a tool reads from the environment has a schema', () => {
    const files = globSync('{cli,deploy}/**/*.ts', { cwd: join(import.meta.dirname, '..') });
    const code = files.filter((path) => !path.endsWith('.test.ts')).map(read);
    const asked = code.flatMap((text) => [...text.matchAll(/\benv(?:\.|\[')([A-Z]\w*)/g)].map(([, name = '']) => name));
    expect(asked).toContain('DATA_DIRECTORY');
    expect(asked.filter((name) => !(name in all) && name !== 'PATH')).toEqual([]);
  });
});

/** What a process makes of a value: the setting, or the line that it prints. */
function start(name: string, text: string): { value: unknown } | { line: string } {
  try {
    return { value: readConfig(z.object({ [name]: schemaOf(name) }), { [name]: text })[name] };
  } catch (error) {
    if (error instanceof ConfigError) return { line: error.message };
    throw error;
  }
}

const itemsIn = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
const isName = (text: string) => /^[A-Za-z0-9_-]+$/.test(text);
const numberIn = (text: string) => Number(text.replaceAll(',', ''));
const isUrl = (text: string) => /^https?:\/\//i.test(text.trim()) && URL.canParse(text);

/** What the words of a setting promise: whether a text is right, and the value that it stands for. */
const promises: [
  words: RegExp,
  isRight: (text: string, words: string[]) => boolean,
  value?: (text: string) => unknown,
][] = [
  [
    /^a whole number, ([\d,]+) to ([\d,]+)$/,
    (text, [least = '', most = '']) =>
      /^[0-9]+$/.test(text.trim()) && BigInt(text) >= numberIn(least) && BigInt(text) <= numberIn(most),
    Number,
  ],
  [/^a number from 0 to 1$/, (text) => /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) && Number(text) <= 1, Number],
  [
    /^a number above 0, at most ([\d,]+)$/,
    (text, [most = '']) =>
      /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) && Number(text) > 0 && Number(text) <= numberIn(most),
    Number,
  ],
  [
    /^whole numbers up to ([\d,]+), separated by commas$/,
    (text, [most = '']) => {
      const items = itemsIn(text);
      return items.length > 0 && items.every((item) => /^[0-9]+$/.test(item) && Number(item) <= numberIn(most));
    },
    (text) => itemsIn(text).map(Number),
  ],
  [/^one of (.+)$/, (text, [words = '']) => words.split(', ').includes(text), String],
  [/^an address that begins with http:/, isUrl, (text) => text.trim()],
  [/^an address that begins with mongodb:/, (text) => /^mongodb(\+srv)?:\/\/\S+$/.test(text), String],
  [
    /^an address like nats:/,
    (text) =>
      text === text.trim() && text.split(',').every((one) => /^((nats|tls|wss?):\/\/)?[^\s/]+$/.test(one.trim())),
    String,
  ],
  [/^an address of this machine/, (text) => /^[A-Za-z0-9_.:%-]+$/.test(text), String],
  [/^a word like/, (text) => /^[A-Za-z0-9_.-]+$/.test(text), String],
  [/^letters, digits, _ and -, with dots between$/, (text) => text.split('.').every(isName), String],
  [
    /^letters, digits, _ and -, at most (\d+)$/,
    (text, [most = '']) => isName(text) && text.length <= numberIn(most),
    String,
  ],
  [/^always, or a time/, (text) => /^(always|[0-9]+(ms|s|m|h))$/.test(text), String],
  [
    /^origins of pages/,
    (text) => itemsIn(text).every((item) => /^[a-z][a-z0-9+.-]*:\/\/[^\s/]+\/?$/i.test(item)),
    itemsIn,
  ],
  [
    /^names of headers/,
    (text) => itemsIn(text).every((item) => /^([\w./-]+:)?[!#$%&'*+.^_`|~A-Za-z0-9-]+$/.test(item)),
    itemsIn,
  ],
  [
    /^headers with their values/,
    (text) =>
      itemsIn(text).every((item) => /^[!#$%&'*+.^_`|~A-Za-z0-9-]+:[ \t\n\u00a0\u3000]*[!-~]+( +[!-~]+)*$/.test(item)),
    itemsIn,
  ],
  [/^at least 16 characters/, (text) => itemsIn(text).every((item) => /^[!-~ ]{16,}$/.test(item)), itemsIn],
  [
    /^names with milliseconds/,
    (text) => itemsIn(text).every((item) => /^[A-Za-z0-9_-]+=[1-9][0-9]{0,8}$/.test(item)),
    itemsIn,
  ],
  [
    /^fields with a number/,
    (text) =>
      itemsIn(text).every((item) => /^(Query|Mutation|Subscription)\.[A-Za-z0-9_]+=[1-9][0-9]{0,8}$/.test(item)),
    itemsIn,
  ],
  [
    /^labels, each for all operations/,
    (text) =>
      itemsIn(text).every((item) => /^[A-Za-z][A-Za-z0-9_.:/-]*(=(100|[0-9]{1,2}(\.[0-9]{1,8})?))?$/.test(item)),
    itemsIn,
  ],
  [/^the name of a claim$/, (text) => /^\S+$/.test(text), String],
  [/^a folder that is there$/, (text) => ['.', '/', 'web'].includes(text), String],
  // What another program defines: anything but blanks.
  [
    /^(a (file|folder|program|token|user|private JWK|public key)|that user|the (issuer|audience))/,
    (text) => /\S/.test(text),
    String,
  ],
];

const digits = fc.stringMatching(/^\d{1,40}$/);
const blanks = fc.stringMatching(/^[ \t\n\u00a0\u3000]{1,5}$/);
/** What people and their tools put into an environment by mistake, and now and then what is right. */
const given = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom(
    'abc',
    '여덟',
    '１２',
    'NaN',
    'Infinity',
    '-0',
    '0x10',
    '1e3',
    '1,2',
    '{}',
    'null',
    'true',
    '""',
    '=1',
  ),
  fc.constantFrom('http//x', 'https://', 'http://a b', 'user:hush@host', 'http://user:hush@host/?key=hush', 'loud'),
  fc.constantFrom(
    'x'.repeat(5_000),
    '\u0000\u001b[31m',
    'mongodb://',
    'nats:// x',
    '*',
    'production',
    'https://a.example',
  ),
  fc.integer().map(String),
  fc.bigInt().map(String),
  fc.double().map(String),
  digits,
  blanks,
  fc.tuple(blanks, digits, blanks).map((parts) => parts.join('')),
  fc.tuple(digits, fc.constantFrom('ms', 's', '%', 'MB', '_000', ',000', '.5', ' 1')).map((parts) => parts.join('')),
);

describe('a wrong value', () => {
  it.each(names)('never starts anything, and is told in a line that says what is right: %s', (name) => {
    const words = allowedFor(name);
    const [pattern, isRight, valueOf = String] = promises.find(([promised]) => promised.test(words)) ?? [];
    if (!pattern || !isRight) throw new Error(`No promise is known for "${words}".`);
    const bounds = (pattern.exec(words) ?? []).slice(1);
    const isSecret = schemaOf(name).meta()?.secret === true;
    fc.assert(
      fc.property(given, (text) => {
        const started = start(name, text);
        if (isRight(text, bounds)) {
          expect(started).toEqual({ value: valueOf(text) });
          return;
        }
        const { line } = started as { line: string };
        expect(line.startsWith(`${name}: must be ${words}`)).toBe(true);
        expect(line).toMatch(/^[^\n]+\.$/);
        expect(line).not.toContain('hush');
        expect(line.length).toBeLessThan(500);
        if (isSecret) expect(line).toContain('not shown');
        else if (text.length < 60 && !/[@?]/.test(text)) expect(line).toContain(JSON.stringify(text));
      }),
      // Settings of one kind share its schema: together they try thousands of values on each.
      { numRuns: 50 },
    );
    expect(words).not.toMatch(/expected|received|invalid|[<>]=/i);
  });

  it.each(names)('is neither none nor the default: %s', (name) => {
    const { fallback } = settings.find((setting) => setting.name === name) ?? {};
    expect(start(name, '')).toHaveProperty('value');
    if (fallback && name !== 'WEB_ROOT') expect(start(name, fallback)).toHaveProperty('value');
  });

  it.each(names.filter((name) => name.endsWith('_MS')))('is a time that no timer can wait: %s', (name) => {
    expect(start(name, '2147483648')).toHaveProperty('line');
    expect(start(name, '2147483647')).toHaveProperty('value');
  });

  it('is told by the name under which it was given', () => {
    const wrong = { BIKE_MONGODB_URI: 'http://hush' };
    expect(() => readServiceSettings('bike', wrong)).toThrow(/^BIKE_MONGODB_URI: must be [^\n]+ not shown\.$/);
    expect(() => readServiceSettings('point', wrong)).not.toThrow();
  });
});

describe('a setting of an earlier version', () => {
  it.each(Object.entries(retiredSettings))('is a constant now, and is told where: %s', (name, where) => {
    const [constant = '', file = ''] = where.split(' in ');
    expect(names).not.toContain(name);
    expect(read(file)).toMatch(new RegExp(`^(export )?const ${constant} = `, 'm'));
    expect(retiredIn({ [name]: '1', PATH: '' })).toEqual([
      { setting: name, because: `it does nothing any more: it is the constant ${where}` },
    ]);
    expect(retiredIn({ [name]: '' })).toEqual([]);
  });
});
