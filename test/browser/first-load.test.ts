import { describe, expect, it } from '@jest/globals';
import { describeInBrowser, untilLive } from './chromium.ts';

/** JavaScript that the dashboard may load before it is live, gzipped. */
const budgetBytes = 200_000;

describeInBrowser('the first load', (stage) => {
  it('is light', async () => {
    await stage.visit({ path: '/', width: 1440 }, async (page) => {
      await untilLive(page);
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
