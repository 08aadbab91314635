import { useSyncExternalStore } from 'react';
import { pageAddresses, placeAt, type PlaceName } from '../../../schema/page-addresses.ts';
import { steps } from '../shared/ui/steps.ts';

/** The playground is a document of its own. */
export type PageName = Exclude<PlaceName, 'playground'>;

export const pageNames = (Object.keys(pageAddresses) as PlaceName[]).filter((name) => name !== 'playground');

function pageAt(pathname: string): PageName {
  const place = placeAt(pathname);
  return place && place !== 'playground' ? place : 'dashboard';
}

export function usePage(): PageName {
  return useSyncExternalStore(steps.listen, () => pageAt(location.pathname));
}

/** The address's query parameters; renders again when they change. */
export function useSearch(): string {
  return useSyncExternalStore(steps.listen, () => location.search);
}

/** Adds the language of the link that opened this page, if it named one, so that the next page keeps it. */
export function withLanguage(address: string): string {
  const language = new URLSearchParams(location.search).get('lang');
  const target = new URL(address, location.href);
  if (language === null || target.searchParams.has('lang')) return address;
  target.searchParams.set('lang', language);
  return target.pathname + target.search + target.hash;
}

/** Goes to an address of this site; with `replace` without a step in the history. */
export function go(address: string, { replace = false } = {}): void {
  const target = withLanguage(address);
  if (replace) steps.replace(target);
  else steps.push(target);
}

/** Turns clicks on plain links between these pages into client-side navigation: one listener for all of them. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    const place = placeAt(link.pathname);
    if (!place || place === 'playground' || link.hash) return;
    event.preventDefault();
    const isOtherPage = pageAt(link.pathname) !== pageAt(location.pathname);
    go(link.pathname + link.search);
    if (isOtherPage) scrollTo(0, 0);
  });
}
