import { it } from '@jest/globals';
import { until } from '../system.ts';
import { describeInBrowser } from './chromium.ts';

describeInBrowser('the playground', (stage) => {
  it('runs a subscription', async () => {
    await stage.visit({ path: '/playground', width: 1440, shot: 'playground-subscription' }, async (page) => {
      await page.getByRole('tab', { name: 'DashboardUpdated' }).click();
      await page.locator('.graphiql-query-editor .view-lines').filter({ hasText: 'DashboardUpdated' }).waitFor();
      const execute = page.getByRole('button', { name: 'Execute' });
      const response = page.locator('.graphiql-response');
      // GraphiQL notices the tab's operation a moment after it shows it, and the subscription begins a moment after the
      // click: press until it runs, and let something happen until it shows.
      await until(
        'the subscription tells of a bike',
        async () => {
          if (await execute.isVisible()) await execute.click();
          await stage.registerBikes(1);
          return (await response.innerText()).includes('BikeRegistered');
        },
        60_000,
        250,
      );
    });
  });
});
