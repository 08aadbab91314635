import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import {
  createLogger,
  createTokenVerifier,
  processSettings,
  readConfig,
  startHttpServer,
  type Guest,
  type HttpServer,
} from '../../../platform/server/index.ts';
import { pageAddresses } from '../../../schema/page-addresses.ts';
import { signInPaths, type SignedIn } from '../../../schema/sign-in.ts';
import { freePort } from '../../../deploy/local/free-port.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../../../test/support/openid-provider.ts';
import { productSettings } from '../settings.ts';
import { createSignIn } from './sign-in.ts';

let provider: OpenIdProvider;
let router: HttpServer;
let origin: string;
/** By how much the router's clock is ahead. */
let aheadMs = 0;
const now = () => Date.now() + aheadMs;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  provider = await startOpenIdProvider(() => [origin]);
  router = await startRouterAt(port);
});
afterAll(async () => {
  await router.close();
  await provider.close();
});
beforeEach(() => {
  aheadMs = 0;
  Object.assign(provider, { isAway: false, trouble: null, audience: 'https://bikes.example', tokenLastsSeconds: 600 });
});

async function startRouterAt(port: number, env: NodeJS.ProcessEnv = {}): Promise<HttpServer> {
  const settings = readConfig(processSettings.extend(productSettings.shape), {
    LANDSCAPE: 'test',
    ...provider.settings(origin),
    ...env,
  });
  const routes = createSignIn({
    settings,
    issuer: settings.OIDC_ISSUER ?? '',
    publicUrl: settings.PUBLIC_URL ?? '',
    guestOf: () => Promise.resolve({ take: () => ({ leave: () => undefined }) } as unknown as Guest),
    verifyToken: await createTokenVerifier(settings, now),
    logger: createLogger('silent', 'router'),
    now,
  });
  return startHttpServer({
    ...{
      port,
      host: '127.0.0.1',
      keepAliveMs: 1_000,
      lingerMs: 0,
      drainMs: 0,
      logger: createLogger('silent', 'router'),
    },
    limits: settings,
    routes: { ...routes, '/': (_request, response) => void response.end('a page') },
    readiness: () => ({ ready: true, checks: {} }),
  });
}

/** Cookies, redirects and forms, as a browser has them. */
function createBrowser() {
  const jar = new Map<string, Map<string, string>>();
  const kept = (at: string) => {
    const { host } = new URL(at);
    const cookies = jar.get(host) ?? new Map<string, string>();
    jar.set(host, cookies);
    return cookies;
  };

  async function ask(at: string, init: RequestInit = {}) {
    const cookie = [...kept(at)].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(at, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), cookie },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const isGone = /expires=thu, 01 jan 1970|max-age=0/i.test(line);
      if (isGone) kept(at).delete(name);
      else kept(at).set(name, value);
    }
    return response;
  }

  /** Where redirects end, or what they come to that begins so. */
  async function go(at: string, init?: RequestInit, end = 'nowhere'): Promise<{ url: string; html: string }> {
    let [url, response] = [at, await ask(at, init)];
    for (let steps = 0; response.headers.has('location') && steps < 20; steps += 1) {
      url = new URL(response.headers.get('location') ?? '', url).href;
      if (url.startsWith(end)) return { url, html: '' };
      response = await ask(url);
    }
    return { url, html: await response.text() };
  }

  const beginAt = (to: string) => `${origin}${signInPaths.begin}?to=${encodeURIComponent(to)}`;

  /** All that the provider asks is answered with yes. */
  async function agree(login: string, to: string, end?: string): Promise<string> {
    let page = await go(beginAt(to), {}, end);
    while (page.url.startsWith(`${provider.issuer}/interaction`)) {
      const prompt = page.html.includes('name="login"') ? 'login' : 'consent';
      const body = new URLSearchParams({ prompt, login, password: 'any' });
      page = await go(page.url, { method: 'POST', body }, end);
    }
    return page.url;
  }

  return {
    go: async (at: string) => (await go(at)).url.replace(origin, ''),
    signIn: async (login: string, to = '/ride') => (await agree(login, to)).replace(origin, ''),
    /** Where the provider leads the browser back. */
    code: (login = '10', to = '/ride') => agree(login, to, origin + signInPaths.callback),
    /** Up to the provider's first page. */
    leave: async (to = '/ride') => (await go(beginAt(to))).url,
    token: (query = '', from = origin) =>
      ask(`${origin}${signInPaths.token}${query}`, { method: 'POST', headers: { origin: from } }),
    async signedIn(query = ''): Promise<SignedIn> {
      const response = await this.token(query);
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as SignedIn;
    },
    async whyNot(query = '') {
      const response = await this.token(query);
      return [response.status, await response.json()];
    },
    async signOut() {
      const response = await ask(`${origin}${signInPaths.end}`, { method: 'POST', headers: { origin } });
      return ((await response.json()) as { to: string }).to;
    },
    cookies: () => kept(origin),
  };
}

