import { randomId } from './random-id.ts';

/**
 * The idempotency keys of what a person wants, by a text that says what. One is the same until there was an answer, so
 * that pressing again after silence cannot do it twice, also after the page with the button was left and opened again.
 */
export interface Intentions {
  /**
   * Does it with its key; what it throws is no answer. A kept key may be answered with what came of it long ago: where
   * that is over, it is done anew.
   */
  carryOut<Done extends MayBeOver>(wish: string, act: (idempotencyKey: string) => Promise<Done>): Promise<Done>;
}

interface MayBeOver {
  isOver?: boolean;
}

/** Whoever presses again within this time means the same; later they have seen what came of it, and want another. */
const keptMs = 5 * 60_000;

/** @param now milliseconds by a clock that nobody sets. */
export function createIntentions(now = () => performance.now()): Intentions {
  const kept = new Map<string, { key: string; triedAt: number }>();
  async function carryOut<Done extends MayBeOver>(
    wish: string,
    act: (idempotencyKey: string) => Promise<Done>,
  ): Promise<Done> {
    const before = kept.get(wish);
    const isRepeated = before !== undefined && now() - before.triedAt < keptMs;
    const key = isRepeated ? before.key : randomId();
    kept.set(wish, { key, triedAt: now() });
    const done = await act(key);
    kept.delete(wish);
    return isRepeated && done.isOver ? carryOut(wish, act) : done;
  }
  return { carryOut };
}

/** Of all who use this tab. */
export const intentions = createIntentions();
