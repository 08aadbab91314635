import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createStaticRoute } from '../../router/product/static-pages.ts';
import {
  createLogger,
  processSettings,
  readConfig,
  sendJson,
  startHttpServer,
  type HttpServer,
} from '../../platform/server/index.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts } from './chromium.ts';
import { isChromiumInstalled, launchChromium } from './launch.ts';

/** Icons, manifests and the offline page together: what an app costs besides the pages. */
const budgetBytes = 60_000;

interface Manifest {
  name: string;
  lang: string;
  start_url: string;
  icons: { src: string; sizes: string; purpose?: string }[];
}

/** The pages without a graph behind them: an installed app opens without one. */
(isChromiumInstalled ? describe : describe.skip)('the pages as an app', () => {
  let webRoot: string;
  let server: HttpServer;
  let origin: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    webRoot = await mkdtemp(join(tmpdir(), 'web-'));
    await cp(join(import.meta.dirname, '../../web/dist'), webRoot, { recursive: true });
    server = await startHttpServer({
      ...{ port: 0, host: '127.0.0.1', keepAliveMs: 1_000, lingerMs: 0, drainMs: 0 },
      logger: createLogger('silent', 'router'),
      limits: readConfig(processSettings, { LANDSCAPE: 'test' }),
      routes: {
        '/': createStaticRoute(webRoot),
        '/config.json': (_request, response) => sendJson(response, 200, { landscape: 'test', devTokens: false }),
      },
      readiness: () => ({ ready: true, checks: {} }),
    });
    origin = `http://127.0.0.1:${server.port}`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await rm(webRoot, { recursive: true });
  });
  beforeEach(async () => {
    page = await (await browser.newContext({ viewport: { width: 390, height: 700 } })).newPage();
    page.setDefaultTimeout(20_000);
  });
  afterEach(() => page.context().close());

  const shell = () => page.locator('.header');
  /** Open pages that the service worker serves. */
  async function install(): Promise<void> {
    await page.goto(`${origin}/ride`);
    await page.evaluate('navigator.serviceWorker.ready');
    await until('it serves this page', () => page.evaluate<boolean>('navigator.serviceWorker.controller !== null'));
  }
  const kept = () =>
    page.evaluate<{ version: string; paths: string[] }[]>(`(async () => {
      const names = await caches.keys();
      return Promise.all(names.map(async (version) => {
        const requests = await (await caches.open(version)).keys();
        return { version, paths: requests.map(({ url }) => new URL(url).pathname) };
      }));
    })()`);

  it('can be installed, by the browser’s own rules', async () => {
    await install();
    const devtools = await page.context().newCDPSession(page);
    const { errors, data = '{}' } = await devtools.send('Page.getAppManifest');
    expect(errors).toEqual([]);
    expect(JSON.parse(data)).toMatchObject({ start_url: '/ride', display: 'standalone' });
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    // Tests run in a window that keeps nothing, which cannot install anything.
    expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);
  });

  it.each(['ko', 'en'] as const)('has a name and icons in %s, with their types, within a budget', async (language) => {
    const from = async (path: string) => {
      const response = await fetch(origin + path);
      expect([path, response.status]).toEqual([path, 200]);
      return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const { type, bytes } = await from(`/app/manifest.${language}.webmanifest`);
    expect(type).toBe('application/manifest+json; charset=utf-8');
    const manifest = JSON.parse(bytes.toString()) as Manifest;
    expect([manifest.lang, manifest.name]).toEqual([language, language === 'ko' ? '따릉이' : 'Ttareungi']);
    expect(manifest.icons.some(({ purpose }) => purpose === 'maskable')).toBe(true);
    let sum = bytes.length + (await from('/app/offline.html')).bytes.length;
    for (const { src, sizes } of manifest.icons) {
      const icon = await from(src);
      expect(icon.type).toBe('image/png');
      // A PNG says its width and height at byte 16.
      expect(`${icon.bytes.readUInt32BE(16)}x${icon.bytes.readUInt32BE(20)}`).toBe(sizes);
      sum += icon.bytes.length;
    }
    expect(sum).toBeLessThan(budgetBytes);
    await page.addInitScript(`localStorage.setItem('ttareungi.language', '${language}')`);
    await page.goto(`${origin}/ride`);
    await page.locator(`link[rel="manifest"][href$="manifest.${language}.webmanifest"]`).waitFor({ state: 'attached' });
  });

  it('says that it is offline, and opens again when it is not', async () => {
    await install();
    await page.context().setOffline(true);
    await page.goto(`${origin}/fleet?bike=17`);
    await page.getByText('You are offline.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.screenshot({ path: `${artifacts}offline.png` });
    await page.context().setOffline(false);
    await page.getByRole('link', { name: 'Try again' }).click();
    await shell().waitFor();
    expect(page.url()).toBe(`${origin}/fleet?bike=17`);
  });

  it('keeps files of the build and the offline page, and no answer of anything', async () => {
    await install();
    await page.reload();
    await shell().waitFor();
    await page.evaluate(
      "Promise.all(['/config.json', '/graphql?query={me}', '/app/icon-192.png'].map((path) => fetch(path)))",
    );
    await until('files are kept', async () => ((await kept())[0]?.paths.length ?? 0) > 3);
    const [only, ...others] = await kept();
    expect(others).toEqual([]);
    expect(only?.paths).toContain('/app/offline.html');
    expect(only?.paths.filter((path) => !path.startsWith('/assets/') && path !== '/app/offline.html')).toEqual([]);
  });

  it('takes the next version as soon as it is there, and forgets the last', async () => {
    await install();
    const [{ version: before } = { version: '' }] = await kept();
    const file = join(webRoot, 'service-worker.js');
    // As a deployment does, at once: a browser that asks meanwhile would take half a file for the next version.
    await writeFile(`${file}.next`, (await readFile(file, 'utf8')).replaceAll(before, 'the next version'));
    await rename(`${file}.next`, file);
    await page.reload();
    await until(
      'the next version serves',
      async () => (await kept()).map(({ version }) => version).join() === 'the next version',
    );
    await page.reload();
    await shell().waitFor();
  });
});
