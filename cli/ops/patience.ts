import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '../../schema/client/backoff.ts';
import { GraphqlRequestError } from '../../schema/client/client.ts';

const passing = ['CONNECTION_LOST', 'SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS', 'CONFLICT'];

/** The system, or what stands before it, is away for a moment, or busy. */
export const isPassing = (error: unknown): boolean =>
  error instanceof GraphqlRequestError && (passing.includes(error.code) || error.code.startsWith('HTTP_5'));

/**
 * Asks until there is an answer, ever more rarely.
 * @param goesOn says after the given try (1, 2, 3 …) whether there is another. @throws the last try's error.
 */
export async function patiently<Answer>(
  ask: () => Promise<Answer>,
  goesOn: (tried: number) => boolean,
): Promise<Answer> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || !goesOn(tried)) throw error;
      await delay(backoffMs(tried));
    }
  }
}
