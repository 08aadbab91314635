import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { ChangeBikeConditionDocument } from '../../schema/client/generated/graphql.ts';
import { rider } from '../support/people.ts';
import { describeInBrowser, signInAs } from './chromium.ts';

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
      await list.locator('[data-bike]').first().waitFor();
      const letThrough = await holdBack(page, '"condition":["MAINTENANCE"]');
      const asked = page.waitForRequest((request) => request.postData()?.includes('"MAINTENANCE"') ?? false);
      await list.locator('select[name="condition"]').selectOption('MAINTENANCE');
      await asked;
      if (when === 'before') letThrough();
      await list.locator('select[name="condition"]').selectOption('IN_SERVICE');
      await list.getByText(String(whole), { exact: true }).first().waitFor();
      letThrough();
      await page.waitForTimeout(1_000);
      expect(await list.locator('.skeleton').count()).toBe(0);
      const shown = await list.locator('[data-bike]').allInnerTexts();
      expect(shown.length).toBeGreaterThan(0);
      for (const line of shown) expect(line).not.toContain('정비 중');
    });
  });

  it('that never comes costs nothing twice, though the page was left before the second click', async () => {
    const userId = 'unanswered';
    await (await rider(stage.system, userId)).buys(1_000);
    const visit = { path: '/ride', width: 390, height: 844, shot: 'unanswered', expectedComplaints: /ERR_FAILED/ };
    await stage.visit(visit, async (page) => {
      await signInAs(page, userId, 'rider');
      const keys: unknown[] = [];
      await page.route('**/graphql', async (route) => {
        const { query, variables } = route.request().postDataJSON() as {
          query: string;
          variables: { input?: { idempotencyKey?: string } };
        };
        if (!query.includes('mutation BuyPoints')) return route.continue();
        // The first is carried out; only its answer is lost.
        const isFirst = keys.push(variables.input?.idempotencyKey) === 1;
        const response = await route.fetch();
        return isFirst ? route.abort() : route.fulfill({ response });
      });
      await buy(page);
      await page.getByRole('dialog').getByText('서버가 응답하지 않습니다').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: '운영' }).click();
      await page.getByRole('search').waitFor();
      await page.getByRole('link', { name: '대여' }).click();
      await page.locator('.balance').getByText('4,000').waitFor();
      await buy(page);
      await page.getByText('3,000P를 충전했습니다.').waitFor();
      expect(keys).toEqual([expect.any(String), keys[0]]);
      await page.waitForTimeout(1_000);
      expect(await page.locator('.balance').innerText()).toMatch(/^4,000/);
    });
  });

  it('that never comes is no answer to what is wanted after the page has shown what became of it', async () => {
    const [bikeId = 0, taken = 0] = await stage.registerBikes(2);
    const [other, person] = [await rider(stage.system, 'has-it'), await rider(stage.system, 'wants-it-again')];
    await Promise.all([other.buys(1_000), person.buys(5_000)]);
    await other.reserves(taken);
    const visit = { path: '/ride', width: 390, height: 844, language: 'en', expectedComplaints: /ERR_FAILED/ } as const;
    await stage.visit(visit, async (page) => {
      await signInAs(page, person.userId, 'rider');
      const [find, waits] = [page.locator('.find'), page.locator('.waiting')];
      const choose = (number: number) => find.locator('input[name="bikeId"]').fill(String(number));

      await loseFirst(page, 'mutation ReserveBikeOrAnother');
      const current = page.locator('.current[data-status="RESERVED"]');
      const cancel = async () => {
        await current.getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
        await current.waitFor({ state: 'detached' });
      };
      const reserve = find.getByRole('button', { name: `Reserve bike ${bikeId}` });
      await choose(bikeId);
      await reserve.click();
      await current.waitFor();
      await cancel();
      await choose(bikeId);
      await reserve.click();
      await current.waitFor();
      await cancel();

      await loseFirst(page, 'mutation WaitForBike');
      await loseFirst(page, 'mutation StopWaiting');
      const [wait, stop] = ['Tell me when one is free', 'Stop waiting'].map((name) =>
        page.getByRole('button', { name }),
      );
      await choose(taken);
      for (const _time of [1, 2]) {
        await wait?.click();
        await waits.waitFor();
        await stop?.click();
        await waits.waitFor({ state: 'detached' });
      }
    });
  });

  /** Carries out the first request that contains this text; its answer is lost. */
  async function loseFirst(page: Page, text: string): Promise<void> {
    let isLost = false;
    await page.route('**/graphql', async (route) => {
      if (isLost || !route.request().postData()?.includes(text)) return route.fallback();
      isLost = true;
      await route.fetch();
      await route.abort();
    });
  }

  async function buy(page: Page): Promise<void> {
    await page.getByRole('button', { name: '포인트 충전' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '3,000P 충전', exact: true }).click();
    await dialog.getByRole('button', { name: '3,000원 결제하기' }).click();
  }
});
