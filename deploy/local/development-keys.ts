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

/** The keys kept in a file, made at the first call: tokens stay good over a restart. */
export async function keptDevelopmentKeys(file: string): Promise<DevelopmentKeys> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DevelopmentKeys;
  } catch {
    const keys = await createDevelopmentKeys();
    makeFolder(dirname(file));
    await writeFile(file, JSON.stringify(keys), { mode: 0o600 });
    return keys;
  }
}
