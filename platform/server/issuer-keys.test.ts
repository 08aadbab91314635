import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { createTokenVerifier, type TokenVerifier } from './auth.ts';
import { processSettings, readConfig } from './config.ts';

/** An issuer behind real HTTP; a test says how it answers. */
let server: Server;
let asked: number;
let respond: (response: ServerResponse) => void;
let time: number;
/** By how much the clock was set back, or forward. */
let setBackMs: number;
let verify: TokenVerifier;

const minute = 60_000;
const env = { JWKS_TIMEOUT_MS: '300', JWKS_MAX_AGE_MS: '300000', JWKS_COOLDOWN_MS: '5000', JWKS_KEEP_MS: '3600000' };

beforeEach(async () => {
  asked = 0;
  time = Date.parse('2026-11-23T09:00:00Z');
  setBackMs = 0;
  server = createServer((_request, response) => {
    asked += 1;
    respond(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  verify = await verifierWith({});
});

function verifierWith(more: NodeJS.ProcessEnv): Promise<TokenVerifier> {
  const JWKS_URI = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const settings = readConfig(processSettings, { LANDSCAPE: 'test', JWKS_URI, ...env, ...more });
  const now = () => time - setBackMs;
  return createTokenVerifier(settings, now, undefined, 'ours', () => time);
}
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Key {
  privateKey: CryptoKey;
  jwk: JWK;
}

async function keyNamed(kid?: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), ...(kid ? { kid } : {}) } };
}

const publish =
  (...keys: Key[]) =>
  (response: ServerResponse) =>
    void response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));

/** A new token each time, because a verified one is cached for a minute. */
let tokens = 0;
async function tokenOf({ privateKey, jwk }: Key, kid = jwk.kid): Promise<string> {
  const token = await new SignJWT({ roles: ['rider'], jti: String((tokens += 1)) })
    .setSubject('10')
    .setExpirationTime(Math.floor(time / 1000) + 8 * 3_600)
    .setProtectedHeader({ alg: 'ES256', ...(kid ? { kid } : {}) })
    .sign(privateKey);
  return `Bearer ${token}`;
}

/** The userId, or the code and message that a client sees. */
async function outcome(authorization: string): Promise<unknown> {
  try {
    return (await verify(authorization))?.userId;
  } catch (error) {
    const { message, extensions } = error as { message: string; extensions: { code: string } };
    return [extensions.code, message];
  }
}

const unavailable = ['SERVICE_UNAVAILABLE', 'The token’s issuer does not answer: it cannot be checked now. Try again.'];
const unknown = ['UNAUTHENTICATED', 'The token’s key is not known.'];

