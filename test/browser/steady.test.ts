/** The screen stays true and usable, whatever the browser does. */
import { beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { rider, type Rider } from '../support/people.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { describeInBrowser, overflowOf, rowOf, untilLive } from './chromium.ts';

const hourMs = 3_600_000;

describeInBrowser('the dashboard and the fleet page', (stage) => {
  let rides: Rider;
  let holds: Rider;
  let other: Rider;
  let riding: number;
  let holding: number;
  let bikeIds: number[];

  beforeAll(async () => {
    bikeIds = await stage.registerBikes(5);
    [rides, holds, other] = (await Promise.all(['10', '11', '13'].map((id) => rider(stage.system, id)))) as [
      Rider,
      Rider,
      Rider,
    ];
    for (const one of [rides, holds, other]) await one.buys(20_000);
    ({ reserveNo: riding } = await rides.reserves(bikeIds[0] ?? 0));
    await rides.starts(riding);
    ({ reserveNo: holding } = await holds.reserves(bikeIds[1] ?? 0));
    const poor = await rider(stage.system, '12');
    await poor.reserves(bikeIds[2] ?? 0);
  });

  it.each([hourMs, -hourMs])(
    'tell the same with a device whose clock is %d ms off, and say that it is',
    async (offMs) => {
      await stage.visit(
        { path: '/', width: 1440, language: 'en', prepare: clockOff(offMs), shot: `steady-clock-${offMs}` },
        async (page) => {
          await untilLive(page);
          await page.getByText(/^The clock of your device is/).waitFor();
          await rowOf(page, holding)
            .getByText(/^[0-9]:[0-5][0-9] left$/)
            .waitFor();
          expect(await rowOf(page, holding).getByText('0:00 left').count()).toBe(0);
          await rowOf(page, riding)
            .getByText(/^for [0-9]:[0-5][0-9]$/)
            .waitFor();
          const concern = (name: RegExp) => page.getByRole('link', { name });
          await concern(/Rides over 60 minutes.*none/).waitFor();
          await concern(/Holds ending.*none/).waitFor();
          expect(await page.locator('.demand .bar').count()).toBeGreaterThan(0);
          expect(await page.getByText('Nothing was refused in this time.').count()).toBe(0);
        },
      );
    },
  );

  it('go on when the browser translates them, and show what is true', async () => {
    const spare = bikeIds[3] ?? 0;
    await stage.visit({ path: '/', width: 1440, language: 'en', shot: 'steady-translated' }, async (page) => {
      await untilLive(page);
      await translate(page);
      const { reserveNo } = await other.reserves(spare);
      await rowOf(page, reserveNo).getByText('Reserved').waitFor();
      await translate(page);
      await other.cancels(reserveNo);
      await rowOf(page, reserveNo).getByText('Cancelled').waitFor();
      expect(await rowOf(page, reserveNo).getByText('Reserved', { exact: true }).count()).toBe(0);
      await page.getByRole('button', { name: /Pause/ }).click();
      await page.getByText('The screen is paused.').waitFor();
      await page.getByRole('button', { name: 'Resume' }).first().click();
      const figures = await page.locator('.fleet dd').allInnerTexts();
      expect(figures).toEqual(['3', '1', '1', '0']);
      expect(await page.locator('.fleet h2').innerText()).toMatch(/5 in all/);
    });
    await stage.visit({ path: `/fleet?bike=${spare}`, width: 1024, language: 'en' }, async (page) => {
      await page.locator('.trail li').first().waitFor();
      await translate(page);
      const { reserveNo } = await other.reserves(spare);
      await page.getByRole('button', { name: `Force-cancel reservation ${reserveNo}` }).waitFor();
      await translate(page);
      await other.starts(reserveNo);
      await page.locator('.found .lines').first().getByText('In use').waitFor();
      await other.returns(reserveNo);
      await page.getByText('Nobody has it.').waitFor();
      expect(await page.locator('.facts').innerText()).toMatch(/yes/);
    });
  });
  it('are used by keyboard alone: the table is one stop, and the arrow keys go everywhere in it', async () => {
    await stage.visit({ path: '/', width: 1440, shot: 'steady-keyboard' }, async (page) => {
      await untilLive(page);
      await rowOf(page, riding).waitFor();
      const stops = await page.evaluate<number>(
        "[...document.querySelectorAll('.table :is(a, button, [tabindex])')].filter(({ tabIndex }) => tabIndex >= 0).length",
      );
      expect(stops).toBe(1);
      const focused = () =>
        page.evaluate<string>(
          "document.activeElement.closest('[data-column]')?.getAttribute('data-column') + ' ' + (document.activeElement.closest('[data-reserve-no]')?.getAttribute('data-reserve-no') ?? 'head')",
        );
      await page.locator('.table [tabindex="0"]').focus();
      expect(await focused()).toBe('reserveNo head');
      await page.keyboard.press('ArrowRight');
      expect(await focused()).toBe('reserveStatus head');
      await page.keyboard.press('Enter');
      await page.locator('[aria-sort="descending"][data-column="reserveStatus"]').waitFor();
      await page.keyboard.press('Enter');
      await page.locator('[aria-sort="ascending"][data-column="reserveStatus"]').waitFor();
      await page.keyboard.press('Control+End');
      expect(await focused()).toMatch(/^updatedAt \d+$/);
      await page.keyboard.press('Home');
      const last = await focused();
      // Something new arrives, and the page does not jump.
      const { reserveNo } = await other.reserves(bikeIds[4] ?? 0);
      await rowOf(page, reserveNo).waitFor();
      await other.cancels(reserveNo);
      await rowOf(page, reserveNo).getByText('예약취소').waitFor();
      expect(await focused()).toBe(last);
      await page.keyboard.press('Tab');
      expect(await page.evaluate("document.activeElement.closest('.table')")).toBeNull();
      await page.keyboard.press('Shift+Tab');
      expect(await focused()).toBe(last);
      await page.keyboard.press('Enter');
      await page.locator('#found-title').waitFor();
    });
  });

  it('keep the focus near when what was pressed goes away', async () => {
    const { reserveNo } = await other.reserves(bikeIds[4] ?? 0);
    await stage.visit({ path: `/fleet?bike=${bikeIds[4]}`, width: 1024, shot: 'steady-focus' }, async (page) => {
      await page.getByRole('button', { name: `예약 ${reserveNo} 강제 취소` }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByLabel('사유').fill('Road works');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByText('아무도 쓰지 않습니다.').waitFor();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await until('the focus is near', async () =>
        page.evaluate<boolean>(
          "document.activeElement !== document.body && document.activeElement.closest('.operations') !== null",
        ),
      );
    });
  });

  it('show what happens to a bike, a rider, a reservation while one looks, and as of when', async () => {
    const { reserveNo } = await other.reserves(bikeIds[4] ?? 0);
    const visit = {
      path: `/fleet?reservation=${reserveNo}`,
      width: 1024,
      language: 'en',
      shot: 'steady-live',
    } as const;
    await stage.visit(visit, async (page) => {
      await page.locator('.facts').getByText('Reserved').waitFor();
      const asOf = await page.getByText(/^As of \d\d:\d\d:\d\d KST$/).innerText();
      await other.starts(reserveNo);
      await page.locator('.facts').getByText('In use').waitFor();
      await other.returns(reserveNo);
      await page.locator('.facts').getByText('Returned', { exact: true }).first().waitFor();
      expect(await page.getByText(/^As of/).innerText()).not.toBe(asOf);
      await page.getByRole('button', { name: 'Refresh' }).click();
    });
  });

  const paths = [
    '/',
    '/fleet',
    `/fleet?bike=1`,
    '/fleet?rider=10',
    '/fleet?tab=bikes',
    '/fleet?tab=register',
    '/fleet?tab=parked',
  ];
  it.each(paths)(
    '%s fits a screen of 320 px, in both languages, with fields that no phone zooms into',
    async (path) => {
      for (const language of ['ko', 'en'] as const) {
        const shot = `steady-320-${paths.indexOf(path)}-${language}`;
        await stage.visit({ path, width: 320, height: 640, language, shot }, async (page) => {
          await page
            .locator(path === '/' ? '.row[data-status]' : '.tab-panel .card')
            .first()
            .waitFor();
          expect(await overflowOf(page)).toBeLessThanOrEqual(0);
          const small = await page.evaluate<string[]>(
            `[...document.querySelectorAll('main :is(input:not([type="file"]), select, textarea)')]
            .filter((field) => parseFloat(getComputedStyle(field).fontSize) < 16)
            .map(({ outerHTML }) => outerHTML)`,
          );
          expect(small).toEqual([]);
          const lost = await page.evaluate<string[]>(
            `[...document.querySelectorAll('.tab, .search-form .choice-option')]
            .filter((one) => one.getBoundingClientRect().right > one.parentElement.getBoundingClientRect().right)
            .map(({ textContent }) => textContent)`,
          );
          expect(lost).toEqual([]);
          expect(await violationsOf(page)).toEqual([]);
        });
      }
    },
  );

  it.each(['light', 'dark'] as const)('lose nothing where the person chose the colors: %s', async (colorScheme) => {
    for (const path of ['/', '/fleet?bike=1', '/fleet?tab=bikes']) {
      const shot = `steady-forced-${colorScheme}-${paths.indexOf(path)}`;
      await stage.visit({ path, width: 1440, colorScheme, forcedColors: 'active', shot }, async (page) => {
        await page
          .locator(path === '/' ? '.row[data-status]' : '.tab-panel .card')
          .first()
          .waitFor();
        const invisible = await page.evaluate<string[]>(invisibleSigns);
        expect(invisible).toEqual([]);
        if (path === '/') return;
        const underlined = await page.evaluate<(string | null)[]>(
          `[...document.querySelectorAll('.tab')].filter((tab) => {
            const ground = getComputedStyle(document.body).backgroundColor;
            return getComputedStyle(tab).borderBottomColor !== ground;
          }).map((tab) => tab.getAttribute('aria-selected'))`,
        );
        expect(underlined).toEqual(['true']);
      });
    }
  });

  it('stay where they are when the search opens above them', async () => {
    await stage.visit({ path: '/fleet', width: 390, language: 'ko' }, async (page) => {
      await page.getByRole('tab').first().waitFor();
      const places = () => Promise.all(['main', '.search-button'].map((part) => page.locator(part).boundingBox()));
      const before = await places();
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
      expect(await places()).toEqual(before);
    });
  });

  it('have a place for alerts before it is known whether there are any', async () => {
    const { promise: late, resolve: come } = Promise.withResolvers<null>();
    const prepare = async (page: Page) => {
      await page.route('**/graphql', async (route) => {
        if (route.request().postData()?.includes('query FleetAttention')) await late;
        await route.continue();
      });
    };
    await stage.visit({ path: '/fleet', width: 390, language: 'en', prepare }, async (page) => {
      await page.getByRole('tab').first().waitFor();
      const before = await page.locator('.tab-list').boundingBox();
      come(null);
      await page.locator('.alerts > .aside, .alert').waitFor();
      expect(await page.locator('.tab-list').boundingBox()).toEqual(before);
    });
  });

  it.each([320, 390, 480, 720, 768, 900, 960])('have a header of one line, at %d', async (width) => {
    for (const language of ['ko', 'en'] as const) {
      await stage.visit({ path: '/', width, language }, async (page) => {
        await page.getByRole('button', { name: /^operator,/ }).waitFor();
        expect((await page.locator('.header').boundingBox())?.height).toBeLessThanOrEqual(60);
      });
    }
  });

  it('say who one is in the language of the page', async () => {
    await stage.visit({ path: '/fleet', width: 1024, language: 'ko' }, async (page) => {
      await page.getByRole('button', { name: /^operator,/ }).click();
      await page.getByRole('dialog').getByText('operator 운영자').waitFor();
    });
  });

  it('have each field level with the button beside it', async () => {
    await stage.visit({ path: '/fleet', width: 1024, language: 'en' }, async (page) => {
      const ends = async (...parts: string[]) => {
        const boxes = await Promise.all(parts.map((part) => page.locator(part).boundingBox()));
        return boxes.map((box) => box && box.y + box.height);
      };
      const [field, button] = await ends('.search-form input', '.search-form [type="submit"]');
      expect(field).toBe(button);
      await page.getByRole('tab', { name: 'Bikes' }).click();
      const [number, select] = await ends('.list-tools input[name="number"]', '.list-tools select >> nth=0');
      expect(number).toBe(select);
    });
  });

  it('take the number of a bike or a reservation as people type it, and nothing else for one', async () => {
    const bikeId = bikeIds[4] ?? 0;
    await stage.visit({ path: '/fleet?bike=0x1', width: 1024, language: 'en' }, async (page) => {
      const results = page.getByRole('tabpanel');
      await results.getByText('No bike has this number.').waitFor();
      const form = page.getByRole('search');
      await form.locator('input[name="id"]').fill(` ${fullWidth(bikeId)} `);
      await form.getByRole('button', { name: 'Search' }).click();
      await page.getByRole('heading', { name: `Bike ${bikeId}` }).waitFor();
      await page.goto(`${new URL(page.url()).origin}/fleet?reservation=1e0`);
      await results.getByText('No reservation has this number.').waitFor();
    });
  });

  it("say themselves what a form lacks, in the page's language, until it is there", async () => {
    await stage.visit({ path: '/fleet?tab=register', width: 1024, language: 'ko', locale: 'en-US' }, async (page) => {
      const field = page.getByLabel('색', { exact: true });
      await field.fill('');
      await page.locator('.register-one button[type="submit"]').click();
      await page.locator('.register-one').getByText('입력하세요.').waitFor();
      expect(await page.evaluate('document.activeElement.name')).toBe('color');
      expect(await violationsOf(page)).toEqual([]);
      await field.fill('green');
      await page.locator('.register-one').getByText('입력하세요.').waitFor({ state: 'detached' });
      await page.goto(`${new URL(page.url()).origin}/fleet?bike=${bikeIds[4] ?? 0}`);
      await page.getByRole('button', { name: /^상태 변경/ }).click();
      const dialog = page.getByRole('dialog');
      await dialog.locator('button[type="submit"]').click();
      await dialog.getByText('사유를 적어 주세요.').waitFor();
      expect(await page.evaluate('document.activeElement.name')).toBe('reason');
    });
  });
});

/** `１` for `1`, as a Korean keyboard may write it. */
const fullWidth = (number: number) =>
  String(number).replace(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0));

/** As Chrome's translation does: every text is moved into elements of its own, except where the page forbids it. */
async function translate(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      const parent = text.parentElement;
      if (!text.data.trim() || parent.closest('[translate="no"], script, style, font, textarea')) continue;
      const outer = document.createElement('font');
      const inner = document.createElement('font');
      outer.append(inner);
      text.replaceWith(outer);
      inner.append(text.data);
    }
  })()`);
}

const clockOff = (offMs: number) => async (page: Page) => {
  await page.addInitScript(`{
    const TrueDate = Date;
    globalThis.Date = class extends TrueDate {
      constructor(...given) {
        super(...(given.length > 0 ? given : [TrueDate.now() + ${offMs}]));
      }
      static now() {
        return TrueDate.now() + ${offMs};
      }
    };
  }`);
};

/** Characters without enough contrast to their background. */
const invisibleSigns = `(() => {
  const ground = getComputedStyle(document.body).backgroundColor;
  const isInvisible = (sign) => {
    const look = getComputedStyle(sign);
    if (sign instanceof SVGElement) return look.fill === ground;
    const hasEdge = look.boxShadow !== 'none' || parseFloat(look.borderTopWidth) > 0;
    const isBlank = [ground, 'rgba(0, 0, 0, 0)'].includes(look.backgroundColor) && look.backgroundImage === 'none';
    return isBlank && !hasEdge;
  };
  return [...document.querySelectorAll('.key, .cell, .fleet-bar > :not([hidden]), .lamp, .bar')]
    .filter(isInvisible)
    .map(({ outerHTML }) => outerHTML.slice(0, 120));
})()`;
