import { beforeAll, describe, expect, it } from '@jest/globals';
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import {
  authScope,
  createTokenVerifier,
  isStaff,
  requireRole,
  requireSelfOrOperator,
  requireSelfOrStaff,
  requireViewer,
  type Role,
  type Viewer,
} from './auth.ts';
import { ConfigError, processSettings, readConfig } from './config.ts';

const now = Date.parse('2026-11-23T09:00:00Z');
const seconds = now / 1000;

let privateKey: CryptoKey;
let strangersKey: CryptoKey;
let pem: string;
let jwk: string;

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  privateKey = pair.privateKey;
  pem = await exportSPKI(pair.publicKey);
  jwk = JSON.stringify({ ...(await exportJWK(pair.publicKey)), alg: 'EdDSA' });
  strangersKey = (await generateKeyPair('EdDSA', { crv: 'Ed25519' })).privateKey;
});

function sign(claims: JWTPayload, key = privateKey, alg = 'EdDSA'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}

const rider = (more: JWTPayload = {}): JWTPayload => ({ sub: '10', roles: ['rider'], exp: seconds + 60, ...more });

const verifierOf = (env: NodeJS.ProcessEnv, clock = () => now) =>
  createTokenVerifier(readConfig(processSettings, { LANDSCAPE: 'test', ...env }), clock);

/** What a client is told about a token. */
async function answer(token: string, env: NodeJS.ProcessEnv = { JWT_PUBLIC_KEY: pem }): Promise<unknown> {
  const verify = await verifierOf(env);
  return verify(`Bearer ${token}`).catch((error: unknown) => error);
}
const unauthenticated = (message: string) =>
  expect.objectContaining({ message, extensions: { code: 'UNAUTHENTICATED', http: { status: 401 } } });

