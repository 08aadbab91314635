/**
 * `node deploy/compose-keys.ts <file>`: makes the keys with which the development landscape signs and checks tokens, once,
 * as a file for `node --env-file`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, type CryptoKey } from 'jose';

const file = process.argv[2] ?? '';

if (!existsSync(file)) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = async (key: CryptoKey) => JSON.stringify({ ...(await exportJWK(key)), alg: 'EdDSA', kid: 'development' });
  writeFileSync(file, `DEV_TOKEN_PRIVATE_KEY='${await jwk(privateKey)}'\nJWT_PUBLIC_KEY='${await jwk(publicKey)}'\n`);
}