describe('a token whose keys an issuer publishes', () => {
  it('is good by any of them, asked for once', async () => {
    const [one, other] = [await keyNamed('one'), await keyNamed('other')];
    respond = publish(one, other);
    const all = await Promise.all([one, other, one, other].map(async (key) => outcome(await tokenOf(key))));
    expect(all).toEqual(['10', '10', '10', '10']);
    expect(asked).toBe(1);
  });

  it('is good while the issuer answers, also where its keys are to serve longer than they are kept', async () => {
    const key = await keyNamed('one');
    respond = publish(key);
    verify = await verifierWith({ JWKS_KEEP_MS: String(minute) });
    expect(await outcome(await tokenOf(key))).toBe('10');
    time += 2 * minute;
    expect(await outcome(await tokenOf(key))).toBe('10');
    expect(asked).toBe(2);
  });

  it('is good by any of them, too, when it does not say which', async () => {
    const [one, other] = [await keyNamed(), await keyNamed()];
    respond = publish(one, other);
    expect(await outcome(await tokenOf(other))).toBe('10');
    expect(await outcome(await tokenOf(await keyNamed()))).toEqual([
      'UNAUTHENTICATED',
      'The token’s signature does not fit.',
    ]);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['away', (response) => response.destroy()],
    ['slow', () => undefined],
    ['slow half way', (response) => response.write('{"keys":')],
    ['out of order', (response) => response.writeHead(500).end()],
    ['a page', (response) => response.end('<html>Sign in</html>')],
    ['another thing', (response) => response.end('{"error":"none"}')],
    ['null', (response) => response.end('null')],
    ['keys that are none', (response) => response.end('{"keys":[7]}')],
    ['endless', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(1_000_000)}"}`)],
    ['elsewhere', (response) => response.writeHead(302, { location: '/other' }).end()],
    ['a broken key', (response) => response.end('{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"?","y":"?"}]}')],
  ])('cannot be checked while its issuer is %s, which signs no user out', async (what, answer) => {
    respond = answer;
    const key = await keyNamed('one');
    expect(await outcome(await tokenOf(key))).toEqual(unavailable);
    expect(await outcome(await tokenOf(key))).toEqual(unavailable);
    expect(asked).toBe(1);
    time += 5_000;
    respond = publish(key);
    // A broken key came from an issuer that answers: it is asked again when the key is old.
    if (what === 'a broken key') time += 5 * minute;
    expect(await outcome(await tokenOf(key))).toBe('10');
    expect(asked).toBe(2);
  });

  it('is good while its issuer is away, by the keys it gave last, for an hour', async () => {
    const [key, later] = [await keyNamed('one'), await keyNamed('later')];
    respond = publish(key);
    expect(await outcome(await tokenOf(key))).toBe('10');
    respond = (response) => void response.destroy();
    time += 59 * minute;
    expect(await outcome(await tokenOf(key))).toBe('10');
    // It may be a new key.
    expect(await outcome(await tokenOf(later))).toEqual(unavailable);
    time += 2 * minute;
    expect(await outcome(await tokenOf(key))).toEqual(unavailable);
  });

  it.each([60, -60])('is checked again when the issuer is back, on a clock set back by %i minutes', async (minutes) => {
    const [key, later] = [await keyNamed('one'), await keyNamed('later')];
    respond = (response) => void response.destroy();
    expect(await outcome(await tokenOf(key))).toEqual(unavailable);
    setBackMs = minutes * minute;
    respond = publish(key);
    time += 5_000;
    expect(await outcome(await tokenOf(key))).toBe('10');
    respond = publish(key, later);
    time += 5_000;
    expect(await outcome(await tokenOf(later))).toBe('10');
  });

  it('of a key that was withdrawn is not good for longer because the clock was set back', async () => {
    const [withdrawn, key] = [await keyNamed('withdrawn'), await keyNamed('one')];
    respond = publish(withdrawn, key);
    const token = await tokenOf(withdrawn);
    expect(await outcome(token)).toBe('10');
    respond = publish(key);
    setBackMs = 60 * minute;
    time += 6 * minute;
    expect(await outcome(token)).toEqual(unknown);
  });

  it('is good by a new key at once, also when its issuer was asked a moment before', async () => {
    const [old, fresh] = [await keyNamed('old'), await keyNamed('fresh')];
    respond = publish(old);
    expect(await outcome(await tokenOf(old))).toBe('10');
    time += 1;
    respond = publish(fresh);
    expect(await outcome(await tokenOf(fresh))).toBe('10');
    expect(asked).toBe(2);
  });

  it('of an unknown key is refused, and the issuer does not hear of each', async () => {
    const key = await keyNamed('one');
    respond = publish(key);
    expect(await outcome(await tokenOf(key))).toBe('10');
    for (let second = 0; second < 20; second += 1) {
      time += 1_000;
      const forged = await Promise.all(Array.from({ length: 20 }, () => tokenOf(key, `made up ${(tokens += 1)}`)));
      for (const token of forged) expect(await outcome(token)).toEqual(unknown);
    }
    expect(asked).toBeLessThanOrEqual(1 + 4);
    expect(await outcome(await tokenOf(key))).toBe('10');
  });

  it('of a key that was withdrawn is good for some minutes at most, also when it was remembered', async () => {
    const [withdrawn, key] = [await keyNamed('withdrawn'), await keyNamed('one')];
    respond = publish(withdrawn, key);
    const token = await tokenOf(withdrawn);
    expect(await outcome(token)).toBe('10');
    respond = publish(key);
    for (let passed = 0; passed < 6; passed += 0.5) {
      time += minute / 2;
      await outcome(token);
    }
    expect(await outcome(token)).toEqual(unknown);
    expect(await outcome(await tokenOf(key))).toBe('10');
  });
});
