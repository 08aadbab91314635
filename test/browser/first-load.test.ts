import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, overflowOf, untilLive } from './chromium.ts';

/** JavaScript that a page may load before it shows what it is for, gzipped. */
const budgetBytes = 200_000;

const pages: { path: string; ready: (page: Page) => Promise<void> }[] = [
  { path: '/', ready: untilLive },
  { path: '/ride', ready: (page) => page.locator('.find').waitFor() },
  { path: '/fleet', ready: (page) => page.getByRole('search').waitFor() },
];

describeInBrowser('the first load', (stage) => {
  it.each(pages)('of $path is light', async ({ path, ready }) => {
    await stage.visit({ path, width: 1440 }, async (page) => {
      await ready(page);
      const loaded = await page.evaluate<string[]>("performance.getEntriesByType('resource').map(({ name }) => name)");
      const scripts = loaded.filter((url) => url.endsWith('.js'));
      const sizes = await Promise.all(scripts.map(sizeOnTheWire));
      expect(sizes.length).toBeGreaterThan(2);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      expect(bytes).toBeGreaterThan(50_000);
      expect(bytes).toBeLessThanOrEqual(budgetBytes);
    });
  });

  it('of a part that a release has replaced fails in its place, and all around it stays', async () => {
    const prepare = async (page: Page) => {
      await page.route(/\/assets\/(search-box|bikes)-[^/]*\.js$/, (route) => route.fulfill({ status: 404 }));
    };
    const expectedComplaints = /404|dynamically imported module/;
    const visit = { path: '/fleet?tab=bikes', width: 1440, language: 'en', prepare, expectedComplaints } as const;
    await stage.visit({ ...visit, shot: 'replaced' }, async (page) => {
      await page.getByRole('tabpanel').getByRole('alert').getByRole('button', { name: 'Reload' }).waitFor();
      await page.getByRole('tab', { name: 'Search' }).click();
      await page.getByRole('search').waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('banner').getByRole('alert').getByRole('button', { name: 'Reload' }).waitFor();
      await page.getByRole('search').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    });
  });

  describe('without JavaScript', () => {
    it.each(['/', '/ride', '/fleet', '/playground'])('%s says what is needed, in both languages', async (path) => {
      await stage.visit({ path, width: 390, javaScriptEnabled: false }, async (page) => {
        const sentences = page.locator('noscript p');
        await sentences.first().waitFor();
        const [korean, english] = await sentences.allInnerTexts();
        expect(korean).toMatch('자바스크립트를 켜 주세요');
        expect(english).toMatch('Please allow it in your browser.');
      });
    });
  });
});

async function sizeOnTheWire(url: string): Promise<number> {
  const { headers } = await fetch(url, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
  return Number(headers.get('content-length'));
}
