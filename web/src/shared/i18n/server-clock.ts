import { askRouter } from '../api/ask-router.ts';

/**
 * The server's time: prices, holds and rides follow its clock, and a device's can be hours off. Measures the offset
 * from timestamped answers.
 */
export interface ServerClock {
  /** Epoch milliseconds. Until the first answer, the device's. */
  now(): number;
  /** By how much the device is ahead (positive) or behind, where it is enough to mislead; otherwise 0. */
  skew(): number;
  /** An answer says that it was given at `time`, give or take; `sentAt` is when it was asked for, by the device. */
  take(reading: { time: number; resolutionMs: number; sentAt: number }): void;
  /** The device slept, or somebody set its clock: the next answer counts, however slow it was. */
  doubt(): void;
  subscribe(listener: () => void): () => void;
}

/** Phones that set their clock by the network stay well within this. */
const toleratedSkewMs = 2 * 60_000;

export function createServerClock(deviceNow: () => number = () => Date.now()): ServerClock {
  let ahead = 0;
  let uncertainty = Infinity;
  const listeners = new Set<() => void>();
  return {
    now: () => deviceNow() - ahead,
    skew: () => (uncertainty < Infinity && Math.abs(ahead) > toleratedSkewMs ? ahead : 0),
    take({ time, resolutionMs, sentAt }) {
      const receivedAt = deviceNow();
      // The server took it between request and response, and truncated it rather than rounded.
      const found = (sentAt + receivedAt) / 2 - (time + resolutionMs / 2);
      const mayBeOff = (receivedAt - sentAt + resolutionMs) / 2;
      if (!Number.isFinite(found) || receivedAt < sentAt) return;
      const contradicts = Math.abs(found - ahead) > mayBeOff + uncertainty;
      if (mayBeOff > uncertainty && !contradicts) return;
      ahead = found;
      uncertainty = mayBeOff;
      for (const notify of listeners) notify();
    },
    doubt: () => (uncertainty = Infinity),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const serverClock = createServerClock();

/** Learns the time from what every HTTP answer says of itself, to the second. */
export function takeDateOf(response: Response, sentAt: number): void {
  const time = Date.parse(response.headers.get('date') ?? '');
  serverClock.take({ time, resolutionMs: 1_000, sentAt });
}

const askAgainMs = 10_000;
let asking = false;

/** Asks the graph for its time; while it cannot answer, the response's Date header serves. */
export async function measureServerTime(): Promise<void> {
  if (asking) return;
  asking = true;
  const sentAt = Date.now();
  try {
    const response = await askRouter('/graphql', {
      method: 'POST',
      cache: 'no-store',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"query":"{ serverTime }"}',
    });
    takeDateOf(response, sentAt);
    const { data } = (await response.json()) as { data?: { serverTime?: string } | null };
    if (data?.serverTime) serverClock.take({ time: Date.parse(data.serverTime), resolutionMs: 1, sentAt });
  } catch {
    if (!document.hidden) setTimeout(() => void measureServerTime(), askAgainMs);
  } finally {
    asking = false;
  }
}

const lookEveryMs = 1_000;
const jumpMs = 2_000;

/** Keeps the clock right: measures at once, and again after sleep, a changed device clock or a lost network. */
export function followServerClock(): void {
  const again = () => {
    serverClock.doubt();
    void measureServerTime();
  };
  let started = Date.now() - performance.now();
  setInterval(() => {
    const start = Date.now() - performance.now();
    if (Math.abs(start - started) > jumpMs) again();
    started = start;
  }, lookEveryMs);
  document.addEventListener('visibilitychange', () => document.hidden || again());
  addEventListener('pageshow', ({ persisted }) => persisted && again());
  addEventListener('online', again);
  void measureServerTime();
}
