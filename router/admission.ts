import { HeaderMap, type ApolloServer, type BaseContext } from '@apollo/server';
import { unavailable } from './client-errors.ts';

type Executor<Context extends BaseContext> = Pick<ApolloServer<Context>, 'executeHTTPGraphQLRequest'>;

/**
 * At most `limit` requests run at once. One that comes beyond is answered 503 with `retry-after` (RFC 9110 §10.2.3): a queue
 * would only make everybody wait, until all of them gave up. Whoever is slow to send a request takes nobody's place.
 */
export function withAdmission<Context extends BaseContext>(
  executor: Executor<Context>,
  limit: number,
  onRefused: () => void,
): Executor<Context> {
  let running = 0;
  return {
    async executeHTTPGraphQLRequest(request) {
      if (running >= limit) {
        onRefused();
        return tooMany();
      }
      running += 1;
      try {
        return await executor.executeHTTPGraphQLRequest(request);
      } finally {
        running -= 1;
      }
    },
  };
}

function tooMany() {
  const errors = [unavailable('Too many requests at once. Try again in a moment.')];
  const headers = new HeaderMap([
    ['content-type', 'application/json; charset=utf-8'],
    ['retry-after', '1'],
  ]);
  return { status: 503, headers, body: { kind: 'complete' as const, string: JSON.stringify({ errors }) } };
}
