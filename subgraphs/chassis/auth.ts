import {
  createLocalJWKSet,
  createRemoteJWKSet,
  importJWK,
  importSPKI,
  jwtVerify,
  type JWK,
  type JWTVerifyGetKey,
} from 'jose';
import { ConfigError, type ProcessSettings } from './config.ts';
import { clientError } from './errors.ts';

export const roles = ['rider', 'operator', 'admin', 'auditor'] as const;
export type Role = (typeof roles)[number];

/** Who is asking, as their token says. */
export interface Viewer {
  userId: string;
  roles: readonly Role[];
  /** When the token ends, in ms since 1970; null when it never does. */
  expiresAtMs: number | null;
}

/** Who is asking; null without a token. @throws a client error UNAUTHENTICATED when the token is not good. */
export type TokenVerifier = (authorization: string | undefined) => Promise<Viewer | null>;

const algorithms = ['EdDSA', 'ES256', 'RS256', 'PS256'];
/** Tokens whose verification is remembered, so that a busy client pays for one signature check, not one per request. */
const rememberedTokens = 10_000;

/**
 * @throws {ConfigError} when neither JWKS_URI nor JWT_PUBLIC_KEY is set, or the key cannot be read.
 */
export async function createTokenVerifier(
  settings: ProcessSettings,
  now: () => number = Date.now,
): Promise<TokenVerifier> {
  const key = await verificationKey(settings);
  const known = new Map<string, Viewer>();

  return async (authorization) => {
    if (!authorization) return null;
    const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
    if (!token) throw clientError('UNAUTHENTICATED', 'The Authorization header must read "Bearer <token>".');
    const remembered = known.get(token);
    if (remembered && (remembered.expiresAtMs === null || remembered.expiresAtMs > now())) return remembered;
    known.delete(token);
    const viewer = await verify(token, key, settings, now);
    if (known.size >= rememberedTokens) known.delete(known.keys().next().value ?? '');
    known.set(token, viewer);
    return viewer;
  };
}

async function verificationKey(settings: ProcessSettings): Promise<JWTVerifyGetKey> {
  if (settings.JWKS_URI) return createRemoteJWKSet(new URL(settings.JWKS_URI));
  const text = settings.JWT_PUBLIC_KEY;
  if (!text) {
    throw new ConfigError('JWKS_URI or JWT_PUBLIC_KEY must be set: without it nobody’s token can be checked.');
  }
  try {
    if (!text.trimStart().startsWith('{')) {
      const key = await importSpki(text.trim());
      return () => key;
    }
    const jwk = JSON.parse(text) as JWK;
    await importJWK(jwk, jwk.alg ?? algorithmOf(jwk));
    return createLocalJWKSet({ keys: [jwk] });
  } catch {
    throw new ConfigError('JWT_PUBLIC_KEY: neither a PEM (SPKI) public key nor a JWK.');
  }
}

/** A JWK need not say its algorithm (RFC 7517); its kind of key does. */
function algorithmOf({ kty }: JWK): string {
  if (kty === 'RSA') return 'RS256';
  return kty === 'EC' ? 'ES256' : 'EdDSA';
}

/** A PEM does not say its algorithm: the first that its key fits. */
async function importSpki(pem: string) {
  for (const algorithm of algorithms) {
    try {
      return await importSPKI(pem, algorithm);
    } catch {
      continue;
    }
  }
  throw new Error('No known algorithm fits the key.');
}

async function verify(
  token: string,
  key: JWTVerifyGetKey,
  settings: ProcessSettings,
  now: () => number,
): Promise<Viewer> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms,
      currentDate: new Date(now()),
      ...(settings.JWT_ISSUER ? { issuer: settings.JWT_ISSUER } : {}),
      ...(settings.JWT_AUDIENCE ? { audience: settings.JWT_AUDIENCE } : {}),
    });
    if (!payload.sub) throw clientError('UNAUTHENTICATED', 'The token names nobody (claim "sub").');
    const claimed: unknown[] = Array.isArray(payload['roles']) ? payload['roles'] : [];
    return {
      userId: payload.sub,
      roles: roles.filter((role) => claimed.includes(role)),
      expiresAtMs: payload.exp === undefined ? null : payload.exp * 1000,
    };
  } catch (error) {
    throw clientError('UNAUTHENTICATED', reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_JWT_EXPIRED') return 'The token has expired.';
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return 'The token’s signature does not fit.';
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') return 'The token is for another issuer or audience.';
  if (error instanceof Error && error.message.startsWith('The token')) return error.message;
  return 'The token cannot be read.';
}

const staffRoles: readonly Role[] = ['operator', 'auditor', 'admin'];

/** Staff see everything: operator, auditor, admin. */
export function isStaff(viewer: Viewer | null): boolean {
  return viewer?.roles.some((role) => staffRoles.includes(role)) ?? false;
}

/**
 * Viewers with the same scope see the same data, so one subscription upstream can serve them all: staff with the same
 * roles, or one rider.
 */
export function authScope(viewer: Viewer | null): string {
  if (!viewer) return 'anonymous';
  return isStaff(viewer) ? `roles:${viewer.roles.join('+')}` : `user:${viewer.userId}`;
}

/** The viewer, who must have signed in. */
export function requireViewer(viewer: Viewer | null): Viewer {
  if (!viewer) throw clientError('UNAUTHENTICATED', 'This needs a token: sign in first.');
  return viewer;
}

/** The viewer, who must have one of these roles. */
export function requireRole(viewer: Viewer | null, ...allowed: Role[]): Viewer {
  const known = requireViewer(viewer);
  if (!known.roles.some((role) => allowed.includes(role))) {
    throw clientError('FORBIDDEN', `This needs the role ${allowed.join(' or ')}.`);
  }
  return known;
}

/** Allows a rider to see what is their own, and staff to see everything. */
export function requireSelfOrStaff(viewer: Viewer | null, userId: string): Viewer {
  const known = requireViewer(viewer);
  if (known.userId !== userId && !isStaff(known)) throw clientError('FORBIDDEN', 'This belongs to another rider.');
  return known;
}

/** Allows a rider to act for themselves, and operator and admin to act for anyone. */
export function requireSelfOrOperator(viewer: Viewer | null, userId: string): Viewer {
  const known = requireViewer(viewer);
  if (known.userId !== userId && !known.roles.some((role) => role === 'operator' || role === 'admin')) {
    throw clientError('FORBIDDEN', 'Acting for another rider needs the role operator or admin.');
  }
  return known;
}
