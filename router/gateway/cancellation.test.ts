import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect, subscribe } from '../testing/subscriber.ts';
import { slowUserId, startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let rider: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  rider = await graph.signIn(slowUserId, 'rider');
});
afterAll(() => graph.close());

const query = `{ user(userId: "${slowUserId}") { totalPoint } }`;

async function leave(accept: string): Promise<void> {
  const left = new AbortController();
  const asked = graph.subgraphs.point.requests.length;
  const answer = fetch(graph.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: rider },
    body: JSON.stringify({ query }),
    signal: left.signal,
  }).then((response) => response.text());
  await until('the subgraph is asked', () => graph.subgraphs.point.requests.length > asked);
  left.abort();
  await expect(answer).rejects.toThrow();
}

describe('a client that leaves takes its query with it, to the subgraph', () => {
  it.each(['application/json', 'text/event-stream'])('over HTTP, with Accept: %s', async (accept) => {
    const before = graph.subgraphs.point.abandoned();
    await leave(accept);
    await until('the subgraph knows', () => graph.subgraphs.point.abandoned() === before + 1);
  });

  it.each(['complete', 'the end of its socket'])('over WebSocket, with %s', async (how) => {
    const { point } = graph.subgraphs;
    const [before, asked] = [point.abandoned(), point.requests.length];
    const client = connect(graph.url, rider);
    const running = client.subscribe(
      { query },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
    );
    await until('the subgraph is asked', () => point.requests.length > asked);
    if (how === 'complete') running();
    else client.terminate();
    await until('the subgraph knows', () => point.abandoned() === before + 1);
    await client.dispose();
  });

  it('which is counted as that, not as a failure: over how many somebody is called out', async () => {
    const metrics = async () => (await fetch(new URL('/metrics', graph.url))).text();
    const countOf = async (code: string) =>
      (await metrics())
        .split('\n')
        .filter((line) => line.startsWith('graphql_requests_total{') && line.includes(`code="${code}"`))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    for (const accept of ['application/json', 'text/event-stream']) {
      const before = await countOf('CANCELLED');
      await leave(accept);
      await until('it is counted', async () => (await countOf('CANCELLED')) > before);
    }
    expect(await countOf('SERVICE_UNAVAILABLE')).toBe(0);
  });

  it('but not a mutation, which is finished', async () => {
    const { bike } = graph.subgraphs;
    const asked = bike.requests.length;
    const client = connect(graph.url, await graph.signIn('1', 'operator'));
    const mutation = subscribe(client, 'mutation { registerBike(input: { color: "green" }) { bike { color } } }');
    await until('the subgraph is asked', () => bike.requests.length > asked);
    await mutation.stop();
    expect(bike.abandoned()).toBe(0);
  });
});
