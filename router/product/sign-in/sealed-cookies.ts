import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { EncryptJWT, jwtDecrypt } from 'jose';

export interface SealedCookies {
  /** What the browser keeps, as a Set-Cookie header; undefined when it would not. */
  seal(
    name: string,
    said: Record<string, unknown>,
    options?: { endsAtMs?: number; sameSite?: SameSite },
  ): Promise<string | undefined>;
  /** What was sealed under this name; undefined when it is not there, was changed, or has ended. */
  open(request: IncomingMessage, name: string): Promise<Record<string, unknown> | undefined>;
  clear(name: string): string;
}

/** Lax: also sent when another site leads the browser here. */
type SameSite = 'Strict' | 'Lax';

interface CookieOptions {
  /** Tried in their order; the first seals. */
  secrets: readonly string[];
  /** Only these paths see them: no other request carries their kilobytes. */
  path: string;
  /** Whether people come by https. */
  isSecure: boolean;
  now(): number;
}

/** Browsers keep no longer name and value (RFC 6265 §6.1). */
const longestCookie = 4_096;

/** Cookies that neither scripts nor people can read, and nobody can make: encrypted, each for its name alone. */
export function createSealedCookies({ secrets, path, isSecure, now }: CookieOptions): SealedCookies {
  const keys = secrets.map((secret) => createHash('sha256').update(secret).digest());
  const [sealing] = keys;
  if (!sealing) throw new Error('There is no secret to seal with.');
  const fullName = (name: string) => `${isSecure ? '__Secure-' : ''}ttareungi-${name}`;
  const attributes = (sameSite: SameSite) =>
    `; Path=${path}; HttpOnly; SameSite=${sameSite}${isSecure ? '; Secure' : ''}`;

  return {
    async seal(name, said, { endsAtMs, sameSite = 'Strict' } = {}) {
      const jwt = new EncryptJWT(said).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).setAudience(name);
      if (endsAtMs !== undefined) jwt.setExpirationTime(Math.floor(endsAtMs / 1000));
      const pair = `${fullName(name)}=${await jwt.encrypt(sealing)}`;
      return pair.length > longestCookie ? undefined : pair + attributes(sameSite);
    },
    async open(request, name) {
      const value = valueOf(request, fullName(name));
      for (const key of value === undefined ? [] : keys) {
        const opened = await jwtDecrypt(value ?? '', key, { audience: name, currentDate: new Date(now()) }).catch(
          () => undefined,
        );
        if (opened) return opened.payload;
      }
      return undefined;
    },
    clear: (name) => `${fullName(name)}=; Max-Age=0${attributes('Strict')}`,
  };
}

function valueOf({ headers: { cookie = '' } }: IncomingMessage, name: string): string | undefined {
  const pair = cookie
    .split(';')
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}
