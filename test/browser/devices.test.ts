import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Page, Request } from 'playwright-core';
import { freePort } from '../../deploy/local/free-port.ts';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, overflowOf, signInAs } from './chromium.ts';
import { anotherName } from './launch.ts';

/** An installation with other settings than the defaults: no page may hard-code a figure. */
const tariff = {
  RESERVATION_FEE: '500',
  HOLD_MINUTES: '3',
  OVERTIME_FREE_MINUTES: '0',
  OVERTIME_STEP_MINUTES: '7',
  OVERTIME_STEP_PRICE: '77',
  OVERTIME_CAP: '7777',
  MAX_PURCHASE: '50000',
};
let port = 0;
async function installation() {
  port = await freePort();
  return { env: { ...tariff, ROUTER_PORT: String(port), CORS_ORIGINS: `http://${anotherName}:${port}` } };
}

const phone = { path: '/ride', width: 390, height: 844 };
let riders = 100;

describeInBrowser(
  'on any device a rider',
  (stage) => {
    let bikeIds: number[];
    let bikesTaken = 0;
    /** One per test: a failed one's leftovers do not disturb the next. */
    const nextBike = () => bikeIds[(bikesTaken += 1)] ?? 0;
    beforeAll(async () => {
      bikeIds = await stage.registerBikes(40);
    });

    /** Signs in as a rider with points whom no other test uses. */
    async function asSomebody(page: Page): Promise<void> {
      riders += 1;
      await (await rider(stage.system, String(riders))).buys(5_000);
      await signInAs(page, String(riders), 'rider');
      await untilBalance(page, '5,000');
    }

    it('who signs out stays so in every tab, until somebody signs in', async () => {
      await stage.visit({ ...phone, language: null, locale: 'en-US' }, async (page) => {
        const account = (tab: Page, userId: string) => tab.getByRole('button', { name: new RegExp(`^${userId},`) });
        const signedOut = (tab: Page) => tab.getByText('Sign in to take a bike.');
        const other = await page.context().newPage();
        await other.goto(page.url());
        await account(other, '10').waitFor();
        await account(page, '10').click();
        await page.getByRole('button', { name: 'Sign out' }).click();
        for (const tab of [page, other]) {
          await signedOut(tab).waitFor();
          await tab.reload();
          await signedOut(tab).waitFor();
        }
        const third = await page.context().newPage();
        await third.goto(page.url());
        await signedOut(third).waitFor();
        // Who runs the fleet here did not sign out.
        await third.goto(stage.system.routerUrl);
        await account(third, 'operator').waitFor();
        await signInAs(other, '11', 'rider');
        await other.reload();
        await account(other, '11').waitFor();
        await page.reload();
        await account(page, '10').waitFor();
      });
    });

    describe('reads what is true here', () => {
      it.each([
        ['ko', /500P가 차감되고 3분 동안/, '500P가 모두 환불됩니다.', /^7분마다 77P.*최대 7,777P/, /1부터 50,000까지/],
        [
          'en',
          /takes 500P and holds the bike for 3 minutes/,
          'You get all 500P back.',
          /^77P are added every 7 minutes, 7,777P/,
          /1 to 50,000/,
        ],
      ] as const)('in %s', async (language, cost, refund, overtime, most) => {
        await stage.visit({ ...phone, language, shot: `tariff-${language}` }, async (page) => {
          await asSomebody(page);
          await page.getByText(cost).waitFor();
          await page.locator('.purse').getByRole('button').click();
          await page.getByRole('dialog').getByText(most).waitFor();
          await page.getByRole('dialog').getByRole('button', { name: /500P/ }).first().waitFor();
          await page.keyboard.press('Escape');
          await reserve(page, nextBike());
          await page.locator('.big-actions').getByRole('button').last().click();
          await page.getByRole('dialog').getByText(refund).waitFor();
          await page.keyboard.press('Escape');
          await page.locator('.big-actions').getByRole('button').first().click();
          await page.getByText(overtime).waitFor();
          await giveBack(page);
          const said = await page.locator('body').innerText();
          expect(said).not.toMatch(/KST|\d\d:\d\d:\d\d/);
        });
      });
    });

    describe('with a clock that is wrong', () => {
      it.each([
        ['an hour fast', 3_600_000, '60분 빠릅니다'],
        ['an hour slow', -3_600_000, '60분 느립니다'],
        ['years fast', 3 * 365 * 86_400_000, '빠릅니다'],
      ])('%s still sees how long the hold lasts, and is told', async (_name, skewMs, told) => {
        let tokens = 0;
        const prepare = async (page: Page) => {
          await page.addInitScript(skewedDate(skewMs));
          page.on('request', (request) => (tokens += request.url().endsWith('/dev/token') ? 1 : 0));
        };
        await stage.visit({ ...phone, prepare, shot: `skew-${skewMs}` }, async (page) => {
          await page.getByText(told).waitFor();
          await asSomebody(page);
          await reserve(page, nextBike());
          await page
            .locator('.dial strong')
            .getByText(/^2:[0-5]\d$/)
            .waitFor();
          await page.getByRole('button', { name: '예약 취소' }).click();
          await page.getByRole('dialog').getByRole('button', { name: '예약 취소' }).click();
          await page.locator('.history').getByText('예약취소').first().waitFor();
        });
        expect(tokens).toBeLessThanOrEqual(3);
      });

      it('that is set while the page is open', async () => {
        const prepare = async (page: Page) => {
          await page.addInitScript(skewedDate(0));
        };
        await stage.visit({ ...phone, prepare }, async (page) => {
          await page.locator('.find').waitFor();
          expect(await page.getByText(/^이 기기의 시계/).count()).toBe(0);
          await page.evaluate('window.skewMs = 7_200_000');
          await page.getByText(/2시간 빠릅니다/).waitFor();
          await page.evaluate('window.skewMs = 0');
          await page.getByText(/^이 기기의 시계/).waitFor({ state: 'detached' });
        });
      });
    });

    describe('without storage', () => {
      const ways = {
        'that may not be named': `for (const name of ['localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });`,
        'that is not there': `for (const name of ['localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, { value: null });`,
        'that is full': `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };`,
      };
      it.each(Object.entries(ways))('%s has every page', async (_name, script) => {
        const prepare = async (page: Page) => {
          await page.addInitScript(script);
        };
        await stage.visit({ ...phone, language: null, locale: 'ko-KR', prepare }, async (page) => {
          await asSomebody(page);
          await reserve(page, nextBike());
          await page.getByRole('button', { name: '대여 시작' }).click();
          await giveBack(page);
          await page.locator('.account-button').click();
          await page.getByRole('radio', { name: 'English' }).click();
          await page.getByText('Returned', { exact: true }).first().waitFor();
          await page.getByRole('radio', { name: 'Dark' }).click();
          await page.keyboard.press('Escape');
          await page.getByRole('link', { name: 'Live' }).click();
          await page.locator('.board').waitFor();
          await page.getByRole('link', { name: 'Fleet' }).click();
          await page.getByRole('search').waitFor();
        });
      });
    });

    it('on http under another name reserves, rides and pays', async () => {
      // Chromium warns about a header that it applies on https only.
      const expectedComplaints = /Cross-Origin-Opener-Policy/;
      const visit = { ...phone, origin: `http://${anotherName}:${port}`, expectedComplaints, shot: 'another-name' };
      await stage.visit(visit, async (page) => {
        await asSomebody(page);
        expect(await page.evaluate('isSecureContext')).toBe(false);
        await buy(page, '1,500');
        await untilBalance(page, '6,500');
        await reserve(page, nextBike());
        await page.getByRole('button', { name: '대여 시작' }).click();
        await giveBack(page);
      });
    });

    describe('reads the language', () => {
      it.each([
        ['en-US', '자전거', 'Choose a bike'],
        ['ko-KR', 'Choose', '자전거 선택'],
        ['fr-FR', '자전거', 'Choose a bike'],
      ])('that the browser asks for: %s', async (locale, _not, heading) => {
        await stage.visit({ ...phone, language: null, locale }, async (page) => {
          await page.getByRole('heading', { name: heading }).waitFor();
          expect(await page.locator('html').getAttribute('lang')).toBe(heading === '자전거 선택' ? 'ko' : 'en');
        });
      });

      it('that was chosen here, whatever the browser asks for', async () => {
        await stage.visit({ ...phone, language: 'ko', locale: 'en-US' }, async (page) => {
          await page.getByRole('heading', { name: '자전거 선택' }).waitFor();
        });
      });

      it('of a link, on every page that follows', async () => {
        await stage.visit({ ...phone, path: '/ride?lang=en', language: 'ko', locale: 'ko-KR' }, async (page) => {
          await page.getByRole('heading', { name: 'Choose a bike' }).waitFor();
          await page.getByRole('link', { name: 'Fleet' }).click();
          await page.getByRole('heading', { name: 'Fleet operations' }).waitFor({ state: 'attached' });
          await page.getByRole('link', { name: 'GraphQL' }).click();
          await page.waitForURL(/\/playground\?lang=en$/);
          await page.getByRole('heading', { name: 'GraphQL playground' }).waitFor({ state: 'attached' });
        });
      });
    });

    it.each(['ko', 'en'] as const)('with 320 pixels scrolls nothing sideways, in %s', async (language) => {
      await stage.visit({ ...phone, width: 320, height: 640, language, shot: `narrow-${language}` }, async (page) => {
        await asSomebody(page);
        await page.locator('.free-bike').first().waitFor();
        expect(await overflowOf(page)).toBe(0);
        await page.locator('.purse').getByRole('button').click();
        await page.getByRole('dialog').waitFor();
        expect(await overflowOf(page)).toBe(0);
        await page.keyboard.press('Escape');
        await reserve(page, nextBike());
        expect(await overflowOf(page)).toBe(0);
        expect(await violationsOf(page)).toEqual([]);
        await page.locator('.big-actions').getByRole('button').first().click();
        await giveBack(page);
        expect(await overflowOf(page)).toBe(0);
      });
    });

    it('with colors of their own sees what is chosen', async () => {
      await stage.visit({ ...phone, forcedColors: 'active', shot: 'forced-colors' }, async (page) => {
        await asSomebody(page);
        await page.locator('.free-bike').last().click();
        const ground = (selector: string) => styleOf(page, selector, 'backgroundColor');
        const chosen = '.free-bike[aria-pressed="true"]';
        expect(await ground(chosen)).not.toBe(await ground('.free-bike[aria-pressed="false"]'));
        expect(await ground('.nav [aria-current]')).not.toBe(await ground('.nav a:not([aria-current])'));
        await page.locator('.reserve-bar').getByRole('button').click();
        await page.locator('.dial-part').waitFor();
        expect(await styleOf(page, '.dial-part', 'stroke')).not.toBe(await styleOf(page, '.dial-ground', 'stroke'));
        await cancel(page);
      });
    });

    it('with a translated page sees what is so now', async () => {
      await stage.visit({ ...phone, shot: 'translated' }, async (page) => {
        await asSomebody(page);
        await page.locator('.free-bike').first().waitFor();
        await page.evaluate(translate);
        await buy(page, '1,500');
        await untilBalance(page, '6,500');
        await reserve(page, nextBike());
        await untilBalance(page, '6,000');
        await page.getByRole('button', { name: '대여 시작' }).click();
        await page.getByRole('heading', { name: '이용 중' }).waitFor();
        await giveBack(page);
        // The first step of overtime has begun.
        await untilBalance(page, '5,923');
        expect(await page.locator('.balance').innerText()).toMatch(/^5,923\s*P$/);
        expect(await page.locator('font').count()).toBeGreaterThan(10);
      });
    });

    it('with the keyboard alone reserves, rides and returns, and never loses their place', async () => {
      const bikeId = nextBike();
      await stage.visit({ ...phone, shot: 'keyboard' }, async (page) => {
        await asSomebody(page);
        await page.locator('.free-bike').first().waitFor();
        await tabTo(page, 'input[name="bikeId"]');
        await page.keyboard.type(String(bikeId));
        await page.keyboard.press('Enter');
        await page.locator('.current h2:focus').waitFor();
        await tabToButton(page, '예약 취소');
        await page.keyboard.press('Enter');
        await page.getByRole('dialog').waitFor();
        await tabToButton(page, '예약 취소');
        await page.keyboard.press('Enter');
        await page.locator('.find h2:focus').waitFor();
        await tabTo(page, 'input[name="bikeId"]');
        await page.keyboard.type(String(bikeId));
        await page.keyboard.press('Enter');
        await page.locator('.current h2:focus').waitFor();
        await tabToButton(page, '대여 시작');
        await page.keyboard.press('Enter');
        await page.locator('.current[data-status="IN_USE"] h2:focus').waitFor();
        await tabToButton(page, '반납하기');
        await page.keyboard.press('Enter');
        await page.locator('.receipt h2:focus').waitFor();
      });
    });

    it('chooses a bike far down and has the button in view', async () => {
      await stage.visit({ ...phone, height: 600, shot: 'far-down' }, async (page) => {
        await asSomebody(page);
        await page.locator('.free-bike').last().click();
        const button = page.getByRole('button', { name: `${bikeIds.at(-1)}번 자전거 예약하기` });
        const box = await button.boundingBox();
        const nav = await page.locator('.nav').boundingBox();
        expect(box?.y).toBeGreaterThan(0);
        expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(nav?.y ?? 0);
        expect(parseFloat(await styleOf(page, 'input[name="bikeId"]', 'fontSize'))).toBeGreaterThanOrEqual(16);
      });
    });

    it('is told in the language of the page what is wrong, until it is right; and one tap buys nothing', async () => {
      await stage.visit({ ...phone, shot: 'wrong-input' }, async (page) => {
        await asSomebody(page);
        for (const wrong of ['', 'bike', '0', '1.5', '99999999999']) {
          await page.locator('input[name="bikeId"]').fill(wrong);
          await page.getByRole('button', { name: '예약하기', exact: true }).click();
          await page.getByText('자전거 번호를 숫자로 입력하세요.').waitFor();
          await page.locator('input[name="bikeId"]:focus[aria-invalid="true"]').waitFor();
        }
        await page.locator('input[name="bikeId"]').fill('999999');
        expect(await page.getByText('자전거 번호를 숫자로 입력하세요.').count()).toBe(0);
        await page.locator('.reserve-bar').getByRole('button').click();
        await page.getByText('없는 자전거 번호입니다.').waitFor();
        await page.locator('input[name="bikeId"]').fill('1');
        expect(await page.getByText('없는 자전거 번호입니다.').count()).toBe(0);

        await page.locator('.purse').getByRole('button').click();
        const dialog = page.getByRole('dialog');
        await dialog.locator('input[name="price"]').fill('50001');
        await dialog.getByRole('button', { name: '다음' }).click();
        await dialog.getByRole('alert').getByText('1부터 50,000까지의 숫자를 입력하세요.').waitFor();
        await dialog.locator('input[name="price"]').fill('１，２３４');
        await dialog.getByRole('button', { name: '다음' }).click();
        await dialog.getByText('1,234P를 충전할까요?').waitFor();
        await dialog.getByRole('button', { name: '다른 금액' }).click();
        await dialog.getByRole('button', { name: '1,500P 충전' }).click();
        await page.keyboard.press('Escape');
        await untilBalance(page, '5,000');
      });
    });

    it('costs little while nothing happens, and nothing while it is hidden', async () => {
      const prepare = (page: Page) => page.clock.install();
      await stage.visit({ ...phone, prepare }, async (page) => {
        await asSomebody(page);
        await page.locator('.free-bike').first().waitFor();
        const asked = requestsOf(page);
        await pass(page, 9, asked);
        Object.assign(asked, { count: 0, bytes: 0 });
        await pass(page, 12, asked);
        // The free bikes twice, the stations once: each less often, the longer nothing changes.
        expect(asked.count).toBeLessThanOrEqual(3);
        expect(asked.bytes).toBeLessThan(10_000);
        await page.evaluate(hide);
        asked.count = 0;
        await pass(page, 12, asked);
        expect(asked.count).toBe(0);
      });
    });

    it('whose network takes no sockets is asked for patience, and sees everything', async () => {
      const prepare = async (page: Page) => {
        await page.clock.install();
        await page.routeWebSocket(/graphql/, (socket) => socket.close());
      };
      // The library's own promise for a socket that closes as it opens, when no one waits for it yet.
      const expectedComplaints = /^CloseEvent$/;
      await stage.visit({ ...phone, prepare, shot: 'no-sockets', expectedComplaints }, async (page) => {
        await asSomebody(page);
        const asked = requestsOf(page);
        await pass(page, 9, asked);
        asked.count = 0;
        await pass(page, 10, asked);
        // Two answers about the rider each time, every five to ten seconds, and the bikes.
        expect(asked.count).toBeLessThanOrEqual(7);
        await reserve(page, nextBike());
        expect(await page.locator('.ride[data-stale="true"]').count()).toBe(0);
        await cancel(page);
      });
    });
  },
  installation,
);

