import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { makeFolder } from '../make-folder.ts';

/** The environment variables that let the router sign development tokens and everybody check them. */
export interface DevelopmentKeys {
  DEV_TOKEN_PRIVATE_KEY: string;
  JWT_PUBLIC_KEY: string;
}

/** A new pair of signing keys. */
export async function createDevelopmentKeys(): Promise<DevelopmentKeys> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = async (key: CryptoKey) => JSON.stringify({ ...(await exportJWK(key)), alg: 'EdDSA', kid: 'development' });
  return { DEV_TOKEN_PRIVATE_KEY: await jwk(privateKey), JWT_PUBLIC_KEY: await jwk(publicKey) };
}

/** The environment variable that lets reservation push to browsers. */
export interface PushKey {
  VAPID_PRIVATE_KEY: string;
}

export function createPushKey(): PushKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Of 32 bytes always, as it has to be: createECDH leaves out leading zeros.
  return { VAPID_PRIVATE_KEY: privateKey.export({ format: 'jwk' }).d ?? '' };
}

/** Tokens stay good over a restart. */
export const keptDevelopmentKeys = (file: string): Promise<DevelopmentKeys> => keptIn(file, createDevelopmentKeys);

/** Browsers that agreed need not agree again. */
export const keptPushKey = (file: string): Promise<PushKey> => keptIn(file, createPushKey);

/** What a file has; made and kept there at the first call. */
async function keptIn<Keys>(file: string, make: () => Keys | Promise<Keys>): Promise<Keys> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Keys;
  } catch {
    const keys = await make();
    makeFolder(dirname(file));
    await writeFile(file, JSON.stringify(keys), { mode: 0o600 });
    return keys;
  }
}
