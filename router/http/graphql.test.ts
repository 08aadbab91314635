import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { assert, asyncProperty, constantFrom, record, type Arbitrary } from 'fast-check';
import { serverAudits } from 'graphql-http';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(60_000);

const json = 'application/json';
const graphqlJson = 'application/graphql-response+json';

let graph: TestSupergraph;
let classic: string;
let draft: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  classic = graph.url;
  const { port } = await graph.startRouter({ GRAPHQL_STATUS: '2026' });
  draft = `http://127.0.0.1:${port}/graphql`;
});
afterAll(() => graph.close());

interface Given {
  method?: string;
  search?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Node's own client: it adds no header. */
function ask(url: string, { method = 'POST', search = '', headers = {}, body }: Given) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const asked = httpRequest(`${url}${search}`, { method, headers: { ...length, ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.setTimeout(10_000, () => asked.destroy(new Error('no answer')));
    asked.on('error', reject).end(body);
  });
}

const post = (url: string, accept: string, body: unknown) =>
  ask(url, { headers: { 'content-type': json, accept }, body: typeof body === 'string' ? body : JSON.stringify(body) });

const search = (params: Record<string, string> | [string, string][]) => `?${String(new URLSearchParams(params))}`;
const typename = '{ __typename }';

describe('the audits of graphql-http', () => {
  it('are all passed', async () => {
    const audits = serverAudits({ url: classic });
    expect(audits).toHaveLength(61);
    const failed: string[] = [];
    for (const audit of audits) {
      const { status } = await audit.fn();
      if (status !== 'ok') failed.push(`${status} ${audit.name}`);
    }
    expect(failed).toEqual([]);
  });
});

const partial = { query: '{ one: bike(bikeId: 1) { color } two: bike(bikeId: 409) { color } }' };
const nothing = { query: '{ bike(bikeId: 409) { color } }' };

describe('the status of an answer', () => {
  it.each([
    // What is asked; for application/json, for no type by name, for the new type, and that by the draft.
    ['that is whole', { query: typename }, [200, 200, 200, 200]],
    ['with data and errors', partial, [200, 200, 200, 294]],
    ['with errors, and only nulls', nothing, [200, 200, 200, 294]],
    ['to a body that is not JSON', '{"query":', [400, 400, 400, 400]],
    ['to no body', '', [400, 400, 400, 400]],
    ['to a batch', [{ query: typename }], [400, 400, 400, 400]],
    ['to something else', 'null', [400, 400, 400, 422]],
    ['to no query', {}, [400, 400, 400, 422]],
    ['to variables in a list', { query: typename, variables: [] }, [400, 400, 400, 422]],
    ['to extensions in a text', { query: typename, extensions: 'x' }, [400, 400, 400, 422]],
    ['to a text that does not parse', { query: '{' }, [200, 400, 400, 400]],
    ['to a field that is not there', { query: '{ nothing }' }, [200, 400, 400, 422]],
    ['to an operation that is not there', { query: typename, operationName: 'b' }, [200, 400, 400, 422]],
    [
      'to a variable of another type',
      { query: 'query ($id: Int!) { bike(bikeId: $id) { color } }', variables: { id: 'x' } },
      [200, 400, 400, 422],
    ],
    ['that needs a token', { query: '{ user(userId: "10") { totalPoint } }' }, [401, 401, 401, 294]],
  ])('%s', async (_what, body, statuses) => {
    const asked: [string, string][] = [
      [classic, json],
      [classic, '*/*'],
      [classic, graphqlJson],
      [draft, graphqlJson],
    ];
    const answers = await Promise.all(asked.map(([url, accept]) => post(url, accept, body)));
    expect(answers.map(({ status }) => status)).toEqual(statuses);
    for (const { text, headers } of answers) {
      expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
      for (const error of (JSON.parse(text) as { errors?: { extensions: { code: string } }[] }).errors ?? [])
        expect(error.extensions.code).toMatch(/^[A-Z_]+$/);
    }
  });
});

describe('a request', () => {
  it.each([json, 'multipart/mixed', `multipart/mixed;boundary=x, ${json}`, '*/*'])(
    'for a subscription is told every way to subscribe, with Accept: %s',
    async (accept) => {
      const { status, text } = await post(classic, accept, { query: 'subscription { dashboardUpdated { cursor } }' });
      expect(status).toBe(400);
      for (const way of ['graphql-transport-ws', 'text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])
        expect(text).toContain(way);
    },
  );

  it('may begin with a byte order mark, and of two values under one key the last counts', async () => {
    const body = `\ufeff{"query":"{","query":"${typename}"}`;
    expect((await post(classic, json, body)).text).toBe('{"data":{"__typename":"Query"}}');
  });

  it.each([
    [{ 'content-type': `${json}; charset=utf-8` }, 200],
    [{ 'content-type': 'APPLICATION/JSON;charset="UTF-8"' }, 200],
    [{ 'content-type': `${json}; charset=latin1` }, 415],
    [{ 'content-type': 'text/plain' }, 415],
    [{}, 415],
    [{ 'content-type': json, 'content-encoding': 'gzip' }, 415],
    [{ 'content-type': json, accept: 'image/png' }, 406],
    [{ 'content-type': json, accept: `${json};q=0, */*;q=0.1` }, 200],
  ] as [Record<string, string>, number][])('with %j is answered %d', async (headers, status) => {
    expect((await ask(classic, { headers, body: `{"query":"${typename}"}` })).status).toBe(status);
  });

  it.each([
    ['PUT', typename, 405, 'GET, HEAD, POST'],
    ['GET', 'mutation { __typename }', 405, 'POST'],
    ['HEAD', typename, 200, undefined],
    ['OPTIONS', typename, 204, undefined],
  ])('by %s of %s is answered %d', async (method, query, status, allow) => {
    const answer = await ask(classic, { method, search: search({ query }) });
    expect([answer.status, answer.headers['allow']]).toEqual([status, allow]);
    if (method === 'HEAD') expect(answer).toMatchObject({ text: '', headers: { 'content-length': '31' } });
  });

  it.each([
    [search({ query: typename, operationName: '', variables: '', extensions: '' }), 200],
    [search([...Object.entries({ query: typename }), ['query', typename]]), 400],
    [search({ query: typename, variables: '{' }), 400],
    [search({ query: typename, variables: '[]' }), 400],
    ['?query=%7B%20one:%20__typename%20%23%20a?b%20%7D%0A%7D', 200],
    ['?query=%7B__typename%23%FF%0A%7D', 400],
    ['?query=%7B__typename%23%EF%BF%BD%0A%7D', 200],
    ['?query=', 400],
  ])('by GET %s is answered %d', async (given, status) => {
    expect((await ask(classic, { method: 'GET', search: given })).status).toBe(status);
  });

  it('by GET of another site’s page is refused, unless the browser asked before', async () => {
    const by = async (headers: Record<string, string>) =>
      (await ask(classic, { method: 'GET', search: search({ query: typename }), headers })).status;
    expect(await by({ 'sec-fetch-site': 'cross-site' })).toBe(400);
    expect(await by({ 'sec-fetch-site': 'same-site' })).toBe(400);
    expect(await by({ origin: 'https://evil.example' })).toBe(400);
    expect(await by({ origin: 'null', 'content-type': 'text/plain' })).toBe(400);
    expect(await by({ 'sec-fetch-site': 'cross-site', 'apollo-require-preflight': '1' })).toBe(200);
    expect(await by({ 'sec-fetch-site': 'cross-site', 'content-type': json })).toBe(200);
    expect(await by({ 'sec-fetch-site': 'same-origin' })).toBe(200);
  });

  it('by GET of a browser that does not say whose page it is can neither change nor be read', async () => {
    const headers = {
      'user-agent': 'Mozilla/5.0 (Windows NT 6.1)',
      referer: 'http://evil.example/page',
      accept: 'image/webp,image/*,*/*;q=0.8',
      cookie: 'token=x',
    };
    const by = (query: string) => ask(classic, { method: 'GET', search: search({ query }), headers });
    const answer = await by('{ me { userId } }');
    expect([answer.status, answer.text]).toEqual([200, '{"data":{"me":null}}']);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect((await by('mutation { registerBike(input: { color: "red" }) { bike { color } } }')).status).toBe(405);
  });
});

describe('whatever is asked', () => {
  const bodies = {
    good: `{"query":"${typename}"}`,
    unparsable: '{"query":"{"}',
    invalid: '{"query":"{ nothing }"}',
    'no query': '{}',
    batch: '[]',
    'not JSON': '{',
    empty: '',
  };
  const accepts = {
    none: undefined,
    any: '*/*',
    json,
    graphqlJson,
    both: `${graphqlJson}, ${json};q=0.9`,
    'json first': `${graphqlJson};q=0.5, ${json}`,
    nothing: 'image/png, text/*;q=0.3',
  };
  const types = { json, utf8: `${json}; charset=utf-8`, utf16: `${json}; charset=utf-16`, text: 'text/plain' };
  const requests = record({
    isDraft: constantFrom(false, true),
    method: constantFrom('POST', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH'),
    accept: constantFrom(...(Object.keys(accepts) as (keyof typeof accepts)[])),
    type: constantFrom('json', 'json', 'utf8', 'utf16', 'text', undefined),
    encoding: constantFrom(undefined, undefined, 'identity', 'gzip'),
    body: constantFrom(...(Object.keys(bodies) as (keyof typeof bodies)[])),
  } as const);

  type Request = typeof requests extends Arbitrary<infer Value> ? Value : never;

  /** The status that a request must have, and its type. */
  function expected({ isDraft, method, accept, type, encoding, body }: Request): [number, string] {
    const answerType = accept === 'graphqlJson' || accept === 'both' ? graphqlJson : json;
    const isNamed = accept === 'json' || accept === 'json first';
    const byDraft = isDraft && answerType === graphqlJson;
    const status = () => {
      if (accept === 'nothing') return 406;
      if (method !== 'POST') return 405;
      if (type !== 'json' && type !== 'utf8') return 415;
      if (encoding === 'gzip') return 415;
      if (body === 'good') return 200;
      if (body === 'unparsable') return isNamed ? 200 : 400;
      if (body === 'invalid') return isNamed ? 200 : byDraft ? 422 : 400;
      return body === 'no query' && byDraft ? 422 : 400;
    };
    return [status(), `${answerType}; charset=utf-8`];
  }

  it('is answered as the oracle says, never 500, and in the shape of GraphQL', async () => {
    await assert(
      asyncProperty(requests, async (given) => {
        const { isDraft, method, type, encoding } = given;
        const accept = accepts[given.accept];
        const headers: Record<string, string> = {
          ...(accept === undefined ? {} : { accept }),
          ...(type === undefined ? {} : { 'content-type': types[type] }),
          ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
        };
        const answer = await ask(isDraft ? draft : classic, { method, headers, body: bodies[given.body] });
        expect([answer.status, answer.headers['content-type']]).toEqual(expected(given));
        const { data, errors } = JSON.parse(answer.text) as { data?: unknown; errors?: { extensions: object }[] };
        expect(data !== undefined || errors?.every(({ extensions }) => 'code' in extensions)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
