import { beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { describeInBrowser } from './chromium.ts';

const visit = { width: 1024, language: 'en' } as const;
const addressOf = (page: Page) => page.evaluate<string>('location.pathname + location.search');
const dialogOf = (page: Page) => page.getByRole('dialog');

/** The way back took a moment, and nothing on the screen tells. */
async function goBackTo(page: Page, address: string): Promise<void> {
  await page.goBack();
  await until(`the address is ${address}`, async () => (await addressOf(page)) === address);
}

/** An open dialog has its step some moments later. */
const untilSteps = (page: Page, dialogs: number) =>
  until(`${dialogs} dialogs have a step`, async () => (await page.evaluate('history.state?.dialogs ?? 0')) === dialogs);

/** A closed dialog takes its step with it, some moments later. */
const untilOnPage = (page: Page) =>
  until('no dialog’s step is there', async () => (await page.evaluate('history.state')) === null);

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

const dialogs = [
  { name: 'the account', path: '/', open: press(/^operator,/) },
  { name: 'the search', path: '/', open: press('Search everything') },
  { name: 'the account', path: '/ride', open: press(/^10,/) },
  { name: 'buying points', path: '/ride', open: press('Buy points') },
  { name: 'cancelling', path: '/ride', open: press('Cancel') },
  { name: 'a return that was not recognised', path: '/ride', open: press(/^Returned earlier\?/) },
  { name: 'the search', path: '/fleet', open: press('Search everything') },
  { name: 'the condition of a bike', path: '/fleet?bike=1', open: press(/^Change/) },
  { name: 'the code of a bike', path: '/fleet?bike=1', open: press(/QR/) },
  { name: 'a cancellation by an operator', path: '/fleet?reservation=2', open: press(/^Force-cancel/) },
  { name: 'many bikes', path: '/fleet?tab=bikes&pick=1', open: press(/^Change condition/) },
] as const;

describeInBrowser('the way back', (stage) => {
  beforeAll(async () => {
    const [ridden = 0, held = 0] = await stage.registerBikes(3);
    const one = await rider(stage.system, '10');
    await one.buys(5_000);
    const { reserveNo } = await one.reserves(ridden);
    await one.starts(reserveNo);
    await one.returns(reserveNo);
    await one.reserves(held);
  });

  it.each(dialogs)('closes $name on $path and stays; closed otherwise, it leaves no step', async ({ path, open }) => {
    const before = path === '/' ? '/ride' : '/';
    await stage.visit({ ...visit, path: before }, async (page) => {
      await page.goto(stage.system.routerUrl + path);
      await open(page);
      await dialogOf(page).waitFor();
      await untilSteps(page, 1);
      await goBackTo(page, path);
      await dialogOf(page).waitFor({ state: 'detached' });

      await open(page);
      await dialogOf(page).waitFor();
      await page.keyboard.press('Escape');
      await dialogOf(page).waitFor({ state: 'detached' });
      await untilOnPage(page);
      await goBackTo(page, before);
    });
  });

  it('closes the dialog on top first', async () => {
    await stage.visit({ ...visit, path: '/' }, async (page) => {
      await page.goto(`${stage.system.routerUrl}/fleet?bike=1`);
      await press(/^Change/)(page);
      await page.getByRole('dialog', { name: /bike 1/i }).waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await untilSteps(page, 2);
      await goBackTo(page, '/fleet?bike=1');
      await page.getByRole('combobox').waitFor({ state: 'detached' });
      await page.getByRole('dialog', { name: /bike 1/i }).waitFor();
      await goBackTo(page, '/fleet?bike=1');
      await dialogOf(page).waitFor({ state: 'detached' });
      await goBackTo(page, '/');
    });
  });

  it('leads past a dialog that led to another address, and back to it', async () => {
    await stage.visit({ ...visit, path: '/' }, async (page) => {
      await press('Search everything')(page);
      await page.getByRole('combobox').fill('1');
      await page.getByRole('option', { name: 'Bike 1' }).click();
      await until('the bike is found', async () => (await addressOf(page)) === '/fleet?bike=1');
      await goBackTo(page, '/');
      expect(await dialogOf(page).count()).toBe(0);
      await page.goForward();
      await until('the bike is found again', async () => (await addressOf(page)) === '/fleet?bike=1');
    });
  });

  it('keeps what a dialog changed in the address', async () => {
    await stage.visit({ ...visit, language: 'ko', path: '/' }, async (page) => {
      await page.goto(`${stage.system.routerUrl}/ride?lang=en`);
      await press(/^10,/)(page);
      await page.getByRole('radio', { name: '한국어' }).click();
      await until('the link’s language is gone', async () => (await addressOf(page)) === '/ride');
      await untilSteps(page, 1);
      await goBackTo(page, '/ride');
      await dialogOf(page).waitFor({ state: 'detached' });
      await goBackTo(page, '/');
    });
  });

  it('leads past a dialog that a reload has closed', async () => {
    await stage.visit({ ...visit, path: '/' }, async (page) => {
      await page.goto(`${stage.system.routerUrl}/ride`);
      await press('Buy points')(page);
      await dialogOf(page).waitFor();
      await untilSteps(page, 1);
      await page.reload();
      await untilOnPage(page);
      await page.getByRole('button', { name: 'Buy points' }).waitFor();
      expect(await dialogOf(page).count()).toBe(0);
      await page.goForward();
      await untilOnPage(page);
      await goBackTo(page, '/');
    });
  });
});