describe('a token', () => {
  it('has its roles where a setting says', async () => {
    const token = await sign({
      sub: '10',
      exp: seconds + 60,
      'https://bikes.example/roles': ['admin'],
      roles: ['rider'],
    });
    const env = { JWT_PUBLIC_KEY: pem, ROLES_CLAIM: 'https://bikes.example/roles' };
    expect(await answer(token, env)).toMatchObject({ roles: ['admin'] });
    const wrong = await sign(rider({ 'https://bikes.example/roles': 'admin' }));
    expect(await answer(wrong, env)).toEqual(
      unauthenticated('The token’s claim "https://bikes.example/roles" must be a list.'),
    );
  });

  it('of another API has no role here, and is shared with none that says anything else', async () => {
    const settings = readConfig(processSettings, { LANDSCAPE: 'test', JWT_PUBLIC_KEY: pem });
    const verify = await createTokenVerifier(settings, () => now, undefined, 'others');
    const scopeOf = async (claims: JWTPayload) => {
      const viewer = await verify(`Bearer ${await sign({ sub: '10', roles: 'admin', exp: seconds + 60, ...claims })}`);
      expect([viewer?.userId === undefined, isStaff(viewer)]).toEqual([false, false]);
      return authScope(viewer);
    };
    const scope = await scopeOf({});
    expect(await scopeOf({ exp: seconds + 90, iat: seconds, nbf: seconds, jti: 'another' })).toBe(scope);
    for (const other of [{ sub: '20' }, { tenant: 'seoul' }, { scope: 'read' }, { roles: 'operator' }]) {
      expect(await scopeOf(other)).not.toBe(scope);
    }
  });

  it.each<[string, JWTPayload, object | null]>([
    ['of the API’s own client has its roles', { client_id: 'pages', scope: 'rides' }, { roles: ['rider'] }],
    [
      'of another client has scopes instead',
      { client_id: 'planner', scope: 'b a b' },
      { roles: [], scopes: ['a', 'b'] },
    ],
    ['may list them', { client_id: 'planner', scope: ['a', 7, ''] }, { roles: [], scopes: ['a'] }],
    ['without any may do nothing', { client_id: 'planner' }, { roles: [], scopes: [] }],
    ['that names no client is another’s', {}, { roles: [], scopes: [] }],
    ['may name its client as providers used to', { azp: 'tablet' }, { roles: ['rider'] }],
    ['is of the client that it was given to', { client_id: 'planner', azp: 'pages' }, { roles: [], scopes: [] }],
    ['names a client in no other way', { client_id: ['pages'] }, { roles: [], scopes: [] }],
    ['lends no powers of staff', { client_id: 'planner', roles: ['admin', 'rider'] }, { roles: [], scopes: [] }],
    ['of staff is of nobody there', { client_id: 'planner', roles: ['operator'], scope: 'rides' }, null],
  ])('%s', async (_is, claims, viewer) => {
    const env = { JWT_PUBLIC_KEY: pem, OWN_CLIENTS: 'pages, tablet' };
    const found = await answer(await sign(rider(claims)), env);
    expect(found).toEqual(viewer && { userId: '10', expiresAtMs: now + 60_000, ...viewer });
  });

  it('has its scopes where a setting says', async () => {
    const env = { JWT_PUBLIC_KEY: pem, OWN_CLIENTS: 'pages', SCOPES_CLAIM: 'scp' };
    expect(await answer(await sign(rider({ scp: ['rides'], scope: 'balance' })), env)).toMatchObject({
      scopes: ['rides'],
    });
  });

  it('says who is asking, whether the key is set as a PEM or as a JWK', async () => {
    const token = await sign(rider());
    for (const JWT_PUBLIC_KEY of [pem, jwk, ` ${jwk}`]) {
      expect(await answer(token, { JWT_PUBLIC_KEY })).toEqual({
        userId: '10',
        roles: ['rider'],
        expiresAtMs: now + 60_000,
      });
    }
  });

  it.each(['ES256', 'RS256'])('may be signed with %s', async (alg) => {
    const { privateKey: key, publicKey } = await generateKeyPair(alg, { extractable: true });
    const token = await sign(rider(), key, alg);
    const asJwk = JSON.stringify({ ...(await exportJWK(publicKey)), alg });
    for (const JWT_PUBLIC_KEY of [await exportSPKI(publicKey), asJwk]) {
      expect(await answer(token, { JWT_PUBLIC_KEY })).toMatchObject({ userId: '10' });
    }
  });

  it.each(['ES256', 'RS256'])('may be signed with %s by a JWK that leaves "alg" out, as it may', async (alg) => {
    const { privateKey: key, publicKey } = await generateKeyPair(alg, { extractable: true });
    const JWT_PUBLIC_KEY = JSON.stringify(await exportJWK(publicKey));
    expect(await answer(await sign(rider(), key, alg), { JWT_PUBLIC_KEY })).toMatchObject({ userId: '10' });
  });

  it('may be left out', async () => {
    const verify = await verifierOf({ JWT_PUBLIC_KEY: pem });
    expect(await verify(undefined)).toBeNull();
    expect(await verify('')).toBeNull();
  });

  it('that has expired is refused, to the second where clocks agree', async () => {
    const strict = { JWT_PUBLIC_KEY: pem, CLOCK_TOLERANCE_MS: '0' };
    expect(await answer(await sign(rider({ exp: seconds })), strict)).toEqual(
      unauthenticated('The token has expired.'),
    );
    expect(await answer(await sign(rider({ exp: seconds + 1 })), strict)).toMatchObject({ userId: '10' });
  });

  it('that somebody else signed is refused', async () => {
    const refusal = unauthenticated('The token’s signature does not fit.');
    expect(await answer(await sign(rider(), strangersKey))).toEqual(refusal);
    const [header = '', , signature = ''] = (await sign(rider())).split('.');
    const forged = Buffer.from(JSON.stringify(rider({ roles: ['admin'] }))).toString('base64url');
    expect(await answer([header, forged, signature].join('.'))).toEqual(refusal);
  });

  it('without a signature, or signed with a public secret, is refused', async () => {
    const unaccepted = unauthenticated('The token is not signed in a way that is accepted.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(await answer(`${encode({ alg: 'none' })}.${encode(rider())}.`)).toEqual(unaccepted);
    const withPem = await new SignJWT(rider()).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(pem));
    expect(await answer(withPem)).toEqual(unaccepted);
    expect(await answer('rubbish')).toEqual(unauthenticated('The token cannot be read.'));
    expect(await answer('x'.repeat(9_000))).toEqual(unauthenticated('The token is longer than 8192 characters.'));
  });

  it('without a subject is refused', async () => {
    const { sub: _sub, ...withoutSubject } = rider();
    const refusal = unauthenticated('The token has no subject (claim "sub").');
    expect(await answer(await sign(withoutSubject))).toEqual(refusal);
    expect(await answer(await sign(rider({ sub: '' })))).toEqual(refusal);
  });

  it.each<[string, unknown]>([
    ['an object', { $gt: '' }],
    ['a list', ['10', '11']],
    ['a number', 10],
    ['true', true],
    ['half a character', '10\ud800'],
    ['a line break', '10\r'],
    ['a zero-width space', '10\u200b'],
    ['256 characters', 'x'.repeat(256)],
  ])('whose subject is %s is refused', async (_what, sub) => {
    expect(await answer(await sign(rider({ sub: sub as string })))).toEqual(
      unauthenticated('The token’s claim "sub" must be text of 1 to 255 visible characters.'),
    );
  });

  it('that does not come as "Bearer <token>" is refused', async () => {
    const verify = await verifierOf({ JWT_PUBLIC_KEY: pem });
    for (const authorization of ['Basic dTpw', 'Bearer', 'Bearer  ', await sign(rider())]) {
      await expect(verify(authorization)).rejects.toThrow('must read "Bearer <token>"');
    }
    for (const scheme of ['bearer ', 'BEARER   ', '  Bearer ']) {
      expect(await verify(`${scheme}${await sign(rider())} `)).toMatchObject({ userId: '10' });
    }
  });

  it('gives no role that this system does not know, and without any the viewer is anonymous', async () => {
    const rolesOf = async (roles: unknown) => answer(await sign(rider({ roles })));
    expect(await rolesOf(['root', 'admin', 'Rider', 7])).toMatchObject({ roles: ['admin'] });
    for (const none of [undefined, null, [], ['root', 'Rider', ['admin'], 7]]) expect(await rolesOf(none)).toBeNull();
    for (const wrong of ['admin', 7, { admin: true }]) {
      expect(await rolesOf(wrong)).toEqual(unauthenticated('The token’s claim "roles" must be a list.'));
    }
  });

  it('is taken with the clocks half a minute apart, and no more', async () => {
    expect(await answer(await sign(rider({ nbf: seconds + 29, iat: seconds + 29 })))).toMatchObject({ userId: '10' });
    expect(await answer(await sign(rider({ exp: seconds - 29 })))).toMatchObject({ userId: '10' });
    const refused = { nbf: seconds + 31, iat: seconds + 31, exp: seconds - 31 };
    const reasons = {
      nbf: 'The token is not valid yet (claim "nbf").',
      iat: 'The token was issued in the future (claim "iat").',
      exp: 'The token has expired.',
    };
    for (const claim of ['nbf', 'iat', 'exp'] as const) {
      const token = await sign(rider({ [claim]: refused[claim] }));
      expect(await answer(token)).toEqual(unauthenticated(reasons[claim]));
    }
    const strict = { JWT_PUBLIC_KEY: pem, CLOCK_TOLERANCE_MS: '0' };
    expect(await answer(await sign(rider({ nbf: seconds + 1 })), strict)).toEqual(unauthenticated(reasons.nbf));
  });

  it('whose times are no times is refused', async () => {
    const signText = (payload: string) =>
      new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey);
    for (const claim of ['exp', 'nbf', 'iat']) {
      const token = await signText(JSON.stringify({ ...rider(), [claim]: 'soon' }));
      expect(await answer(token)).toEqual(unauthenticated(`The token’s claim "${claim}" cannot be read.`));
    }
    for (const exp of ['1e999', '1e300']) {
      const token = await signText(JSON.stringify(rider()).replace(/"exp":\d+/, `"exp":${exp}`));
      expect(await answer(token)).toEqual(unauthenticated('The token’s claim "exp" cannot be read.'));
    }
  });

  it('for another issuer or audience is refused where these are set', async () => {
    const env = { JWT_PUBLIC_KEY: pem, JWT_ISSUER: 'seoul', JWT_AUDIENCE: 'ttareungi' };
    expect(await answer(await sign(rider({ iss: 'seoul', aud: 'ttareungi' })), env)).toMatchObject({ userId: '10' });
    const foreign = unauthenticated('The token is from another issuer (claim "iss").');
    const elsewhere = unauthenticated('The token is for another audience (claim "aud").');
    expect(await answer(await sign(rider({ iss: 'busan', aud: 'ttareungi' })), env)).toEqual(foreign);
    expect(await answer(await sign(rider({ iss: 'seoul', aud: 'metro' })), env)).toEqual(elsewhere);
    expect(await answer(await sign(rider({ aud: 'ttareungi' })), env)).toEqual(foreign);
    expect(await answer(await sign(rider({ iss: 'seoul' })), env)).toEqual(elsewhere);
  });

  it('is checked once, and remembered no longer than it lasts', async () => {
    let time = now;
    const verify = await verifierOf({ JWT_PUBLIC_KEY: pem }, () => time);
    const header = `Bearer ${await sign(rider())}`;
    const first = await verify(header);
    time = now + 59_999;
    expect(await verify(header)).toBe(first);
    time = now + 60_000;
    expect(await verify(header)).toEqual(first);
    time = now + 90_000;
    await expect(verify(header)).rejects.toThrow('The token has expired.');
    await expect(verify(header)).rejects.toThrow('The token has expired.');
  });

  it('without an end is refused', async () => {
    const { exp: _exp, ...endless } = rider();
    expect(await answer(await sign(endless))).toEqual(unauthenticated('The token has no end (claim "exp").'));
  });
});

