import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { UnavailableError } from '../foundation/errors.ts';

export interface IssuerKeysOptions {
  url: URL;
  timeoutMs: number;
  /** How long keys serve before they are asked for again: so long a withdrawn one may still be taken. */
  maxAgeMs: number;
  /** Within so long, an unknown key is asked for once, and an issuer that failed is left alone. */
  cooldownMs: number;
  /** While the issuer is away, the keys it gave last serve for so long. */
  keepMs: number;
  now(): number;
  /** Called each time the issuer gives no keys. */
  failed(error: unknown): void;
}

/** A set of keys is some kilobytes. */
const largestAnswer = 262_144;

/**
 * The keys that a token issuer publishes (JWKS). Unlike the library's own it serves what it has while the issuer is away,
 * and says of what it cannot know that it cannot know it.
 * @returns throws UnavailableError when a key could not be asked for, JWKSNoMatchingKey when the issuer has no such key.
 */
export function createIssuerKeys(options: IssuerKeysOptions): JWTVerifyGetKey {
  const { now, cooldownMs } = options;
  let current: { keyFor: JWTVerifyGetKey; at: number } | undefined;
  let asking: Promise<void> | undefined;
  let failedAt = -Infinity;
  let unknownAt = -Infinity;

  async function ask(): Promise<void> {
    try {
      current = { keyFor: createLocalJWKSet(await fetchKeys(options)), at: now() };
      failedAt = -Infinity;
    } catch (error) {
      failedAt = now();
      options.failed(error);
    }
  }

  /** Many tokens wait for one answer. Says whether the issuer gave its keys. */
  async function refresh(): Promise<boolean> {
    if (now() - failedAt < cooldownMs) return false;
    asking ??= ask().finally(() => (asking = undefined));
    await asking;
    return failedAt === -Infinity;
  }

  const unavailable = () => new UnavailableError('The token’s issuer does not answer: it cannot be checked now.');

  return async (header, token) => {
    const age = () => now() - (current?.at ?? -Infinity);
    let answered = true;
    if (age() >= options.maxAgeMs) answered = await refresh();
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
      // Anybody can name a key that does not exist: the issuer is not to hear of each.
      if (answered && age() > 0 && now() - unknownAt >= cooldownMs) {
        unknownAt = now();
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
    // Who may publish keys is a matter of configuration.
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
