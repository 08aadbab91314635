import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
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

  it('goes on with a subscription behind other tabs, whose stories go on from one another', async () => {
    const [taken = 0] = await stage.registerBikes(3);
    const other = await rider(stage.system, '11');
    await other.buys(5000);
    // After a demo, the first bike and the first reservation are taken.
    await other.reserves(taken);
    const prepare = (page: Page) => page.clock.install();
    const visit = { path: '/playground?lang=en', width: 1440, prepare, shot: 'playground-stories' };
    await stage.visit(visit, async (page) => {
      const response = page.locator('.graphiql-response');
      const execute = page.getByRole('button', { name: 'Execute' });
      const show = async (tab: string) => {
        await page.locator('.graphiql-tabs').getByRole('button', { name: tab, exact: true }).click();
        await page.locator('.graphiql-query-editor .view-lines').filter({ hasText: tab }).waitFor();
        // GraphiQL notices the tab's operation a moment after it shows it.
        await page.clock.runFor(1_000);
      };
      const run = async (tab: string, answer: RegExp) => {
        await show(tab);
        await execute.click();
        await response.locator('.view-lines').filter({ hasText: answer }).waitFor();
      };
      await show('DashboardUpdated');
      await execute.click();
      await page.getByRole('button', { name: 'Stop' }).waitFor();
      await run('BuyPoints', /"APPROVED"/);
      await run('RegisterBike', /"bikeId"/);
      await run('ReserveBike', /"RESERVED"/);
      await run('CancelReservation', /"CANCELLED"/);
      await run('ReserveBike', /"RESERVED"/);
      await run('Ride', /"RETURNED"/);
      await show('DashboardUpdated');
      await response.locator('.view-lines').filter({ hasText: 'BikeReturned' }).waitFor();
      expect(await response.innerText()).toMatch(/"count":\s(1\d|2\d)/);
      await stage.registerBikes(1);
      await response.locator('.view-lines').filter({ hasText: 'BikeRegistered' }).waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await execute.waitFor();
      await show('BuyPoints');
      await show('DashboardUpdated');
      expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
    });
  });

  it('asks as nobody, and signs nobody out elsewhere', async () => {
    await stage.visit({ path: '/playground', width: 1440, language: 'en' }, async (page) => {
      const asks = page.locator('.identity select');
      await asks.selectOption({ label: 'Signed out' });
      await until('nobody asks', async () => (await asks.inputValue()) === '');
      const other = await page.context().newPage();
      await other.goto(stage.system.routerUrl);
      await other.getByRole('button', { name: /^operator,/ }).waitFor();
    });
  });

  it.each([
    [
      'that may not be named',
      `Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } });`,
    ],
    ['that is full', `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };`],
  ])('answers without storage: %s', async (_name, script) => {
    const prepare = async (page: Page) => {
      await page.addInitScript(script);
    };
    await stage.visit({ path: '/playground?lang=ko', width: 1440, language: null, prepare }, async (page) => {
      await page.locator('.graphiql-query-editor .view-lines').filter({ hasText: 'RegisterBike' }).waitFor();
      await page.getByRole('button', { name: 'Execute' }).click();
      await page.locator('.graphiql-response .view-lines').filter({ hasText: '"bikeId"' }).waitFor();
      expect(await page.title()).toBe('따릉이 · GraphQL 실험실');
    });
  });

  it('goes by the server’s clock, as every page', async () => {
    const asked = Promise.withResolvers<null>();
    const prepare = async (page: Page) => {
      await page.route('**/graphql', (route) => {
        if (route.request().postData()?.includes('serverTime')) asked.resolve(null);
        return route.fallback();
      });
    };
    await stage.visit({ path: '/playground', width: 1440, prepare }, async () => {
      await asked.promise;
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
