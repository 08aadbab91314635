import { importJWK, SignJWT, type JWK } from 'jose';
import { z } from 'zod';
import { isText, textRules } from '../../schema/text.ts';
import {
  ConfigError,
  readBody,
  roles,
  sendJson,
  type ProcessSettings,
  type RequestHandler,
} from '../../platform/server/index.ts';
import type { Cors } from '../http/cors.ts';
import type { ProductSettings } from './settings.ts';

type DevTokenSettings = ProcessSettings & Pick<ProductSettings, 'DEV_TOKEN_PRIVATE_KEY'>;

const tokenRequest = z.strictObject({
  userId: z
    .string()
    .trim()
    .refine((text) => isText(text, textRules.userId), 'must be text of 1 to 255 visible characters'),
  roles: z.array(z.enum(roles)).max(roles.length).default(['rider']),
  /** As another client's, such as a journey planner's, which may do what these scopes say. */
  scope: z.string().max(255).optional(),
});

/** A working day: a developer signs in once in the morning. */
const tokenLastsSeconds = 28_800;

/** No client at an issuer is called so: it could not be in OWN_CLIENTS. */
const anotherClient = 'another client';

/** Far more than a request for a token needs. */
const maxTokenRequestBytes = 4_096;

/** Whether "sign in as" is offered: only in development, and only with a key to sign with. */
export function offersDevTokens(settings: DevTokenSettings): boolean {
  return settings.LANDSCAPE === 'development' && settings.DEV_TOKEN_PRIVATE_KEY !== undefined;
}

/**
 * `POST /dev/token {"userId":"10","roles":["rider"]}` answers `{"token","expiresAt"}`, with `"scope":"rides"` as it is
 * given to a journey planner; undefined where it is not offered.
 * @throws {ConfigError} when the key cannot be read.
 */
export async function createDevTokenRoute(
  settings: DevTokenSettings,
  cors: Cors,
  now: () => number = Date.now,
): Promise<RequestHandler | undefined> {
  if (!offersDevTokens(settings)) return undefined;
  const sign = await createSigner(settings, now);

  return async (request, response) => {
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return sendJson(response, 405, { error: 'Ask for a token with POST.' });
    }
    // The same host is not enough: DNS rebinding gives a foreign page that too.
    const { origin } = request.headers;
    if (origin !== undefined && !cors.isAllowed(origin)) {
      return sendJson(response, 403, { error: `The origin ${origin} is not in CORS_ORIGINS.` });
    }
    response.setHeader('connection', 'close');
    const asked = parseTokenRequest(await readBody(request, maxTokenRequestBytes));
    if ('error' in asked) return sendJson(response, 400, asked);
    if (asked.scope !== undefined && settings.OWN_CLIENTS.length === 0) {
      return sendJson(response, 400, { error: 'scope: counts only where OWN_CLIENTS is set, e.g. OWN_CLIENTS=pages.' });
    }
    response.setHeader('cache-control', 'no-store');
    sendJson(response, 200, await sign(asked));
  };
}

type TokenRequest = z.infer<typeof tokenRequest>;

export function parseTokenRequest(text: string): TokenRequest | { error: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { error: 'The body is not JSON. Send {"userId":"10","roles":["rider"]}.' };
  }
  const parsed = tokenRequest.safeParse(body);
  if (parsed.success) return { ...parsed.data, roles: [...new Set(parsed.data.roles)] };
  return {
    error: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  };
}

async function createSigner(settings: DevTokenSettings, now: () => number) {
  const { key, algorithm, kid } = await signingKey(settings.DEV_TOKEN_PRIVATE_KEY ?? '');
  return async ({ userId, roles: claimed, scope }: TokenRequest): Promise<{ token: string; expiresAt: string }> => {
    const issuedAt = Math.floor(now() / 1000);
    const expiresAt = issuedAt + tokenLastsSeconds;
    const [ownClient] = settings.OWN_CLIENTS;
    const jwt = new SignJWT({
      [settings.ROLES_CLAIM]: claimed,
      ...(scope === undefined
        ? ownClient !== undefined && { client_id: ownClient }
        : { client_id: anotherClient, [settings.SCOPES_CLAIM]: scope }),
    })
      .setProtectedHeader({ alg: algorithm, ...(kid ? { kid } : {}) })
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt);
    if (settings.JWT_ISSUER) jwt.setIssuer(settings.JWT_ISSUER);
    if (settings.JWT_AUDIENCE) jwt.setAudience(settings.JWT_AUDIENCE);
    return { token: await jwt.sign(key), expiresAt: new Date(expiresAt * 1000).toISOString() };
  };
}

/** @param text as DEV_TOKEN_PRIVATE_KEY has it. @throws {ConfigError} when it is no key. */
export async function signingKey(text: string) {
  try {
    const jwk = JSON.parse(text) as JWK;
    const algorithm = jwk.alg ?? 'EdDSA';
    if (jwk.d === undefined) throw new Error('no private part');
    return { key: await importJWK(jwk, algorithm), algorithm, kid: jwk.kid };
  } catch {
    throw new ConfigError('DEV_TOKEN_PRIVATE_KEY: not a private JWK (Ed25519, as JSON).');
  }
}
