import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { chosenByNpmStart } from '../deploy/local/settings.ts';
import { filesOfSettings, sections, settings } from '../deploy/settings.ts';
import { ConfigError, readConfig, retiredIn, retiredSettings } from '../platform/index.ts';
import { readServiceSettings } from '../platform/service/runtime.ts';
import { createDevelopmentKeys } from '../deploy/local/development-keys.ts';
import { readRouterSettings, routerSettings } from '../router/config.ts';
import { ttareungi } from '../router/product/product.ts';
import { startRouter } from '../router/router.ts';

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
    const written = settings.map(({ name, fallback }) => [name, name in chosenByNpmStart ? '' : fallback]);
    expect(read).toEqual(Object.fromEntries(written));
  });

  it('that a tool reads from the environment has a schema', () => {
    const files = globSync('{cli,deploy}/**/*.ts', { cwd: join(import.meta.dirname, '..') });
    const code = files.filter((path) => !path.endsWith('.test.ts')).map(read);
    const asked = code.flatMap((text) => [...text.matchAll(/\benv(?:\.|\[')([A-Z]\w*)/g)].map(([, name = '']) => name));
    expect(asked).toContain('DATA_DIRECTORY');
    expect(asked.filter((name) => !(name in all) && name !== 'PATH')).toEqual([]);
  });
});

/** What deployments tell the router and the subgraphs; `<…>` stands for what is an installation's own. */
function deployed(): { where: string; name: string; value: string }[] {
  const at = (where: string) => globSync(where, { cwd: join(import.meta.dirname, '..') });
  const patterns: [files: string[], form: RegExp][] = [
    [at('deploy/kubernetes/{base,overlays/*}/kustomization.yaml'), /^ +(?:# )?- ([A-Z_]+)=(\S+)/gm],
    [at('deploy/kubernetes/base/router/deployment.yaml'), /\{ name: ([A-Z_]+), value: '?([^' }]+)'? \}/g],
    [['deploy/kubernetes/secrets.example.yaml'], /^ {2}([A-Z_]+): (<[^>]+>|\S+)/gm],
    [['deploy/compose.yaml'], /^ +([A-Z]+_?[A-Z]+): (\S+)$/gm],
    [['deploy/Dockerfile'], /^ENV .*\b(HOST)=(\S+)/gm],
  ];
  return patterns.flatMap(([files, form]) =>
    files.flatMap((where) =>
      [...read(where).matchAll(form)].map(([, name = '', value = '']) => ({ where, name, value })),
    ),
  );
}

describe('a deployment', () => {
  it('sets what is a setting, to what it may be', () => {
    const told = deployed();
    expect(new Set(told.map(({ where }) => where)).size).toBe(7);
    // Of the broker alone.
    const ours = told.filter(({ name }) => name !== 'WATCHER_NATS_PASSWORD');
    expect(ours.filter(({ name }) => !(name in all))).toEqual([]);
    const wrong = ours.filter(({ name, value }) => !value.includes('<') && 'line' in start(name, value));
    expect(wrong).toEqual([]);
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
const isUrl = (text: string) =>
  /^https?:\/\//i.test(text.trim()) && URL.canParse(text) && !/^https?:\/+[^/?#\\]*@/i.test(text.trim());

/** What the words of a setting promise. */
interface Promised {
  words: RegExp;
  /** Whether a text is right. */
  isRight(text: string, words: string[]): boolean;
  /** The value that it stands for; the text itself unless said. */
  value?(text: string): unknown;
  /** Texts that are right. */
  right(words: string[]): fc.Arbitrary<string>;
}

const listOf = (...items: string[]) => fc.subarray(items).map((some) => some.join(' , '));

const promises: Promised[] = [
  {
    words: /^a whole number, ([\d,]+) to ([\d,]+)$/,
    isRight: (text, [least = '', most = '']) =>
      /^[0-9]+$/.test(text.trim()) && BigInt(text) >= numberIn(least) && BigInt(text) <= numberIn(most),
    value: Number,
    right: ([least = '', most = '']) =>
      fc
        .oneof(
          fc.constantFrom(numberIn(least), numberIn(most)),
          fc.double({ min: 0, max: 1, noNaN: true }).map((share) => {
            // As many of ten as of a million.
            const range = numberIn(most) - numberIn(least);
            return numberIn(least) + Math.floor((range + 1) ** share) - 1;
          }),
        )
        .map(String),
  },
  {
    words: /^a number from 0 to 1$/,
    isRight: (text) => /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) && Number(text) <= 1,
    value: Number,
    right: () => fc.constantFrom('0', '1', '0.5', ' 0.001'),
  },
  {
    words: /^a number above 0, at most ([\d,]+)$/,
    isRight: (text, [most = '']) =>
      /^[0-9]+(\.[0-9]+)?$/.test(text.trim()) && Number(text) > 0 && Number(text) <= numberIn(most),
    value: Number,
    right: ([most = '']) => fc.constantFrom('0.001', String(numberIn(most))),
  },
  {
    words: /^whole numbers up to ([\d,]+), separated by commas$/,
    isRight: (text, [most = '']) => {
      const items = itemsIn(text);
      return items.length > 0 && items.every((item) => /^[0-9]+$/.test(item) && Number(item) <= numberIn(most));
    },
    value: (text) => itemsIn(text).map(Number),
    right: ([most = '']) => fc.constantFrom('0', '1,2', `${numberIn(most)}, 7`),
  },
  {
    words: /^one of (.+)$/,
    isRight: (text, [words = '']) => words.split(', ').includes(text),
    right: ([words = '']) => fc.constantFrom(...words.split(', ')),
  },
  {
    words: /^an address that begins with http:.* or a path$/,
    isRight: (text) => isUrl(text) && /^[^/]*\/+[^/?#]+\/?\s*$/.test(text),
    value: (text) => new URL(text).origin,
    right: () =>
      fc.constantFrom('http://127.0.0.1:1', 'https://bikes.example/', 'HTTPS://Bikes.Example:443', ' http://x '),
  },
  {
    words: /^an address that begins with http:/,
    isRight: isUrl,
    value: (text) => text.trim(),
    right: () =>
      fc.constantFrom('http://127.0.0.1:1', 'https://issuer.example/keys?a=b', 'http://[::1]:80/', ' http://x '),
  },
  {
    words: /^an address that begins with https:/,
    isRight: (text) => isUrl(text) && (/^\s*https:/i.test(text) || text.trim() === 'http://127.0.0.1:1'),
    value: (text) => text.trim(),
    right: () => fc.constantFrom('http://127.0.0.1:1', 'https://login.example/realms/bikes', ' HTTPS://x '),
  },
  {
    words: /^scopes, openid among them$/,
    isRight: (text) => text.split(' ').every((scope) => /^[!#-[\]-~]+$/.test(scope)) && / openid /.test(` ${text} `),
    right: () => fc.constantFrom('openid', 'openid offline_access', 'profile openid https://login.example/bikes'),
  },
  {
    words: /^parameters as an address has them/,
    isRight: (text) => text.split('&').every((part) => /^[A-Za-z0-9_.-]+=[^&=\s]+$/.test(part)),
    right: () => fc.constantFrom('audience=bikes', 'resource=https%3A%2F%2Fbikes.example&prompt=consent'),
  },
  {
    words: /^an address that begins with mongodb:/,
    isRight: (text) => /^mongodb(\+srv)?:\/\/\S+$/.test(text),
    right: () => fc.constantFrom('mongodb://127.0.0.1', 'mongodb+srv://user:word@host/base?a=b'),
  },
  {
    words: /^an address like nats:/,
    isRight: (text) =>
      text === text.trim() &&
      itemsIn(`${text},`).length === text.split(',').length &&
      itemsIn(text).every(
        (one) => /^((nats|tls):\/\/)?[^\s/@]+$/.test(one) && Number(/:([0-9]+)$/.exec(one)?.[1] ?? 0) <= 65_535,
      ),
    right: () => fc.constantFrom('nats://127.0.0.1:4222', 'one, tls://two:1', 'nats://[::1]:65535,::1'),
  },
  {
    words: /^an address of this machine/,
    isRight: (text) => /^[A-Za-z0-9_.:%-]+$/.test(text),
    right: () => fc.constantFrom('127.0.0.1', 'localhost', '0.0.0.0'),
  },
  {
    words: /^a word like/,
    isRight: (text) => /^[A-Za-z0-9_.-]+$/.test(text),
    right: () => fc.constantFrom('development', 'test', 'production', 'seoul-2.x'),
  },
  {
    words: /^letters, digits, _ and -, with dots between, at most (\d+)$/,
    isRight: (text, [most = '']) => text.split('.').every(isName) && text.length <= numberIn(most),
    right: ([most = '']) => fc.constantFrom('evt', 'a.b-c.d_1', `a.${'x'.repeat(numberIn(most) - 2)}`),
  },
  {
    words: /^letters, digits, _ and -, at most (\d+)$/,
    isRight: (text, [most = '']) => isName(text) && text.length <= numberIn(most),
    right: ([most = '']) => fc.constantFrom('a', 'x'.repeat(numberIn(most))),
  },
  {
    words: /^always, or a time/,
    isRight: (text) => /^(always|[0-9]{1,6}(ms|s|m|h))$/.test(text),
    right: () => fc.constantFrom('always', '0ms', '7s', '2m', '999999h'),
  },
  {
    words: /^origins of pages/,
    isRight: (text) => itemsIn(text).every((item) => /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+\/?$/i.test(item)),
    value: itemsIn,
    right: () => listOf('https://bikes.example', 'http://127.0.0.1:3000/', 'app://-'),
  },
  {
    words: /^names of headers/,
    isRight: (text) => itemsIn(text).every((item) => /^([\w./-]+:)?[!#$%&'*+.^_`|~A-Za-z0-9-]+$/.test(item)),
    value: itemsIn,
    right: () => listOf('authorization', 'X-Tenant', 'bike:accept-language', 'x-correlation-id', 'film-archive:!#$'),
  },
  {
    words: /^headers with their values/,
    isRight: (text) =>
      itemsIn(text).every((item) => /^[!#$%&'*+.^_`|~A-Za-z0-9-]+:[ \t]*[!-~]+( +[!-~]+)*$/.test(item)),
    value: itemsIn,
    right: () => listOf('authorization:Bearer a.b.c', 'x-key: "7"', '!#$:%'),
  },
  {
    words: /^the names of clients/,
    isRight: (text) => itemsIn(text).every((item) => /^[!-~]+$/.test(item)),
    value: itemsIn,
    right: () => listOf('pages', 'a', 'https://planner.example/id', 'x'.repeat(300)),
  },
  {
    words: /^a private key of the curve P-256/,
    // Larger than the curve's order, or 0, it is none.
    isRight: (text) => /^[\w-]{43}$/.test(text) && !/^_|^A{43}$/.test(text),
    right: () => fc.constantFrom(`${'A'.repeat(42)}E`, `U${'x'.repeat(41)}w`),
  },
  {
    words: /^hosts, such as/,
    isRight: (text) =>
      itemsIn(text).every((item) =>
        /^(https?:\/\/[A-Za-z0-9_.-]+(:[0-9]+)?|(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+)$/.test(item),
      ),
    value: itemsIn,
    right: () => listOf('push.example', '*.push.example', 'http://127.0.0.1:8080'),
  },
  {
    words: /^at least 16 characters/,
    isRight: (text) => itemsIn(text).every((item) => /^[!-~ ]{16,}$/.test(item)),
    value: itemsIn,
    right: () => listOf('x'.repeat(16), 'with blanks and ~!@#$%^&*', 'y'.repeat(1_000)),
  },
  {
    words: /^at least 32 characters/,
    isRight: (text) => itemsIn(text).every((item) => /^[!-~]{32,}$/.test(item)),
    value: itemsIn,
    right: () => listOf('x'.repeat(32), 'y'.repeat(1_000)),
  },
  {
    words: /^names with milliseconds/,
    isRight: (text) => itemsIn(text).every((item) => /^[A-Za-z0-9_-]+=[1-9][0-9]{0,8}$/.test(item)),
    value: itemsIn,
    right: () => listOf('bike=1', 'film-archive=999999999', 'nobody=7', 'bike=2000'),
  },
  {
    words: /^labels, each for all operations/,
    isRight: (text) =>
      itemsIn(text).every((item) => /^[A-Za-z][A-Za-z0-9_.:/-]*(=(100|[0-9]{1,2}(\.[0-9]{1,8})?))?$/.test(item)),
    value: itemsIn,
    right: () => listOf('new-fleet', 'new-fleet=25', 'other=100', 'a.b:c/d=0.5'),
  },
  {
    words: /^fields with a number/,
    isRight: (text) =>
      itemsIn(text).every((item) => /^(Query|Mutation|Subscription)\.[A-Za-z0-9_]+=[1-9][0-9]{0,8}$/.test(item)),
    value: itemsIn,
    right: () => listOf('Query.bike=1', 'Mutation.buyPoints=999999999', 'Subscription.nothing=7'),
  },
  {
    words: /^the name of a claim$/,
    isRight: (text) => /^\S+$/.test(text),
    right: () => fc.constantFrom('scope', 'https://issuer.example/roles', '__proto__'),
  },
  {
    words: /^a folder that is there$/,
    isRight: (text) => ['.', '/', 'web'].includes(text),
    right: () => fc.constantFrom('.', 'web'),
  },
  {
    words: /^an e-mail address$/,
    isRight: (text) => z.email().safeParse(text).success,
    right: () => fc.constantFrom('open-data@city.example', "o'neill+bikes@a.b.example"),
  },
  {
    words: /^a (file or an address|folder that you may write to)$/,
    isRight: (text) => /\S/.test(text),
    right: () => fc.constantFrom('x', ' y z '),
  },
  // What another program defines: anything but blanks.
  {
    words:
      /^(a (file|folder|program|token|user|private JWK|public key|client’s (name|secret))|that user|the (issuer|audience))/,
    isRight: (text) => /\S/.test(text),
    value: (text) => text.trim(),
    right: () => fc.constantFrom('x', ' y z ', 'p@ss w\u00f6rd\r\n'),
  },
];

/** What a setting promises, with the figures in its words. */
function promiseOf(name: string): Promised & { bounds: string[] } {
  const words = allowedFor(name);
  const promised = promises.find((each) => each.words.test(words));
  if (!promised) throw new Error(`No promise is known for "${words}".`);
  return { ...promised, bounds: (promised.words.exec(words) ?? []).slice(1) };
}

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
    'nats://bike:hush@broker:4222',
    'ws://broker',
    'broker:65536',
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

describe('a right value', () => {
  it.each(names)('is taken for what it says: %s', (name) => {
    const { right, isRight, value: valueOf = String, bounds } = promiseOf(name);
    fc.assert(
      fc.property(right(bounds), (text) => {
        fc.pre(text !== '');
        expect(isRight(text, bounds)).toBe(true);
        expect(start(name, text)).toEqual({ value: valueOf(text) });
      }),
      { numRuns: 30 },
    );
  });
});

describe('a wrong value', () => {
  it.each(names)('never starts anything, and is told in a line that says what is right: %s', (name) => {
    const words = allowedFor(name);
    const { isRight, value: valueOf = String, bounds } = promiseOf(name);
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
    if (fallback) expect(start(name, fallback)).toHaveProperty('value');
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

/** Settings of the router and its product, each right, wrong or not there. */
const ofRouter = Object.keys(routerSettings.extend(ttareungi.settings.shape).shape);
const rightFor = (name: string) => promiseOf(name).right(promiseOf(name).bounds);
const wrongFor = (name: string) => given.filter((text) => !promiseOf(name).isRight(text, promiseOf(name).bounds));

const toSignIn = ['PUBLIC_URL', 'OIDC_CLIENT_ID', 'SESSION_SECRET', 'JWKS_URI', 'OWN_CLIENTS'];

/** What two machines say to each other without TLS. */
const inTheClear = /^\s*http:\/\/(?!(.*@)?(localhost|127\.0\.0\.1|\[::1\])(:|\/|\s*$))/;

/**
 * Right each, and wrong together: @apollo/gateway has no labels, tools and what is taken alone are of a manifest, a
 * provider needs its client, and TLS.
 */
function contradicting(env: NodeJS.ProcessEnv): string[] {
  const labels = (env['OVERRIDE_LABELS'] ?? '').split(',').some((label) => label.trim() !== '');
  return [
    ...(env['ENGINE'] === 'apollo' && labels ? ['OVERRIDE_LABELS'] : []),
    ...(env['MCP'] === 'on' && !env['PERSISTED_DOCUMENTS'] ? ['MCP'] : []),
    ...(['log', 'only'].includes(env['PERSISTED_DOCUMENTS_MODE'] ?? '') && !env['PERSISTED_DOCUMENTS']
      ? ['PERSISTED_DOCUMENTS_MODE']
      : []),
    ...(env['OIDC_ISSUER'] &&
    (toSignIn.some((name) => !env[name]) ||
      !itemsIn(env['OWN_CLIENTS'] ?? '').includes(env['OIDC_CLIENT_ID'] ?? '') ||
      inTheClear.test(env['PUBLIC_URL'] ?? ''))
      ? ['OIDC_ISSUER']
      : []),
  ];
}

describe('the settings of the router, several at once', () => {
  it('are told all that is wrong in one go, a line each, and nothing of the others', () => {
    const values = Object.fromEntries(
      ofRouter.map((name) => {
        const right = rightFor(name).map((text) => ({ text, isWrong: false }));
        const wrong = wrongFor(name).map((text) => ({ text, isWrong: true }));
        return [name, fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: wrong })];
      }),
    );
    const some = fc.record(values, { requiredKeys: [] }) as fc.Arbitrary<
      Record<string, { text: string; isWrong: boolean }>
    >;
    fc.assert(
      fc.property(some, (chosen) => {
        const env = Object.fromEntries(Object.entries(chosen).map(([name, { text }]) => [name, text]));
        const each = Object.keys(chosen).filter((name) => chosen[name]?.isWrong);
        const wrong = [...new Set([...each, ...contradicting(env)])];
        let told: string[] = [];
        try {
          const read: Record<string, unknown> = readRouterSettings(
            { ...env, LANDSCAPE: env['LANDSCAPE'] ?? 'test' },
            ttareungi,
          );
          expect(Object.keys(read).toSorted()).toEqual(
            expect.arrayContaining(Object.keys(env).filter((name) => env[name] !== '')),
          );
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          told = error.message.split('\n');
        }
        expect(told.map((line) => line.split(':')[0]).toSorted()).toEqual(wrong.toSorted());
      }),
      { numRuns: 200 },
    );
  });

  it('start it, whatever right values they have', async () => {
    const keys = await createDevelopmentKeys();
    // How long a test may take, and which addresses and files there are, is not for chance to say.
    const fixed = {
      ...keys,
      ...{ ROUTER_PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'silent', STOP_TIMEOUT_MS: '100', STOP_DELAY_MS: '0' },
      ...{ SUPERGRAPH: 'schema/supergraph.graphql', OTEL_EXPORTER_OTLP_ENDPOINT: '', JWKS_URI: '', OIDC_ISSUER: '' },
      PERSISTED_DOCUMENTS: 'schema/client/generated/persisted-documents.json',
    };
    const free = ofRouter.filter((name) => !(name in fixed));
    const some = fc.record(Object.fromEntries(free.map((name) => [name, rightFor(name)])), {
      requiredKeys: ['LANDSCAPE'],
    });
    await fc.assert(
      fc.asyncProperty(some, async (chosen) => {
        const env = { ...chosen, ...fixed };
        fc.pre(contradicting(env).length === 0);
        const router = await startRouter(env, { product: ttareungi });
        await router.close();
      }),
      { numRuns: 10 },
    );
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
