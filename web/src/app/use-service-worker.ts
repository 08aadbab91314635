import { useEffect } from 'react';
import { serviceWorkerPath } from '../shared/pushes/consent.ts';
import type { Config } from '../shared/session/session.ts';

/**
 * Lets the pages be installed, and say so when they are opened offline. In development one wants what was just built:
 * there is one only where somebody agreed to be told while no page is open.
 *
 * The page itself asks for the next version, when it is opened and when it is looked at again: a browser asks for one
 * only once the page's network has been quiet, and a page that cannot reach the graph tries again for ever.
 */
export function useServiceWorker(config: Config | null): void {
  const landscape = config?.landscape;
  useEffect(() => {
    if (landscape === undefined || !('serviceWorker' in navigator)) return;
    const update = () => {
      if (document.visibilityState === 'hidden') return;
      // Without one the pages work as before: a browser may forbid it, and so does a page without TLS.
      void renew(landscape !== 'development').catch(() => undefined);
    };
    update();
    document.addEventListener('visibilitychange', update);
    return () => document.removeEventListener('visibilitychange', update);
  }, [landscape]);
}

async function renew(isWanted: boolean): Promise<void> {
  const { serviceWorker } = navigator;
  const registration = await (isWanted ? serviceWorker.register(serviceWorkerPath) : serviceWorker.getRegistration());
  await registration?.update();
}
