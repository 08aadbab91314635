import type { Time } from './time.ts';

/** Counts what happens. */
export interface Rate {
  count(): void;
  /** How many there were in the second before this one. */
  lastSecond(): number;
}

const secondMs = 1_000;

export function createRate(time: Pick<Time, 'now'>): Rate {
  let since = time.now();
  let counted = 0;
  let before = 0;
  const turn = () => {
    const now = time.now();
    const passed = now - since;
    if (passed < secondMs) return;
    before = passed < 2 * secondMs ? counted : 0;
    counted = 0;
    since = now;
  };
  return {
    count() {
      turn();
      counted += 1;
    },
    lastSecond() {
      turn();
      return before;
    },
  };
}
