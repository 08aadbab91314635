/** The pages in a real Chromium, against the whole system. CHROMIUM names the browser; without one the suite is skipped, in CI it fails. */
import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Client, createClient } from '../../schema/client/client.ts';
import {
  BuyPointsDocument,
  CancelReservationDocument,
  RegisterBikeDocument,
  ReserveBikeDocument,
} from '../../schema/client/generated/graphql.ts';
import { startSystem } from '../system.ts';

const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const installed = existsSync(chromiumPath);
const artifacts = new URL('../../artifacts/', import.meta.url).pathname;
const startTimeoutMs = 120_000;
const testTimeoutMs = 60_000;
const userId = '10';

if (!installed && process.env['CI'] === 'true') {
  throw new Error(`CI needs Chromium, and there is none at ${chromiumPath}: install it or set CHROMIUM.`);
}
if (!installed) console.warn(`Browser tests skipped: no Chromium at ${chromiumPath}. Install it or set CHROMIUM.`);

(installed ? describe : describe.skip)('in a browser', () => {
  let system: Awaited<ReturnType<typeof startSystem>>;
  let browser: Browser;
  let operator: Client;
  let bikeId: number;

  beforeAll(async () => {
    mkdirSync(artifacts, { recursive: true });
    system = await startSystem();
    operator = createClient({
      url: `${system.routerUrl}/graphql`,
      token: await system.token('operator', ['operator']),
    });
    browser = await chromium.launch({
      executablePath: chromiumPath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    await operator.request(BuyPointsDocument, { input: { userId, price: 8000 } });
    bikeId = await registerBike();
  }, startTimeoutMs);

  afterAll(async () => {
    await browser.close();
    operator.close();
    await system.close();
  }, testTimeoutMs);

  async function registerBike(): Promise<number> {
    const { registerBike } = await operator.request(RegisterBikeDocument, { input: { color: 'green' } });
    if (!registerBike.bike) throw new Error(`No bike: ${registerBike.refusal?.because ?? 'no reason given'}`);
    return registerBike.bike.bikeId;
  }

  async function reserve(): Promise<number> {
    const { reserveBike } = await operator.request(ReserveBikeDocument, { input: { bikeId, userId } });
    if (!reserveBike.reservation)
      throw new Error(`No reservation: ${reserveBike.refusal?.because ?? 'no reason given'}`);
    return reserveBike.reservation.reserveNo;
  }

  interface Visit {
    path: string;
    width: number;
    colorScheme?: 'light' | 'dark';
    /** Name of the screenshot, taken also when the visit fails. */
    shot: string;
  }

  /** Visits a page, which must not complain on the console nor ask a foreign host. */
  async function visit({ path, width, colorScheme = 'light', shot }: Visit, doThere: (page: Page) => Promise<void>) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text().slice(0, 300)));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      const own = host === new URL(system.routerUrl).host || protocol === 'blob:' || protocol === 'data:';
      if (!own) complaints.push(`asked a foreign host: ${request.url()}`);
    });
    try {
      await page.goto(`${system.routerUrl}${path}`);
      await doThere(page);
    } finally {
      await page.screenshot({ path: `${artifacts}${shot}.png`, fullPage: true });
      await page.close();
    }
    expect(complaints).toEqual([]);
  }

  it(
    'shows what another client does, without a reload',
    async () => {
      await visit({ path: '/', width: 1440, shot: 'dashboard-cancelled' }, async (page) => {
        await page.locator('.connection[data-status="live"]').waitFor();
        await page.evaluate('window.notReloaded = true');

        const reserveNo = await reserve();
        const status = page.locator(`tr[data-reserve-no="${reserveNo}"] .status`);
        await status.getByText('예약됨').waitFor();

        await operator.request(CancelReservationDocument, { input: { reserveNo } });
        await status.getByText('예약취소').waitFor();
        expect(await page.evaluate('window.notReloaded')).toBe(true);
        expect(await page.locator(`tr[data-reserve-no="${reserveNo}"]`).count()).toBe(1);
      });
    },
    testTimeoutMs,
  );

  it(
    'rides a bike with its own buttons',
    async () => {
      await visit({ path: '/', width: 1440, colorScheme: 'dark', shot: 'dashboard-returned-dark' }, async (page) => {
        await page.locator('.connection[data-status="live"]').waitFor();
        await page.locator('input[name="bikeId"]').fill(String(bikeId));
        await page
          .getByRole('form', { name: '자전거 예약' })
          .getByRole('button', { name: '예약', exact: true })
          .click();
        const row = page.locator('tr[data-status="RESERVED"]').first();
        const reserveNo = await row.getAttribute('data-reserve-no');
        const ours = page.locator(`tr[data-reserve-no="${reserveNo}"]`);
        await ours.getByRole('button', { name: '대여 시작' }).click();
        await ours.locator('.status').getByText('이용중').waitFor();
        await ours.getByRole('button', { name: '반납' }).click();
        await ours.locator('.status').getByText('사용완료').waitFor();
      });
    },
    testTimeoutMs,
  );

  it(
    'says in words why something is refused',
    async () => {
      await visit({ path: '/', width: 390, shot: 'dashboard-refused-390' }, async (page) => {
        await page.locator('.connection[data-status="live"]').waitFor();
        await page.locator('input[name="bikeId"]').fill('999999');
        const form = page.getByRole('form', { name: '자전거 예약' });
        await form.getByRole('button', { name: '예약', exact: true }).click();
        await form.getByRole('status').getByText('없는 자전거 번호입니다.').waitFor();
        expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBe(0);
      });
    },
    testTimeoutMs,
  );

  it(
    'lets a rider act for themselves, without the dashboard',
    async () => {
      await visit({ path: '/', width: 1024, shot: 'dashboard-rider' }, async (page) => {
        await page.locator('.connection[data-status="live"]').waitFor();
        await page.locator('.identity summary').click();
        await page.getByRole('button', { name: '이용자 10' }).click();
        await page.getByText('이 역할로는 현황을 볼 수 없습니다').waitFor();
        await page.locator('input[name="bikeId"]').fill(String(bikeId));
        await page
          .getByRole('form', { name: '자전거 예약' })
          .getByRole('button', { name: '예약', exact: true })
          .click();
        await page.getByRole('button', { name: /예약 \d+ 취소/ }).click();
        await page.getByText('진행 중인 예약 없음').waitFor();
      });
    },
    testTimeoutMs,
  );

  it(
    'runs a subscription in the playground',
    async () => {
      await visit({ path: '/playground', width: 1440, shot: 'playground' }, async (page) => {
        await page.getByRole('tab', { name: 'DashboardUpdated' }).click();
        await page.locator('.graphiql-query-editor .view-lines').filter({ hasText: 'DashboardUpdated' }).waitFor();
        const execute = page.getByRole('button', { name: 'Execute' });
        const response = page.locator('.graphiql-response');
        await expectEventually(async () => {
          // GraphiQL notices the tab's operation a moment after it shows it, and the subscription begins a moment after
          // the click: press until it runs, and let something happen until it shows.
          if (await execute.isVisible()) await execute.click();
          await registerBike();
          return (await response.innerText()).includes('BikeRegistered');
        });
      });
    },
    testTimeoutMs,
  );
});

/** Asks again and again, for at most 30 s. */
async function expectEventually(ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error('It did not happen within 30 s.');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
