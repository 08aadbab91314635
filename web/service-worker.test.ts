import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

interface Shown {
  title: string;
  options: { body: string; tag?: string; data: { url?: unknown } };
}

/** Of a browser that keeps nothing yet. */
const emptyCache = { match: async (): Promise<unknown> => undefined, put: async (): Promise<void> => undefined };

/** What the browser would let it do, and what it did. */
function start(language = 'en-US', cache: Partial<typeof emptyCache> & { open?: () => Promise<unknown> } = {}) {
  const handlers = new Map<string, (event: unknown) => void>();
  const did = {
    shown: [] as Shown[],
    opened: [] as string[],
    focused: [] as string[],
    subscribed: [] as unknown[],
    told: [] as unknown[],
  };
  const open: string[] = [];
  const worker = readFileSync(new URL('service-worker.js', import.meta.url), 'utf8')
    .replace('__VERSION__', 'v')
    .replace('__PAGES__', JSON.stringify(['/', '/ride', '/fleet']));
  runInNewContext(worker, {
    URL,
    JSON,
    location: { origin: 'http://bikes.example' },
    fetch: async ({ mode }: { mode: string }) => {
      if (mode === 'navigate') throw new TypeError('offline');
      return { ok: true, text: 'received', clone: () => ({}) };
    },
    caches: {
      has: async () => true,
      open: async () => ({ ...emptyCache, ...cache }),
      match: async () => 'offline',
      ...cache,
    },
    navigator: { language },
    addEventListener: (type: string, handler: (event: unknown) => void) => handlers.set(type, handler),
    registration: {
      showNotification: async (title: string, options: Shown['options']) => did.shown.push({ title, options }),
      pushManager: { subscribe: async (options: unknown) => did.subscribed.push(options) },
    },
    clients: {
      matchAll: async () =>
        open.map((url) => ({
          url,
          focus: async () => did.focused.push(url),
          postMessage: (message: unknown) => did.told.push(message),
        })),
      openWindow: async (url: string) => did.opened.push(url),
    },
  });
  return {
    did,
    open,
    /** Resolves when the browser would end the worker. */
    async happens(type: string, event: object): Promise<void> {
      const work: Promise<unknown>[] = [];
      handlers.get(type)?.({ ...event, waitUntil: (promise: Promise<unknown>) => work.push(promise) });
      expect(work.length).toBe(1);
      await Promise.all(work);
    },
    /** What a page gets for a file of the build, and the work that goes on then. */
    async receives(path: string, mode = 'no-cors'): Promise<{ answer: unknown; work: Promise<unknown>[] }> {
      const request = { url: `http://bikes.example${path}`, method: 'GET', mode };
      const work: Promise<unknown>[] = [];
      let answer: unknown;
      handlers.get('fetch')?.({
        request,
        respondWith: (promise: Promise<unknown>) => (answer = promise),
        waitUntil: (promise: Promise<unknown>) => work.push(promise),
      });
      return { answer: await answer, work };
    },
  };
}

const dataOf = (text: string) => ({ json: () => JSON.parse(text) as unknown });

