import { createServer, type ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(30_000);

/** What a subgraph, or whatever stands before it, may answer with. */
const answers: Record<string, (response: ServerResponse) => void> = {
  'a proxy’s page with 200': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
  'a proxy’s 429': (response) => response.writeHead(429).end('slow down'),
  'a proxy’s 502': (response) => response.writeHead(502).end('<html>bad gateway</html>'),
  'a 500 without words': (response) => response.writeHead(500).end(),
  'nothing, with 200': (response) => response.end(),
  'half an answer': (response) => {
    response.writeHead(200, { 'content-length': 1_000 }).write('{"data":{"bike":');
    setTimeout(() => response.destroy(), 10);
  },
  'half an answer, as if it were whole': (response) => response.end('{"data":{"bike":'),
  'an answer without an end': (response) => {
    const chunk = 'x'.repeat(100_000);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  },
  'no answer at all': () => undefined,
  'a closed connection': (response) => response.destroy(),
  'a list': (response) => response.end('[]'),
  'a number as data': (response) => response.end('{"data":5}'),
  'neither data nor errors': (response) => response.end('{"data":null,"errors":[]}'),
  'errors that are none': (response) => response.end('{"errors":[null]}'),
  'errors that are text': (response) => response.end('{"errors":"away"}'),
};

let graph: TestSupergraph;
let liar: Server;
let lie = '';
const urls: Record<string, string> = {};
beforeAll(async () => {
  graph = await startTestSupergraph();
  liar = createServer((request, response) => {
    request.resume().on('end', () => answers[lie]?.(response));
  });
  await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
  const bad = `http://127.0.0.1:${(liar.address() as AddressInfo).port}/graphql`;
  const limits = { MAX_ANSWER_BYTES: '1000000', BREAKER_FAILURES: '0' };
  for (const [name, settings] of Object.entries({ bike: { BIKE_URL: bad }, reservation: { RESERVATION_URL: bad } })) {
    const { port } = await graph.startRouter({ ...limits, ...settings, SUBGRAPH_TIMEOUTS: `${name}=500` });
    urls[name] = `http://127.0.0.1:${port}/graphql`;
  }
});
afterAll(async () => {
  liar.closeAllConnections();
  await new Promise((resolve) => liar.close(resolve));
  await graph.close();
});

async function ask(url: string | undefined, query: string, headers: Record<string, string> = {}) {
  const response = await fetch(url ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const body = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; path?: unknown; extensions: Record<string, unknown> }[];
  };
  return { status: response.status, ...body };
}

describe.each(Object.keys(answers))('a subgraph that gives %s', (what) => {
  beforeAll(() => {
    lie = what;
  });

  it('is unavailable, and the error says for which field', async () => {
    const answer = await ask(urls['bike'], '{ one: bike(bikeId: 7) { color } }');
    expect(answer.status).toBe(503);
    expect(answer.errors).toEqual([
      { message: expect.stringMatching(/\w/), path: ['one'], extensions: { code: 'SERVICE_UNAVAILABLE' } },
    ]);
  });

  it('leaves what others know in the answer', async () => {
    const answer = await ask(urls['reservation'], '{ bike(bikeId: 7) { color mine: currentReservation { fee } } }');
    expect(answer).toMatchObject({ status: 200, data: { bike: { color: 'color 7', mine: null } } });
    expect(answer.errors).toMatchObject([{ path: ['bike', 'mine'], extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  });

  it('does not hide that a mutation was carried out', async () => {
    const authorization = await graph.signIn('1', 'operator');
    const mutation =
      'mutation { registerBike(input: { color: "green" }) { bike { color isAvailable } refusal { code } } }';
    const nested = await ask(urls['reservation'], mutation, { authorization });
    expect(nested.errors).toMatchObject([
      {
        message: expect.stringContaining('The mutation was carried out'),
        path: ['registerBike', 'bike', 'isAvailable'],
        extensions: { code: 'SERVICE_UNAVAILABLE' },
      },
    ]);
    const itself = await ask(urls['bike'], mutation, { authorization });
    expect(itself.errors).toMatchObject([{ message: expect.stringContaining('is not known'), path: ['registerBike'] }]);
  });
});
