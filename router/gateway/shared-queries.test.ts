import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../../test/support/until.ts';
import { slowUserId, startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(20_000);

let graph: TestSupergraph;
let rider: string;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  rider = await graph.signIn(slowUserId, 'rider');
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

/** Whose answer takes long. */
const slow = `{ user(userId: "${slowUserId}") { totalPoint } }`;

async function ask(query: string, authorization: string): Promise<unknown> {
  const response = await fetch(graph.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

const answer = { data: { user: { totalPoint: Number(slowUserId) * 100 } } };

async function askedFor(work: () => Promise<unknown[]>): Promise<number> {
  const before = graph.subgraphs.point.requests.length;
  for (const given of await work()) expect(given).toEqual(answer);
  return graph.subgraphs.point.requests.length - before;
}

describe('equal queries at the same time', () => {
  it('share what is asked of subgraphs', async () => {
    expect(await askedFor(() => Promise.all(Array.from({ length: 20 }, () => ask(slow, rider))))).toBe(1);
  });

  it('share it in other words too, by what a subgraph is asked', async () => {
    const inOtherWords = `{ user(userId: "${slowUserId}") { totalPoint } } # the same`;
    expect(await askedFor(() => Promise.all([ask(slow, rider), ask(inOtherWords, rider)]))).toBe(1);
  });

  it('share nothing between viewers', async () => {
    expect(await askedFor(() => Promise.all([ask(slow, rider), ask(slow, operator)]))).toBe(2);
  });

  it('share nothing with one that began before a mutation ended', async () => {
    const before = graph.subgraphs.point.requests.length;
    const early = ask(slow, rider);
    await until('it is under way', () => graph.subgraphs.point.requests.length > before);
    await ask('mutation { registerBike(input: { color: "green" }) { bike { color } } }', operator);
    await Promise.all([early, ask(slow, rider)]);
    expect(graph.subgraphs.point.requests.length - before).toBe(2);
  });
});
