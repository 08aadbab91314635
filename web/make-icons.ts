/** `node web/make-icons.ts` draws the icons of the installed app from the wheel, in a browser; what it writes is committed. */
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const wheel = readFileSync(new URL('src/shared/ui/wheel.svg', import.meta.url), 'utf8').replaceAll(
  '#00a651',
  '#ffffff',
);
/** Devices cut the corners of a maskable icon: what matters stands in the middle 80 %. */
const icons = [
  { name: 'icon-192', pixels: 192, share: 0.72, radius: 0.2 },
  { name: 'icon-512', pixels: 512, share: 0.72, radius: 0.2 },
  { name: 'icon-maskable-512', pixels: 512, share: 0.56, radius: 0 },
  { name: 'icon-apple-180', pixels: 180, share: 0.68, radius: 0 },
];

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const { name, pixels, share, radius } of icons) {
  const page = await browser.newPage({ viewport: { width: pixels, height: pixels } });
  const size = Math.round(pixels * share);
  await page.setContent(
    `<body style="margin:0"><div style="display:grid;place-items:center;height:100vh;background:#00783d;border-radius:${radius * pixels}px">
     ${wheel.replace('<svg', `<svg width="${size}" height="${size}"`)}`,
  );
  await page.screenshot({
    path: new URL(`public/app/${name}.png`, import.meta.url).pathname,
    omitBackground: true,
  });
  await page.close();
}
await browser.close();
