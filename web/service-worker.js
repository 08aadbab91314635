/* global URL, addEventListener, caches, clients, fetch, location, skipWaiting */
/*
 * What an installed app needs: pages come from the network, always; without one, a page that says so. Files whose name
 * has the hash of their content are kept, and nothing else: no answer of the graph ever is. `vite build` puts in the
 * version, which changes with any of those files, and the addresses of the pages.
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
  event.waitUntil(
    caches
      .keys()
      .then(forget)
      .then(() => clients.claim()),
  );
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (pages.includes(pathname)) event.respondWith(fetch(request).catch(() => caches.match(offlinePage)));
  } else if (pathname.startsWith('/assets/')) {
    event.respondWith(fromCache(request));
  }
});

async function fromCache(request) {
  const cache = await caches.open(version);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
