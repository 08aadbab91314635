import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { expiredToken, foreignToken } from '../testing/tokens.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
beforeAll(async () => {
  graph = await startTestSupergraph({ MAX_QUERY_DEPTH: '4', MAX_QUERY_TOKENS: '500', MAX_BODY_BYTES: '20000' });
});
afterAll(() => graph.close());

interface Answer {
  status: number;
  headers: Headers;
  body: {
    data?: Record<string, unknown> | null;
    errors?: { message: string; path?: string[]; extensions: Record<string, unknown> }[];
  };
}

const json = { 'content-type': 'application/json' };

async function post(body: string, headers: Record<string, string> = json): Promise<Answer> {
  const response = await fetch(graph.url, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

const ask = (query: string, headers: Record<string, string> = {}, more: object = {}) =>
  post(JSON.stringify({ query, ...more }), { ...json, ...headers });

const codesOf = ({ body }: Answer) => body.errors?.map((error) => error.extensions['code']);

describe('a query or mutation', () => {
  it('is answered from several subgraphs', async () => {
    const { status, body } = await ask('{ bike(bikeId: 7) { color isAvailable } }');
    expect({ status, body }).toEqual({
      status: 200,
      body: { data: { bike: { color: 'color 7', isAvailable: true } } },
    });
  });

  it('reaches the subgraph with token, correlation id and trace, and names the correlation id in the answer', async () => {
    const authorization = await graph.signIn('10', 'rider');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { headers } = await ask('{ me { totalPoint } }', {
      authorization,
      traceparent,
      'x-correlation-id': 'ride-42',
    });
    expect(headers.get('x-correlation-id')).toBe('ride-42');
    expect(graph.subgraphs.point.requests.at(-1)).toMatchObject({
      authorization,
      traceparent,
      'x-correlation-id': 'ride-42',
    });
  });

  it('gets a correlation id when it brings none, or one that is not safe to log', async () => {
    const { headers } = await ask('{ bike(bikeId: 1) { color } }', { 'x-correlation-id': 'two words "' });
    const given = headers.get('x-correlation-id');
    expect(given).toMatch(/^[0-9a-f-]{36}$/);
    expect(graph.subgraphs.bike.requests.at(-1)?.['x-correlation-id']).toBe(given);
  });

  it('changes data with the role that it needs', async () => {
    const authorization = await graph.signIn('1', 'operator');
    const { body } = await ask('mutation { registerBike(input: { color: "green" }) { bike { color } } }', {
      authorization,
    });
    expect(body).toEqual({ data: { registerBike: { bike: { color: 'green' } } } });
  });
});

describe('an error', () => {
  it('of a subgraph passes through with code, message and path, and without anything from the inside', async () => {
    const answer = await ask('{ bike(bikeId: 409) { color } }');
    expect(answer.body.errors).toEqual([
      { message: 'Somebody else was first.', path: ['bike'], extensions: { code: 'CONFLICT' } },
    ]);
    expect(answer.status).toBe(200);
  });

  it('is FORBIDDEN without the role', async () => {
    const authorization = await graph.signIn('10', 'rider');
    const answer = await ask('mutation { registerBike(input: { color: "green" }) { bike { color } } }', {
      authorization,
    });
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
  });

  it('is UNAUTHENTICATED with 401 where a subgraph wants a token and there is none', async () => {
    const answer = await ask('{ user(userId: 10) { totalPoint } }');
    expect(answer.status).toBe(401);
    expect(codesOf(answer)).toEqual(['UNAUTHENTICATED']);
  });

  it('is UNAUTHENTICATED with 401 for a token that has expired, has another signature, or is none', async () => {
    for (const authorization of [await expiredToken(graph.env), await foreignToken(), 'Bearer nonsense', 'Basic xyz']) {
      const before = graph.subgraphs.bike.requests.length;
      const answer = await ask('{ bike(bikeId: 1) { color } }', { authorization });
      expect(answer.status).toBe(401);
      expect(codesOf(answer)).toEqual(['UNAUTHENTICATED']);
      expect(graph.subgraphs.bike.requests).toHaveLength(before);
    }
  });

  it('is BAD_USER_INPUT for a variable of the wrong type', async () => {
    const answer = await ask('query ($id: Int!) { bike(bikeId: $id) { color } }', {}, { variables: { id: 'seven' } });
    expect(answer.status).toBe(400);
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('says which operation is missing', async () => {
    const answer = await ask('query a { __typename } query b { __typename }', {}, { operationName: 'c' });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.[0]?.message).toContain('no operation named "c"');
    expect(codesOf(answer)).toEqual(['OPERATION_RESOLUTION_FAILURE']);
  });

  it.each([
    ['a body that is not JSON', '{"query": ', json],
    ['a batch', '[{"query":"{ __typename }"}]', json],
    ['a subscription over plain HTTP', '{"query":"subscription { dashboardUpdated { cursor } }"}', json],
  ])('is 400 for %s', async (_what, body, headers) => {
    expect((await post(body, headers)).status).toBe(400);
  });

  it('is 415 for a body that a foreign page can send without asking (CSRF)', async () => {
    expect((await post('{"query":"{ __typename }"}', {})).status).toBe(415);
  });

  it('is 413 for a body that is too long', async () => {
    expect((await post(`{"query":"${' '.repeat(1_000_000)}"}`)).status).toBe(413);
  });

  it('is 405 for a mutation by GET', async () => {
    const query = encodeURIComponent('mutation { registerBike(input: { color: "green" }) { bike { color } } }');
    const response = await fetch(`${graph.url}?query=${query}`, { headers: { 'apollo-require-preflight': '1' } });
    expect(response.status).toBe(405);
  });
});

describe('a limit', () => {
  it('refuses an operation that is too deep', async () => {
    const answer = await ask(
      '{ bike(bikeId: 1) { currentReservation { bike { currentReservation { reserveNo } } } } }',
    );
    expect(answer.status).toBe(400);
    expect(codesOf(answer)).toEqual(['QUERY_TOO_DEEP']);
    expect(answer.body.errors?.[0]?.message).toBe('The operation is 5 fields deep; at most 4 are allowed.');
  });

  it('leaves introspection alone', async () => {
    const answer = await ask(
      '{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } } } } __type(name: "Bike") { fields { type { ofType { ofType { name } } } } } }',
    );
    expect(answer.status).toBe(200);
  });

  it('refuses a document with too many tokens', async () => {
    const answer = await ask(`{ ${'__typename '.repeat(600)} }`);
    expect(answer.status).toBe(400);
    expect(codesOf(answer)).toEqual(['QUERY_TOO_COMPLEX']);
  });
});

describe('a subgraph that is away', () => {
  it('makes the answer 503 SERVICE_UNAVAILABLE when nothing else is in it', async () => {
    await graph.subgraphs.bike.stop();
    try {
      const answer = await ask('{ bike(bikeId: 1) { color } }');
      expect(answer.status).toBe(503);
      expect(answer.body.errors).toEqual([
        {
          message: 'A service that is needed does not answer. Try again later.',
          path: ['bike'],
          extensions: { code: 'SERVICE_UNAVAILABLE' },
        },
      ]);
    } finally {
      await graph.subgraphs.bike.start();
    }
  });

  it('leaves 200 when other subgraphs had data', async () => {
    await graph.subgraphs.bike.stop();
    try {
      const authorization = await graph.signIn('10', 'rider');
      const answer = await ask('{ bike(bikeId: 1) { color } me { totalPoint } }', { authorization });
      expect(answer.status).toBe(200);
      expect(answer.body.data).toEqual({ bike: null, me: { totalPoint: 1000 } });
      expect(codesOf(answer)).toEqual(['SERVICE_UNAVAILABLE']);
    } finally {
      await graph.subgraphs.bike.start();
    }
  });

  it('is asked again once it is back', async () => {
    expect((await ask('{ bike(bikeId: 1) { color } }')).status).toBe(200);
  });
});
