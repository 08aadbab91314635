/**
 * Who is signed in, kept for this tab. In development the router signs tokens for anyone; elsewhere people sign in at a
 * provider (`provider.ts`) or, without one, paste a token.
 * Riding and running the fleet are remembered apart, so that one tab can be a rider and an operator in turn. Whoever signs
 * out does it in all tabs, until somebody signs in again.
 */

import { askRouter } from '../api/ask-router.ts';
import { deviceMemory, tabMemory } from '../api/memory.ts';
import { serverClock, takeDateOf } from '../i18n/server-clock.ts';

export interface Config {
  landscape: string;
  /** Whether the router gives out tokens: in development only. */
  devTokens: boolean;
  /** Whether tokens of other clients have scopes; otherwise the roles alone count. */
  scopes?: boolean;
  /** Where tokens list the roles; a router of before does not say so, and has the default. */
  rolesClaim?: string;
  /** What its clients call it, if that is not what this page's address says. */
  publicUrl?: string;
  /** Whether people sign in at an OpenID provider, which knows this installation by its `publicUrl`. */
  provider?: boolean;
  /** That provider's address, and the audience that tokens have to name, for other apps. */
  issuer?: string;
  audience?: string;
}

export interface Identity {
  userId: string;
  roles: readonly string[];
}

export interface Session extends Identity {
  /** The current token: where the router issues tokens, renewed before it expires and when the server refused it. */
  token(refused?: string): Promise<string>;
}

interface Token {
  token: string;
  /** By the server's clock. */
  renewAt: number;
}

export const graphqlUrl = new URL('/graphql', location.href).href;

export const areas = ['staff', 'rider'] as const;
export type Area = (typeof areas)[number];

/** The first user of a new tab, unless somebody signed out in this browser, where the router issues tokens: one who may see everything in that area. */
export const newcomers: Record<Area, Identity> = {
  staff: { userId: 'operator', roles: ['operator'] },
  rider: { userId: '10', roles: ['rider'] },
};

const storageKey = (area: Area) => `ttareungi.session.${area}`;
const signedOutKey = (area: Area) => `ttareungi.signed-out.${area}`;
/** A token is renewed so long before its end, or in the last tenth of a short life. */
const renewBeforeMs = 60_000;

export async function loadConfig(): Promise<Config> {
  const sentAt = Date.now();
  const response = await askRouter('/config.json', { cache: 'no-store' });
  takeDateOf(response, sentAt);
  if (!response.ok) throw new Error(`/config.json answered ${response.status}`);
  return (await response.json()) as Config;
}

/** @throws {TokenRefused} when the router gives no token */
export async function signInAs(identity: Identity, area: Area): Promise<Session> {
  const session = await begin(identity, area);
  deviceMemory.forget(signedOutKey(area));
  return session;
}

async function begin(identity: Identity, area: Area): Promise<Session> {
  let current = await fetchToken(identity);
  remember(area, { identity });
  let renewing: Promise<Token> | null = null;
  return {
    ...identity,
    async token(refused) {
      if (serverClock.now() < current.renewAt && refused !== current.token) return current.token;
      // Concurrent callers share one renewal.
      renewing ??= fetchToken(identity).finally(() => (renewing = null));
      current = await renewing;
      return current.token;
    },
  };
}

/** Signs in with a token from elsewhere; null when it is not one. What it allows, the server decides. */
export function signInWith(pasted: string, area: Area, config: Config): Session | null {
  const token = pasted.trim().replace(/^bearer\s+/i, '');
  const claims = readClaims(token, config.rolesClaim ?? 'roles');
  if (!claims) return null;
  remember(area, { token });
  return { ...claims, token: async () => token };
}

/** This tab's session from before a reload; without one, in development, that of a newcomer. Null once signed out. */
export async function resumeSession(config: Config, area: Area): Promise<Session | null> {
  const { identity, token } = recall(area);
  if (!config.devTokens) return token ? signInWith(token, area, config) : null;
  if (deviceMemory.get(signedOutKey(area)) !== null) return null;
  try {
    return await begin(identity ?? newcomers[area], area);
  } catch (error) {
    // Stays signed out; signing in shows the reason.
    if (error instanceof TokenRefused && error.status < 500) return null;
    throw error;
  }
}

export function forgetSession(area: Area): void {
  tabMemory.forget(storageKey(area));
  deviceMemory.set(signedOutKey(area), 'yes');
}

/** Is told when somebody signs out in another tab; returns what ends that. */
export function onSignedOutElsewhere(notify: (area: Area) => void): () => void {
  const heard = ({ key, newValue }: StorageEvent) => {
    const area = areas.find((each) => signedOutKey(each) === key);
    if (area && newValue !== null) notify(area);
  };
  addEventListener('storage', heard);
  return () => removeEventListener('storage', heard);
}

/** The router answers, and gives no token to this page. */
export class TokenRefused extends Error {
  override name = 'TokenRefused';
  readonly status: number;
  constructor(status: number) {
    super(`/dev/token answered ${status}`);
    this.status = status;
  }
  /** It gives them out only to pages on addresses that it knows. */
  get isUnknownOrigin(): boolean {
    return this.status === 403;
  }
}

async function fetchToken({ userId, roles }: Identity): Promise<Token> {
  const response = await askRouter('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId, roles }),
  });
  if (!response.ok) throw new TokenRefused(response.status);
  const { token, expiresAt } = (await response.json()) as { token: string; expiresAt: string };
  const life = Date.parse(expiresAt) - serverClock.now();
  return { token, renewAt: Date.parse(expiresAt) - Math.min(renewBeforeMs, life / 10) };
}

/** What the token says about itself, unverified: for display only. */
function readClaims(token: string, rolesClaim: string): Identity | null {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const { sub, [rolesClaim]: roles } = claims;
    if (typeof sub !== 'string') return null;
    return { userId: sub, roles: Array.isArray(roles) ? roles.map(String) : [] };
  } catch {
    return null;
  }
}

interface Remembered {
  identity?: Identity;
  token?: string;
}

function remember(area: Area, session: Remembered): void {
  tabMemory.set(storageKey(area), JSON.stringify(session));
}

function recall(area: Area): Remembered {
  try {
    return JSON.parse(tabMemory.get(storageKey(area)) ?? '{}') as Remembered;
  } catch {
    return {};
  }
}