describe('signing in at a provider', () => {
  it.each([
    ['10', ['rider']],
    ['boss', ['operator']],
  ])('leads %s back to their page, with a token of their roles', async (login, roles) => {
    const browser = createBrowser();
    expect(await browser.signIn(login, '/ride?bike=17')).toBe('/ride?bike=17');
    const { token, userId, roles: told, renewAt } = await browser.signedIn();
    expect([userId, told]).toEqual([login, roles]);
    expect(decodeJwt(token)).toMatchObject({ sub: login, aud: 'https://bikes.example', iss: provider.issuer });
    expect(Date.parse(renewAt)).toBeLessThan((decodeJwt(token).exp ?? 0) * 1000);
    expect(Date.parse(renewAt)).toBeGreaterThan(Date.now());
  });

  it('keeps what lasts where no script, page or neighbour can read it', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    expect([...browser.cookies().keys()].sort()).toEqual(['ttareungi-access', 'ttareungi-id', 'ttareungi-refresh']);
    const { token } = await browser.signedIn();
    for (const value of browser.cookies().values()) expect(value).not.toContain(token.slice(0, 40));
    // One cookie does not do for another.
    const cookies = browser.cookies();
    cookies.set('ttareungi-access', cookies.get('ttareungi-id') ?? '');
    cookies.delete('ttareungi-refresh');
    expect(await browser.whyNot()).toEqual([401, { reason: 'ended' }]);
  });

  it('sets cookies that only this path sees', async () => {
    const { headers } = await fetch(`${origin}${signInPaths.begin}?to=/ride`, { redirect: 'manual' });
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^ttareungi-begun=[\w.-]+; Path=\/auth; HttpOnly; SameSite=Lax$/),
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    const { searchParams } = new URL(headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid offline_access',
      redirect_uri: `${origin}/auth/callback`,
      prompt: 'consent',
      nonce: expect.stringMatching(/.{40}/),
      state: expect.stringMatching(/.{40}/),
    });
  });

  it('gives the same token again until it is nearly over, and then another', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    const [first, again] = [await browser.signedIn(), await browser.signedIn()];
    expect(again).toEqual(first);
    aheadMs = 545_000;
    const renewed = await browser.signedIn();
    expect(renewed.token).not.toBe(first.token);
    expect(renewed.userId).toBe('10');
  });

  it('gives another when a page says that the graph refused it', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    const first = await browser.signedIn();
    expect((await browser.signedIn('?renew')).token).not.toBe(first.token);
  });

  it('asks the provider once for all tabs that renew at the same time', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    provider.asked.length = 0;
    // Each with the cookie of before: a second use of it would end the session.
    const cookie = [...browser.cookies()].map(([name, value]) => `${name}=${value}`).join('; ');
    const ask = () =>
      fetch(`${origin}${signInPaths.token}?renew`, { method: 'POST', headers: { origin, cookie } }).then(
        (response) => response.json() as Promise<SignedIn>,
      );
    const tabs = await Promise.all([ask(), ask(), ask()]);
    tabs.push(await ask());
    expect(new Set(tabs.map(({ token }) => token)).size).toBe(1);
    expect(provider.asked.filter((line) => line === 'POST /token')).toHaveLength(1);
  });

  it('signs out here and there: nothing is left that could be used', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    const before = [...browser.cookies()];
    const to = await browser.signOut();
    expect(to).toMatch(new RegExp(`^${provider.issuer}/session/end\\?.*id_token_hint=`));
    expect([...browser.cookies().keys()]).toEqual([]);
    expect(await browser.whyNot()).toEqual([401, { reason: 'ended' }]);
    // A copy of the cookies is worth nothing more than the rest of its short token.
    for (const [name, value] of before) browser.cookies().set(name, value);
    expect(await browser.whyNot('?renew')).toEqual([401, { reason: 'ended' }]);
  });
});

