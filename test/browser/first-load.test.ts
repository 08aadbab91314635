import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, untilLive } from './chromium.ts';

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
