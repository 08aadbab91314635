import { setInterval, setTimeout as setTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';

/** A timer with a longer delay (25 days) fires at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** How time passes for the parts that wait and repeat; the simulation in test/simulation brings its own. */
export interface Time {
  /** Milliseconds since some moment, for durations: unlike a clock, nobody sets it. */
  now(): number;
  /** Resolves after this time. @throws {Error} as soon as the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls once after this time, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
  /** Calls repeatedly, until the returned function is called. */
  every(ms: number, call: () => void): () => void;
}

export const realTime: Time = {
  now: () => performance.now(),
  wait: (ms, signal) => setTimeout(ms, undefined, signal ? { signal } : {}),
  after(ms, call) {
    const timer = setTimer(call, ms);
    return () => clearTimeout(timer);
  },
  every(ms, call) {
    const timer = setInterval(call, ms);
    return () => clearInterval(timer);
  },
};

/** A wait that may be ended before its time; `over` says whether it was. */
export interface Pause {
  over: Promise<boolean>;
  end(): void;
}

export function startPause(time: Pick<Time, 'after'>, ms: number): Pause {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const stop = time.after(ms, () => resolve(false));
  return {
    over: promise,
    end() {
      stop();
      resolve(true);
    },
  };
}
