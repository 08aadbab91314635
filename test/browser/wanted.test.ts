/** What a camera or another's link opens: the address of a bike or a station. */
import { beforeAll, expect, it } from '@jest/globals';
import decodeQR from 'qr/decode.js';
import type { Page } from 'playwright-core';
import {
  ChangeBikeConditionDocument,
  MoveBikesDocument,
  OpenStationsDocument,
} from '../../schema/client/generated/graphql.ts';
import { rider, type Rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, overflowOf, signInAs } from './chromium.ts';

const station = { number: 101, nameKo: '서울숲', nameEn: 'Seoul Forest', district: 'SEONGDONG', racks: 10 } as const;
const position = { latitude: 37.5444, longitude: 127.0374 };
const card = (page: Page) => page.locator('.wanted');

describeInBrowser('the address of a bike', (stage) => {
  let free = 0;
  let atStation = 0;
  let held = 0;
  let broken = 0;
  let other: Rider;

  beforeAll(async () => {
    [free = 0, atStation = 0, held = 0, broken = 0] = await stage.registerBikes(4);
    const { operator } = stage;
    await operator.request(OpenStationsDocument, { input: { stations: [{ ...station, position }] } });
    await until('a bike stands at the station', async () => {
      const input = { moves: [{ bikeId: atStation, stationId: 'ST-101' }] };
      return (await operator.request(MoveBikesDocument, { input })).moveBikes.results.every(({ refusal }) => !refusal);
    });
    const input = { bikeId: broken, condition: 'MAINTENANCE', reason: 'The chain is broken' } as const;
    await operator.request(ChangeBikeConditionDocument, { input });
    other = await rider(stage.system, '90');
    await other.buys(5_000);
    await other.reserves(held);
  });

  it.each([
    ['ko', 'light', 320],
    ['en', 'dark', 1440],
  ] as const)('says what is to be known of it, in %s, %s, at %d px', async (language, colorScheme, width) => {
    const said: [path: string, ko: RegExp, en: RegExp][] = [
      [`?bike=${free}`, /지금 빌릴 수 있습니다/, /You can take it now/],
      [`?bike=${atStation}`, /서울숲에 있고/, /At Seoul Forest\./],
      [`?bike=${held}`, /다른 이용자가 예약한/, /Another rider/],
      [`?bike=${broken}`, /운행하지 않는/, /not in service/],
      ['?bike=2147483647', /없는 자전거 번호/, /No bike has this number/],
      ['?bike=none', /알 수 없습니다/, /names no bike and no station/],
      ['?vehicle=%00', /알 수 없습니다/, /names no bike and no station/],
      ['?bike=1&bike=2', /알 수 없습니다/, /names no bike and no station/],
      ['?station=ST-999999', /없는 대여소 번호/, /No station has this number/],
    ];
    await stage.visit({ path: '/ride', width, language, colorScheme }, async (page) => {
      for (const [index, [query, ko, en]] of said.entries()) {
        await page.goto(new URL(`/ride${query}`, page.url()).href);
        await card(page)
          .getByText(language === 'ko' ? ko : en)
          .waitFor();
        await page.screenshot({ path: `${artifacts}wanted-${index}-${width}.png` });
        expect(await overflowOf(page)).toBe(0);
      }
      expect(await violationsOf(page)).toEqual([]);
      await card(page)
        .getByRole('button', { name: language === 'ko' ? '닫기' : 'Close' })
        .click();
      await card(page).waitFor({ state: 'detached' });
      expect(new URL(page.url()).search).toBe('');
    });
  });

  it('leaves the number that was typed instead when it is closed', async () => {
    await stage.visit({ path: `/ride?bike=${broken}`, width: 390, language: 'en' }, async (page) => {
      const field = page.locator('input[name="bikeId"]');
      await card(page).waitFor();
      expect(await field.inputValue()).toBe(String(broken));
      await field.fill(String(free));
      await card(page).getByRole('button', { name: 'Close' }).click();
      await card(page).waitFor({ state: 'detached' });
      expect(await field.inputValue()).toBe(String(free));
      await page.goto(new URL(`/ride?bike=${broken}`, page.url()).href);
      await card(page).getByRole('button', { name: 'Close' }).click();
      await card(page).waitFor({ state: 'detached' });
      expect(await field.inputValue()).toBe('');
    });
  });

  it('survives signing in, and leads through the ride', async () => {
    await (await rider(stage.system, '91')).buys(5_000);
    const path = `/ride?bike=${free}&lang=en`;
    await stage.visit({ path, width: 390, language: null, shot: 'wanted-ride' }, async (page) => {
      await signInAs(page, '91', 'rider');
      await card(page).getByText('You can take it now').waitFor();
      await page.getByRole('button', { name: `Reserve bike ${free}` }).click();
      await card(page).getByText('This is the bike that you reserved').waitFor();
      await page.reload();
      await card(page).getByText('This is the bike that you reserved').waitFor();
      await page.getByRole('button', { name: 'Start' }).click();
      await page.locator('.current[data-status="IN_USE"]').waitFor();
      await card(page).waitFor({ state: 'detached' });
      expect(new URL(page.url()).search).toBe('?lang=en');
      await page.goto(page.url().replace('?', `?bike=${atStation}&`));
      await card(page).getByText(`You are riding bike ${free}.`).waitFor();
      await page.getByRole('button', { name: 'Return bike' }).click();
      await card(page).getByText('At Seoul Forest.').waitFor();
    });
  });

  it('of another one than is reserved says so; one that is taken meanwhile is forgotten', async () => {
    await (await rider(stage.system, '92')).buys(5_000);
    await stage.visit({ path: `/ride?bike=${held}`, width: 390, language: 'en' }, async (page) => {
      await signInAs(page, '92', 'rider');
      await card(page).getByText('Another rider').waitFor();
      await page.locator('input[name="bikeId"]').fill(String(atStation));
      await page.getByRole('button', { name: `Reserve bike ${atStation}` }).click();
      await page.locator('.current[data-status="RESERVED"]').waitFor();
      await card(page).waitFor({ state: 'detached' });
      await page.goto(page.url().replace(/\?.*|$/, `?bike=${held}`));
      // Nobody should cancel for a bike that another rider has.
      await card(page).getByText(`which is ${atStation}. Another rider has this bike.`).waitFor();
      await page.goto(page.url().replace(/\?.*|$/, `?bike=${free}`));
      await card(page).getByText(`which is ${atStation}. To take this one, cancel that reservation first.`).waitFor();
      await page.goto(page.url().replace(/\?.*|$/, `?bike=${held}`));
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel', exact: true }).click();
      await card(page).getByText('Another rider').waitFor();
    });
  });

  it('of one that another rider has offers to wait for it, before anything is asked for', async () => {
    await (await rider(stage.system, '93')).buys(5_000);
    const visit = { path: `/ride?bike=${held}`, width: 390, language: 'ko', shot: 'wanted-waiting' } as const;
    await stage.visit(visit, async (page) => {
      await signInAs(page, '93', 'rider');
      await card(page).getByText('다른 이용자가 예약한 자전거입니다.').waitFor();
      const tellMe = page.getByRole('button', { name: '빌릴 수 있게 되면 알림 받기' });
      await tellMe.waitFor();
      await page.screenshot({ path: `${artifacts}wanted-taken.png`, fullPage: true });
      expect(await violationsOf(page)).toEqual([]);
      await tellMe.click();
      await page.locator('.waiting').getByText('다음 차례입니다.').waitFor();
      await tellMe.waitFor({ state: 'detached' });
    });
  });

  it('of a station opens its card', async () => {
    await stage.visit(
      { path: '/ride?station=ST-101', width: 390, language: 'en', shot: 'wanted-station' },
      async (page) => {
        await page.locator('[data-station="ST-101"][data-chosen="true"]').waitFor();
        await page.getByRole('button', { name: 'Reserve a bike here' }).waitFor();
        expect(await card(page).count()).toBe(0);
        await page
          .getByRole('button', { name: /whole|all/i })
          .first()
          .click();
      },
    );
  });

  it('is in the code that operators print for it', async () => {
    const path = `/fleet?bike=${free}`;
    await stage.visit({ path, width: 1024, language: 'en', shot: 'wanted-code' }, async (page) => {
      await page.getByRole('button', { name: 'QR code' }).click();
      const code = page.locator('.code svg');
      await code.waitFor();
      const address = `${stage.system.routerUrl}/ride?bike=${free}`;
      expect(await code.getAttribute('aria-label')).toBe(address);
      expect(await readCode(page)).toBe(address);
      expect(await violationsOf(page)).toEqual([]);
    });
    await stage.visit({ path: '/fleet?tab=bikes', width: 1024, colorScheme: 'dark', language: 'en' }, async (page) => {
      await page.getByRole('button', { name: '4 QR codes' }).click();
      await page.locator('.code').nth(3).waitFor();
      await page.emulateMedia({ media: 'print' });
      await page.screenshot({ path: `${artifacts}wanted-codes-printed.png`, fullPage: true });
      // On all of the paper.
      expect((await page.locator('.code-sheet').boundingBox())?.width).toBeGreaterThan(900);
      const printed = await page.locator('body').innerText();
      expect(printed).not.toContain('Print');
      expect(printed.match(/Ttareungi\s+\d/g)).toHaveLength(4);
    });
  });
});

/** Pixels across: some for each square, and few enough to be carried over. */
const photoPixels = 180;

/** As a camera sees the screen. */
async function readCode(page: Page): Promise<string> {
  const darkness = await page.evaluate<string>(`(async () => {
    const svg = document.querySelector('.code svg').cloneNode(true);
    svg.setAttribute('width', ${photoPixels});
    svg.setAttribute('height', ${photoPixels});
    const image = new Image();
    image.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(svg));
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: ${photoPixels}, height: ${photoPixels} });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, ${photoPixels}, ${photoPixels});
    return Array.from({ length: data.length / 4 }, (_, pixel) => (data[pixel * 4] < 128 ? '1' : '0')).join('');
  })()`);
  const data = new Uint8Array(darkness.length * 3);
  for (let pixel = 0; pixel < darkness.length; pixel += 1) {
    data.fill(darkness[pixel] === '1' ? 0 : 255, pixel * 3, pixel * 3 + 3);
  }
  return decodeQR({ width: photoPixels, height: photoPixels, data });
}