describe('the service worker', () => {
  let worker: ReturnType<typeof start>;
  beforeEach(() => {
    worker = start();
  });

  const cannot = () => Promise.reject(new Error('QuotaExceededError'));
  it.each([
    ['be opened', { open: cannot }],
    ['be read', { match: cannot }],
    ['be written, as on a full disk', { put: cannot }],
  ])('gives a page the file that was received where the cache cannot %s', async (_, cache) => {
    worker = start('en', cache);
    const { answer, work } = await worker.receives('/assets/main-1234.js');
    expect(answer).toMatchObject({ text: 'received' });
    await Promise.all(work);
  });

  it('gives a page a file before it is written, and keeps running until it is', async () => {
    let written: () => void = () => undefined;
    worker = start('en', { put: () => new Promise((resolve) => (written = resolve)) });
    const { answer, work } = await worker.receives('/assets/main-1234.js');
    expect(answer).toMatchObject({ text: 'received' });
    expect(work.length).toBe(1);
    written();
    await Promise.all(work);
  });

  it('gives a page the file that is kept', async () => {
    worker = start('en', { match: async () => ({ text: 'kept' }) });
    expect((await worker.receives('/assets/main-1234.js')).answer).toMatchObject({ text: 'kept' });
  });

  it.each(['/', '/fleet', '/fleet/', '/fleet/?bike=3'])('says so when %s is opened offline', async (path) => {
    expect((await worker.receives(path, 'navigate')).answer).toBe('offline');
  });

  it('leaves to the browser what is no page of ours', async () => {
    expect((await worker.receives('/fleet/bikes', 'navigate')).answer).toBeUndefined();
  });

  it('shows what a push says', async () => {
    const push = { title: '따릉이', body: '17번 자전거가 비었습니다.', tag: 'BIKE_OFFERED 17 1', url: '/ride' };
    await worker.happens('push', { data: dataOf(JSON.stringify(push)) });
    const { title, body, tag, url } = push;
    expect(worker.did.shown).toEqual([{ title, options: { body, tag, icon: '/app/icon-192.png', data: { url } } }]);
  });

  it('shows one notification with a text whatever is pushed, as browsers demand', async () => {
    const part = fc.oneof(fc.string(), fc.anything());
    const pushed = fc.oneof(
      fc.constant(null),
      fc.string().map(dataOf),
      fc.jsonValue().map((value) => dataOf(JSON.stringify(value))),
      fc.record({ title: part, body: part, tag: part, url: part }).map((value) => dataOf(JSON.stringify(value))),
    );
    await fc.assert(
      fc.asyncProperty(pushed, async (data) => {
        worker.did.shown.length = 0;
        await worker.happens('push', { data });
        expect(worker.did.shown.length).toBe(1);
        const { title = '', options } = worker.did.shown[0] ?? {};
        expect([title.trim(), options?.body.trim()]).not.toContain('');
        if (options && 'tag' in options) expect(typeof options.tag).toBe('string');
      }),
    );
  });

  it.each([
    ['ko-KR', '따릉이'],
    ['en-GB', 'Ttareungi'],
    ['fr', 'Ttareungi'],
  ])(
    'says in the language of the browser (%s) that there is something, where it cannot read what',
    async (tag, title) => {
      worker = start(tag);
      await worker.happens('push', { data: dataOf('{"title":"x"}') });
      expect(worker.did.shown.map((each) => each.title)).toEqual([title]);
    },
  );

  const clicked = (url?: unknown) => {
    let isClosed = false;
    return {
      notification: { data: url === undefined ? null : { url }, close: () => void (isClosed = true) },
      isClosed: () => isClosed,
    };
  };

  it('leads to the page that is open, or opens it', async () => {
    const click = clicked('/ride');
    worker.open.push('http://bikes.example/', 'http://bikes.example/ride?bike=17');
    await worker.happens('notificationclick', click);
    expect([worker.did.focused, worker.did.opened]).toEqual([['http://bikes.example/ride?bike=17'], []]);
    expect(click.isClosed()).toBe(true);
    worker.open.length = 0;
    await worker.happens('notificationclick', clicked('/fleet'));
    expect(worker.did.opened).toEqual(['/fleet']);
  });

  it('leads to no address but those of the pages', async () => {
    for (const url of ['https://elsewhere.example/', '//elsewhere.example', 'javascript:alert(1)', 17, undefined]) {
      await worker.happens('notificationclick', clicked(url));
    }
    expect(worker.did.opened).toEqual(Array.from({ length: 5 }, () => '/ride'));
  });

  it('subscribes again with the same key when the browser has another address, and has the pages say so', async () => {
    worker.open.push('http://bikes.example/ride');
    const key = new ArrayBuffer(65);
    await worker.happens('pushsubscriptionchange', { oldSubscription: { options: { applicationServerKey: key } } });
    expect(worker.did.subscribed).toEqual([{ userVisibleOnly: true, applicationServerKey: key }]);
    await worker.happens('pushsubscriptionchange', { oldSubscription: null });
    expect([worker.did.subscribed.length, worker.did.told.length]).toEqual([1, 2]);
  });
});
