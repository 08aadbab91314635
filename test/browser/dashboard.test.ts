import { expect, it } from '@jest/globals';
import { rider } from '../people.ts';
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

  it('is not for riders, and says so', async () => {
    await stage.visit({ path: '/', width: 1024, shot: 'dashboard-rider' }, async (page) => {
      await untilLive(page);
      await signInAs(page, '10', 'rider');
      await page.getByText('이 역할로는 현황을 볼 수 없습니다').waitFor();
    });
  });
});
