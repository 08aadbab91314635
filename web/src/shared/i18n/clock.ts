import { useSyncExternalStore } from 'react';
import { serverClock } from './server-clock.ts';

/** One clock for the whole page, the server's, so that all times tick together. */
let now = serverClock.now();
const listeners = new Set<() => void>();

function tick(): void {
  now = serverClock.now();
  for (const notify of listeners) notify();
}

serverClock.subscribe(tick);
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The result of `read` for the current time; renders again only when it changes. */
export function useClock<Value extends string | number | boolean>(read: (now: number) => Value): Value {
  return useSyncExternalStore(subscribe, () => read(now));
}

/** By how much this device's clock misleads, in ms; 0 when it does not. */
export function useSkew(): number {
  return useSyncExternalStore(serverClock.subscribe, serverClock.skew);
}
