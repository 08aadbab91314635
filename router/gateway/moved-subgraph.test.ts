import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createMetrics } from '../metrics.ts';
import { createSubgraphClient, type SubgraphClient } from './subgraph-client.ts';

const metrics = createMetrics();

const clientOf = (port: number): SubgraphClient =>
  createSubgraphClient({
    name: 'books',
    url: new URL(`http://127.0.0.1:${port}/graphql`),
    timeoutMs: 5_000,
    connections: 2,
    headers: [],
    maxAnswerBytes: 10_000,
    breaker: { failures: 0, openMs: 1_000 },
    metrics,
    logger: pino({ level: 'silent' }),
  });

/** A subgraph that says what it was asked. */
async function startSubgraph() {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(JSON.stringify({ data: { asked: body } })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

const fetchOf = (type: 'query' | 'mutation') => ({
  subgraph: 'books',
  type,
  body: '{"query":"{ a }"',
  extensions: {},
  traceparent: undefined,
});

describe('a subgraph that has moved', () => {
  it('is asked where it is, once it does not answer any more where it was', async () => {
    const [old, next] = [await startSubgraph(), await startSubgraph()];
    const [before, after] = [clientOf(old.port), clientOf(next.port)];
    const answer = { data: { asked: '{"query":"{ a }"}' } };
    try {
      await before.close(after);
      expect(await before.ask(fetchOf('query'), {})).toEqual(answer);
      await old.stop();
      expect(await before.ask(fetchOf('query'), {})).toEqual(answer);
      // Whether it was made where it was, nobody knows.
      expect(await before.ask(fetchOf('mutation'), {})).toMatchObject({
        errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }],
      });
      await next.stop();
      expect((await before.ask(fetchOf('query'), {})).errors).toHaveLength(1);
    } finally {
      await Promise.all([after.close(), old.stop(), next.stop()]);
    }
  });
});
