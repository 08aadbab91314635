import { useEffect } from 'react';
import type { Config } from '../shared/session/session.ts';

/**
 * Lets the pages be installed, and say so when they are opened offline. In development one wants what was just built.
 *
 * The page itself asks for the next version, when it is opened and when it is looked at again: a browser asks for one
 * only once the page's network has been quiet, and a page that cannot reach the graph tries again for ever.
 */
export function useServiceWorker(config: Config | null): void {
  const isWanted = config !== null && config.landscape !== 'development' && 'serviceWorker' in navigator;
  useEffect(() => {
    if (!isWanted) return;
    const update = () => {
      if (document.visibilityState === 'hidden') return;
      // Without one the pages work as before: a browser may forbid it, and so does a page without TLS.
      void register().catch(() => undefined);
    };
    update();
    document.addEventListener('visibilitychange', update);
    return () => document.removeEventListener('visibilitychange', update);
  }, [isWanted]);
}

async function register(): Promise<void> {
  const registration = await navigator.serviceWorker.register('/service-worker.js');
  await registration.update();
}
