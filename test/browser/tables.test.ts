import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  ChangeBikeConditionsDocument,
  FleetBikesDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  RegisterBikesDocument,
  ReturnBikeDocument,
} from '../../schema/client/generated/graphql.ts';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, overflowOf } from './chromium.ts';
import { drop } from './drop.ts';

const fleet = 120;
const broken = [7, 8, 9];

const bikesOn = (page: Page) =>
  page.evaluate<number[]>(`[...document.querySelectorAll('[data-bike]')].map((row) => Number(row.dataset.bike))`);
const addressOf = (page: Page) => new URL(page.url()).search;
/** The list shows these first. */
const shows = (page: Page, ...bikeIds: number[]) =>
  until(`the list begins with ${bikeIds.join()}`, async () => {
    const shown = await bikesOn(page);
    return bikeIds.every((bikeId, place) => shown[place] === bikeId);
  });

describeInBrowser('the tables of operators', (stage) => {
  beforeAll(async () => {
    const { operator } = stage;
    const bikes = Array.from({ length: fleet }, () => ({ color: 'green' }));
    await operator.request(RegisterBikesDocument, { input: { bikes } });
    const stations = [
      { number: 101, nameKo: '망원역 1번출구 앞', nameEn: 'Mangwon Station Exit 1', district: 'MAPO' as const },
      { number: 102, nameKo: '광화문역 2번출구', nameEn: 'Gwanghwamun Exit 2', district: 'JONGNO' as const },
    ].map((station) => ({ ...station, position: { latitude: 37.55, longitude: 126.91 }, racks: 2 }));
    await operator.request(OpenStationsDocument, { input: { stations } });
    const moves = [1, 2, 3].map((bikeId) => ({ bikeId, stationId: 'ST-101' }));
    await until('the bikes stand there', async () => {
      const { results } = (await operator.request(MoveBikesDocument, { input: { moves } })).moveBikes;
      return results.every(({ refusal }) => refusal === null);
    });
    const changes = broken.map((bikeId) => ({ bikeId, condition: 'MAINTENANCE' as const }));
    await operator.request(ChangeBikeConditionsDocument, { input: { changes } });
    await until('the dashboard has all of it', async () => {
      const filter = { condition: ['MAINTENANCE' as const] };
      const { bikes: found } = (await operator.request(FleetBikesDocument, { filter })).dashboard;
      const { bikes: all } = (await operator.request(FleetBikesDocument, { filter: { stationId: 'ST-101' } }))
        .dashboard;
      return found.totalCount === broken.length && all.totalCount === 3;
    });
  });

  it('finds a rider whose id is as long as ids may be', async () => {
    const userId = 'r'.repeat(255);
    await (await rider(stage.system, userId)).buys(3_000);
    await stage.visit({ path: '/fleet?rider=none', width: 1024, language: 'en' }, async (page) => {
      await page.locator('input[name="id"]').fill('');
      await page.locator('input[name="id"]').pressSequentially(userId);
      await page.locator('input[name="id"]').press('Enter');
      await page.getByRole('heading', { name: userId }).waitFor();
    });
  });

  it('are sorted, paged and filtered by the server; the address says how, and the way back works', async () => {
    await stage.visit({ path: '/fleet?tab=bikes', width: 1440, language: 'en' }, async (page) => {
      await shows(page, 1, 2, 3);
      await page.getByText('1–50 of 120').waitFor();
      await page.getByRole('button', { name: 'Next' }).click();
      await shows(page, 51);
      await page.getByText('51–100 of 120').waitFor();
      expect(addressOf(page)).toMatch(/^\?tab=bikes&after=\w+/);
      await page.reload();
      await shows(page, 51);
      await page.getByRole('button', { name: 'Previous' }).click();
      await shows(page, 1);
      await page.getByRole('columnheader', { name: 'Since' }).getByRole('button').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await page.locator('th[aria-sort="descending"]').waitFor();
      expect(addressOf(page)).toBe('?tab=bikes&sort=-since');
      await until('what changed last is first', async () => broken.includes((await bikesOn(page))[0] ?? 0));
      await page.locator('select[name="condition"]').selectOption('MAINTENANCE');
      await page.getByText('1–3 of 3').waitFor();
      expect((await bikesOn(page)).toSorted()).toEqual(broken);
      await page.goBack();
      await page.getByText('1–50 of 120').waitFor();
      await page.goForward();
      await page.getByText('1–3 of 3').waitFor();
      await page.goto(`${stage.system.routerUrl}/fleet?tab=bikes`);
      await page.getByLabel('Bike number').fill('12');
      await shows(page, 12, 120);
      await page.locator('select[name="district"]').selectOption('JONGNO');
      await page.getByText('No bike matches.').waitFor();
      await page.getByRole('button', { name: 'Show all' }).click();
      await shows(page, 1, 2, 3);
    });
  });

  it('say so when the address names a page that there is not, and leave out what makes no sense', async () => {
    const path = '/fleet?tab=bikes&condition=new&sort=odd&q=x&after=nonsense';
    await stage.visit({ path, width: 1440, language: 'en' }, async (page) => {
      await page.getByText('There is no such page: the address may be of another order.').waitFor();
      await page.getByRole('button', { name: 'First page' }).click();
      await shows(page, 1, 2, 3);
      expect(addressOf(page)).toBe('?tab=bikes');
    });
  });

  it('of stations lead to the bikes that stand there', async () => {
    await stage.visit(
      { path: '/fleet?tab=stations&situation=full', width: 1440, language: 'en', shot: 'tables-to-bikes' },
      async (page) => {
        // The map comes later, and moves what is below it.
        await page.locator('.map canvas').waitFor();
        const row = page.locator('[data-station-row="ST-101"]');
        const [station, district, racks, parked, free, freeRacks, empty, timesEmpty, , full, timesFull] = (
          await row.innerText()
        ).split(/\s*\t\s*/);
        expect([station, district]).toEqual(['101. Mangwon Station Exit 1', 'Mapo-gu']);
        expect([racks, parked, free, freeRacks]).toEqual(['2', '3', '3', '−1']);
        // Until its first bike came it was empty.
        expect([empty, timesEmpty, timesFull]).toEqual(['–', '1', '1']);
        expect(full).toMatch(/^\d+ ?s ago \d\d:\d\d:\d\d KST$|^just now|min ago/);
        expect(await page.locator('[data-station-row]').count()).toBe(1);
        await row.getByRole('link').click();
        await page.getByText('1–3 of 3').waitFor();
        expect(addressOf(page)).toBe('?tab=bikes&at=ST-101');
        await page.getByRole('button', { name: 'Only bikes at ST-101' }).click();
        await page.getByText('1–50 of 120').waitFor();
      },
    );
  });

  it('change many bikes at once, say what will happen, and take it back where nobody was faster', async () => {
    const path = '/fleet?tab=bikes&pick=21';
    await stage.visit({ path, width: 1440, language: 'en', shot: 'tables-bulk' }, async (page) => {
      await page.getByText('1 bike picked').waitFor();
      await page.getByLabel('Pick bike 22').check();
      await page.getByLabel('Pick bike 7').check();
      expect(addressOf(page)).toBe('?tab=bikes&pick=21,22,7');
      await page.getByRole('button', { name: 'Change conditions' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason').fill('Old brakes');
      await dialog.getByRole('button', { name: 'Preview' }).click();
      await dialog.getByText('2 bikes will change.').waitFor();
      await dialog.getByText('1 bike is so already.').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: `${artifacts}tables-preview.png` });
      await dialog.getByRole('button', { name: 'Change 2 bikes' }).click();
      await page.getByText('2 bikes changed.').waitFor();
      const isChanged = page.locator('[data-bike="21"]').getByText('In repair');
      await isChanged.waitFor();
      const changes = [{ bikeId: 22, condition: 'RETIRED' as const }];
      await stage.operator.request(ChangeBikeConditionsDocument, { input: { changes } });
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('1 bike is as before. Turned down: 1.').waitFor();
      await page.getByText('Each bike', { exact: true }).click();
      await page.locator('[data-outcome="refused"]').getByText('Somebody changed the bike meanwhile.').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.locator('[data-bike="21"]').getByText('In service').waitFor();
      await page.locator('[data-bike="22"]').getByText('Retired').waitFor();
    });
    await stage.visit({ path: '/fleet?tab=bikes&q=3&pick=all', width: 390, language: 'ko' }, async (page) => {
      await page.getByText('조건에 맞는 11대 모두 골랐음').waitFor();
      await page.getByRole('button', { name: '여러 대 옮기기' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('옮겨 놓을 대여소').fill('999');
      await dialog.getByLabel('사유').fill('행사');
      await dialog.getByRole('button', { name: '미리 보기' }).click();
      await dialog.getByText('없는 대여소 번호입니다.').waitFor();
      await dialog.getByLabel('옮겨 놓을 대여소').fill('102');
      await dialog.getByRole('button', { name: '미리 보기' }).click();
      await dialog.getByText('11대를 바꿉니다.').waitFor();
      await dialog.getByRole('button', { name: '11대 바꾸기' }).click();
      await page.getByText('11대를 바꾸었습니다.').waitFor();
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${artifacts}tables-bulk-390.png`, fullPage: true });
      await page.getByRole('button', { name: '되돌리기' }).click();
      await page.getByText('11대를 되돌렸습니다.').waitFor();
      await page.locator('[data-bike="3"]').getByText('망원역').waitFor();
    });
  });

  it('and everything else are found from every page, by keys alone', async () => {
    await stage.visit({ path: '/', width: 1440, language: 'en', shot: 'search' }, async (page) => {
      const button = page.getByRole('button', { name: 'Search everything' });
      await button.waitFor();
      await page.keyboard.press('Control+k');
      const field = page.locator('input[role="combobox"]');
      await field.waitFor();
      await page.keyboard.type('101');
      await page.getByRole('option', { name: 'Bike 101' }).waitFor();
      await page.getByRole('option', { name: '101. Mangwon Station Exit 1' }).waitFor();
      await page.getByText('2 results.').waitFor();
      await page.keyboard.press('ArrowDown');
      await page.locator('[role="option"][aria-selected="true"]', { hasText: 'Mangwon' }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: `${artifacts}search-1440.png` });
      await page.keyboard.press('Enter');
      await page.locator('.trail').getByText('Station Opened').waitFor();
      expect(addressOf(page)).toBe('?station=ST-101');
      await page.locator('.facts').getByText('Mapo-gu').waitFor();
      await page.locator('.facts').getByText('−1').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: `${artifacts}station-card-1440.png`, fullPage: true });
      await page.getByRole('link', { name: 'Show the bikes that stand there' }).click();
      await page.getByText('1–3 of 3').waitFor();
      expect(addressOf(page)).toBe('?tab=bikes&at=ST-101');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('nobody and nothing');
      await page.getByText('Nothing found.').waitFor();
      await page.keyboard.press('Escape');
      await field.waitFor({ state: 'detached' });
      await button.click();
      await field.fill('#1');
      await page.getByText('Nothing found.').waitFor();
    });
    await stage.visit({ path: '/fleet', width: 320, language: 'ko', colorScheme: 'dark' }, async (page) => {
      await page.getByRole('button', { name: '무엇이든 찾기' }).click();
      await page.locator('input[role="combobox"]').fill('광화문');
      await page.getByRole('option', { name: '102. 광화문역 2번출구' }).waitFor();
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: `${artifacts}search-320.png` });
      await page.getByRole('option').click();
      await page.getByRole('heading', { name: '102. 광화문역 2번출구' }).waitFor();
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${artifacts}station-card-320.png`, fullPage: true });
      await page.getByRole('link', { name: '세워진 자전거 보기' }).click();
      await page.getByText('조건에 맞는 자전거가 없습니다.').waitFor();
      // By its number alone, as somebody types it; and one that there is not.
      await page.goto(`${stage.system.routerUrl}/fleet?station=102`);
      await page.getByRole('heading', { name: '102. 광화문역 2번출구' }).waitFor();
      await page.getByRole('searchbox').fill('ST-999');
      await page.getByRole('button', { name: '찾기', exact: true }).click();
      await page.getByText('없는 대여소입니다.').waitFor();
    });
  });

  describe('of stations', () => {
    const looks = [
      { width: 1440, language: 'ko', colorScheme: 'light' },
      { width: 1024, language: 'en', colorScheme: 'dark' },
      { width: 320, language: 'ko', colorScheme: 'dark' },
    ] as const;
    it.each(looks)('read well at $width, in $language and $colorScheme', async (look) => {
      await stage.visit({ path: '/fleet?tab=stations&sort=free', ...look }, async (page) => {
        await page.locator('[data-station-row]').first().waitFor();
        await page.screenshot({ path: `${artifacts}fleet-stations-${look.width}.png`, fullPage: true });
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      });
    });

    it('say in the page what has reached a threshold, which each operator sets', async () => {
      const address = '/fleet?tab=stations';
      await stage.visit({ path: address, width: 390, language: 'en', shot: 'thresholds-390' }, async (page) => {
        const share = '50% of the stations have no bike to reserve (threshold';
        await page.getByRole('link', { name: `${share} 30%).` }).click();
        await until('the stations behind it are shown', async () => addressOf(page).includes('situation=empty'));
        await page.locator('[data-station-row="ST-102"]').waitFor();
        expect(await page.locator('[data-station-row]').count()).toBe(1);

        await page.getByText('Thresholds', { exact: true }).click();
        const field = page.getByLabel('Stations empty (%)');
        await field.fill('101');
        await page.getByText('Enter a whole number from 1 to 100, or nothing.').waitFor();
        await page.getByRole('link', { name: `${share} 30%).` }).waitFor();
        await field.fill('50');
        await page.getByRole('link', { name: `${share} 50%).` }).waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBeLessThanOrEqual(0);
        await field.fill('51');
        await page.getByText('Nothing has reached its threshold.').first().waitFor();

        const elsewhere = await page.context().newPage();
        await elsewhere.goto(page.url());
        await elsewhere.getByText('Thresholds', { exact: true }).click();
        await elsewhere.getByLabel('Ride (hours)').fill('7');
        await elsewhere.close();
        await field.fill('52');
        expect(await page.getByLabel('Ride (hours)').inputValue()).toBe('7');
        await page.reload();
        await page.getByText('Nothing has reached its threshold.').first().waitFor();
      });
    });

    it('are imported from the city’s file, chosen or dropped, once however often', async () => {
      const csv = (racks: number) =>
        [
          '대여소번호,대여소명,자치구,위도,경도,거치대수',
          '101,망원역 1번출구 앞,마포구,37.55,126.91,2',
          `103,합정역 7번출구,마포구,37.5499,126.9145,${racks}`,
          '104,서울숲,성동구,127.0374,37.5444,10',
        ].join('\n');
      const file = (racks: number) => ({ name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from(csv(racks)) });
      const address = '/fleet?tab=register';
      await stage.visit({ path: address, width: 320, language: 'en', colorScheme: 'dark' }, async (page) => {
        const part = page.locator('section', { has: page.locator('#register-stations') });
        await part.locator('input[type="file"]').setInputFiles(file(8));
        await part.getByText('1 to open, 0 to change, 1 the same, 1 line that cannot be taken').waitFor();
        await part.getByText('Latitude and longitude are swapped.').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBeLessThanOrEqual(0);
        await page.screenshot({ path: `${artifacts}import-stations-320.png`, fullPage: true });
        await part.getByRole('button', { name: 'Import 1 station' }).click();
        await part.locator('[data-line="done"]', { hasText: 'Opened' }).waitFor();
        await part.locator('input[type="file"]').setInputFiles(file(8));
        await part.getByText('0 to open, 0 to change, 2 the same, 1 line that cannot be taken').waitFor();
      });
      await stage.visit({ path: address, width: 1440, language: 'ko' }, async (page) => {
        const part = page.locator('section', { has: page.locator('#register-stations') });
        await drop(page, part.locator('.drop-zone'), csv(9));
        await part.getByRole('button', { name: '1곳 등록' }).click();
        await part.locator('[data-line="done"]', { hasText: '고쳤음' }).waitFor();
        await part.getByText('1곳 처리됨, 0곳 거절됨, 0곳 남음').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await page.screenshot({ path: `${artifacts}import-stations-1440.png`, fullPage: true });
      });
    });
  });

  it('lead to where a bike stands, and to where a ride went and what it cost', async () => {
    const one = await rider(stage.system, '71');
    await one.buys(5_000);
    const { reserveNo } = await one.reserves(2);
    await one.starts(reserveNo);
    await one.client.request(ReturnBikeDocument, { input: { reserveNo, stationId: 'ST-102' } });
    const fact = (page: Page, name: string) =>
      page.locator('.facts > div', { has: page.getByText(name) }).locator('dd');
    let askedCity = 0;
    const prepare = async (page: Page) => {
      page.on('request', (request) => {
        if (request.postData()?.includes('query StationPlaces')) askedCity += 1;
      });
    };
    const look = { width: 1024, language: 'en', prepare } as const;
    await stage.visit({ path: `/fleet?reservation=${reserveNo}`, shot: 'tables-ride', ...look }, async (page) => {
      const from = fact(page, 'From').getByRole('link', { name: 'Mangwon Station Exit 1' });
      expect(await from.getAttribute('href')).toBe('/fleet?station=ST-101');
      await fact(page, 'Returned to').getByText('Gwanghwamun Exit 2').waitFor();
      await fact(page, 'Overtime').getByText('0P').waitFor();
    });
    await stage.visit({ path: '/fleet?bike=2', ...look }, async (page) => {
      await fact(page, 'Where').getByText('Gwanghwamun Exit 2').waitFor();
    });
    const showsMoves = (page: Page, ...wanted: string[]) =>
      until(`bike 2 ${wanted.join()}`, async () => {
        const lines = await page.locator('[data-movement="2"]').allInnerTexts();
        return lines.map((line) => line.split(/\s/)[0]).join() === wanted.join();
      });
    await stage.visit({ path: '/fleet?station=101', shot: 'tables-movements', ...look }, async (page) => {
      await showsMoves(page, 'Left', 'Came');
      expect(await violationsOf(page)).toEqual([]);
    });
    await stage.visit({ path: '/fleet?station=102', ...look }, (page) => showsMoves(page, 'Came'));
    const reason = 'Event at the river.';
    await stage.operator.request(MoveBikesDocument, { input: { moves: [{ bikeId: 2, reason }] } });
    await stage.visit({ path: '/fleet?bike=2', shot: 'tables-moves', ...look }, async (page) => {
      const trail = page.locator('.trail li');
      await trail.getByText(reason).waitFor();
      expect(await trail.locator('strong').allTextContents()).toEqual(['Bike Moved', 'Bike Moved', 'Bike Registered']);
      await trail.first().getByText('Not known').waitFor();
      const there = trail.nth(1).getByRole('link', { name: 'Mangwon Station Exit 1' });
      expect(await there.getAttribute('href')).toBe('/fleet?station=ST-101');
    });
    await stage.visit({ path: '/fleet?bike=50', ...look }, async (page) => {
      await page.locator('#found-title').waitFor();
      expect(await fact(page, 'Where').count()).toBe(0);
    });
    // A name is not worth all stations of a city.
    expect(askedCity).toBe(0);
  });

  it('take nothing back once a minute is over', async () => {
    const prepare = (page: Page) => page.clock.install();
    const path = '/fleet?tab=bikes&pick=61';
    await stage.visit({ path, width: 1440, language: 'en', prepare }, async (page) => {
      await page.getByText('1 bike picked').waitFor();
      await page.getByRole('button', { name: 'Move bikes' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('To which station').fill('102');
      await dialog.getByLabel('Reason').fill('Fair');
      await dialog.getByRole('button', { name: 'Preview' }).click();
      await dialog.getByRole('button', { name: 'Change 1 bike' }).click();
      const undo = page.getByRole('button', { name: /^Undo/ });
      await undo.waitFor();
      // The page follows the server's clock, whose answers would call the minute back.
      await page.route('**/graphql', () => new Promise(() => undefined));
      await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 10_000);
      const left = Number(/(\d+) s$/.exec(await undo.innerText())?.[1]);
      expect(left).toBeGreaterThan(1);
      expect(left).toBeLessThanOrEqual(50);
      await page.clock.fastForward((left - 1) * 1_000);
      await undo.getByText('1 s', { exact: true }).waitFor();
      await page.clock.fastForward(1_000);
      await undo.waitFor({ state: 'detached' });
      await page.getByText('1 bike changed.').waitFor();
    });
  });
});
