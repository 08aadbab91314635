import { generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';

type SigningKey = Parameters<SignJWT['sign']>[0];

async function sign(key: SigningKey, expiresAtMs: number, userId = '10', roles = ['operator']): Promise<string> {
  const token = await new SignJWT({ roles })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject(userId)
    .setExpirationTime(Math.floor(expiresAtMs / 1000))
    .sign(key);
  return `Bearer ${token}`;
}

/** A good token that ends when the test wants; whole seconds. */
export async function tokenUntil(
  env: NodeJS.ProcessEnv,
  expiresAtMs: number,
  userId?: string,
  roles?: string[],
): Promise<string> {
  const key = await importJWK(JSON.parse(env['DEV_TOKEN_PRIVATE_KEY'] ?? '') as JWK, 'EdDSA');
  return sign(key, expiresAtMs, userId, roles);
}

export const expiredToken = (env: NodeJS.ProcessEnv) => tokenUntil(env, Date.now() - 60_000);

/** Well formed, but signed by somebody else. */
export async function foreignToken(): Promise<string> {
  return sign((await generateKeyPair('EdDSA')).privateKey, Date.now() + 60_000);
}
