/* global URL, addEventListener, caches, clients, fetch, location, navigator, registration, skipWaiting */
/*
 * What an installed app needs: pages come from the network, always; without one, a page that says so. Files whose name
 * has the hash of their content are kept, and nothing else: no answer of the graph ever is. A push is shown, and a click
 * on it leads to its page. `vite build` puts in the version, which changes with any of those files, and the addresses of
 * the pages.
 */
const version = '__VERSION__';
const pages = JSON.parse('__PAGES__');
const offlinePage = '/app/offline.html';

addEventListener('install', (event) => {
  // Nothing depends on which version serves: a new one need not wait until the last old page is closed.
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.add(offlinePage))
      .then(() => skipWaiting()),
  );
});

addEventListener('activate', (event) => {
  const forget = (names) => Promise.all(names.filter((name) => name !== version).map((name) => caches.delete(name)));
  // Claimed first: what the last version still answers would keep files under its name again.
  event.waitUntil(
    clients
      .claim()
      .then(() => caches.keys())
      .then(forget),
  );
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (pages.includes(pathname.replace(/(.)\/$/, '$1')))
      event.respondWith(fetch(request).catch(() => caches.match(offlinePage)));
  } else if (pathname.startsWith('/assets/')) {
    event.respondWith(fromCache(event));
  }
});

/** Nothing that was received is refused because it cannot be kept: a disk may be full, or forbidden to pages. */
async function fromCache(event) {
  const { request } = event;
  const cache = await ownCache().catch(() => undefined);
  const kept = await cache?.match(request).catch(() => undefined);
  if (kept) return kept;
  const response = await fetch(request);
  // The page need not wait until a large file is written.
  if (response.ok && cache) event.waitUntil(cache.put(request, response.clone()).catch(() => undefined));
  return response;
}

/** Gone once the next version serves: this one, which answers its last requests, keeps nothing any more. */
async function ownCache() {
  return (await caches.has(version)) ? caches.open(version) : undefined;
}

/** Where a rider finds what a push is about, if it does not say. */
const home = '/ride';
/** Of a push that nobody can read: browsers take the consent back where one shows nothing. */
const somethingNew = navigator.language.startsWith('ko')
  ? { title: '따릉이', body: '새 소식이 있습니다. 눌러서 확인하세요.' }
  : { title: 'Ttareungi', body: 'There is news for you. Open the page to see it.' };

addEventListener('push', (event) => {
  const { title, body, tag, url } = { ...somethingNew, ...told(event.data) };
  const options = { body, icon: '/app/icon-192.png', data: { url }, ...(tag === undefined ? {} : { tag }) };
  event.waitUntil(registration.showNotification(title, options));
});

/** What the texts of a push say; nothing where one of them is missing. */
function told(data) {
  try {
    const { title, body, tag, url } = data.json();
    const isText = (text) => typeof text === 'string' && text.trim() !== '';
    return isText(title) && isText(body) ? { title, body, url, ...(isText(tag) && { tag }) } : {};
  } catch {
    return {};
  }
}

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.url));
});

/** The page that is open already, or a new one. */
async function show(url) {
  const path = pages.includes(url) ? url : home;
  const open = await clients.matchAll({ type: 'window', includeUncontrolled: true });
  const there = open.find((page) => new URL(page.url).pathname === path);
  await (there ? there.focus() : clients.openWindow(path));
}

addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event.oldSubscription)));

/** Pages tell the server, when they hear of it or are opened: only they are signed in. */
async function renew(before) {
  const applicationServerKey = before?.options.applicationServerKey;
  if (applicationServerKey) {
    await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }).catch(() => undefined);
  }
  for (const page of await clients.matchAll({ type: 'window' })) page.postMessage('push subscription changed');
}
