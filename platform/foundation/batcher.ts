import { createRate } from './rate.ts';
import { realTime, startPause, type Time } from './time.ts';

/**
 * Group commit: items that arrive during a write share the next one. A caller that is alone does not wait, unless it
 * can (`gatherMs`), or others are likely to come at once (`busyMs`): then more share a write.
 */
export interface Batcher<Item> {
  /** Resolves when a write that contains the item succeeded; rejects when it failed. */
  add(item: Item): Promise<void>;
  /** Ends the wait for others to share a write. */
  hurry(): void;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

export interface BatcherOptions {
  /** Most items in a write. */
  most?: number;
  /** How long each write waits for more items, unless it has all that it may. */
  gatherMs?: number;
  /** How long an item waits for others, at most, while so many come that others are likely to come meanwhile. */
  busyMs?: number;
  time?: Time;
}

/** From so many on that are to be expected within `busyMs`, an item waits for them: fewer gain less than the wait costs. */
const worthAWait = 1 / 4;

export function createBatcher<Item>(
  write: (items: Item[]) => Promise<void>,
  { most = 500, gatherMs = 0, busyMs = 0, time = realTime }: BatcherOptions = {},
): Batcher<Item> {
  let waiting: { item: Item; since: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  const rate = createRate(time);
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

  /** Not when the eldest has waited for a write already. */
  async function waitForOthers(): Promise<void> {
    const [eldest] = waiting;
    const left = busyMs - (time.now() - (eldest?.since ?? 0));
    if (left > 0 && rate.lastSecond() * busyMs >= worthAWait * 1_000) await time.wait(left);
  }

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      if (gatherMs > 0 && waiting.length < most) await gather();
      else if (busyMs > 0) await waitForOthers();
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
        if (busyMs > 0) rate.count();
        waiting.push({ item, since: time.now(), resolve, reject });
        if (waiting.length >= most) stopGathering();
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