/** Lets time pass for the page, second by second: what it asks in one is answered before the next. */
async function pass(page: Page, seconds: number, asked: Asked): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await page.clock.runFor(1_000);
    await until('everything is answered', () => asked.open.size === 0);
  }
}

async function untilBalance(page: Page, points: string): Promise<void> {
  await page.locator('.balance').getByText(points).waitFor();
}

async function buy(page: Page, points: string): Promise<void> {
  await page.getByRole('button', { name: '포인트 충전' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: `${points}P 충전` }).click();
  await dialog.getByRole('button', { name: `${points}원 결제하기` }).click();
  await dialog.waitFor({ state: 'detached' });
}

async function reserve(page: Page, bikeId: number): Promise<void> {
  await page.locator('input[name="bikeId"]').fill(String(bikeId));
  await page.locator('.reserve-bar').getByRole('button').click();
  await page.locator('.current[data-status="RESERVED"]').waitFor();
}

async function cancel(page: Page): Promise<void> {
  await page.locator('.big-actions').getByRole('button').last().click();
  await page.getByRole('dialog').getByRole('button').last().click();
  await page.locator('.find').waitFor();
}

async function giveBack(page: Page): Promise<void> {
  await page.locator('.current[data-status="IN_USE"]').waitFor();
  await page.locator('.big-actions').getByRole('button').click();
  await page.locator('.find').waitFor();
}

