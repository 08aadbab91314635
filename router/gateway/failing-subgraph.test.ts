import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(30_000);

const good = JSON.stringify({ data: { bike: { color: 'red' }, registerBike: { bike: null } } });

let graph: TestSupergraph;
let bikes: Server;
let bike = '';
let asked = 0;
let answer: (response: ServerResponse, request: IncomingMessage) => void;
const answers = (response: ServerResponse) => void response.end(good);

beforeAll(async () => {
  graph = await startTestSupergraph();
  bikes = createServer((request, response) => {
    request.resume().on('end', () => {
      asked += 1;
      answer(response, request);
    });
  });
  await new Promise<void>((resolve) => bikes.listen(0, '127.0.0.1', resolve));
  bike = `http://127.0.0.1:${(bikes.address() as AddressInfo).port}/graphql`;
});
afterAll(async () => {
  bikes.closeAllConnections();
  await new Promise((resolve) => bikes.close(resolve));
  await graph.close();
});
beforeEach(() => {
  answer = answers;
});

async function start(settings: NodeJS.ProcessEnv = {}) {
  const { port } = await graph.startRouter({ BIKE_URL: bike, ...settings });
  const url = `http://127.0.0.1:${port}`;
  asked = 0;
  const post = (query: string, headers: Record<string, string>) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
  return {
    async ask(query = '{ bike(bikeId: 7) { color } }', authorization = '') {
      const response = await post(query, authorization ? { authorization } : {});
      return (await response.json()) as { data?: unknown; errors?: { message: string; extensions: object }[] };
    },
    async askInParts(query: string, authorization: string) {
      const response = await post(query, { authorization, accept: 'multipart/mixed;incrementalSpec=v0.2' });
      const lines = (await response.text()).split('\r\n').filter((line) => line.startsWith('{'));
      return lines.map((line) => JSON.parse(line) as { completed?: { errors: object[] }[] });
    },
    async figure(name: string) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^${name}{[^}]*"bike"[^}]*} (\\S+)`, 'm').exec(text)?.[1]);
    },
  };
}

describe('a subgraph that fails again and again', () => {
  it('is left alone, then tried, then asked as before', async () => {
    const { ask, figure } = await start({ BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '6000' });
    answer = (response) => response.writeHead(502).end('<html>bad gateway</html>');
    for (let count = 0; count < 20; count += 1) {
      expect((await ask()).errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    }
    expect(asked).toBeLessThanOrEqual(5);
    expect(await figure('subgraph_circuit_open')).toBe(1);

    const mutation = 'mutation { registerBike(input: { color: "green" }) { bike { color } } }';
    const operator = await graph.signIn('1', 'operator');
    expect((await ask(mutation, operator)).errors).toMatchObject([
      { message: expect.stringContaining('nothing has changed'), extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);

    answer = answers;
    await until('it is asked again', async () => (await ask()).errors === undefined);
    expect(await figure('subgraph_circuit_open')).toBe(0);
  });

  it('is asked all the same when it answers with errors of its own', async () => {
    const { ask } = await start({ BREAKER_FAILURES: '3' });
    answer = (response) =>
      response.writeHead(503).end('{"errors":[{"message":"no","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}');
    for (let count = 0; count < 10; count += 1) await ask();
    expect(asked).toBe(10);
  });
});

describe('a connection that breaks before an answer', () => {
  const breaksOnce = () => {
    answer = (response) => {
      answer = answers;
      response.destroy();
    };
  };

  it('does not fail a query', async () => {
    const { ask, figure } = await start();
    breaksOnce();
    expect(await ask()).toEqual({ data: { bike: { color: 'red' } } });
    expect(asked).toBe(2);
    expect(await figure('subgraph_retries_total')).toBe(1);
  });

  it('fails a mutation, which may have been made', async () => {
    const { ask } = await start();
    breaksOnce();
    const operator = await graph.signIn('1', 'operator');
    const answered = await ask('mutation { registerBike(input: { color: "green" }) { bike { color } } }', operator);
    expect(answered.errors).toMatchObject([{ message: expect.stringContaining('is not known') }]);
    expect(asked).toBe(1);
  });

  it('fails a query of which a part has come', async () => {
    const { ask } = await start();
    answer = (response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"data":');
      setTimeout(() => response.destroy(), 20);
    };
    expect((await ask()).errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(asked).toBe(1);
  });
});

describe('the time that a subgraph may take', () => {
  it('is its own where one is set', async () => {
    const { ask } = await start({ SUBGRAPH_TIMEOUTS: 'point=1, bike=100' });
    answer = () => undefined;
    const before = performance.now();
    expect((await ask()).errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(asked).toBe(1);
  });
});

it.each([
  [404, 200, 'ok'],
  [400, 400, 'ok'],
  [200, 405, 'ok'],
  [503, 200, 'answers 503 at /readyz'],
  [404, 404, 'answers 404 at /graphql'],
])('a subgraph that answers %i at /readyz and %i where it is asked is told of as: %s', async (page, door, told) => {
  answer = (response, { url }) => void response.writeHead(url === '/readyz' ? page : door).end();
  const { port } = await graph.startRouter({ BIKE_URL: bike });
  const { checks } = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as { checks: object };
  expect(checks).toMatchObject({ bike: told });
});

describe('a subgraph that is away while many objects need it', () => {
  const away = 'http://127.0.0.1:9/graphql';
  const mutation = 'mutation { registerBikes(input: { bikes: [] }) { results { bike { bikeId isAvailable } } } }';

  it.each([2, 11, 2_000])('is told of as away, and as nothing else, for %i of them', async (count) => {
    const { ask } = await start({ RESERVATION_URL: away });
    const results = Array.from({ length: count }, (_, at) => ({ bike: { __typename: 'Bike', bikeId: at + 1 } }));
    answer = (response) => void response.end(JSON.stringify({ data: { registerBikes: { results } } }));
    const { data, errors = [] } = await ask(mutation, await graph.signIn('1', 'operator'));
    expect(data).toEqual({ registerBikes: { results: results.map(() => ({ bike: null })) } });
    expect(errors).toHaveLength(Math.min(count, 10));
    for (const error of errors) expect(error.extensions).toEqual({ code: 'SERVICE_UNAVAILABLE' });
  });

  it.each([2, 11, 2_000])('is told of as away with each of %i that are deferred', async (count) => {
    const { askInParts } = await start({ RESERVATION_URL: away });
    const results = Array.from({ length: count }, (_, at) => ({ bike: { __typename: 'Bike', bikeId: at + 1 } }));
    answer = (response) => void response.end(JSON.stringify({ data: { registerBikes: { results } } }));
    const deferring = mutation.replace('isAvailable', '... @defer { isAvailable }');
    const parts = await askInParts(deferring, await graph.signIn('1', 'operator'));
    const completed = parts.flatMap((part) => part.completed ?? []);
    expect(completed).toHaveLength(count);
    for (const [at, { errors }] of completed.entries()) {
      const path = ['registerBikes', 'results', at, 'bike', 'isAvailable'];
      expect(errors).toMatchObject([{ path, extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    }
  });
});
