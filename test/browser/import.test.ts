import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { BikesDocument } from '../../schema/client/generated/graphql.ts';
import { describeInBrowser } from './chromium.ts';

const file = `color,registeredDate
green,2026-11-23
,2026-11-23
white,2026-02-30
"gre
en",
yellow,2026-11-24
black
black
`;

/** `똠방` in CP949: the first syllable is not in EUC-KR, and Excel in Korea saves it so. */
const cp949 = Buffer.from([0x8c, 0x63, 0xb9, 0xe6]);

const manyBikes = 1_500;
/** With one call per bike, a district took three minutes. */
const fewCalls = 8;

describeInBrowser('a file of bikes', (stage) => {
  const path = '/fleet?tab=register';

  async function choose(page: Page, content: string | Buffer, name = 'bikes.csv'): Promise<void> {
    const chosen = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'CSV 파일 고르기' }).click();
    await (await chosen).setFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });
  }
  const says = (page: Page, text: string | RegExp) => page.locator('.register-many').getByText(text).waitFor();
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const count = async () => (await stage.operator.request(BikesDocument, { first: 1 })).bikes.totalCount;

  it('is registered line by line, each once, with a report that can be read again', async () => {
    const visit = { path, width: 1024, shot: 'import', expectedComplaints: /ERR_FAILED/ };
    await stage.visit(visit, async (page) => {
      let isLost = false;
      await page.route('**/graphql', async (route) => {
        if (isLost || !route.request().postData()?.includes('"yellow"')) return route.continue();
        // The bikes are registered, but the answer is lost.
        isLost = true;
        await route.fetch();
        await route.abort();
      });
      await choose(page, file);
      await says(page, '등록할 4줄, 고쳐야 할 3줄');
      await press(page, '4대 등록');
      await says(page, /0줄이 등록되었습니다. 7줄은 등록되지 않았습니다. 전체 자전거 0대 → 4대./);
      await press(page, '못 한 4줄 다시');
      await says(page, /4줄이 등록되었습니다. 3줄은 등록되지 않았습니다. 전체 자전거 4대 → 4대./);
      await page.getByRole('progressbar', { name: '등록 진행' }).getByText('4줄 중 4줄 처리').waitFor();
      const lines = await page.locator('table.report tbody tr').allInnerTexts();
      expect(lines.map((line) => line.split(/\s*\t\s*/)).map(([number, , , status]) => `${number} ${status}`)).toEqual([
        '3 형식 오류',
        '4 형식 오류',
        '5 형식 오류',
        '2 등록됨',
        '7 등록됨',
        '8 등록됨',
        '9 등록됨',
      ]);

      const saved = page.waitForEvent('download');
      await press(page, '결과를 CSV로 받기');
      const report = await readFile(await (await saved).path(), 'utf8');
      expect(report.split('\r\n')[2]).toBe('3,,2026-11-23,,invalid,색이 없습니다.');

      // Only the corrected line is offered, in the page and in the report.
      await page.locator('textarea[name="csv"]').fill(file.replace('white,2026-02-30', 'white,2026-02-28'));
      await press(page, '1대 등록');
      await says(page, /5줄이 등록되었습니다. 2줄은 등록되지 않았습니다. 전체 자전거 4대 → 5대./);
      await choose(page, report.replace('2026-02-30', '2026.03.01'), 'import.csv');
      await press(page, '1대 등록');
      await says(page, /전체 자전거 5대 → 6대./);
    });
    const { bikes } = await stage.operator.request(BikesDocument, { first: 10 });
    expect(bikes.nodes.map(({ color }) => color).toSorted()).toEqual([
      'black',
      'black',
      'green',
      'white',
      'white',
      'yellow',
    ]);
  });

  it('that comes again registers nothing twice, and says so', async () => {
    const before = await count();
    await stage.visit({ path, width: 390, language: 'en', shot: 'import-again' }, async (page) => {
      await page.locator('textarea[name="csv"]').fill(file);
      await press(page, 'Register 4');
      await says(page, /Every line had been registered before/);
    });
    expect(await count()).toBe(before);
  });

  it('is read as Korean Excel saves it', async () => {
    await stage.visit({ path, width: 1024 }, async (page) => {
      await choose(page, Buffer.concat([Buffer.from('sep=;\r\n'), cp949, Buffer.from(';2018. 9. 28.\r\n')]));
      await page.locator('table.report').getByText('똠방').waitFor();
      await choose(page, Buffer.from('\uFEFF색상\t등록일\r\n초록\t2018.09.28\r\n', 'utf16le'));
      await press(page, '1대 등록');
      await says(page, /1줄이 등록되었습니다./);
    });
    const { bikes } = await stage.operator.request(BikesDocument, { filter: { color: '초록' } });
    expect(bikes.nodes.map(({ registeredDate }) => registeredDate)).toEqual(['2018-09-27T15:00:00.000Z']);
  });

  it('that is none, or too long, is refused at once with a reason', async () => {
    await stage.visit({ path, width: 1024 }, async (page) => {
      await choose(page, 'green\n'.repeat(200_000));
      await says(page, '한 번에 10,000줄까지 등록할 수 있습니다. 파일을 나누어 주세요.');
      await choose(page, Buffer.alloc(5_000_000, 'green\n'));
      await says(page, '파일이 너무 큽니다. 4MB, 10,000줄까지 등록할 수 있습니다.');
      await choose(page, Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 8, 0]));
      await says(page, /읽을 수 없는 파일입니다./);
      for (const nothing of ['', '\n \n', '색상,등록일\n']) {
        await choose(page, 'green');
        await page.locator('table.report').waitFor();
        await choose(page, nothing);
        await says(page, '등록할 줄이 없는 파일입니다.');
      }
      // What stood in the field still does: it may have been corrected there.
      expect(await page.locator('textarea[name="csv"]').inputValue()).toBe('green');
    });
  });

  it('that cannot be read any more is said to be so, and deletes nothing', async () => {
    const gone = "Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException('moved', 'NotFoundError'))";
    const prepare = async (page: Page) => {
      await page.addInitScript(gone);
    };
    await stage.visit({ path, width: 1024, prepare }, async (page) => {
      await page.locator('textarea[name="csv"]').fill('green');
      await choose(page, file);
      await says(page, '파일을 읽지 못했습니다. 다시 골라 주세요.');
      expect(await page.locator('textarea[name="csv"]').inputValue()).toBe('green');
    });
  });

  it('of a whole district is registered in a few calls, and can be stopped', async () => {
    const before = await count();
    const lines = Array.from({ length: manyBikes }, (_, place) => `green,2018-09-${(place % 28) + 1}`).join('\n');
    const prepare = async (page: Page) => {
      let isStopped = false;
      await page.route('**/graphql', async (route) => {
        if (!isStopped && route.request().postData()?.includes('mutation RegisterBikes')) {
          // While the first call is under way.
          isStopped = true;
          await press(page, '멈추기');
        }
        return route.fallback();
      });
    };
    await stage.visit({ path, width: 1024, shot: 'import-many', prepare }, async (page) => {
      let calls = 0;
      page.on('request', (request) => {
        if (request.postData()?.includes('mutation RegisterBikes')) calls += 1;
      });
      await choose(page, lines);
      await press(page, '1,500대 등록');
      await page.getByRole('button', { name: /^[\d,]+대 등록$/ }).waitFor();
      expect(await count()).toBeLessThan(before + manyBikes);

      await page.getByRole('button', { name: /^[\d,]+대 등록$/ }).click();
      await says(page, /1,500줄이 등록되었습니다. 0줄은/);
      expect(calls).toBeLessThanOrEqual(fewCalls);
    });
    expect(await count()).toBe(before + manyBikes);
  });
});
