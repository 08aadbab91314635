import { useRef } from 'react';
import { randomId } from './random-id.ts';

/**
 * The idempotency key of what a person wants: the same until it got an answer, so that pressing again after silence
 * cannot do it twice. Another wish is another key.
 */
export function useIntention(): { keyFor(wish: string): string; settled(): void } {
  const current = useRef<{ wish: string; key: string } | null>(null);
  return {
    keyFor(wish) {
      if (current.current?.wish !== wish) current.current = { wish, key: randomId() };
      return current.current.key;
    },
    settled() {
      current.current = null;
    },
  };
}
