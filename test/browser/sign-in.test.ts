import { mkdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { freePort } from '../../deploy/local/free-port.ts';
import { startOpenIdProvider, type OpenIdProvider, usualRoles } from '../support/openid-provider.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, overflowOf, untilLive } from './chromium.ts';
import { isChromiumInstalled, launchChromium } from './launch.ts';

(isChromiumInstalled ? describe : describe.skip)('signing in at a provider, in a browser', () => {
  let provider: OpenIdProvider;
  let system: TestSystem;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    mkdirSync(artifacts, { recursive: true });
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    provider = await startOpenIdProvider(() => [origin]);
    const env = {
      LANDSCAPE: 'test',
      ROUTER_PORT: String(port),
      // Nobody pays here.
      PAYMENT_PROVIDER_URL: 'http://127.0.0.1:1',
      ...provider.settings(origin),
    };
    [system, browser] = await Promise.all([startSystem({ env }), launchChromium()]);
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await system.close();
    await provider.close();
  });
  beforeEach(async () => {
    provider.tokenLastsSeconds = 600;
    provider.roles = usualRoles;
    complaints = [];
    const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
    await context.addInitScript("localStorage.setItem('ttareungi.language', 'en')");
    page = await context.newPage();
    page.on('console', (message) => {
      // The provider's pages may complain; ours may not, but of being asked who is signed in.
      const isOurs = message.location().url.startsWith(system.routerUrl) && !message.location().url.includes('/auth/');
      if (message.type() === 'error' && isOurs) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(() => page.context().close());

  const visit = (path: string) => page.goto(system.routerUrl + path);
  const begin = () => page.locator('.signed-out a').click();
  async function signIn(name: string): Promise<void> {
    await begin();
    await page.locator('input[name="login"]').fill(name);
    await page.locator('input[name="password"]').fill('any');
    await page.locator('button[type="submit"]').click();
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  const isSignedIn = (name: string) => page.getByRole('button', { name: new RegExp(`^${name},`) }).waitFor();

  it('who signs in on any page ends what another agreed to be told in this browser, and nothing of their own', async () => {
    const told = () => page.evaluate<string | null>("localStorage.getItem('ttareungi.pushes')");
    await visit('/ride');
    await page.evaluate("localStorage.setItem('ttareungi.pushes', '10')");
    await signIn('10');
    await isSignedIn('10');
    await page.reload();
    await isSignedIn('10');
    expect(await told()).toBe('10');
    await page.evaluate("localStorage.setItem('ttareungi.pushes', '11')");
    await visit('/fleet');
    await until('the other is told no more', async () => (await told()) === null);
  });

  it('a rider signs in and out, and nothing that lasts is within reach of a script', async () => {
    await visit('/ride?station=ST-1');
    await page.getByText('Sign in to use everything here.').waitFor();
    await page.screenshot({ path: `${artifacts}sign-in-before.png` });
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflowOf(page)).toBe(0);
    await signIn('10');
    await page.waitForURL(`${system.routerUrl}/ride?station=ST-1`);
    await isSignedIn('10');
    await page.locator('.purse').waitFor();
    const readable = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])';
    expect(await page.evaluate<string>(readable)).not.toContain('eyJ');
    await page.reload();
    await isSignedIn('10');

    const elsewhere = await page.context().newPage();
    await elsewhere.goto(`${system.routerUrl}/ride`);
    await elsewhere.locator('.purse').waitFor();
    await page.getByRole('button', { name: /^10,/ }).click();
    await page.screenshot({ path: `${artifacts}sign-in-account.png` });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await elsewhere.getByText('You are signed out. Sign in again.').waitFor();
    // The provider asks whether its own session ends, too.
    await page.locator('button[value="yes"]').click();
    await page.waitForURL(`${system.routerUrl}/`);
    await page.getByText('Sign in to use everything here.').waitFor();
    await page.reload();
    await page.getByText('Sign in to use everything here.').waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  it('who signs out is signed out on this page, too, where the provider’s answer leaves it open', async () => {
    await visit('/ride');
    await signIn('10');
    await isSignedIn('10');
    // As the operators' page, whose session is one of its own.
    await page.locator('a[href="/"]').first().click();
    await isSignedIn('10');
    await page.route(`${provider.issuer}/session/end*`, (route) => route.fulfill({ status: 204 }));
    await page.getByRole('button', { name: /^10,/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out. Sign in again.').first().waitFor();
    await page.keyboard.press('Escape');
    await page.locator('a[href="/ride"]').first().click();
    await page.waitForURL(`${system.routerUrl}/ride`);
    await page.locator('.signed-out a').waitFor();
    expect(await page.locator('.purse').count()).toBe(0);
  }, 120_000);

  it('an operator’s live screen goes on when their token ends', async () => {
    provider.tokenLastsSeconds = 4;
    await visit('/');
    await signIn('boss');
    await isSignedIn('boss');
    await untilLive(page);
    provider.asked.length = 0;
    const renewals = () => provider.asked.filter((line) => line === 'POST /token').length;
    await until('the token was renewed twice', () => renewals() > 1);
    await untilLive(page);
    expect(await page.getByText('Sign in to use everything here.').count()).toBe(0);
  }, 120_000);

  it('another role at the provider changes what the page offers, and no live screen breaks', async () => {
    provider.tokenLastsSeconds = 4;
    await visit('/fleet');
    await signIn('boss');
    await isSignedIn('boss');
    const onlyLook = page.getByText('As an auditor you look and do not change.');
    await page.getByRole('tab', { name: 'Register' }).waitFor();
    expect(await onlyLook.count()).toBe(0);
    provider.roles = { ...usualRoles, boss: ['auditor'] };
    await onlyLook.waitFor();
    await isSignedIn('boss');
    await page.locator('a[href="/"]').first().click();
    await untilLive(page);
    provider.roles = usualRoles;
    await page.locator('a[href="/fleet"]').first().click();
    await onlyLook.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  }, 120_000);

  it('nobody is signed out while the provider is away, and the screen goes on when it is back', async () => {
    provider.tokenLastsSeconds = 4;
    await visit('/');
    await signIn('boss');
    await isSignedIn('boss');
    await untilLive(page);
    const refusals: number[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('/auth/token') && !response.ok()) refusals.push(response.status());
    });
    provider.isAway = true;
    try {
      await until('the session was asked for, and asked for again', () => refusals.length > 1);
    } finally {
      provider.isAway = false;
    }
    expect(new Set(refusals)).toEqual(new Set([503]));
    await isSignedIn('boss');
    await page.waitForResponse((response) => response.url().endsWith('/auth/token') && response.ok());
    await untilLive(page);
    expect(await page.getByText('Sign in to use everything here.').count()).toBe(0);
  }, 120_000);

  it('a token that never comes to one page does not hold up the others', async () => {
    await visit('/ride');
    await signIn('10');
    await isSignedIn('10');
    const stuck = await page.context().newPage();
    const asked = Promise.withResolvers<null>();
    await stuck.route('**/auth/token', () => asked.resolve(null));
    await stuck.goto(`${system.routerUrl}/ride`);
    await asked.promise;
    await page.reload();
    await isSignedIn('10');
  }, 120_000);

  it('who says no, or has no role here, is told so', async () => {
    await visit('/ride');
    await begin();
    await page.getByRole('link', { name: /cancel/i }).click();
    await page.getByText('You did not sign in.').waitFor();
    expect(page.url()).toBe(`${system.routerUrl}/ride`);
    await signIn('nobody');
    await page.getByText('This account has no role here.').waitFor();
    await page.screenshot({ path: `${artifacts}sign-in-no-role.png` });
    // Not the same account again: the provider asks for a name.
    await signIn('10');
    await isSignedIn('10');
  }, 120_000);
});
