/**
 * The pages in a real Chromium, against a whole system. CHROMIUM names the browser; without one the suites are skipped,
 * and fail in CI.
 */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, jest } from '@jest/globals';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { Client } from '../../schema/client/client.ts';
import { RegisterBikeDocument } from '../../schema/client/generated/graphql.ts';
import { chromiumPath, isChromiumInstalled, launchChromium } from './launch.ts';
import { untilFarFromMidnight } from '../support/midnight.ts';
import { startSystem, type SystemOptions, type TestSystem } from '../support/system.ts';

const startTimeoutMs = 180_000;
const testTimeoutMs = 120_000;
/** How long to wait for a page; a machine under load is slow, a page that lost something never comes. */
const waitTimeoutMs = Number(process.env['W'] ?? 60_000);

/** Where the screenshots go. */
export const artifacts = new URL('../../artifacts/', import.meta.url).pathname;

export interface Visit extends Pick<
  BrowserContextOptions,
  'colorScheme' | 'forcedColors' | 'hasTouch' | 'javaScriptEnabled' | 'locale' | 'reducedMotion'
> {
  path: string;
  width: number;
  height?: number;
  /** The settings saved in this browser before; null without any. */
  language?: 'ko' | 'en' | null;
  /** What is unusual about the device: set up before the page loads. */
  prepare?: (page: Page) => Promise<void>;
  /** Name of the screenshot that is taken at the end, also when the visit fails. */
  shot?: string;
  /** The router's address; a proxy's, say. */
  origin?: string;
  /** Console errors that this visit is about. */
  expectedComplaints?: RegExp;
}

/** The environment of a suite: a system of its own, and a browser. */
export interface Stage {
  readonly system: TestSystem;
  readonly operator: Client;
  /** Visits a page as a newcomer. Console errors and requests to foreign hosts fail the test. */
  visit(visit: Visit, doThere: (page: Page) => Promise<void>): Promise<void>;
  registerBikes(count: number): Promise<number[]>;
}

/** A suite in a browser; `specify` says what happens on its stage, which stands while its tests run. */
export function describeInBrowser(
  name: string,
  specify: (stage: Stage) => void,
  prepare: () => Promise<SystemOptions> = async () => ({}),
): void {
  if (!isChromiumInstalled && process.env['CI'] === 'true') {
    throw new Error(`CI needs Chromium, and there is none at ${chromiumPath}: install it or set CHROMIUM.`);
  }
  if (!isChromiumInstalled)
    console.warn(`Browser tests skipped: no Chromium at ${chromiumPath}. Install it or set CHROMIUM.`);

  (isChromiumInstalled ? describe : describe.skip)(name, () => {
    jest.setTimeout(testTimeoutMs);
    let system: TestSystem;
    let operator: Client;
    let browser: Browser;

    beforeAll(async () => {
      mkdirSync(artifacts, { recursive: true });
      [system, browser] = await Promise.all([startSystem(await prepare()), launchChromium()]);
      operator = await system.client('operator', 'operator');
    }, startTimeoutMs);

    beforeEach(untilFarFromMidnight, startTimeoutMs);

    afterAll(async () => {
      await browser.close();
      await system.close();
    }, startTimeoutMs);

    specify({
      get system() {
        return system;
      },
      get operator() {
        return operator;
      },
      visit: (visit, doThere) => visitPage(browser, { origin: system.routerUrl, ...visit }, doThere),
      async registerBikes(count) {
        const bikeIds: number[] = [];
        while (bikeIds.length < count) bikeIds.push(await registerBike(operator));
        return bikeIds;
      },
    });
  });
}

async function registerBike(operator: Client): Promise<number> {
  const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
  if (!registerBike.bike) throw new Error(`No bike: ${registerBike.refusal?.because ?? 'no reason given'}`);
  return registerBike.bike.bikeId;
}

async function visitPage(
  browser: Browser,
  { path, width, height = 900, language = 'ko', prepare, shot, origin = '', expectedComplaints, ...context }: Visit,
  doThere: (page: Page) => Promise<void>,
): Promise<void> {
  const options = { viewport: { width, height }, timezoneId: 'Asia/Seoul', ...context };
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(waitTimeoutMs);
  const complaints = complaintsOf(page, new URL(origin).host);
  try {
    if (language) await page.addInitScript(`localStorage.setItem('ttareungi.language', '${language}')`);
    await prepare?.(page);
    await page.goto(origin + path);
    await doThere(page);
  } finally {
    if (shot) await page.screenshot({ path: `${artifacts}${shot}.png`, fullPage: true });
    await page.context().close();
  }
  const unexpected = complaints.filter((complaint) => !expectedComplaints?.test(complaint));
  expect(unexpected.filter((complaint) => !leaving.test(complaint))).toEqual([]);
}

/** Chromium's word for a message to a socket that the page is closing at that moment. */
const leaving = /^WebSocket is already in CLOSING or CLOSED state\./;

function complaintsOf(page: Page, ownHost: string): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text().slice(0, 300)} ${message.location().url}`);
  });
  page.on('response', async (response) => {
    if (response.status() < 500) return;
    // The answer says why; Chromium only that there was one.
    const body = await response.text().catch(String);
    complaints.push(`HTTP ${response.status()} to ${response.request().postData() ?? ''}: ${body}`.slice(0, 600));
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    const isOwn = host === ownHost || protocol === 'blob:' || protocol === 'data:';
    if (!isOwn) complaints.push(`asked a foreign host: ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== ownHost) complaints.push(`asked a foreign host: ${socket.url()}`);
  });
  return complaints;
}

/** The dashboard follows what happens. */
export async function untilLive(page: Page): Promise<void> {
  await liveLamp(page).waitFor();
}

export function liveLamp(page: Page): Locator {
  return page.locator('.connection[data-status="live"]');
}

/** Signs in as another user, on any page but the playground. */
export async function signInAs(page: Page, userId: string, role: string): Promise<void> {
  await page.locator('.account-button').click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('input').fill(userId);
  await dialog.locator('select').selectOption(role);
  await dialog.locator('button[type="submit"]').click();
  await page.getByRole('button', { name: new RegExp(`^${userId},`) }).waitFor();
}

/** The table's row of a reservation. */
export function rowOf(page: Page, reserveNo: number): Locator {
  return page.locator(`[role="row"][data-reserve-no="${reserveNo}"]`);
}

/** How many pixels the page is wider than the window: on a phone nothing may scroll sideways. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
}
