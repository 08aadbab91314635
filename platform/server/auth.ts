import { hash } from 'node:crypto';
import {
  createLocalJWKSet,
  errors,
  importJWK,
  importSPKI,
  jwtVerify,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { isText, textRules } from '../../schema/text.ts';
import { ConfigError, type ProcessSettings } from './config.ts';
import { UnavailableError, clientError } from '../foundation/errors.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import type { Logger } from './logger.ts';
import { createLruCache } from '../foundation/lru-cache.ts';

export const roles = ['rider', 'operator', 'admin', 'auditor'] as const;
export type Role = (typeof roles)[number];

/** Who is asking, as their token says. */
export interface Viewer {
  userId: string;
  /** At least one: a viewer without a known role is anonymous. None where `scopes` say what they may. */
  roles: readonly Role[];
  /** Of a rider's token that another client has (OWN_CLIENTS): what that client may do for them. */
  scopes?: readonly string[];
  /** All that the token says of them, where roles are not ours and so do not tell who sees what. */
  claims?: string;
  /** When the token ends, in ms since 1970. */
  expiresAtMs: number;
}

/**
 * The viewer; null without a token, and with one that gives no role of this API.
 * @throws a client error UNAUTHENTICATED when the token is invalid, SERVICE_UNAVAILABLE while that cannot be checked.
 */
export type TokenVerifier = (authorization: string | undefined) => Promise<Viewer | null>;

const algorithms = ['EdDSA', 'ES256', 'RS256', 'PS256'];
/** Verified tokens that are cached, so that a busy client pays for one signature check, not one per request. */
const rememberedTokens = 10_000;
/** The key may be revoked: once a minute the signature is checked again. */
const rememberedMs = 60_000;
/** Node accepts no longer header; a socket would. */
const longestToken = 8_192;
/** The last moment that JavaScript has a date for, in seconds. */
const lastMoment = 8.64e12;

/** Whose tokens they are: with roles of this API, or of another one that this process knows nothing of. */
export type TokensOf = 'ours' | 'others';

/**
 * @throws {ConfigError} when neither JWKS_URI nor JWT_PUBLIC_KEY is set, or the key cannot be read.
 */
export async function createTokenVerifier(
  settings: ProcessSettings,
  now: () => number = Date.now,
  logger?: Logger,
  whose: TokensOf = 'ours',
  elapsed: () => number = () => performance.now(),
): Promise<TokenVerifier> {
  const key = await verificationKey(settings, elapsed, logger);
  const toleranceMs = settings.CLOCK_TOLERANCE_MS;
  // By hash: tokens are long, and a dump of this memory must not reveal them.
  const known = createLruCache<string, { viewer: Viewer | null; until: number; at: number }>(rememberedTokens);

  return async (authorization) => {
    if (!authorization) return null;
    const token = tokenIn(authorization);
    const name = hash('sha256', token, 'base64');
    const remembered = known.get(name);
    if (remembered && now() < remembered.until && elapsed() - remembered.at < rememberedMs) return remembered.viewer;
    known.delete(name);
    const claims = await verify(token, key, settings, now);
    const viewer = viewerOf(claims, now() + toleranceMs, settings, whose);
    known.set(name, { viewer, until: claims.exp * 1000 + toleranceMs, at: elapsed() });
    return viewer;
  };
}

function tokenIn(authorization: string): string {
  if (authorization.length > longestToken) {
    throw clientError('UNAUTHENTICATED', `The token is longer than ${longestToken} characters.`);
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
  if (!token) throw clientError('UNAUTHENTICATED', 'The Authorization header must read "Bearer <token>".');
  return token;
}

async function verificationKey(
  settings: ProcessSettings,
  elapsed: () => number,
  logger: Logger | undefined,
): Promise<JWTVerifyGetKey> {
  if (settings.JWKS_URI) {
    return createIssuerKeys({
      url: new URL(settings.JWKS_URI),
      timeoutMs: settings.JWKS_TIMEOUT_MS,
      maxAgeMs: settings.JWKS_MAX_AGE_MS,
      cooldownMs: settings.JWKS_COOLDOWN_MS,
      keepMs: settings.JWKS_KEEP_MS,
      elapsed,
      failed: (error) => logger?.warn({ err: error }, 'the token issuer gives no keys'),
    });
  }
  const text = settings.JWT_PUBLIC_KEY;
  if (!text) {
    throw new ConfigError('JWKS_URI or JWT_PUBLIC_KEY must be set: without it no token can be checked.');
  }
  return readPublicKey(text);
}

/** @param text as JWT_PUBLIC_KEY has it. @throws {ConfigError} when it is no key. */
export async function readPublicKey(text: string): Promise<JWTVerifyGetKey> {
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

/** A JWK need not name its algorithm (RFC 7517); its key type determines it. */
function algorithmOf({ kty }: JWK): string {
  if (kty === 'RSA') return 'RS256';
  return kty === 'EC' ? 'ES256' : 'EdDSA';
}

/** A PEM does not name its algorithm: the first that its key fits. */
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

type Claims = JWTPayload & { exp: number };

async function verify(
  token: string,
  key: JWTVerifyGetKey,
  settings: ProcessSettings,
  now: () => number,
): Promise<Claims> {
  const options = {
    algorithms,
    currentDate: new Date(now()),
    clockTolerance: settings.CLOCK_TOLERANCE_MS / 1000,
    requiredClaims: ['exp'],
    ...(settings.JWT_ISSUER ? { issuer: settings.JWT_ISSUER } : {}),
    ...(settings.JWT_AUDIENCE ? { audience: settings.JWT_AUDIENCE } : {}),
  };
  try {
    return (await jwtVerify(token, key, options)).payload as Claims;
  } catch (error) {
    if (error instanceof UnavailableError) throw clientError('SERVICE_UNAVAILABLE', `${error.message} Try again.`);
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      // The token does not name its key: try each that fits.
      for await (const candidate of error) {
        const payload = await jwtVerify(token, candidate, options).then(
          (verified) => verified.payload as Claims,
          (failure: unknown) => {
            if (failure instanceof errors.JWSSignatureVerificationFailed) return undefined;
            throw clientError('UNAUTHENTICATED', reasonOf(failure));
          },
        );
        if (payload) return payload;
      }
      throw clientError('UNAUTHENTICATED', reasonOf(new errors.JWSSignatureVerificationFailed()));
    }
    throw clientError('UNAUTHENTICATED', reasonOf(error));
  }
}

/** @param latest the latest plausible issue time; a later one means that the issuer's clock is wrong. */
function viewerOf(claims: Claims, latest: number, settings: ProcessSettings, whose: TokensOf): Viewer | null {
  const { sub, exp, iat } = claims;
  const { ROLES_CLAIM: rolesClaim, SCOPES_CLAIM: scopesClaim, OWN_CLIENTS: ownClients } = settings;
  const claimed: unknown = claims[rolesClaim];
  const no = (reason: string) => clientError('UNAUTHENTICATED', reason);
  if (sub === undefined || sub === '') throw no('The token has no subject (claim "sub").');
  if (!isText(sub, textRules.userId)) throw no('The token’s claim "sub" must be text of 1 to 255 visible characters.');
  if (exp > lastMoment) throw no('The token’s claim "exp" cannot be read.');
  if (iat !== undefined && !(iat * 1000 <= latest)) throw no('The token was issued in the future (claim "iat").');
  const expiresAtMs = exp * 1000;
  if (whose === 'others') return { userId: sub, roles: [], claims: lastingClaims(claims), expiresAtMs };
  if (claimed !== undefined && claimed !== null && !Array.isArray(claimed)) {
    throw no(`The token’s claim "${rolesClaim}" must be a list.`);
  }
  const given = roles.filter((role) => (claimed as unknown[] | null | undefined)?.includes(role));
  if (given.length === 0) return null;
  if (ownClients.length === 0 || ownClients.includes(clientOf(claims) ?? '')) {
    return { userId: sub, roles: given, expiresAtMs };
  }
  // Staff's powers are for no other client, whatever it has got from them.
  if (!given.includes('rider')) return null;
  return { userId: sub, roles: [], scopes: wordsIn(claims[scopesClaim]), expiresAtMs };
}

/** Whom the token was given to: by RFC 9068, and by providers that are older. */
function clientOf({ client_id, azp }: Claims): string | undefined {
  return [client_id, azp].find((claim) => typeof claim === 'string');
}

/** The words of a claim: `"a b"` (RFC 8693) or `["a", "b"]`. */
export function wordsIn(claim: unknown): string[] {
  const words = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(' ') : [];
  return [...new Set(words.filter((word): word is string => typeof word === 'string' && word !== ''))].toSorted();
}

/** What a renewed token says too. */
function lastingClaims({ exp: _exp, iat: _iat, nbf: _nbf, jti: _jti, ...lasting }: Claims): string {
  return JSON.stringify(lasting);
}

const claimReasons: Record<string, string> = {
  iss: 'The token is from another issuer (claim "iss").',
  aud: 'The token is for another audience (claim "aud").',
  nbf: 'The token is not valid yet (claim "nbf").',
};

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (claim === 'exp' && reason === 'missing') return 'The token has no end (claim "exp").';
    return (reason !== 'invalid' && claimReasons[claim]) || `The token’s claim "${claim}" cannot be read.`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The token’s signature does not fit.';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The token is not signed in a way that is accepted.';
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token’s key is not known.';
  return 'The token cannot be read.';
}

const staffRoles: readonly Role[] = ['operator', 'auditor', 'admin'];

/** Staff see everything: operator, auditor, admin. */
export function isStaff(viewer: Viewer | null): boolean {
  return viewer?.roles.some((role) => staffRoles.includes(role)) ?? false;
}

/**
 * Viewers with the same scope see the same data, so one subscription upstream can serve them all: staff with the same
 * roles, or one rider, by clients that may do the same; of others’ tokens those that say the same.
 */
export function authScope(viewer: Viewer | null): string {
  if (!viewer) return 'anonymous';
  if (viewer.claims !== undefined) return `claims:${viewer.claims}`;
  if (viewer.scopes) return `scopes:${JSON.stringify([viewer.userId, ...viewer.scopes])}`;
  return isStaff(viewer) ? `roles:${viewer.roles.join('+')}` : `user:${viewer.userId}`;
}

/** The viewer, who must have signed in. */
export function requireViewer(viewer: Viewer | null): Viewer {
  if (!viewer) throw clientError('UNAUTHENTICATED', 'This needs a token with a role: sign in first.');
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

/** Allows riders to see what is their own, and staff to see everything. */
export function requireSelfOrStaff(viewer: Viewer | null, userId: string): Viewer {
  const known = requireViewer(viewer);
  if (known.userId !== userId && !isStaff(known)) throw clientError('FORBIDDEN', 'This belongs to another rider.');
  return known;
}

/** Allows riders to act for themselves, and operators and admins to act for anyone. */
export function requireSelfOrOperator(viewer: Viewer | null, userId: string): Viewer {
  const known = requireViewer(viewer);
  if (known.userId !== userId && !known.roles.some((role) => role === 'operator' || role === 'admin')) {
    throw clientError('FORBIDDEN', 'Acting for another rider needs the role operator or admin.');
  }
  return known;
}