describe('nobody is signed in', () => {
  it('who says no at the provider', async () => {
    const browser = createBrowser();
    const page = await browser.leave();
    expect(await browser.go(`${page}/abort`)).toBe('/ride?sign-in=cancelled');
    expect(await browser.whyNot()).toEqual([401, { reason: 'ended' }]);
  });

  it('while the provider is away, at any step', async () => {
    const browser = createBrowser();
    provider.isAway = true;
    const cold = await startRouterAt(0);
    const response = await fetch(`http://127.0.0.1:${cold.port}${signInPaths.begin}?to=/fleet`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe('/fleet?sign-in=away');
    await cold.close();
    provider.isAway = false;
    const callback = await browser.code();
    provider.isAway = true;
    expect(await browser.go(callback)).toBe('/ride?sign-in=away');
  });

  it.each(['has too much to do', 'fails', 'stops midway', 'never ends'] as const)(
    'while the provider %s, and may try again',
    async (trouble) => {
      const browser = createBrowser();
      const callback = await browser.code();
      provider.trouble = trouble;
      expect(await browser.go(callback)).toBe('/ride?sign-in=away');
    },
  );

  it('with an answer to a question of another browser, of before, or that nobody asked', async () => {
    const victim = createBrowser();
    const attacker = createBrowser();
    const callback = await attacker.code();
    expect(await victim.go(callback)).toBe('/?sign-in=stale');
    await victim.leave('/fleet');
    expect(await victim.go(callback)).toBe('/fleet?sign-in=stale');
    expect(await victim.go(`${origin}${signInPaths.callback}`)).toBe('/fleet?sign-in=stale');
    // The way that was begun is still open.
    expect([...victim.cookies().keys()]).toEqual(['ttareungi-begun']);
    expect(await victim.whyNot()).toEqual([401, { reason: 'ended' }]);
  });

  it('with a code that was used, or a page that stood open overnight', async () => {
    const browser = createBrowser();
    const callback = await browser.code();
    const before = [...browser.cookies()];
    expect(await browser.go(callback)).toBe('/ride');
    expect(await browser.go(callback)).toBe('/?sign-in=stale');
    for (const [name, value] of before) browser.cookies().set(name, value);
    expect(await browser.go(callback)).toBe('/ride?sign-in=stale');
    const late = await browser.code();
    browser.cookies().delete('ttareungi-begun');
    expect(await browser.go(late)).toBe('/?sign-in=stale');
  });

  it('with an answer that names another issuer', async () => {
    const browser = createBrowser();
    const mixed = new URL(await browser.code());
    mixed.searchParams.set('iss', 'https://evil.example');
    expect(await browser.go(mixed.href)).toBe('/ride?sign-in=mixedUp');
  });

  it('whose token is for another audience, or has no role here', async () => {
    const browser = createBrowser();
    provider.audience = 'https://elsewhere.example';
    expect(await browser.signIn('10')).toBe('/ride?sign-in=otherAudience');
    provider.audience = 'https://bikes.example';
    expect(await browser.signIn('10')).toBe('/ride');
    expect(await createBrowser().signIn('nobody')).toBe('/ride?sign-in=noRole');
  });

  it('while the clocks of router and provider are apart', async () => {
    aheadMs = -3_600_000;
    expect(await createBrowser().signIn('10')).toBe('/ride?sign-in=clock');
  });

  it('whose session has ended at the provider', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    // Used twice: the provider takes the second for a theft and ends the session.
    const stolen = browser.cookies().get('ttareungi-refresh') ?? '';
    await browser.signedIn('?renew');
    const other = await startRouterAt(0);
    const cookie = `ttareungi-refresh=${stolen}`;
    await fetch(`http://127.0.0.1:${other.port}${signInPaths.token}`, { method: 'POST', headers: { origin, cookie } });
    await other.close();
    expect(await browser.whyNot('?renew')).toEqual([401, { reason: 'ended' }]);
    expect([...browser.cookies().keys()]).toEqual([]);
  });
});

