import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { ConfigError, processSections } from '../../platform/server/index.ts';
import { sections } from '../settings.ts';
import { readAllSettings } from './all-settings.ts';
import { freePort } from './free-port.ts';

/** Other programs' own. */
const { 'npm run monitor': _monitor, 'npm run ops': _ops, ...ofNpmStart } = sections;
const schemas: Record<string, z.ZodType> = Object.fromEntries(
  Object.values(ofNpmStart).flatMap((section) => Object.entries(section)),
);

/** The names of the settings that are told, each as often as it has a line. */
async function told(env: NodeJS.ProcessEnv): Promise<string[]> {
  const lines = await mistakes(env);
  return lines.map((line) => /^([A-Z_]+): /.exec(line)?.[1] ?? line);
}

async function mistakes(env: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    await readAllSettings(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

/** One of them is wrong for a setting of any kind: none is a number, a word, an address, a list or a name. */
const wrongOnes = [' ', '-1', 'ä ö,ü'];
const wrongFor = (schema: z.ZodType) => wrongOnes.find((text) => !schema.safeParse(text).success);

describe('npm start, before it starts anything,', () => {
  it('knows a wrong value for every setting that it reads', () => {
    expect(Object.keys(schemas).length).toBeGreaterThan(100);
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(Object.keys(processSections['every process'])));
    expect(Object.keys(schemas).filter((name) => !wrongFor(schemas[name] as z.ZodType))).toEqual([]);
  });

  it('tells all of them at once, a line each', async () => {
    const wrong = Object.entries(schemas).map(([name, schema]): [string, string] => [name, wrongFor(schema) ?? '']);
    expect((await told(Object.fromEntries<string>(wrong))).toSorted()).toEqual(Object.keys(schemas).toSorted());
  });

  it.each<[string, NodeJS.ProcessEnv, string[]]>([
    ['a landscape where somebody must be charged', { LANDSCAPE: 'prod' }, ['PAYMENT_PROVIDER_URL']],
    ['a supergraph that is not there', { SUPERGRAPH: 'nowhere.graphql' }, ['SUPERGRAPH']],
    ['a supergraph at an address where nothing is', { SUPERGRAPH: 'http://127.0.0.1:1/x' }, ['SUPERGRAPH']],
    ['a supergraph that is none', { SUPERGRAPH: 'package.json' }, ['SUPERGRAPH']],
    ['documents that are not there', { PERSISTED_DOCUMENTS: 'nowhere.json' }, ['PERSISTED_DOCUMENTS']],
    ['tools without documents', { MCP: 'on' }, ['MCP']],
    ['a list of what is taken that is not there', { PERSISTED_DOCUMENTS_MODE: 'only' }, ['PERSISTED_DOCUMENTS_MODE']],
    ['labels for another engine', { ENGINE: 'apollo', OVERRIDE_LABELS: 'a' }, ['OVERRIDE_LABELS']],
    ['a provider alone', { OIDC_ISSUER: 'https://login.example' }, ['OIDC_ISSUER']],
    ['an address of another machine', { HOST: '192.0.2.1' }, ['HOST']],
    ['a key to check that is none', { LANDSCAPE: 'development', JWT_PUBLIC_KEY: 'rubbish' }, ['JWT_PUBLIC_KEY']],
    ['a key to sign that is none', { DEV_TOKEN_PRIVATE_KEY: '{}' }, ['DEV_TOKEN_PRIVATE_KEY']],
    ['a database that no driver reads', { MONGODB_URI: 'mongodb://u:hush@h:99999999/' }, ['MONGODB_URI']],
    ['a subgraph’s database likewise', { BIKE_MONGODB_URI: 'mongodb://h/?hush=1' }, ['BIKE_MONGODB_URI']],
    ['replicas on a single broker', { EVENT_REPLICAS: '3' }, ['EVENT_REPLICAS']],
    ['two who listen on one port', { BIKE_PORT: '8081', NATS_PORT: '8088' }, ['BIKE_PORT', 'NATS_PORT']],
  ])('finds %s', async (_what, env, names) => {
    const lines = await mistakes(env);
    expect(lines.map((line) => line.split(':', 1)[0])).toEqual(names);
    expect(lines.join()).not.toContain('hush');
  });

  it('lets none of those hide behind another one', async () => {
    const env = {
      ...{ LANDSCAPE: 'prod', SUPERGRAPH: 'nowhere.graphql', PERSISTED_DOCUMENTS: 'nowhere.json', HOST: '192.0.2.1' },
      ...{
        ENGINE: 'apollo',
        OVERRIDE_LABELS: 'ä',
        OIDC_ISSUER: 'https://login.example',
        PUBLIC_URL: 'http://x.example',
      },
      ...{ JWT_PUBLIC_KEY: 'rubbish', DEV_TOKEN_PRIVATE_KEY: '{}', MONGODB_URI: 'mongodb://h:99999999/' },
      ...{ EVENT_REPLICAS: '3', ROUTER_PORT: '8081', MAX_PURCHASE: '0' },
    };
    const lines = await mistakes(env);
    const unwanted = new Set(['LANDSCAPE', 'ENGINE', 'PUBLIC_URL']);
    const expected = [...Object.keys(env).filter((name) => !unwanted.has(name)), 'PAYMENT_PROVIDER_URL'];
    expect(lines.map((line) => line.split(':', 1)[0]).toSorted()).toEqual(expected.toSorted());
    expect(lines).toContainEqual(expect.stringMatching(/^OVERRIDE_LABELS: must be .+ ENGINE=apollo has no labels on/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^OIDC_ISSUER: It needs OIDC_CLIENT_ID, .+ PUBLIC_URL must begin with https/),
    );
  });

  it('leaves it to npm start where its own subgraphs are', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
    try {
      const file = join(folder, 'supergraph.graphql');
      const sdl = readFileSync(join(import.meta.dirname, '../../schema/supergraph.graphql'), 'utf8');
      await writeFile(file, sdl.replaceAll(/url: "[^"]*"\)/g, 'url: "")'));
      for (const more of [{}, { BIKE_URL: 'http://elsewhere.example/graphql' }]) {
        expect(await told({ SUPERGRAPH: file, ...more })).toEqual([]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes no port twice, 0 and those of servers elsewhere apart', async () => {
    const port = String(await freePort());
    const elsewhere = { MONGODB_URI: 'mongodb://db.example', NATS_URL: 'nats://broker.example' };
    expect(await told({ BIKE_PORT: '0', POINT_PORT: '0' })).toEqual([]);
    expect(await told({ ...elsewhere, BIKE_PORT: port, NATS_PORT: port, MONGODB_PORT: port })).toEqual([]);
  });
});

describe('.env.example', () => {
  it('with every line uncommented changes nothing', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8');
    const env = parseEnv(text.replaceAll(/^#(?=[A-Z])/gm, ''));
    expect(Object.keys(env).length).toBeGreaterThan(100);
    // As npm start reads it, in the project's folder.
    const [uncommented, empty] = await Promise.all([readAllSettings(env), readAllSettings({})]);
    const places = ['SUPERGRAPH', 'WEB_ROOT', 'DATA_DIRECTORY'] as const;
    for (const name of places) expect(resolve(uncommented[name])).toBe(empty[name]);
    const rest = Object.keys(empty).filter((name) => !places.some((place) => place === name));
    const pick = (all: Record<string, unknown>) => Object.fromEntries(rest.map((name) => [name, all[name]]));
    expect(pick(uncommented)).toEqual(pick(empty));
    for (const name of ['MONGODB_URI', 'NATS_URL', 'LOG_LEVEL']) expect(env[name]).toBe('');
  });
});
