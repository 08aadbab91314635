import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { BikesDocument } from '../../schema/client/generated/graphql.ts';
import { describeInBrowser } from './chromium.ts';

const file = `color,registeredDate
green,2026-11-23
,2026-11-23
white,2026-02-30
"blue
yellow,2026-11-24
black
`;

describeInBrowser('a file of bikes', (stage) => {
  it('is registered line by line, each once, with a report of what was not and why', async () => {
    const expectedComplaints = /ERR_FAILED/;
    const visit = { path: '/fleet?tab=register', width: 1024, shot: 'import', expectedComplaints };
    await stage.visit(visit, async (page) => {
      let isLost = false;
      await page.route('**/graphql', async (route) => {
        if (isLost || !route.request().postData()?.includes('"yellow"')) return route.continue();
        // The bike is registered, and nobody learns it.
        isLost = true;
        await route.fetch();
        await route.abort();
      });

      const chosen = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'CSV 파일 고르기' }).click();
      await (await chosen).setFiles({ name: 'bikes.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
      await page.getByText('등록할 3줄, 고쳐야 할 3줄').waitFor();

      await page.getByRole('button', { name: '3대 등록' }).click();
      await page.getByText('2대를 등록했습니다. 4줄은 등록하지 못했습니다.').waitFor();
      await page.getByRole('progressbar', { name: '등록 진행' }).getByText('3줄 중 3줄 처리').waitFor();
      const lines = await page.locator('table.report tbody tr').allInnerTexts();
      expect(lines.map((line) => line.split(/\s*\t\s*/)).map(([number, , status]) => `${number} ${status}`)).toEqual([
        '3 형식 오류',
        '4 형식 오류',
        '5 형식 오류',
        '6 실패',
        '2 등록됨',
        '7 등록됨',
      ]);

      await page.getByRole('button', { name: '못 한 1줄 다시' }).click();
      await page.getByText('3대를 등록했습니다. 3줄은 등록하지 못했습니다.').waitFor();
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: '결과를 CSV로 받기' }).click();
      const report = (await readFile(await (await saved).path(), 'utf8')).split('\r\n');
      expect(report[2]).toBe('3,,색이 없습니다.');
      expect(report[5]).toMatch(/^6,yellow,자전거 \d번$/);
    });
    const { bikes } = await stage.operator.request(BikesDocument, { first: 10 });
    expect(bikes.nodes.map(({ color }) => color).toSorted()).toEqual(['black', 'green', 'yellow']);
  });
});
