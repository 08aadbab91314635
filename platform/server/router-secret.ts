import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** With it the router says to subgraphs that it is the router: limits and shares are kept there, and nobody walks past them. */
export const routerSecretHeader = 'x-router-secret';

/** Says whether a request is the router's. Several secrets are all taken, so that one can be changed; with none, anybody is. */
export function createRouterCheck(secrets: readonly string[]): (headers: IncomingHttpHeaders) => boolean {
  const digests = secrets.map(digest);
  if (digests.length === 0) return () => true;
  return (headers) => {
    const given = headers[routerSecretHeader];
    if (typeof given !== 'string') return false;
    const asked = digest(given);
    // Each is compared whole: the time it takes tells nothing.
    return digests.map((known) => timingSafeEqual(known, asked)).includes(true);
  };
}

/** Of one length, whatever was sent. */
const digest = (text: string) => createHash('sha256').update(text).digest();
