import { beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import {
  CloseStationDocument,
  FleetBikesDocument,
  MoveBikesDocument,
  OpenStationsDocument,
  RegisterBikesDocument,
} from '../../schema/client/generated/graphql.ts';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, overflowOf } from './chromium.ts';
import { drop } from './drop.ts';

const places = [
  [101, '망원역 1번출구 앞', 'Mangwon Station Exit 1', 'MAPO'],
  [102, '광화문역 2번출구', 'Gwanghwamun Exit 2', 'JONGNO'],
  [103, '합정역 7번출구', 'Hapjeong Station', 'MAPO'],
] as const;

const path = '/fleet?tab=bikes';
const part = (page: Page) => page.locator('.move-file');
const open = (page: Page) => part(page).locator('summary').click();
const line = (page: Page, bikeId: number) =>
  part(page).locator('tbody tr', { has: page.locator('td:first-of-type', { hasText: new RegExp(`^${bikeId}$`) }) });
const choose = (page: Page, content: string | Buffer) =>
  part(page)
    .locator('input[type="file"]')
    .setInputFiles({ name: 'moves.csv', mimeType: 'text/csv', buffer: Buffer.from(content) });
const file = [
  'bike,station',
  '31,101',
  '32,102',
  '33,102',
  '31,102',
  '999,101',
  '34,777',
  '35,103',
  '36,somewhere',
  '3,101',
];

describeInBrowser('a file of moves', (stage) => {
  beforeAll(async () => {
    const { operator, system } = stage;
    const bikes = Array.from({ length: 120 }, () => ({ color: 'green' }));
    await operator.request(RegisterBikesDocument, { input: { bikes } });
    const stations = places.map(([number, nameKo, nameEn, district]) => ({
      ...{ number, nameKo, nameEn, district, racks: 2, position: { latitude: 37.55, longitude: 126.91 } },
    }));
    await operator.request(OpenStationsDocument, { input: { stations } });
    await operator.request(CloseStationDocument, { input: { stationId: 'ST-103', reason: 'Works' } });
    const moves = [{ bikeId: 3, stationId: 'ST-101' }];
    await until('the bike stands there', async () => {
      const { results } = (await operator.request(MoveBikesDocument, { input: { moves } })).moveBikes;
      return results.every(({ refusal }) => refusal === null);
    });
    const one = await rider(system, '81');
    await one.buys(5_000);
    await one.starts((await one.reserves(33)).reserveNo);
    await until('the dashboard knows of all bikes, and of the ride', async () => {
      const { bikes: known } = (await operator.request(FleetBikesDocument, { filter: { use: ['IN_USE'] } })).dashboard;
      const { bikes: all } = (await operator.request(FleetBikesDocument, {})).dashboard;
      return known.totalCount === 1 && all.totalCount === bikes.length;
    });
  });

  it('says what it would do to each bike, does that, and takes it back', async () => {
    await stage.visit({ path, width: 1440, language: 'en', shot: 'move-file-1440' }, async (page) => {
      await open(page);
      await choose(page, file.join('\r\n'));
      const said = [
        ...['2 bikes will move.', '1 bike is so already.', '1 bike is on a ride, and will not be moved.'],
        ...["1 number is no bike's.", '1 bike would go to a station that is not there.'],
        ...['1 bike would go to a station that is closed.', '2 lines are not valid.'],
      ];
      await part(page).getByText(said.join(' ')).waitFor();
      await line(page, 31).getByText('101. Mangwon Station Exit 1').waitFor();
      await line(page, 33).getByText('A rider is riding the bike.').waitFor();
      await part(page).getByText('Line 2 has this number, too.').waitFor();
      await part(page).getByText('"somewhere" is no number of a station.').waitFor();
      expect(await part(page).locator('tbody tr').count()).toBe(file.length - 1);
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: `${artifacts}move-file-preview-1440.png`, fullPage: true });
      await part(page).getByLabel('Reason').fill('Fair');
      await part(page).getByRole('button', { name: 'Move 2 bikes' }).click();
      await part(page).getByText('2 bikes changed. 1 bike is so already. Turned down: 4.').waitFor();
      await line(page, 32).getByText('Moved').waitFor();
      await page.locator('[data-bike="32"]').getByText('Gwanghwamun').waitFor();
      await part(page).getByRole('button', { name: 'Undo' }).click();
      await part(page).getByText('2 bikes are as before.').waitFor();
      await line(page, 31).getByText('As before').waitFor();
      await page.locator('[data-bike="32"]').getByText('Not known').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await part(page).getByRole('button', { name: 'Close' }).click();
      expect(await part(page).locator('tbody').count()).toBe(0);
    });
  });

  it('is dropped as Korean Excel saves it, on a phone in the dark; one without bikes is none', async () => {
    const look = { width: 320, language: 'ko', colorScheme: 'dark' } as const;
    await stage.visit({ path, ...look }, async (page) => {
      await open(page);
      await choose(page, '');
      await part(page).getByText('옮길 자전거가 없는 파일입니다.').waitFor();
      await choose(page, '1,101\n'.repeat(200_001));
      await part(page).getByText('200,000줄이 넘습니다.').waitFor();
      // "자전거,대여소" in CP949, and digits as a Korean keyboard writes them.
      const heading = Buffer.from([0xc0, 0xda, 0xc0, 0xfc, 0xb0, 0xc5, 0x2c, 0xb4, 0xeb, 0xbf, 0xa9, 0xbc, 0xd2]);
      const digits = Buffer.from([0xa3, 0xb4, 0xa3, 0xb1]);
      await drop(
        page,
        part(page).locator('.drop-zone'),
        Buffer.concat([heading, Buffer.from('\r\n'), digits, Buffer.from(',"102"\r\n')]),
      );
      await line(page, 41).getByText('102. 광화문역 2번출구').waitFor();
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      expect(await violationsOf(page)).toEqual([]);
      await page.screenshot({ path: `${artifacts}move-file-320.png`, fullPage: true });
      await part(page).getByLabel('사유').fill('행사');
      await part(page).getByRole('button', { name: '1대 옮기기' }).click();
      await part(page).getByText('1대를 바꾸었습니다.').waitFor();
      await part(page).locator('[data-line="done"]', { hasText: '옮김' }).waitFor();
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `${artifacts}move-file-done-320.png`, fullPage: true });
    });
  });

  it('goes as far as somebody lets it, and on from there', async () => {
    const bikeIds = Array.from({ length: 110 }, (_, index) => index + 1).filter((bikeId) => bikeId !== 33);
    const prepare = async (page: Page) => {
      let isStopped = false;
      await page.route('**/graphql', async (route) => {
        if (!isStopped && route.request().postData()?.includes('mutation MoveBikes')) {
          // While the first call is under way.
          isStopped = true;
          await page.getByRole('button', { name: 'Stop' }).click();
        }
        return route.continue();
      });
    };
    await stage.visit({ path, width: 1024, language: 'en', prepare }, async (page) => {
      await open(page);
      await choose(page, bikeIds.map((bikeId) => `${bikeId},102`).join('\n'));
      await part(page).getByLabel('Reason').fill('Festival');
      await part(page)
        .getByRole('button', { name: /^Move \d+ bikes$/ })
        .click();
      const goOn = part(page).getByRole('button', { name: /^Go on with/ });
      await goOn.waitFor();
      await goOn.click();
      await goOn.waitFor({ state: 'detached' });
      await part(page)
        .getByText(/^10[89] bikes changed\./)
        .waitFor();
    });
  });
});
