/** A rider is told of overtime before it costs, and of a debt before it stands in the way. */
import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { rider } from '../support/people.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, overflowOf, signInAs, type Stage } from './chromium.ts';

/** A browser whose person says yes, or no, to notifications, and what it showed. */
const answers = (permission: 'granted' | 'denied') => async (page: Page) => {
  await page.addInitScript(`
    globalThis.shown = [];
    globalThis.Notification = class {
      static permission = 'default';
      static requestPermission = async () => (Notification.permission = '${permission}');
      constructor(title, { body }) {
        shown.push(title + ': ' + body);
      }
    };
  `);
};
const shown = (page: Page) => page.evaluate<string[]>('shown');

async function rides(stage: Stage, userId: string, points: number): Promise<{ reserveNo: number; bikeId: number }> {
  const [bikeId = 0] = await stage.registerBikes(1);
  const one = await rider(stage.system, userId);
  await one.buys(points);
  const { reserveNo } = await one.reserves(bikeId);
  expect(await one.starts(reserveNo)).toBe('IN_USE');
  return { reserveNo, bikeId };
}

const phone = { path: '/ride', width: 320, height: 700 };

describeInBrowser(
  'a ride that is about to cost more',
  (stage) => {
    it('warns in the page, and by a notification for who asked for one', async () => {
      await rides(stage, '31', 5_000);
      const visit = { ...phone, language: 'en', prepare: answers('granted'), shot: 'overtime-soon' } as const;
      await stage.visit(visit, async (page) => {
        await signInAs(page, '31', 'rider');
        await page
          .locator('.overtime strong', { hasText: /^In (9|10) minutes, at \d\d:\d\d, overtime begins\.$/ })
          .waitFor();
        await page.getByText('From then on 200P are added every 5 minutes, 30,000P at most.').waitFor();
        expect(await shown(page)).toEqual([]);
        await page.getByRole('button', { name: 'Notify me before overtime begins' }).click();
        await page.getByText('While this page is open, a notification comes').waitFor();
        expect(await shown(page)).toEqual([expect.stringMatching(/^Ttareungi: In (9|10) minutes/)]);
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);
      });
    });

    it('says on which day it began, if that is another', async () => {
      await rides(stage, '30', 5_000);
      const prepare = async (page: Page) => {
        await page.route('**/graphql', async (route) => {
          if (!route.request().postData()?.includes('query RiderRides')) return route.fallback();
          const response = await route.fetch();
          const json = (await response.json()) as { data: { live: { nodes: { startDateTime: string }[] } } };
          for (const ride of json.data.live.nodes) {
            ride.startDateTime = new Date(Date.parse(ride.startDateTime) - 48 * 3_600_000).toISOString();
          }
          await route.fulfill({ response, json });
        });
      };
      await stage.visit({ ...phone, language: 'en', prepare }, async (page) => {
        await signInAs(page, '30', 'rider');
        await page.getByText(/^Started at \d\d-\d\d \d\d:\d\d$/).waitFor({ timeout: 20_000 });
      });
    });

    it('takes a no', async () => {
      await rides(stage, '32', 5_000);
      await stage.visit({ ...phone, prepare: answers('denied'), colorScheme: 'dark' }, async (page) => {
        await signInAs(page, '32', 'rider');
        await page.getByRole('button', { name: '초과요금이 붙기 전에 알림 받기' }).click();
        await page.getByText('브라우저에서 알림이 차단되어 있습니다.').waitFor();
        expect(await shown(page)).toEqual([]);
      });
    });
  },
  async () => ({ env: { OVERTIME_FREE_MINUTES: '10' } }),
);

describeInBrowser(
  'a ride over its time',
  (stage) => {
    it('says what it costs so far; what the points do not pay is a debt, and the next purchase pays it first', async () => {
      await rides(stage, '33', 1_000);
      await stage.visit({ ...phone, width: 390, language: 'en', shot: 'overtime-debt' }, async (page) => {
        await signInAs(page, '33', 'rider');
        await page.getByText('300P of overtime so far').waitFor();
        await page.getByText(/^600P from \d\d:\d\d$/).waitFor();
        await page.screenshot({ path: `${artifacts}overtime-over.png`, fullPage: true });
        await page.getByRole('button', { name: 'Return bike' }).click();
        await page.getByText('300P overtime unpaid').waitFor();
        await page.getByText('Until it is paid you cannot reserve.').waitFor();
        const receipt = page.locator('.receipt');
        await receipt.getByText('In all').waitFor();
        expect((await receipt.locator('dl').innerText()).split(/\s*\n\s*/)).toEqual([
          ...['Bike', '1', 'Time', expect.stringMatching(/^\d\d:\d\d–\d\d:\d\d \(\d+ seconds?\)$/)],
          ...['Reservation', '1,000P', 'Overtime', '300P', 'In all', '1,300P', 'Points left', '0P'],
        ]);
        await page.locator('.history').getByText('1,300P (overtime 300P)').waitFor();
        await page.screenshot({ path: `${artifacts}overtime-receipt.png`, fullPage: true });
        expect(await violationsOf(page)).toEqual([]);
        await page.locator('.notice').getByRole('button', { name: 'Buy points' }).click();
        const dialog = page.getByRole('dialog');
        // The debt and a reservation.
        await dialog.getByRole('button', { name: 'Buy 1,300P' }).click();
        await dialog.getByText('300P of them pay the overtime that you owe, 1,000P are left.').waitFor();
        await dialog.getByRole('button', { name: 'Pay ₩1,300' }).click();
        await page.getByText('Bought 1,300P. 300P of them pay the overtime that you owe, 1,000P are left.').waitFor();
        await page.getByText('300P overtime unpaid').waitFor({ state: 'detached' });
        await page.locator('.balance').getByText('1,000').waitFor();
        // Owed or paid, it is what the ride cost.
        await page.locator('.history').getByText('1,300P (overtime 300P)').waitFor();
        await receipt.getByRole('button', { name: 'Close' }).click();
        await receipt.waitFor({ state: 'detached' });
      });
    });
  },
  async () => ({ env: { OVERTIME_FREE_MINUTES: '0', OVERTIME_STEP_PRICE: '300' } }),
);
