/** How to retry: at once, then with exponential back-off and jitter, so that clients do not retry in step. */
const firstMs = 250;
const longestMs = 10_000;

/** Milliseconds before the given retry (1, 2, 3 …). */
export function backoffMs(retry: number, random: () => number = Math.random): number {
  return Math.min(longestMs, firstMs * 2 ** retry) * (0.5 + random() / 2);
}

/** Ends early when the network is back, when the page is looked at again, or when it is left. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wakeWhenSeen);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const wakeWhenSeen = () => document.hidden || wake();
    // A hidden page asks nothing until it is visible again.
    const timer = setTimeout(() => document.hidden || wake(), ms);
    addEventListener('online', wake);
    document.addEventListener('visibilitychange', wakeWhenSeen);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}

/** A function, because the type checker keeps the narrowing of a property across an await. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
