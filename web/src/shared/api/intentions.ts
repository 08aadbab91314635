import { randomId } from './random-id.ts';

/**
 * The idempotency keys of what a person wants, by a text that says what. One is the same until there was an answer, so
 * that pressing again after silence cannot do it twice, also after the page with the button was left and opened again.
 */
export interface Intentions {
  /** Does it with its key; what it throws is no answer. */
  carryOut<Done>(wish: string, act: (idempotencyKey: string) => Promise<Done>): Promise<Done>;
}

export function createIntentions(): Intentions {
  const keys = new Map<string, string>();
  return {
    async carryOut(wish, act) {
      const key = keys.get(wish) ?? randomId();
      keys.set(wish, key);
      const done = await act(key);
      keys.delete(wish);
      return done;
    },
  };
}

/** Of all who use this tab. */
export const intentions = createIntentions();
