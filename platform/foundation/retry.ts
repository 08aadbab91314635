import { UnavailableError, isUnavailable } from './errors.ts';
import type { Time } from './time.ts';

/** How a consumer waits: for servers that are away, and between attempts. Closing the consumer ends all of it. */
export interface Retry {
  readonly ended: boolean;
  end(): void;
  /** @throws {UnavailableError} as soon as it has ended. */
  pause(ms: number): Promise<void>;
  /**
   * An outage does not count as an attempt: tries until it is over.
   * @param hold called when it has to wait; the function it returns is called after the wait.
   * @throws {UnavailableError} as soon as it has ended.
   */
  whileUnavailable<Result>(work: () => Promise<Result>, hold?: () => () => void): Promise<Result>;
}

/** Called once per outage, with the reason and a fixed phrase. */
type Warn = (fields: { reason: string }, phrase: string) => void;

/** @param delayMs how long to wait before asking an unavailable server again. */
export function createRetry(time: Time, delayMs: number, warn: Warn): Retry {
  const ending = new AbortController();

  async function pause(ms: number): Promise<void> {
    await time.wait(ms, ending.signal).catch((error: unknown) => {
      throw new UnavailableError('closing', { cause: error });
    });
  }

  return {
    get ended() {
      return ending.signal.aborted;
    },
    end: () => ending.abort(),
    pause,
    async whileUnavailable(work, hold) {
      let release: (() => void) | undefined;
      try {
        for (let told = false; ; told = true) {
          try {
            return await work();
          } catch (error) {
            if (!isUnavailable(error)) throw error;
            if (ending.signal.aborted) throw new UnavailableError('closing', { cause: error });
            const reason = error instanceof Error ? error.message : '';
            if (!told) warn({ reason }, 'waiting for a server that is away');
            release ??= hold?.();
            await pause(delayMs);
          }
        }
      } finally {
        release?.();
      }
    },
  };
}
