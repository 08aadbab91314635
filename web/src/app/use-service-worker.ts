import { useEffect } from 'react';
import type { Config } from '../shared/session/session.ts';

/** Lets the pages be installed, and say so when they are opened offline. In development one wants what was just built. */
export function useServiceWorker(config: Config | null): void {
  const isWanted = config !== null && config.landscape !== 'development' && 'serviceWorker' in navigator;
  useEffect(() => {
    // Without one the pages work as before: a browser may forbid it, and so does a page without TLS.
    if (isWanted) void navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
  }, [isWanted]);
}
