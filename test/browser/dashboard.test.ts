import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import type { Page, Route } from 'playwright-core';
import { DashboardDocument } from '../../schema/client/generated/graphql.ts';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, rowOf, signInAs, untilLive } from './chromium.ts';

describeInBrowser('the dashboard', (stage) => {
  it('shows what another client does, without a reload', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const user10 = await rider(stage.system, '10');
    await user10.buys(8000);
    await stage.visit({ path: '/', width: 1440, shot: 'dashboard-cancelled' }, async (page) => {
      await untilLive(page);
      await page.evaluate('window.notReloaded = true');

      const { reserveNo } = await user10.reserves(bikeId);
      const row = rowOf(page, reserveNo);
      await row.getByText('예약됨').waitFor();
      await page.locator('.feed').getByText('예약 확정').waitFor();

      await user10.cancels(reserveNo);
      await row.getByText('예약취소').waitFor();
      expect(await page.evaluate('window.notReloaded')).toBe(true);
      expect(await row.count()).toBe(1);
    });
  });

  it('begins with what happened before it was opened: who, what, how much; and counts riders who got no bike', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const holder = await rider(stage.system, '20');
    const wants = await rider(stage.system, '21');
    await holder.buys(3000);
    await wants.buys(3000);
    await holder.reserves(bikeId);
    await stage.visit({ path: '/', width: 1440, language: 'en', shot: 'dashboard-feed' }, async (page) => {
      const feed = page.locator('.feed');
      await feed.locator('li', { hasText: 'Points Deducted' }).getByText('Rider 20').first().waitFor();
      await feed.locator('li', { hasText: 'Points Deducted' }).getByText('−1,000P').first().waitFor();
      await feed.locator('li', { hasText: 'Points Increased' }).getByText('+3,000P').first().waitFor();
      await feed.locator('li', { hasText: 'Bike Registered' }).getByText(`Bike ${bikeId}`).waitFor();
      const refusedToday = async () =>
        Number(await page.locator('.demand .figures > div', { hasText: 'Refused' }).locator('dd').innerText());
      await untilLive(page);
      const before = await refusedToday();
      await Promise.all([1, 2, 3].map(() => wants.reserves(bikeId)));
      await page.locator('.refusals').getByText('Another rider has this bike.').waitFor();
      await until('each is counted', async () => (await refusedToday()) === before + 3);
      await page.reload();
      await page.locator('.refusals').getByText('Another rider has this bike.').waitFor();
      await until('each is counted still', async () => (await refusedToday()) === before + 3);
    });
  });

  it('says on which day something happened, if that is another', async () => {
    const prepare = async (page: Page) => {
      await page.route('**/graphql', async (route) => {
        if (!route.request().postData()?.includes('query Dashboard(')) return route.fallback();
        const response = await route.fetch();
        const json = (await response.json()) as { data: { dashboard: { recent: { at: string }[] } } };
        for (const change of json.data.dashboard.recent) {
          change.at = new Date(Date.parse(change.at) - 48 * 3_600_000).toISOString();
        }
        await route.fulfill({ response, json });
      });
    };
    const [bikeId] = await stage.registerBikes(1);
    await until('the dashboard has heard of it', async () => {
      const { dashboard } = await stage.operator.request(DashboardDocument, { first: 1 });
      return dashboard.recent.some((change) => change.bikeId === bikeId);
    });
    await stage.visit({ path: '/', width: 1440, prepare }, async (page) => {
      await untilLive(page);
      const times = page.locator('.feed time');
      await times
        .getByText(/^\d\d-\d\d \d\d:\d\d:\d\d$/)
        .first()
        .waitFor();
      await stage.registerBikes(1);
      await times
        .getByText(/^\d\d:\d\d:\d\d$/)
        .first()
        .waitFor();
    });
  });

  it.each([390, 800, 1440])('says the year of what was in another one, in full at a width of %s', async (width) => {
    const aged = 400 * 24 * 3_600_000;
    const prepare = async (page: Page) => {
      await page.route('**/graphql', async (route) => {
        if (!route.request().postData()?.includes('query Dashboard(')) return route.fallback();
        const response = await route.fetch();
        const json = (await response.json()) as {
          data: { dashboard: { reservations: { nodes: { reserveDateTime: string }[] } } };
        };
        for (const row of json.data.dashboard.reservations.nodes) {
          row.reserveDateTime = new Date(Date.parse(row.reserveDateTime) - aged).toISOString();
        }
        await route.fulfill({ response, json });
      });
    };
    const [bikeId = 0] = await stage.registerBikes(1);
    const rides = await rider(stage.system, `year-${width}`);
    await rides.buys(3000);
    await rides.reserves(bikeId);
    await until('the dashboard has heard of it', async () => {
      const { dashboard } = await stage.operator.request(DashboardDocument, { first: 1 });
      return dashboard.reservations.nodes[0]?.bikeId === bikeId;
    });
    const shot = `dashboard-year-${width}`;
    await stage.visit({ path: `/?q=year-${width}`, width, prepare, shot }, async (page) => {
      const time = page.locator('.reservation-row [data-column="reserveDateTime"]').first();
      await time.getByText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/).waitFor();
      expect(await time.evaluate((cell) => [cell.scrollWidth > cell.clientWidth, cell.scrollHeight > 44])).toEqual([
        false,
        false,
      ]);
    });
  });

  it('keeps what stands beside a name of right-to-left letters in its place', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const rides = await rider(stage.system, 'אבג');
    await rides.buys(3000);
    await rides.reserves(bikeId);
    await until('the dashboard has heard of it', async () => {
      const { dashboard } = await stage.operator.request(DashboardDocument, { first: 1 });
      return dashboard.reservations.nodes[0]?.reserveStatus === 'RESERVED';
    });
    await stage.visit({ path: '/', width: 1440, shot: 'dashboard-right-to-left' }, async (page) => {
      const detail = page.locator('.feed .detail', { hasText: 'אבג' }).filter({ has: page.locator('strong') });
      await detail.first().waitFor();
      const [name, points] = await Promise.all(
        ['a[href*="rider"]', 'strong'].map((part) => detail.first().locator(part).boundingBox()),
      );
      expect(name && points && name.x + name.width).toBeLessThan(points?.x ?? 0);
    });
  });

  it('tells the hours of today and of earlier days, by pointer and by key, and in a table', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const rides = await rider(stage.system, '30');
    await rides.buys(3000);
    const { reserveNo } = await rides.reserves(bikeId);
    await rides.starts(reserveNo);
    await until('the dashboard has heard of it', async () => {
      const { dashboard } = await stage.operator.request(DashboardDocument, { first: 1 });
      return dashboard.reservations.nodes[0]?.reserveStatus === 'IN_USE';
    });
    const shot = 'dashboard-history';
    await stage.visit({ path: '/?q=30&range=today', width: 390, language: 'en', shot }, async (page) => {
      await untilLive(page);
      const chart = page.locator('.demand').getByRole('slider');
      const requested = async () => Number(/^([\d,]+) today/.exec((await chart.getAttribute('aria-label')) ?? '')?.[1]);
      await chart.waitFor();
      const before = await requested();
      expect(before).toBeGreaterThan(0);

      await chart.focus();
      await page.keyboard.press('Home');
      expect(await chart.getAttribute('aria-valuetext')).toMatch(/^00:00–01:00: \d+ requested, \d+ refused$/);
      await page.keyboard.press('ArrowRight');
      expect(await page.locator('.demand .sentence').innerText()).toMatch(/^0[01]:00–0[12]:00: /);
      await page.keyboard.press('Escape');
      const { width = 0, height = 0 } = (await chart.boundingBox()) ?? {};
      const hour = () => String(new Date(Date.now() + 9 * 3_600_000).getUTCHours()).padStart(2, '0');
      const hourBefore = hour();
      await chart.hover({ position: { x: width - 2, y: height / 2 } });
      // What is still to come has nothing to tell. A full hour may strike meanwhile.
      const told = await page.locator('.demand .sentence').innerText();
      expect([hourBefore, hour()]).toContain(told.slice(0, 2));

      await rides.returns(reserveNo);
      await rides.reserves(bikeId);
      await until('the bar has grown without a reload', async () => (await requested()) === before + 1);

      await page.getByText('As a table').click();
      const sum = async (column: number) => {
        const cells = await page.locator(`.figures-table tbody td:nth-of-type(${column})`).allInnerTexts();
        return cells.reduce((all, text) => all + Number(text.replaceAll(',', '')), 0);
      };
      expect(await sum(1)).toBe(before + 1);
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('radio', { name: '7 days' }).click();
      await page
        .locator('.demand')
        .getByText(/ in 7 days, at most /)
        .waitFor();
      expect(new URL(page.url()).search).toBe('?q=30&range=week');
      await page.reload();
      await page
        .locator('.demand')
        .getByText(/ in 7 days, at most /)
        .waitFor();
    });
  });

  it('tells the hour that a finger touched, also once it is lifted', async () => {
    const phone = { path: '/?range=today', width: 390, height: 844, hasTouch: true, language: 'en' } as const;
    await stage.visit(phone, async (page) => {
      await untilLive(page);
      const chart = page.locator('.demand').getByRole('slider');
      await chart.waitFor();
      const sentence = page.locator('.demand .sentence');
      const summary = await sentence.innerText();
      expect(summary).not.toMatch(/^00:00–/);
      const { height = 0 } = (await chart.boundingBox()) ?? {};
      await chart.tap({ position: { x: 2, y: height / 2 } });
      await sentence.getByText(/^00:00–01:00: \d+ requested, \d+ refused$/).waitFor();
      expect(await chart.getAttribute('aria-valuetext')).toBe(await sentence.innerText());
    });
  });

  it('is not for riders, and says so', async () => {
    await stage.visit({ path: '/', width: 1024, shot: 'dashboard-rider' }, async (page) => {
      await untilLive(page);
      await signInAs(page, '10', 'rider');
      await page.getByText('이 역할로는 현황을 볼 수 없습니다').waitFor();
    });
  });

  it('keeps in the address what is looked for, and gives it as a file', async () => {
    await stage.visit({ path: '/?q=10', width: 1440, shot: 'dashboard-filtered' }, async (page) => {
      await untilLive(page);
      await page.getByRole('button', { name: /^예약취소/ }).click();
      await page.getByRole('button', { name: '자전거', exact: true }).click();
      await page.reload();
      await page.getByRole('columnheader', { name: '자전거' }).and(page.locator('[aria-sort="ascending"]')).waitFor();
      await page.locator('.row[data-status="CANCELLED"]').first().waitFor();
      expect(await page.locator('.row[data-status]:not([data-status="CANCELLED"])').count()).toBe(0);
      expect(new URL(page.url()).search).toBe('?q=10&status=CANCELLED&sort=bikeId');

      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'CSV 내려받기' }).click();
      const download = await saved;
      expect(download.suggestedFilename()).toMatch(
        /^예약현황-\d{8}T\d{6}\+0900-status-CANCELLED-q-10-sort-bikeId\.csv$/,
      );
      const [head, ...lines] = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
      expect(head).toMatch(/^\uFEFF?reserveNo,reserveStatus,bikeId,userId,/);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toMatch(/^\d+,CANCELLED,\d+,10,.*,status=CANCELLED&q=10$/);
      await page.getByText('받았습니다.').waitFor();
    });
  });

  it('holds still while it is paused, and counts what waits', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const user11 = await rider(stage.system, '11');
    await user11.buys(1000);
    await stage.visit({ path: '/', width: 1440, reducedMotion: 'reduce', shot: 'dashboard-paused' }, async (page) => {
      await untilLive(page);
      expect(await page.evaluate("getComputedStyle(document.querySelector('.lamp')).animationIterationCount")).toBe(
        '1',
      );
      await page.getByRole('button', { name: '화면 멈춤' }).click();
      const { reserveNo } = await user11.reserves(bikeId);
      await page.getByText(/^변경 [1-9]\d*건 대기$/).waitFor();
      expect(await rowOf(page, reserveNo).count()).toBe(0);
      await page
        .getByRole('button', { name: /^다시 보기/ })
        .first()
        .click();
      await rowOf(page, reserveNo).getByText('예약됨').waitFor();
    });
  });

  it('is used by keyboard, and a change does not move the focus', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const user12 = await rider(stage.system, '12');
    await user12.buys(5000);
    const first = await user12.reserves(bikeId);
    await user12.cancels(first.reserveNo);
    await stage.visit({ path: '/', width: 1440, shot: 'dashboard-keyboard' }, async (page) => {
      await untilLive(page);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('#content:focus').waitFor();

      await rowOf(page, first.reserveNo).getByRole('link').focus();
      const second = await user12.reserves(bikeId);
      await rowOf(page, second.reserveNo).getByText('예약됨').waitFor();
      expect(await page.locator('a:focus').innerText()).toBe(String(first.reserveNo));

      await page.locator('.cells a[tabindex="0"]').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.locator('#found-title').getByText('자전거 2').first().waitFor();
      expect(new URL(page.url()).search).toBe('?bike=2');
      await page.goBack();
      await untilLive(page);
    });
  });

  it('says of how many its numbers by status are, while it has not read all', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    const restless = await rider(stage.system, '31');
    await restless.buys(5000);
    // More than one page of them, when a page has ten.
    for (let n = 0; n < 12; n += 1) await restless.cancels((await restless.reserves(bikeId)).reserveNo);
    // What arrives while the page is open would count among the rows that were read.
    await until('the dashboard has heard of them all', async () => {
      const { dashboard } = await stage.operator.request(DashboardDocument, { first: 1 });
      return dashboard.lag.pendingEvents === 0 && dashboard.totals.cancelledToday >= 12;
    });
    await stage.visit({ path: '/', width: 1440, expectedComplaints: /ERR_FAILED/ }, async (page) => {
      const among = page.locator('.toolbar').getByText('최근 10건 중');
      const shortPages = (route: Route) =>
        route.continue({
          postData: route.request().postData()?.replace('$first: Int = 200', '$first: Int = 10') ?? '',
        });
      const firstPage = (route: Route) =>
        route.request().postData()?.includes('DashboardRows') ? route.abort() : shortPages(route);
      await page.route('**/graphql', firstPage);
      await page.reload();
      await among.waitFor();
      await page.unroute('**/graphql', firstPage);
      await page.route('**/graphql', shortPages);
      await page.reload();
      await untilLive(page);
      await among.waitFor({ state: 'detached' });
    });
  });
});
