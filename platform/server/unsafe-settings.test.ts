import { describe, expect, it } from '@jest/globals';
import { processSettings, readConfig } from './config.ts';
import { unsafeSettings } from './unsafe-settings.ts';

const unsafe = (env: NodeJS.ProcessEnv) =>
  unsafeSettings(readConfig(processSettings, { LANDSCAPE: 'development', ...env })).map(({ setting }) => setting);

const production = {
  LANDSCAPE: 'production',
  HOST: '0.0.0.0',
  ROUTER_SECRET: 'a secret of the routers',
  JWKS_URI: 'https://issuer.example/keys',
  JWT_ISSUER: 'issuer',
  JWT_AUDIENCE: 'bikes',
  OWN_CLIENTS: 'pages',
};

describe('settings that are not safe', () => {
  it('are none in development on this machine, nor where production says all', () => {
    expect(unsafe({})).toEqual([]);
    expect(unsafe(production)).toEqual([]);
    expect(unsafe({ JWKS_URI: 'https://issuer.example/keys' })).toEqual([]);
  });

  it.each([
    'http://issuer.example/keys',
    'HTTP://issuer.example/keys',
    'http://127.0.0.1.example/',
    'http://10.0.0.1/',
  ])('are keys that come over http from elsewhere: %s', (JWKS_URI) => {
    expect(unsafe({ ...production, JWKS_URI })).toEqual(['JWKS_URI']);
    expect(unsafe({ JWKS_URI })).toEqual(['JWKS_URI']);
  });

  it.each(['http://localhost/keys', 'http://127.0.0.1:8080/keys', 'http://127.1.2.3/', 'http://[::1]/'])(
    'are none that come from here: %s',
    (JWKS_URI) => {
      expect(unsafe({ ...production, JWKS_URI })).toEqual([]);
    },
  );

  it.each(['JWT_ISSUER', 'JWT_AUDIENCE', 'OWN_CLIENTS', 'ROUTER_SECRET'])('are a production without %s', (setting) => {
    expect(unsafe({ ...production, [setting]: '' })).toEqual([setting]);
  });

  it.each(['0.0.0.0', '::', '192.168.0.7', 'bikes.example'])('are a development that listens at %s', (HOST) => {
    expect(unsafe({ HOST })).toEqual(['HOST']);
  });

  it.each(['127.0.0.1', 'localhost', '::1', '127.0.0.2'])('are no development that listens at %s', (HOST) => {
    expect(unsafe({ HOST })).toEqual([]);
  });
});
