import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** As from another window: a file that a script makes is none that was dropped. */
export async function drop(page: Page, zone: Locator, content: string | Buffer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dropped-'));
  try {
    const file = join(folder, 'dropped.csv');
    await writeFile(file, content);
    await zone.scrollIntoViewIfNeeded();
    const box = await zone.boundingBox();
    if (!box) throw new Error('Nowhere to drop it.');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const devtools = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      const data = { items: [], files: [file], dragOperationsMask: 1 };
      await devtools.send('Input.dispatchDragEvent', { type, x, y, data });
    }
    await page.locator('[data-line]').first().waitFor();
  } finally {
    await rm(folder, { recursive: true });
  }
}
