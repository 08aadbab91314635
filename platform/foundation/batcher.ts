import { realTime, startPause, type Time } from './time.ts';

/**
 * Group commit: items that arrive during a write share the next one. A caller that is alone does not wait, unless it
 * can (`gatherMs`): then more share a write.
 */
export interface Batcher<Item> {
  /** Resolves when a write that contains the item succeeded; rejects when it failed. */
  add(item: Item): Promise<void>;
  /** Ends the wait for others to share a write. */
  hurry(): void;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export function createBatcher<Item>(
  write: (items: Item[]) => Promise<void>,
  { most = 500, gatherMs = 0, time = realTime }: { most?: number; gatherMs?: number; time?: Time } = {},
): Batcher<Item> {
  let waiting: { item: Item; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let running: Promise<void> | undefined;
  let hurried = false;
  let stopGathering: () => void = () => undefined;

  async function gather(): Promise<void> {
    if (!hurried) {
      const pause = startPause(time, gatherMs);
      stopGathering = pause.end;
      await pause.over;
    }
    hurried = false;
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      if (gatherMs > 0) await gather();
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      try {
        await write(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = undefined;
  }

  return {
    add: (item) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // The microtask lets the callers of this turn share the first write.
        running ??= Promise.resolve().then(run);
      }),
    hurry() {
      if (waiting.length === 0) return;
      hurried = true;
      stopGathering();
    },
    idle: async () => {
      while (running) await running;
    },
  };
}
