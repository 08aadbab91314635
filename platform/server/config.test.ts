import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, exitCodeConfig, list, processSettings, readConfig, wholeNumber } from './config.ts';
import { serviceSettings } from '../service/settings.ts';

const schema = z.object({ PORT: wholeNumber(8080, 1), NAME: z.string(), ORIGINS: list(/^[^/]/, 'words') });

/** The lines that a process would print before it ends. */
function mistakes(settings: z.ZodType, env: NodeJS.ProcessEnv): string[] {
  try {
    readConfig(settings, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

describe('the configuration', () => {
  it('is what the environment says, and the defaults for the rest', () => {
    expect(readConfig(schema, { PORT: '81', NAME: 'bike', OTHER: 'x' })).toEqual({
      PORT: 81,
      NAME: 'bike',
      ORIGINS: [],
    });
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig(schema, { PORT: '', NAME: 'bike' })).toMatchObject({ PORT: 8080 });
    expect(mistakes(schema, { NAME: '' })).toEqual([expect.stringMatching(/^NAME: /)]);
  });

  it('has one line per mistake, which begins with the variable', () => {
    expect(mistakes(schema, { PORT: 'eighty' })).toEqual([
      'PORT: must be a whole number, 1 to 9,007,199,254,740,991; it is "eighty".',
      expect.stringMatching(/^NAME: /),
    ]);
    expect(
      mistakes(processSettings, { LOG_LEVEL: 'loud', JWKS_URI: 'here', MAX_BODY_BYTES: '0', LANDSCAPE: 'x' }),
    ).toEqual([
      'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent; it is "loud".',
      expect.stringMatching(/^MAX_BODY_BYTES: must be a whole number, 1 to .*; it is "0"\.$/),
      'JWKS_URI: must be an address that begins with http:// or https://, without a user; it is "here".',
    ]);
  });

  it.each(['1.5', '-1', '0', 'NaN', 'Infinity', '10s'])('takes %s for no whole number above 0', (PORT) => {
    expect(mistakes(schema, { NAME: 'bike', PORT })).toHaveLength(1);
  });

  it('reads a list without its blanks and its empty items', () => {
    expect(readConfig(schema, { NAME: 'bike', ORIGINS: ' a ,, b,' }).ORIGINS).toEqual(['a', 'b']);
  });

  it('needs nothing to be set in development', () => {
    expect(readConfig(serviceSettings, {})).toMatchObject({
      LANDSCAPE: 'development',
      RETRY_DELAYS_MS: [500, 2000, 5000, 9000, 14_000],
    });
  });

  it.each([
    ['https://bikes.example', 'https://bikes.example'],
    ['HTTPS://Bikes.Example:443/', 'https://bikes.example'],
    ['http://127.0.0.1:8088', 'http://127.0.0.1:8088'],
    ['https://따릉이.example', 'https://xn--v01bm6foup.example'],
  ])('spells the address of the installation as all who compare it do: %s', (PUBLIC_URL, spelled) => {
    expect(readConfig(processSettings, { PUBLIC_URL }).PUBLIC_URL).toBe(spelled);
  });

  it.each(['/bikes', '/bikes/', '?a=b', '#a'])('takes no address of the installation that ends in %s', (end) => {
    expect(mistakes(processSettings, { PUBLIC_URL: `https://bikes.example${end}` })).toEqual([
      expect.stringContaining(
        'PUBLIC_URL: must be an address that begins with http:// or https://, without a user or a path',
      ),
    ]);
  });

  it.each([
    ['JWKS_URI', 'https://issuer.example/keys'],
    ['JWT_PUBLIC_KEY', 'a key'],
    ['PAYMENT_PROVIDER_URL', 'https://pay.example'],
    ['NODE_ENV', 'production'],
  ])('must say its landscape where %s is set, as development charges nothing', (name, value) => {
    for (const said of [{}, { LANDSCAPE: '' }]) {
      expect(mistakes(serviceSettings, { [name]: value, ...said })).toEqual([
        expect.stringContaining(`LANDSCAPE: must be said where ${name} is set.`),
      ]);
    }
    for (const LANDSCAPE of ['development', 'production']) {
      expect(readConfig(serviceSettings, { [name]: value, LANDSCAPE }).LANDSCAPE).toBe(LANDSCAPE);
    }
    expect(readConfig(schema, { NAME: 'of other settings', [name]: value }).NAME).toBe('of other settings');
  });

  it('knows a delay that is no number for a mistake', () => {
    expect(mistakes(serviceSettings, { RETRY_DELAYS_MS: '500,soon' })).toHaveLength(1);
  });

  it('that is wrong ends the process with the code for that', () => {
    expect(exitCodeConfig).toBe(78);
  });
});
