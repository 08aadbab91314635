/**
 * Makes the README's picture: the dashboard of a running system, as it is. In three terminals:
 * `npm start`, `npm run demo -- --seconds 600 --bikes 160 --riders 200`, and some minutes later
 * `node test/browser/picture.ts docs/dashboard.png [http://127.0.0.1:8088]`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { launchChromium } from './launch.ts';

const [file = 'docs/dashboard.png', url = 'http://127.0.0.1:8088'] = process.argv.slice(2);
/** Long enough for the feed to fill. */
const watchedMs = 20_000;

const browser = await launchChromium();
try {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 1100 },
    colorScheme: 'light',
    timezoneId: 'Asia/Seoul',
  });
  await page.goto(`${url}/?lang=en`);
  await page.locator('.connection[data-status="live"]').waitFor();
  await delay(watchedMs);
  await page.screenshot({ path: file });
} finally {
  await browser.close();
}
