import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createRequestMetrics } from './request-metrics.ts';

function counted(...operations: (string | null)[]) {
  const register = new Registry();
  const metrics = createRequestMetrics(register);
  for (const operation of operations) metrics.count({ operation, type: 'query', code: 'OK', seconds: 0.01 });
  return async () =>
    [...(await register.metrics()).matchAll(/^graphql_requests_total\{operation="(\w+)",.*\} (\d+)$/gm)].map(
      ([, operation, count]) => `${operation} ${count}`,
    );
}

describe('requests counted', () => {
  it('go by their name, in a subgraph by the one that the client gave', async () => {
    expect(await counted('Board', 'Board__bike__0', 'Board__point__12', null)()).toEqual(['Board 3', 'anonymous 1']);
  });

  it('have at most 200 names, whatever clients make up', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `Invented${index}`);
    const lines = await counted(...names)();
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toBe('other 300');
  });
});
