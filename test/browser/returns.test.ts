/** A rider reports a return that was not recognised, an operator settles it, and both see it without asking. */
import { expect, it } from '@jest/globals';
import { ReservationDocument } from '../../schema/client/generated/graphql.ts';
import { seoulMinute } from '../../web/src/shared/i18n/seoul-time.ts';
import { rider } from '../support/people.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, overflowOf, signInAs } from './chromium.ts';

const phone = { path: '/ride', width: 390, height: 844, language: 'en' } as const;
const desk = { path: '/fleet?tab=reports', width: 1280, height: 900, language: 'en' } as const;

describeInBrowser(
  'a return that was not recognised',
  (stage) => {
    it('is reported on a phone and settled at a desk', async () => {
      const [bikeId = 0] = await stage.registerBikes(1);
      const one = await rider(stage.system, '51');
      await one.buys(5_000);
      const { reserveNo } = await one.reserves(bikeId);
      await one.starts(reserveNo);
      await stage.visit({ ...desk, shot: 'reports-settled' }, async (office) => {
        await signInAs(office, 'boss', 'operator');
        await office.getByText('No report waits for you.').waitFor();
        await stage.visit({ ...phone, shot: 'return-settled' }, async (page) => {
          await signInAs(page, '51', 'rider');
          await page.getByRole('button', { name: 'Returned, but the ride goes on?' }).click();
          const dialog = page.getByRole('dialog');
          // As early as the page can say: within the minute in which the ride began, it is its beginning.
          const began = seoulMinute(await startOf(reserveNo));
          // The page takes no other time for the one that somebody typed.
          for (const wrong of ['2020-01-01T00:00', '9999-12-31T23:59', '']) {
            await dialog.getByLabel('When').fill(wrong);
            await dialog.getByRole('button', { name: 'Report' }).click();
            await dialog.getByText('Enter a time within the ride.').waitFor();
          }
          await dialog.getByLabel('When').fill(began);
          // Pasted from a spreadsheet or a file's properties.
          for (const pasted of ['Dock\t12', '\u202aDock 12\u202c']) {
            await dialog.getByLabel('Anything else').fill(pasted);
            await dialog.getByRole('button', { name: 'Report' }).click();
            await dialog.getByText('It has a character that cannot be used').waitFor();
          }
          expect(await violationsOf(page)).toEqual([]);
          await dialog.getByLabel('Anything else').fill('The light stayed red.');
          expect(await violationsOf(page)).toEqual([]);
          expect(await overflowOf(page)).toBe(0);
          await dialog.getByRole('button', { name: 'Report' }).click();
          await page
            .getByText(/^Return reported for .*An operator looks into it\.$/)
            .first()
            .waitFor();
          expect(await page.getByRole('button', { name: 'Returned, but the ride goes on?' }).count()).toBe(0);

          const report = office.locator(`article[data-reserve-no="${reserveNo}"]`);
          await report.getByText('The light stayed red.').waitFor();
          await report.getByText('goes on').waitFor();
          expect(await violationsOf(office)).toEqual([]);
          await report.getByRole('button', { name: `Settle the return of reservation ${reserveNo}` }).click();
          await office.getByRole('dialog').getByLabel('To the rider (optional)').fill('The dock was broken.');
          expect(await violationsOf(office)).toEqual([]);
          await office.getByRole('dialog').getByRole('button', { name: 'Settle' }).click();
          await office.getByText(`The return of reservation ${reserveNo} is settled.`).first().waitFor();
          await office.getByText('No report waits for you.').waitFor();

          const receipt = page.locator('.receipt');
          await receipt.getByText(/^Put right: returned at /).waitFor();
          await receipt.getByText('The dock was broken.').waitFor();
          expect(await violationsOf(page)).toEqual([]);
          expect(await overflowOf(page)).toBe(0);
        });
      });
      expect(await one.points()).toBe(4_000);
      const look = { path: '/fleet?rider=51', width: 320, language: 'ko', colorScheme: 'dark' } as const;
      await stage.visit({ ...look, shot: 'rider-returns-320' }, async (page) => {
        const settled = page.locator('[data-report="SETTLED"]');
        await settled.getByText('처리됨').waitFor();
        await settled.getByText('The dock was broken.').waitFor();
        expect(await settled.getByRole('link').getAttribute('href')).toBe(`/fleet?reservation=${reserveNo}`);
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      });
    });

    it('is reported of a ride that has ended, and told when it is turned down', async () => {
      const [bikeId = 0] = await stage.registerBikes(1);
      const one = await rider(stage.system, '52');
      await one.buys(5_000);
      const { reserveNo } = await one.reserves(bikeId);
      await one.starts(reserveNo);
      await one.returns(reserveNo);
      let maps = 0;
      await stage.visit({ ...desk, width: 390, height: 844, shot: 'reports-phone' }, async (office) => {
        office.on('websocket', (socket) =>
          socket.on('framesent', ({ payload }) => {
            maps += Number(String(payload).includes('StationCountsChanged'));
          }),
        );
        await signInAs(office, 'boss', 'operator');
        await office.getByText('No report waits for you.').waitFor();
        await stage.visit({ ...phone, width: 320, shot: 'return-rejected' }, async (page) => {
          await signInAs(page, '52', 'rider');
          await page.getByRole('button', { name: 'Returned earlier?' }).click();
          await page.getByRole('dialog').getByRole('button', { name: 'Report' }).click();
          await page.getByText(/^Return reported for /).waitFor();
          const report = office.locator(`article[data-reserve-no="${reserveNo}"]`);
          await report.waitFor();
          expect(await violationsOf(office)).toEqual([]);
          expect(await overflowOf(office)).toBe(0);
          await report.getByRole('button', { name: `Reject the report of reservation ${reserveNo}?` }).click();
          const reject = office.getByRole('dialog').getByRole('button', { name: 'Reject' });
          await reject.click();
          await office.getByText('Say why.').waitFor();
          // By keys, as a person does: no letter is lost with the message.
          await office.keyboard.type('It was seen on its way.');
          await reject.click();
          await page.getByText(/is turned down\.$/).waitFor();
          await page.getByText('It was seen on its way.').waitFor();
          // Another report may say what was missing.
          await page.getByRole('button', { name: 'Returned earlier?' }).waitFor();
          expect(await violationsOf(page)).toEqual([]);
          expect(await overflowOf(page)).toBe(0);
        });
      });
      // A report says the name of a station, and follows no map for it.
      expect(maps).toBe(0);
    });

    it('has nothing to do with a fault, which is reported beside it and seen to', async () => {
      const [bikeId = 0] = await stage.registerBikes(1);
      const one = await rider(stage.system, '53');
      await one.buys(5_000);
      const { reserveNo } = await one.reserves(bikeId);
      await one.starts(reserveNo);
      await stage.visit({ ...desk, shot: 'faults' }, async (office) => {
        await signInAs(office, 'boss', 'operator');
        await office.getByText('No fault is reported.').waitFor();
        await stage.visit({ ...phone, shot: 'fault-report' }, async (page) => {
          await signInAs(page, '53', 'rider');
          await page.getByRole('button', { name: 'Report a fault' }).click();
          const dialog = page.getByRole('dialog');
          await dialog.getByLabel('What is broken').selectOption('CHAIN');
          await dialog.getByLabel('Anything else').fill('It came off.');
          expect(await violationsOf(page)).toEqual([]);
          expect(await overflowOf(page)).toBe(0);
          await dialog.getByRole('button', { name: 'Report' }).click();
          await page.getByText('Reported. Thank you for telling us.').first().waitFor();
        });
        const broken = office.locator(`article[data-bike-id="${bikeId}"]`);
        await broken.getByText('It came off.').waitFor();
        await stage.visit({ ...desk, path: '/fleet?rider=53', shot: 'rider-faults' }, async (page) => {
          const fault = page.locator('.found .lines li', { hasText: 'It came off.' });
          expect(await fault.getByRole('link').getAttribute('href')).toBe(`/fleet?bike=${bikeId}`);
          expect(await violationsOf(page)).toEqual([]);
        });
        expect(await violationsOf(office)).toEqual([]);
        await broken.getByRole('button', { name: /^Seen to/ }).click();
        await office.getByText('No fault is reported.').waitFor();
      });
    });

    async function startOf(reserveNo: number): Promise<string> {
      const { reservation } = await stage.operator.request(ReservationDocument, { reserveNo });
      return reservation?.startDateTime ?? '';
    }
  },
  async () => ({ env: { OVERTIME_FREE_MINUTES: '0' } }),
);
