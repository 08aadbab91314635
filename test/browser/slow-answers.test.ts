import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ChangeBikeConditionDocument } from '../../schema/client/generated/graphql.ts';
import { describeInBrowser } from './chromium.ts';

describeInBrowser('an answer that comes late', (stage) => {
  /** Holds back the answer to the request that contains this text until it is released. */
  async function holdBack(page: Page, text: string): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<null>();
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes(text)) return route.continue();
      const response = await route.fetch();
      await promise;
      await route.fulfill({ response });
    });
    return () => resolve(null);
  }

  it.each(['after', 'before'])('%s that to a later question changes nothing, and no outline stays', async (when) => {
    const [broken = 0, whole = 0] = await stage.registerBikes(2);
    const input = { bikeId: broken, condition: 'MAINTENANCE' } as const;
    await stage.operator.request(ChangeBikeConditionDocument, { input });
    await stage.visit({ path: '/fleet?tab=bikes', width: 1024, shot: `late-${when}` }, async (page) => {
      const list = page.getByRole('tabpanel');
      await list.locator('.lines li').first().waitFor();
      const letThrough = await holdBack(page, '"condition":"MAINTENANCE"');
      const asked = page.waitForRequest((request) => request.postData()?.includes('"MAINTENANCE"') ?? false);
      await list.locator('select').selectOption('MAINTENANCE');
      await asked;
      if (when === 'before') letThrough();
      await list.locator('select').selectOption('IN_SERVICE');
      await list.getByText(String(whole), { exact: true }).first().waitFor();
      letThrough();
      await page.waitForTimeout(1_000);
      expect(await list.locator('.skeleton').count()).toBe(0);
      const shown = await list.locator('.lines li').allInnerTexts();
      expect(shown.length).toBeGreaterThan(0);
      for (const line of shown) expect(line).not.toContain('정비 중');
    });
  });
});
