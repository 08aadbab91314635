import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { UnavailableError } from '../foundation/errors.ts';

export interface IssuerKeysOptions {
  url: URL;
  timeoutMs: number;
  /** How long keys are cached: a revoked key may be accepted for this long. */
  maxAgeMs: number;
  /** Within this time, an unknown key is asked for once, and an issuer that failed is not asked again. */
  cooldownMs: number;
  /** While the issuer is away, its last keys are used for this long. */
  keepMs: number;
  /** Milliseconds since some moment, by what nobody sets. */
  elapsed(): number;
  /** Called each time the issuer gives no keys. */
  failed(error: unknown): void;
}

/** A set of keys is some kilobytes. */
const largestAnswer = 262_144;

/**
 * The keys that a token issuer publishes (JWKS). Unlike the library's own it uses its cache while the issuer is away,
 * and distinguishes an unknown key from one that cannot be looked up.
 * @returns throws UnavailableError when a key could not be asked for, JWKSNoMatchingKey when the issuer has no such key.
 */
export function createIssuerKeys(options: IssuerKeysOptions): JWTVerifyGetKey {
  const { elapsed, cooldownMs } = options;
  let current: { keyFor: JWTVerifyGetKey; at: number } | undefined;
  let asking: Promise<void> | undefined;
  let failedAt = -Infinity;
  let unknownAt = -Infinity;

  async function ask(): Promise<void> {
    try {
      current = { keyFor: createLocalJWKSet(await fetchKeys(options)), at: elapsed() };
      failedAt = -Infinity;
    } catch (error) {
      failedAt = elapsed();
      options.failed(error);
    }
  }

  /** Many tokens share one request. Returns whether the issuer gave its keys. */
  async function refresh(): Promise<boolean> {
    if (elapsed() - failedAt < cooldownMs) return false;
    asking ??= ask().finally(() => (asking = undefined));
    await asking;
    return failedAt === -Infinity;
  }

  const unavailable = () => new UnavailableError('The token’s issuer does not answer: it cannot be checked now.');

  return async (header, token) => {
    const age = () => elapsed() - (current?.at ?? -Infinity);
    const isOld = age() >= Math.min(options.maxAgeMs, options.keepMs);
    let answered = isOld ? await refresh() : true;
    if (!current || age() >= options.keepMs) throw unavailable();
    try {
      return await current.keyFor(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (!(error instanceof errors.JWKSNoMatchingKey)) {
        // It has the key, and it is none.
        options.failed(error);
        throw unavailable();
      }
      // Anybody can name a key that does not exist: the issuer must not be asked about each.
      if (answered && !isOld && elapsed() - unknownAt >= cooldownMs) {
        unknownAt = elapsed();
        answered = await refresh();
      }
      // While the issuer is away it may have a new key.
      if (!answered || failedAt > -Infinity) throw unavailable();
      return await current.keyFor(header, token);
    }
  };
}

async function fetchKeys({ url, timeoutMs }: IssuerKeysOptions): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // The configuration decides who may publish keys.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(`The issuer answers ${response.status}.`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > largestAnswer) throw new Error(`The issuer’s keys are longer than ${largestAnswer} bytes.`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as JSONWebKeySet;
}
