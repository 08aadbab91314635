import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { describeInBrowser, overflowOf, rowOf, signInAs, untilLive } from './chromium.ts';

describeInBrowser('the story, by clicking', (stage) => {
  it('goes from registration to return, and everybody sees it', async () => {
    await stage.visit({ path: '/', width: 1440, colorScheme: 'dark', shot: 'story-dashboard' }, async (watcher) => {
      await untilLive(watcher);
      await stage.visit({ path: '/fleet?tab=register', width: 1024, shot: 'story-fleet' }, async (fleet) => {
        await fleet.getByLabel('색', { exact: true }).fill('white');
        await fleet.getByRole('button', { name: '등록', exact: true }).click();
        await fleet.getByText('자전거 1번(하양)을 등록했습니다.').waitFor();
        await watcher.locator('.feed').getByText('자전거 등록').waitFor();
      });

      await stage.visit({ path: '/ride', width: 390, height: 844, shot: 'story-ride' }, async (ride) => {
        await buy(ride, '3,000');
        await untilBalance(ride, '3,000');
        await buy(ride, '5,000');
        await untilBalance(ride, '8,000');

        await reserve(ride, 1);
        await untilBalance(ride, '7,000');
        await rowOf(watcher, 1).getByText('예약됨').waitFor();
        await ride.getByRole('button', { name: '예약 취소' }).click();
        await ride.getByRole('dialog').getByRole('button', { name: '예약 취소' }).click();
        await untilBalance(ride, '8,000');
        await rowOf(watcher, 1).getByText('예약취소').waitFor();

        await reserve(ride, 1);
        await ride.getByRole('timer').waitFor({ state: 'attached' });
        await ride.getByRole('button', { name: '대여 시작' }).click();
        await rowOf(watcher, 2).getByText('이용 중').waitFor();
        await ride.getByRole('button', { name: '반납하기' }).click();
        await ride.getByText('반납했습니다.').waitFor();
        await rowOf(watcher, 2).getByText('반납완료').waitFor();
        await ride.locator('.history').getByText('반납완료').waitFor();
        await untilBalance(ride, '7,000');
        expect(await overflowOf(ride)).toBe(0);
      });
    });
  });

  it('shows a rider at once what an operator does, and the operator what the rider did', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    await stage.visit({ path: '/ride', width: 390, height: 844, shot: 'story-forced-ride' }, async (ride) => {
      await signInAs(ride, '11', 'rider');
      await buy(ride, '1,000');
      await reserve(ride, bikeId);
      await ride.getByText(`${bikeId}번 자전거를 예약했습니다.`).waitFor();

      const path = `/fleet?bike=${bikeId}`;
      await stage.visit({ path, width: 1440, shot: 'story-forced-fleet' }, async (fleet) => {
        await fleet.getByRole('button', { name: /^예약 \d+ 강제 취소$/ }).click();
        await fleet.getByRole('dialog').getByLabel('사유').fill('Road works');
        await fleet.getByRole('dialog').getByRole('button', { name: '강제 취소' }).click();
        await fleet.getByText('아무도 쓰지 않습니다.').waitFor();
        await ride.locator('.history').getByText('예약취소').waitFor();
        await untilBalance(ride, '1,000');

        await fleet.locator('.lines').getByRole('link', { name: /^#/ }).first().click();
        await fleet.locator('.trail').getByText('Road works').waitFor();
        const search = fleet.getByRole('search').getByRole('searchbox');
        await search.fill(String(bikeId + 1_000));
        await search.press('Enter');
        await fleet.getByText('없는 예약 번호입니다.').waitFor();
        expect(await fleet.locator('input:focus').inputValue()).toBe(String(bikeId + 1_000));
      });
    });
  });

  it('says in words why something is refused, and what to do next', async () => {
    const [bikeId = 0] = await stage.registerBikes(1);
    await stage.visit({ path: '/ride', width: 390, height: 844, shot: 'story-refused' }, async (page) => {
      await signInAs(page, '999', 'rider');
      await reserve(page, bikeId);
      await page.getByText('포인트를 충전한 적이 없습니다.').waitFor();
      await page.getByRole('button', { name: '포인트 충전하기' }).click();
      await pay(page, '1,000');
      await untilBalance(page, '1,000');
      await page.locator('input[name="bikeId"]').fill('999999');
      await page.getByRole('button', { name: '999999번 자전거 예약하기' }).click();
      await page.getByText('없는 자전거 번호입니다.').waitFor();
      await page.getByRole('button', { name: `${bikeId}번을 예약하기` }).waitFor();
      expect(await overflowOf(page)).toBe(0);
    });
  });
});

async function buy(page: Page, points: string): Promise<void> {
  await page.getByRole('button', { name: '포인트 충전' }).click();
  await pay(page, points);
}

/** Chooses the amount, and confirms it. */
async function pay(page: Page, points: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: `${points}P 충전` }).click();
  await dialog.getByRole('button', { name: `${points}원 결제하기` }).click();
  await dialog.waitFor({ state: 'detached' });
}

async function untilBalance(page: Page, points: string): Promise<void> {
  await page.locator('.balance').getByText(points).waitFor();
}

async function reserve(page: Page, bikeId: number): Promise<void> {
  await page.locator('input[name="bikeId"]').fill(String(bikeId));
  await page.getByRole('button', { name: `${bikeId}번 자전거 예약하기` }).click();
}
