import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { HeaderMap } from '@apollo/server';
import { withAdmission } from './admission.ts';
import { startTestSupergraph, type TestSupergraph } from './testing/supergraph.ts';

jest.setTimeout(20_000);

let graph: TestSupergraph;
beforeAll(async () => {
  graph = await startTestSupergraph();
});
afterAll(() => graph.close());

const request = () => ({
  httpGraphQLRequest: { method: 'POST', headers: new HeaderMap(), search: '', body: {} },
  context: async () => ({}),
});

/** Answers what it was asked only when it is told to. */
function createExecutor() {
  const waiting: ((fail?: boolean) => void)[] = [];
  const answer = { status: 200, headers: new HeaderMap(), body: { kind: 'complete' as const, string: '{"data":{}}' } };
  return {
    waiting,
    executeHTTPGraphQLRequest: () =>
      new Promise<typeof answer>((resolve, reject) => {
        waiting.push((fail) => (fail ? reject(new Error('no')) : resolve(answer)));
      }),
  };
}

describe('requests at once', () => {
  it('are run up to the limit, and refused beyond until one of them has ended, well or not', async () => {
    const executor = createExecutor();
    let refused = 0;
    const admitted = withAdmission(executor, 2, () => (refused += 1));
    const ask = () => admitted.executeHTTPGraphQLRequest(request());
    const running = [ask(), ask()];
    expect(await ask()).toMatchObject({ status: 503 });
    expect(refused).toBe(1);

    executor.waiting[0]?.();
    expect(await running[0]).toMatchObject({ status: 200 });
    const third = ask();
    expect(await ask()).toMatchObject({ status: 503 });
    executor.waiting[1]?.(true);
    await expect(running[1]).rejects.toThrow('no');
    const fourth = ask();
    for (const end of executor.waiting.slice(2)) end();
    expect(await Promise.all([third, fourth])).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(refused).toBe(2);
  });
});

describe('a router that has MAX_REQUESTS', () => {
  it('refuses more, says when to come back, counts them, and answers what it took', async () => {
    const { port } = await graph.startRouter({ MAX_REQUESTS: '1' });
    const address = `http://127.0.0.1:${port}`;
    const ask = () =>
      fetch(`${address}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ bike(bikeId: 7) { color } }"}',
      });
    const answers: Response[] = [];
    // Some of them overlap.
    while (!answers.some(({ status }) => status === 503)) {
      answers.push(...(await Promise.all(Array.from({ length: 20 }, ask))));
      await delay(10);
    }
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(refused[0]?.headers.get('x-correlation-id')).toMatch(/./);
    expect(await refused[0]?.json()).toEqual({
      errors: [
        { message: 'Too many requests at once. Try again in a moment.', extensions: { code: 'SERVICE_UNAVAILABLE' } },
      ],
    });
    expect((await ask()).status).toBe(200);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    const count = /graphql_requests_total\{.*operation="anonymous",type="unknown",code="SERVICE_UNAVAILABLE".*\} (\d+)/;
    expect(Number(count.exec(metrics)?.[1])).toBe(refused.length);
  });
});
