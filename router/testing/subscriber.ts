import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { until } from '../../test/support/until.ts';

export interface Result {
  data?: Record<string, unknown> | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
  extensions?: Record<string, unknown>;
}

/** One subscription of the reference client, and what came of it. */
export interface Subscriber {
  results: Result[];
  data(): unknown[];
  /** What ended it: `complete`, the errors of an `error` message, or a close event. */
  ended(): unknown;
  waitFor(count: number, withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export function connect(url: string, authorization?: string): Client {
  return createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(authorization ? { connectionParams: { authorization } } : {}),
  });
}

export function subscribe(
  client: Client,
  query: string,
  variables?: Record<string, unknown>,
  operationName?: string,
  extensions?: Record<string, unknown>,
): Subscriber {
  const results: Result[] = [];
  let ended: unknown;
  const unsubscribe = client.subscribe(
    {
      query,
      ...(variables ? { variables } : {}),
      ...(operationName === undefined ? {} : { operationName }),
      ...(extensions ? { extensions } : {}),
    },
    {
      next: (result) => void results.push(result as Result),
      error: (error) => (ended = error),
      complete: () => (ended ??= 'complete'),
    },
  );
  return {
    results,
    data: () => results.map((result) => result.data),
    ended: () => ended,
    waitFor: (count, withinMs) =>
      until(
        `${count} results, there are ${results.length}, end: ${JSON.stringify(ended)}`,
        () => results.length >= count,
        withinMs,
      ),
    async stop() {
      unsubscribe();
      await client.dispose();
    },
  };
}
