import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Proves to subgraphs that the router is calling: it enforces limits and shares, and no client may bypass it. */
export const routerSecretHeader = 'x-router-secret';

/**
 * Whether a request is the router's. Any of several secrets is accepted, so that one can be rotated; with none, every
 * request is.
 */
export function createRouterCheck(secrets: readonly string[]): (headers: IncomingHttpHeaders) => boolean {
  const digests = secrets.map(digest);
  if (digests.length === 0) return () => true;
  return (headers) => {
    const given = headers[routerSecretHeader];
    if (typeof given !== 'string') return false;
    const asked = digest(given);
    // Constant time: each is compared in full.
    return digests.map((known) => timingSafeEqual(known, asked)).includes(true);
  };
}

/** Hashed, so that all have the same length. */
const digest = (text: string) => createHash('sha256').update(text).digest();
