import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { parse, type OperationDefinitionNode } from 'graphql';
import { connect, subscribe } from '../testing/subscriber.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';
import { ratesByField } from '../config.ts';
import { createRates } from './rates.ts';

jest.setTimeout(30_000);

const client = (id: string) => ({ id, isStaff: false });
const asking = (text: string) => ({
  operation: parse(text).definitions[0] as OperationDefinitionNode,
  fragments: new Map(),
});

describe('how often a client may ask', () => {
  it('is never more than its rate and what it saved, and never less', () => {
    const step = fc.record({ who: fc.constantFrom('a', 'b'), afterMs: fc.nat(400) });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(step),
        (perClient, burst, steps) => {
          let time = 0;
          const rates = createRates({ perClient, burst, perField: new Map() }, () => time);
          const taken: Record<string, number[]> = { a: [], b: [] };
          for (const { who, afterMs } of steps) {
            time += afterMs;
            const mine = taken[who] ?? [];
            // However long one looks back, no more than the burst and what came since.
            const mayBe = mine.every(
              (_at, index) =>
                mine.length - index + 1 <= burst + ((time - (mine[index] ?? 0)) / 1_000) * perClient + 1e-6,
            );
            const isFree = rates.take(client(who));
            if (isFree) mine.push(time);
            if (isFree) expect(mayBe).toBe(true);
            else expect(mine.length).toBeGreaterThan(0);
          }
        },
      ),
    );
    let time = 0;
    const rates = createRates({ perClient: 10, burst: 2, perField: new Map() }, () => time);
    const tries = () => [1, 2, 3].map(() => rates.take(client('a')));
    expect(tries()).toEqual([true, true, false]);
    time = 100;
    expect(tries()).toEqual([true, false, false]);
    time = 1e9;
    expect(tries()).toEqual([true, true, false]);
  });

  it('is counted for a field by itself, as often as an operation asks for it', () => {
    let time = 0;
    const perField = ratesByField({ RATE_PER_FIELD: ['Mutation.buy=2', 'Query.buy=1', 'Query.look=1'] });
    const rates = createRates({ perClient: 0, burst: 1, perField }, () => time);
    const codes = (who: string, text: string) => rates.refuse(client(who), asking(text))?.extensions['code'];
    expect(codes('a', 'mutation { a: buy ... { b: buy } }')).toBeUndefined();
    expect(codes('a', 'mutation { buy }')).toBe('TOO_MANY_REQUESTS');
    expect(codes('b', 'mutation { buy }')).toBeUndefined();
    expect(codes('a', '{ buy other other2: other }')).toBeUndefined();
    expect(codes('a', 'mutation { sell }')).toBeUndefined();
    time = 500;
    // Both or neither: half of what an operation asks for is not taken.
    expect(codes('a', 'mutation { buy buy2: buy }')).toBe('TOO_MANY_REQUESTS');
    expect(codes('a', 'mutation { buy }')).toBeUndefined();
    time = 1_000;
    // Nor what it asks for before the field that it is refused for.
    expect(codes('c', '{ buy }')).toBeUndefined();
    expect(codes('c', '{ look buy }')).toBe('TOO_MANY_REQUESTS');
    expect(codes('c', '{ look buy a: buy }')).toBe('QUERY_TOO_COMPLEX');
    expect(codes('c', '{ look }')).toBeUndefined();
    expect(codes('c', '{ look }')).toBe('TOO_MANY_REQUESTS');
    time = 10_000;
    // Never, however long the client waits: it is not told to try again.
    expect(codes('a', 'mutation { a: buy b: buy c: buy }')).toBe('QUERY_TOO_COMPLEX');
    expect(codes('a', 'mutation { a: buy b: buy }')).toBeUndefined();
    expect(rates.take(client('a'))).toBe(true);
  });
});

let graph: TestSupergraph;
beforeAll(async () => {
  graph = await startTestSupergraph();
});
afterAll(() => graph.close());

async function post(port: number, query: string, accept = 'application/json') {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, after: response.headers.get('retry-after'), text: await response.text() };
}

describe('a client that asks too often', () => {
  it.each(['application/json', 'text/event-stream'])('is told when to come back, with Accept: %s', async (accept) => {
    const { port } = await graph.startRouter({ RATE_PER_CLIENT: '1', RATE_BURST: '2' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(port, '{ __typename }', accept)));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
    const [refused] = answers.filter(({ status }) => status !== 200);
    expect(refused).toMatchObject({ status: 429, after: '1', text: expect.stringContaining('TOO_MANY_REQUESTS') });
  });

  it.each(['{ nope }', '{', 'subscription { nope }', 'query A { __typename } query B { __typename }'])(
    'is told so whatever it asks for, which costs, too: %s',
    async (query) => {
      const { port } = await graph.startRouter({ RATE_PER_CLIENT: '1', RATE_BURST: '1' });
      const socket = connect(`http://127.0.0.1:${port}/graphql`);
      const overSocket = async () => {
        const subscriber = subscribe(socket, query);
        await until('it ends', () => subscriber.ended() !== undefined);
        return JSON.stringify(subscriber.ended());
      };
      const ways = ['application/json', 'text/event-stream', 'multipart/mixed;subscriptionSpec="1.0"'].map(
        (accept) => async () => (await post(port, query, accept)).text,
      );
      for (const ask of [...ways, overSocket]) {
        const ends = await Promise.all(Array.from({ length: 20 }, ask));
        expect(ends.filter((end) => end.includes('TOO_MANY_REQUESTS')).length).toBeGreaterThan(0);
      }
      await socket.dispose();
    },
  );

  it('is told over a WebSocket, for each field and for all operations', async () => {
    const { port } = await graph.startRouter({
      RATE_PER_CLIENT: '1',
      RATE_BURST: '3',
      RATE_PER_FIELD: 'Query.serverTime=1',
    });
    const socket = connect(`http://127.0.0.1:${port}/graphql`);
    const endOf = async (query: string) => {
      const subscriber = subscribe(socket, query);
      await until('it ends', () => subscriber.ended() !== undefined);
      return JSON.stringify(subscriber.ended());
    };
    expect(await endOf('{ bike(bikeId: 7) { color } }')).toBe('"complete"');
    expect(await endOf('{ a: serverTime b: serverTime }')).toContain('Query.serverTime 2 times');
    const seen = [];
    for (let count = 0; count < 4; count += 1) seen.push(await endOf('{ __typename }'));
    expect(seen.join()).toContain('TOO_MANY_REQUESTS');
    await socket.dispose();
  });

  it('is told for a field over HTTP', async () => {
    const { port } = await graph.startRouter({ RATE_PER_FIELD: 'Query.bike=1' });
    expect((await post(port, '{ bike(bikeId: 7) { color } }')).status).toBe(200);
    const refused = await post(port, 'query A { ...B } fragment B on Query { x: bike(bikeId: 7) { color } }');
    expect(refused).toMatchObject({ status: 429, after: '1', text: expect.stringContaining('Query.bike') });
  });
});

describe('what an operation costs', () => {
  it.each(['application/json', 'text/event-stream'])('is told on request, with Accept: %s', async (accept) => {
    const ask = async (extensions: object) => {
      const response = await fetch(graph.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query: '{ bike(bikeId: 7) { color } }', extensions }),
      });
      return response.text();
    };
    expect(await ask({ cost: true })).toContain(
      '{"data":{"bike":{"color":"color 7"}},"extensions":{"cost":{"estimated":2,"limit":15000}}}',
    );
    expect(await ask({})).not.toContain('extensions');
  });
});
