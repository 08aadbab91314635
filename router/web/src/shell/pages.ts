import { type ComponentType, lazy, type LazyExoticComponent, useSyncExternalStore } from 'react';
import type { Area } from '../session/session.ts';

export type PageName = 'dashboard' | 'ride' | 'fleet';

interface Page {
  path: string;
  /** As whom it is used. */
  area: Area;
  /** Loaded when it is first shown. */
  Content: LazyExoticComponent<ComponentType>;
}

export const pages: Record<PageName, Page> = {
  dashboard: { path: '/', area: 'staff', Content: lazy(() => import('../dashboard/page.tsx')) },
  ride: { path: '/ride', area: 'rider', Content: lazy(() => import('../ride/page.tsx')) },
  fleet: { path: '/fleet', area: 'staff', Content: lazy(() => import('../fleet/page.tsx')) },
};

export const pageNames = Object.keys(pages) as PageName[];

function pageAt(pathname: string): PageName {
  const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
  return pageNames.find((name) => pages[name].path === path) ?? 'dashboard';
}

const moved = 'ttareungi:moved';

function listen(notify: () => void): () => void {
  addEventListener('popstate', notify);
  addEventListener(moved, notify);
  return () => {
    removeEventListener('popstate', notify);
    removeEventListener(moved, notify);
  };
}

export function usePage(): PageName {
  return useSyncExternalStore(listen, () => pageAt(location.pathname));
}

/** What the address says beside the path; draws again when it changes. */
export function useSearch(): string {
  return useSyncExternalStore(listen, () => location.search);
}

/** Goes to an address of this site; with `replace` without a step in the history. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  dispatchEvent(new Event(moved));
}

/** Lets plain links between these pages keep the application: one listener for all of them. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    if (!pageNames.some((name) => pages[name].path === link.pathname) || link.hash) return;
    event.preventDefault();
    const isOtherPage = pageAt(link.pathname) !== pageAt(location.pathname);
    go(link.pathname + link.search);
    if (isOtherPage) scrollTo(0, 0);
  });
}