describe('while the provider is away', () => {
  it('a session goes on until its token ends, and is told apart from one that ended', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    const { token } = await browser.signedIn();
    provider.isAway = true;
    aheadMs = 545_000;
    const still = await browser.signedIn();
    expect(still.token).toBe(token);
    // Not before each request: it would wait for the provider each time.
    const inMs = Date.parse(still.renewAt) - now();
    expect(inMs).toBeGreaterThan(2_000);
    expect(inMs).toBeLessThanOrEqual(5_000);
    aheadMs = 599_000;
    const last = await browser.signedIn();
    expect(Date.parse(last.renewAt) - now()).toBeLessThan(1_000);
    aheadMs = 700_000;
    expect(await browser.whyNot()).toEqual([503, { reason: 'away' }]);
    provider.isAway = false;
    aheadMs = 0;
    expect((await browser.signedIn()).userId).toBe('10');
  });

  it('people sign out here, and are told that they may still be signed in there', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    provider.isAway = true;
    expect(await browser.signOut()).toBe('/?sign-in=outHere');
    expect([...browser.cookies().keys()]).toEqual([]);
  });
});

describe('a link', () => {
  const returned = async (to: string) => {
    const browser = createBrowser();
    return (await browser.go(`${origin}${signInPaths.callback}`), browser.signIn('10', to));
  };

  it.each([
    'https://evil.example/ride',
    '//evil.example/ride',
    '/\\evil.example/ride',
    'javascript:alert(1)',
    '/auth/sign-in',
    '/graphql',
    '/fleet/bikes',
  ])('leads nobody to %s after signing in', async (to) => expect(await returned(to)).toBe('/'));

  it.each([
    ['/fleet/?bike=3', '/fleet?bike=3'],
    ['/ride/', '/ride'],
    [`/fleet?tab=bikes&q=${'가'.repeat(200)}`, '/fleet'],
  ])('leads back to %s, or to its page where it cannot be remembered', async (to, end) =>
    expect(await returned(to)).toBe(end),
  );

  it('never leads anywhere but to a page of here', async () => {
    // A router that cannot ask its provider leads back at once.
    provider.isAway = true;
    const { port, close } = await startRouterAt(0);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.webUrl(), fc.string(), fc.webPath()), async (to) => {
        const query = new URLSearchParams({ to, lang: to });
        const { headers } = await fetch(`http://127.0.0.1:${port}${signInPaths.begin}?${query.toString()}`, {
          redirect: 'manual',
        });
        const [path, search = ''] = (headers.get('location') ?? '').split('?');
        expect(Object.values(pageAddresses)).toContain(path);
        expect(search).toContain('sign-in=away');
      }),
      { numRuns: 30 },
    );
    await close();
  });
});

describe('another site', () => {
  it('can neither have a token nor sign anybody out', async () => {
    const browser = createBrowser();
    await browser.signIn('10');
    for (const path of [signInPaths.token, signInPaths.end]) {
      const cookie = [...browser.cookies()].map(([name, value]) => `${name}=${value}`).join('; ');
      const ask = (method: string, headers: Record<string, string>) =>
        fetch(origin + path, { method, headers: { cookie, ...headers } });
      expect((await ask('POST', { origin: 'https://evil.example' })).status).toBe(403);
      expect((await ask('POST', {})).status).toBe(403);
      expect((await ask('GET', {})).status).toBe(405);
    }
    expect((await browser.signedIn()).userId).toBe('10');
  });
});
