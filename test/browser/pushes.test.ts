/** A rider agrees to be told while the page is closed, is told, and takes it back. */
import { afterAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { createPushKey } from '../../deploy/local/development-keys.ts';
import { publicKeyOf } from '../../subgraphs/reservation/pushes/pushes.ts';
import { rider } from '../support/people.ts';
import { startPushService } from '../support/push-service.ts';
import { until } from '../support/until.ts';
import { violationsOf } from './accessibility.ts';
import { artifacts, describeInBrowser, overflowOf, signInAs, type Stage } from './chromium.ts';

let service: Awaited<ReturnType<typeof startPushService>> | undefined;
const services = () => service ?? Promise.reject(new Error('No push service.'));
const key = createPushKey();
const publicKey = publicKeyOf(key.VAPID_PRIVATE_KEY) ?? '';

afterAll(() => service?.close());

type Subscribed = { endpoint: string; p256dh: string; auth: string };

/**
 * A browser whose person says yes or no, and whose push service is the test's: Chromium's own is not to be reached here.
 * What it is asked for is kept, over a reload too.
 */
function device(answer: 'granted' | 'denied', subscribed: Subscribed | null = null) {
  return async (page: Page) => {
    await page.addInitScript(`
      const kept = (name) => JSON.parse(localStorage.getItem('device.' + name) ?? 'null');
      const keep = (name, value) => localStorage.setItem('device.' + name, JSON.stringify(value));
      Object.defineProperty(Notification, 'permission', { get: () => kept('permission') ?? 'default' });
      Notification.requestPermission = async () => {
        // As a browser does that asks nobody outside of a click.
        if (!navigator.userActivation.isActive) return 'default';
        keep('permission', '${answer}');
        return '${answer}';
      };
      const { endpoint, p256dh, auth } = ${JSON.stringify(subscribed ?? {})};
      const of = (key) => key && {
        endpoint,
        options: { applicationServerKey: Uint8Array.from(atob(key.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0)).buffer },
        toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
        async unsubscribe() {
          keep('subscribed', null);
          return true;
        },
      };
      if (endpoint) {
        PushManager.prototype.getSubscription = async () => of(kept('subscribed'));
        PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
          if (!userVisibleOnly) throw new DOMException('Nothing may be told in secret.', 'NotAllowedError');
          keep('subscribed', applicationServerKey);
          return of(applicationServerKey);
        };
      }
    `);
  };
}
const subscribedIn = (page: Page) =>
  page.evaluate<string | null>("JSON.parse(localStorage.getItem('device.subscribed'))");
const switchIn = (page: Page) => page.getByRole('switch');
const phone = { path: '/ride', width: 390, height: 844 };

/** How many browsers of a rider the server tells. */
async function browsersOf({ system }: Stage, userId: string): Promise<number> {
  const reservation = system.services?.reservation.runtime.database;
  return (await reservation?.collection('push_subscriptions').countDocuments({ userId })) ?? NaN;
}

describeInBrowser(
  'a rider who wants to be told while the page is closed',
  (stage) => {
    it('agrees by a click, is told by a push, and takes it back by another', async () => {
      const browser = (await services()).browser();
      const prepare = device('granted', browser);
      await stage.visit({ ...phone, language: 'en', prepare, shot: 'pushes-on' }, async (page) => {
        await signInAs(page, '41', 'rider');
        await switchIn(page).waitFor();
        expect([await switchIn(page).isChecked(), await subscribedIn(page)]).toEqual([false, null]);
        expect(await violationsOf(page)).toEqual([]);
        await switchIn(page).click();
        await page.getByText('This browser is told from now on.').waitFor();
        expect([await subscribedIn(page), await browsersOf(stage, '41')]).toEqual([publicKey, 1]);
        expect(await violationsOf(page)).toEqual([]);
        expect(await overflowOf(page)).toBe(0);

        const [bikeId = 0] = await stage.registerBikes(1);
        const person = await rider(stage.system, '41');
        await person.buys(5_000);
        await person.reserves(bikeId);
        await until('it is pushed', () => (service?.pushed.length ?? 0) > 0);
        const [{ text } = { text: { title: '', body: '', tag: '', url: '' } }] = service?.pushed ?? [];
        expect(text.body).toContain(`Bike ${bikeId} is held for you until`);
        await page.context().grantPermissions(['notifications']);
        await deliver(page, JSON.stringify(text));
        const { title, body, tag } = text;
        await until('it is shown', async () => (await shownIn(page)).length > 0);
        expect(await shownIn(page)).toEqual([{ title, body, tag }]);

        await switchIn(page).click();
        await page.getByText('This browser is not told any more.').waitFor();
        expect([await subscribedIn(page), await browsersOf(stage, '41')]).toEqual([null, 0]);
      });
    });

    it('is still told after a reload, under the key and in the language of then, and no more after signing out', async () => {
      const browser = (await services()).browser();
      const desktop = { path: '/ride', width: 1280, colorScheme: 'dark' } as const;
      await stage.visit({ ...desktop, prepare: device('granted', browser) }, async (page) => {
        await signInAs(page, '42', 'rider');
        await switchIn(page).click();
        await page.getByText('이제 이 브라우저에 알려 드립니다.').waitFor();
        // As if the server signed with another key then.
        const another = publicKeyOf(createPushKey().VAPID_PRIVATE_KEY);
        await page.evaluate(`localStorage.setItem('device.subscribed', '"${another}"')`);
        await page.reload();
        await until('it has subscribed anew', async () => (await subscribedIn(page)) === publicKey);
        expect(await switchIn(page).isChecked()).toBe(true);
        expect(await violationsOf(page)).toEqual([]);
        await page.screenshot({ path: `${artifacts}pushes-desktop.png` });
        await page.getByRole('button', { name: /^42,/ }).click();
        await page.getByRole('dialog').getByRole('button', { name: '로그아웃' }).click();
        await until('nothing is told there', async () => (await browsersOf(stage, '42')) === 0);
        expect(await subscribedIn(page)).toBe(null);
      });
    });

    it('may say no, and hears how to change their mind', async () => {
      const prepare = device('denied', (await services()).browser());
      await stage.visit({ ...phone, prepare, shot: 'pushes-blocked' }, async (page) => {
        await signInAs(page, '43', 'rider');
        await switchIn(page).click();
        await page.getByText('브라우저에서 알림이 차단되어 있습니다.').waitFor();
        expect([await switchIn(page).count(), await subscribedIn(page)]).toEqual([0, null]);
        expect(await browsersOf(stage, '43')).toBe(0);
      });
    });

    it('hears that the push service is not one that is known here', async () => {
      const elsewhere = { ...(await services()).browser(), endpoint: 'https://push.example/x' };
      await stage.visit({ ...phone, language: 'en', prepare: device('granted', elsewhere) }, async (page) => {
        await signInAs(page, '44', 'rider');
        await switchIn(page).click();
        await page.locator('.pushes .outcome[data-tone="refused"]').waitFor();
        expect([await switchIn(page).isChecked(), await subscribedIn(page)]).toEqual([false, null]);
      });
    });

    it('hears that the browser has no push service that takes it', async () => {
      // Chromium’s word for it, in a window that keeps nothing.
      const expectedComplaints = /does not support the Push API in incognito mode/;
      const visit = { ...phone, language: 'en', prepare: device('granted'), shot: 'pushes-away' } as const;
      await stage.visit({ ...visit, expectedComplaints }, async (page) => {
        await page.context().grantPermissions(['notifications']);
        await signInAs(page, '45', 'rider');
        await switchIn(page).click();
        await page.getByText('The push service of this browser cannot be reached.').waitFor();
        expect(await switchIn(page).isChecked()).toBe(false);
      });
    });

    it.each([
      ['once the page is on the home screen', 'navigator.standalone = false;', '홈 화면에 추가한 앱에서만'],
      ['never in a browser that has no pushes', '', '이 브라우저는 페이지를 닫은 뒤에'],
    ])('can be, %s', async (_when, script, said) => {
      const prepare = async (page: Page) => {
        await page.addInitScript(`delete globalThis.PushManager; ${script}`);
      };
      await stage.visit({ ...phone, prepare }, async (page) => {
        await signInAs(page, '46', 'rider');
        await page.getByText(said).waitFor();
        expect(await switchIn(page).count()).toBe(0);
      });
    });
  },
  async () => {
    service = await startPushService();
    // Held for so short a time that its second half has begun at the first look or the second.
    return { env: { ...key, PUSH_SERVICES: service.origin, HOLD_MINUTES: '0.5' } };
  },
);

/** Gives a push to the service worker, as the browser does. */
async function deliver(page: Page, data: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [registration] = registrations;
      if (registration) resolve(registration.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const { origin } = new URL(page.url());
  await devtools.send('ServiceWorker.deliverPushMessage', { origin, registrationId: await registered, data });
}

const shownIn = (page: Page) =>
  page.evaluate<{ title: string; body: string; tag: string }[]>(`(async () => {
    const shown = await (await navigator.serviceWorker.ready).getNotifications();
    return shown.map(({ title, body, tag }) => ({ title, body, tag }));
  })()`);
