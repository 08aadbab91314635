import { expect, it } from '@jest/globals';
import { until } from '../system.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser } from './chromium.ts';

describeInBrowser('the playground', (stage) => {
  it('runs a subscription', async () => {
    await stage.visit({ path: '/playground', width: 1440, shot: 'playground-subscription' }, async (page) => {
      await page.locator('.graphiql-tabs').getByRole('button', { name: 'DashboardUpdated' }).click();
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

  it('documents the schema, where there is room', async () => {
    await stage.visit({ path: '/playground', width: 1440, shot: 'playground-schema' }, async (page) => {
      await page.locator('.graphiql-plugin').getByRole('link', { name: 'Mutation', exact: true }).click();
      await page.locator('.graphiql-plugin').getByText('reserveBike', { exact: true }).waitFor();
      expect(await violationsOf(page)).toEqual([]);
    });
  });
});