async function styleOf(page: Page, selector: string, property: string): Promise<string> {
  return page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).${property}`);
}

/** Presses Tab until it is reached; a keyboard has no other way. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    if ((await page.locator(`${selector}:focus`).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key does not lead to ${selector}.`);
}

async function tabToButton(page: Page, name: string): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    const focused = page.locator('button:focus');
    if ((await focused.count()) > 0 && (await focused.innerText()).trim() === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key does not lead to ${name}.`);
}

/** What a page asks for, and what of it has no answer yet. */
interface Asked {
  count: number;
  bytes: number;
  open: Set<Request>;
}

function requestsOf(page: Page): Asked {
  const asked: Asked = { count: 0, bytes: 0, open: new Set() };
  page.on('request', (request) => {
    asked.count += 1;
    asked.open.add(request);
  });
  page.on('requestfinished', async (request) => {
    const body = await (await request.response())?.body().catch(() => undefined);
    asked.bytes += body?.length ?? 0;
    asked.open.delete(request);
  });
  page.on('requestfailed', (request) => asked.open.delete(request));
  return asked;
}

/** A device whose only fault is a wrong clock. */
const skewedDate = (skewMs: number) => `{
  window.skewMs = ${skewMs};
  const True = Date;
  window.Date = class extends True {
    constructor(...parts) { parts.length ? super(...parts) : super(True.now() + window.skewMs); }
    static now() { return True.now() + window.skewMs; }
  };
}`;

/** As browsers translate: every text, including new ones, is moved into a <font>. */
const translate = `{
  const wrap = (text) => {
    if (!text.data.trim() || text.parentElement?.closest('font, script, style, [translate="no"]')) return;
    const font = document.createElement('font');
    text.replaceWith(font);
    font.append(document.createTextNode(text.data));
  };
  const wrapAll = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) found.push(texts.currentNode);
    found.forEach(wrap);
  };
  wrapAll(document.body);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) node instanceof Text ? wrap(node) : wrapAll(node);
  }).observe(document.body, { childList: true, subtree: true });
}`;

const hide = `{
  Object.defineProperty(document, 'hidden', { get: () => true });
  Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
  document.dispatchEvent(new Event('visibilitychange'));
}`;
