import { setTimeout as delay } from 'node:timers/promises';

/** Probes until it holds. @throws {Error} that says what did not become true in time. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 60_000,
  everyMs = 10,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await delay(everyMs);
  }
}