describe('a process', () => {
  it('does not start without a key to check tokens with', async () => {
    await expect(verifierOf({})).rejects.toThrow(ConfigError);
    await expect(verifierOf({})).rejects.toThrow('JWKS_URI or JWT_PUBLIC_KEY must be set');
  });

  it('does not start with a key that it cannot read', async () => {
    const broken = pem.replace(/\n.+\n/, '\nrubbish\n');
    for (const JWT_PUBLIC_KEY of ['rubbish', broken, '{', '{}', '{"kty":"none"}']) {
      await expect(verifierOf({ JWT_PUBLIC_KEY })).rejects.toThrow(/^JWT_PUBLIC_KEY: /);
    }
  });
});

describe('a viewer', () => {
  const viewer = (userId: string, ...roles: Role[]): Viewer => ({ userId, roles, expiresAtMs: Infinity });
  const kim = viewer('10', 'rider');
  const otherRider = viewer('11');
  const [operator, auditor, admin] = [viewer('1', 'operator'), viewer('2', 'auditor'), viewer('3', 'admin')];

  it('is staff as operator, auditor or admin', () => {
    expect([null, otherRider, kim, operator, auditor, admin].map(isStaff)).toEqual([
      ...[false, false, false, true, true, true],
    ]);
    expect(isStaff(viewer('4', 'rider', 'auditor'))).toBe(true);
  });

  it('shares a scope only with those who see the same', () => {
    expect([null, kim, otherRider, operator, admin].map(authScope)).toEqual([
      ...['anonymous', 'user:10', 'user:11', 'roles:operator', 'roles:admin'],
    ]);
    const planner = (userId: string, ...scopes: string[]): Viewer => ({ ...viewer(userId), roles: [], scopes });
    const ofOthers = [planner('10'), planner('10', 'rides'), planner('10', 'balance', 'rides'), planner('11', 'rides')];
    expect(new Set([kim, ...ofOthers].map(authScope)).size).toBe(5);
    expect(authScope(planner('10', 'rides'))).toBe(authScope(planner('10', 'rides')));
    expect(authScope(viewer('5', 'rider', 'operator'))).toBe(authScope(viewer('6', 'rider', 'operator')));
  });

  /** Who is let in; for the others, their codes. */
  const through = (guard: (asking: Viewer | null) => Viewer) =>
    [null, kim, otherRider, operator, auditor, admin].map((asking) => {
      try {
        return guard(asking) === asking ? 'yes' : 'somebody else';
      } catch (error) {
        return (error as { extensions: { code: string } }).extensions.code;
      }
    });

  it('must have signed in', () => {
    expect(through(requireViewer)).toEqual(['UNAUTHENTICATED', 'yes', 'yes', 'yes', 'yes', 'yes']);
  });

  it('must have one of the roles', () => {
    expect(through((asking) => requireRole(asking, 'operator', 'admin'))).toEqual([
      ...['UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN', 'yes', 'FORBIDDEN', 'yes'],
    ]);
    expect(() => requireRole(kim, 'operator', 'admin')).toThrow('This needs the role operator or admin.');
  });

  it('sees what is their own, and as staff everything', () => {
    expect(through((asking) => requireSelfOrStaff(asking, '10'))).toEqual([
      ...['UNAUTHENTICATED', 'yes', 'FORBIDDEN', 'yes', 'yes', 'yes'],
    ]);
  });

  it('acts for themselves, and as operator or admin for anyone', () => {
    expect(through((asking) => requireSelfOrOperator(asking, '10'))).toEqual([
      ...['UNAUTHENTICATED', 'yes', 'FORBIDDEN', 'yes', 'FORBIDDEN', 'yes'],
    ]);
  });
});
