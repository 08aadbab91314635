import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser } from './chromium.ts';

const publicUrl = 'https://bikes.example';

describeInBrowser(
  'the page for developers',
  (stage) => {
    it('is found at the foot of a page, and every address on it answers', async () => {
      await stage.visit({ path: '/ride', width: 390, language: 'en' }, async (page) => {
        await page.locator('.foot a').click();
        await page.locator('.developers pre').first().waitFor();
        const links = page.locator('.developers dl a');
        expect(await links.allTextContents()).toEqual([
          `${publicUrl}/gbfs/3.0/gbfs.json`,
          `${publicUrl}/gbfs/3.1-RC3/gbfs.json`,
          `${publicUrl}/openapi/any-key/json/bikeList/1/1000/`,
          `${publicUrl}/openapi/any-key/xml/bikeList/1/1000/`,
        ]);
        for (const link of await page.locator('.developers a').all()) {
          const address = (await link.getAttribute('href')) ?? '';
          const answer = await page.request.get(stage.system.routerUrl + address);
          expect([address, answer.status()]).toEqual([address, 200]);
        }
        expect(await page.locator('.developers dd code').allTextContents()).toEqual([
          `${publicUrl}/ride?station=ST-102`,
          `${publicUrl}/ride?vehicle=<vehicle_id>`,
        ]);
        expect(await page.locator('.foot').count()).toBe(0);
        const tokenCall = (await page.locator('.developers pre').allTextContents()).find((text) =>
          text.includes('/dev/token'),
        );
        const [, data = ''] = /-d '(.*)'/.exec(tokenCall ?? '') ?? [];
        const headers = { 'content-type': 'application/json' };
        const token = await page.request.post(`${stage.system.routerUrl}/dev/token`, { headers, data });
        expect(await token.json()).toEqual({ token: expect.any(String), expiresAt: expect.any(String) });
      });
    });

    it('says where riders agree, and asks nobody to sign in to read that', async () => {
      const config = {
        ...{ landscape: 'production', devTokens: false, publicUrl },
        ...{ provider: true, issuer: 'https://login.example', audience: 'bikes' },
      };
      const visit = {
        ...({ path: '/developers', width: 390, language: 'ko', shot: 'developers-provider' } as const),
        // Nobody is signed in at this provider.
        expectedComplaints: /Failed to load resource/,
      };
      async function prepare(page: Page): Promise<void> {
        await page.route('**/config.json', (route) => route.fulfill({ json: config }));
        await page.route('**/auth/token', (route) => route.fulfill({ status: 401, json: {} }));
      }
      await stage.visit({ ...visit, prepare }, async (page) => {
        await page.getByText(config.issuer).waitFor();
        await page.getByText(config.audience, { exact: true }).waitFor();
        expect(await page.locator('.signed-out').count()).toBe(0);
        expect(await page.locator('.developers pre').count()).toBe(1);
      });
    });
  },
  async () => ({ env: { PUBLIC_URL: `${publicUrl}/` } }),
);
