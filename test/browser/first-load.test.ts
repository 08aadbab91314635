import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { OpenStationsDocument } from '../../schema/client/generated/graphql.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, overflowOf, untilLive } from './chromium.ts';

/** JavaScript that a page may load before it shows what it is for, gzipped. */
const budgetBytes = 200_000;
/** What the map of stations may add to that: it is a canvas of our own, and has 10 kB. */
const mapBudgetBytes = 30_000;

const pages: { path: string; ready: (page: Page) => Promise<void> }[] = [
  { path: '/', ready: untilLive },
  { path: '/ride', ready: (page) => page.locator('.find').waitFor() },
  { path: '/fleet', ready: (page) => page.getByRole('search').waitFor() },
];

describeInBrowser('the first load', (stage) => {
  it.each(pages)('of $path is light', async ({ path, ready }) => {
    await stage.visit({ path, width: 1440 }, async (page) => {
      await ready(page);
      const scripts = await scriptsOf(page);
      expect(scripts.length).toBeGreaterThan(2);
      const bytes = await sizeOf(scripts);
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

  describe('of the map of stations', () => {
    const scriptsAt = async (path: string, ready: (page: Page) => Promise<void>) => {
      let scripts: string[] = [];
      await stage.visit({ path, width: 1440 }, async (page) => {
        await ready(page);
        scripts = await scriptsOf(page);
      });
      return scripts;
    };
    const mapPages = [
      { path: '/', ready: untilLive },
      { path: '/ride', ready: (page: Page) => page.locator('.find').waitFor() },
    ];
    const before = new Map<string, string[]>();
    beforeAll(async () => {
      for (const { path, ready } of mapPages) before.set(path, await scriptsAt(path, ready));
      const station = { number: 101, nameKo: '망원역 1번출구 앞', district: 'MAPO' as const, racks: 10 };
      const stations = [{ ...station, position: { latitude: 37.5556488, longitude: 126.91062927 } }];
      await stage.operator.request(OpenStationsDocument, { input: { stations } });
    });

    it.each(mapPages)('on $path comes only with stations, and is light', async ({ path }) => {
      const known = new Set(before.get(path)?.map(nameIn));
      const scripts = await scriptsAt(path, (page) => page.locator('[data-station="ST-101"]').waitFor());
      const more = scripts.filter((url) => !known.has(nameIn(url)));
      expect(more.some((url) => /\/explorer-[^/]*\.js$/.test(url))).toBe(true);
      expect(await sizeOf(more)).toBeLessThanOrEqual(mapBudgetBytes);
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

const nameIn = (url: string) => new URL(url).pathname;

async function scriptsOf(page: Page): Promise<string[]> {
  const loaded = await page.evaluate<string[]>("performance.getEntriesByType('resource').map(({ name }) => name)");
  return [...new Set(loaded.filter((url) => url.endsWith('.js')))];
}

async function sizeOf(scripts: readonly string[]): Promise<number> {
  const sizes = await Promise.all(scripts.map(sizeOnTheWire));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sizeOnTheWire(url: string): Promise<number> {
  const { headers } = await fetch(url, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
  return Number(headers.get('content-length'));
}
