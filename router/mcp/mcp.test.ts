import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client, StreamableHTTPClientTransport, type ClientOptions } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { startRouter, type Router } from '../router.ts';
import { hashOf } from '../documents/persisted.ts';
import { startLibrary } from '../testing/library.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { expiredToken } from '../testing/tokens.ts';

jest.setTimeout(60_000);

const ours = join(import.meta.dirname, '../../schema/client/generated/persisted-documents.json');
const texts = Object.values(JSON.parse(readFileSync(ours, 'utf8')) as Record<string, string>);

let graph: TestSupergraph;
let router: Router;
let url: URL;
let folder: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  router = await graph.startRouter({ MCP: 'on', PERSISTED_DOCUMENTS: ours, PERSISTED_DOCUMENTS_MODE: 'only' });
  url = mcpOf(router);
  folder = mkdtempSync(join(tmpdir(), 'mcp-'));
});
afterAll(async () => {
  await graph.close();
  rmSync(folder, { recursive: true });
});

const mcpOf = ({ port }: Router) => new URL(`http://127.0.0.1:${port}/mcp`);

function manifestOf(...documents: string[]): string {
  const file = join(folder, `${hashOf(documents.join(''))}.json`);
  writeFileSync(file, JSON.stringify(Object.fromEntries(documents.map((text) => [hashOf(text), text]))));
  return file;
}

async function withClient<Result>(
  to: URL,
  use: (client: Client) => Promise<Result>,
  { authorization, ...options }: ClientOptions & { authorization?: string } = {},
): Promise<Result> {
  const client = new Client({ name: 'test', version: '1' }, options);
  const headers = authorization === undefined ? {} : { authorization };
  await client.connect(new StreamableHTTPClientTransport(to, { requestInit: { headers } }));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

interface Given {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

const json = 'application/json';
const both = { 'content-type': json, accept: `${json}, text/event-stream` };

async function send({ method = 'POST', headers = {}, body }: Given, to = url) {
  const response = await fetch(to, {
    method,
    headers: { ...both, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    message: (text === '' ? {} : JSON.parse(text)) as Answer,
  };
}

interface Answer {
  id?: unknown;
  result?: { isError?: boolean; content?: { text: string }[]; structuredContent?: unknown; tools?: unknown[] };
  error?: { code: number; message: string; data?: unknown };
}

const rpc = (method: string, params?: unknown, id: unknown = 1) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });
const call = (name: unknown, given?: unknown) => send({ body: rpc('tools/call', { name, arguments: given }) });

const spoken: [string, ClientOptions][] = [
  ['2025-06-18', { supportedProtocolVersions: ['2025-06-18'] }],
  ['2025-11-25', {}],
  ['2026-07-28', { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
  ['any revision', { versionNegotiation: { mode: 'auto' } }],
];

describe.each(spoken)('the reference client that speaks %s', (version, options) => {
  it('finds every query and mutation of the manifest, described', async () => {
    const { tools } = await withClient(url, (client) => client.listTools(), options);
    const named = (kind: string) => texts.flatMap((text) => new RegExp(`^${kind} (\\w+)`, 'm').exec(text)?.[1] ?? []);
    expect(named('subscription').length).toBeGreaterThan(0);
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining([...named('query'), ...named('mutation')]));
    expect(tools).toHaveLength(named('query').length + named('mutation').length);
    expect(tools.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
    const annotated = new Map(tools.map(({ name, annotations }) => [name, annotations]));
    expect(annotated.get('Bike')).toEqual({ readOnlyHint: true });
    expect(annotated.get('RegisterBike')).toEqual({
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
    });
  });

  it('calls them, with the token that it has', async () => {
    const authorization = await graph.signIn('boss', 'operator');
    // A client that knows what tools answer with looks whether they do.
    const ask = async (client: Client) => {
      await client.listTools();
      return client.callTool({ name: 'BikeLooks', arguments: { bikeId: 7 } });
    };
    const answer = { data: { bike: { color: 'color 7' } } };
    expect(await withClient(url, ask, options)).toMatchObject({
      structuredContent: answer,
      content: [{ type: 'text', text: JSON.stringify(answer) }],
    });
    const register = async (client: Client) => {
      await client.listTools();
      return client.callTool({ name: 'RegisterBike', arguments: { input: { color: 'green' } } });
    };
    expect(await withClient(url, register, { ...options, authorization })).toMatchObject({
      structuredContent: { data: { registerBike: { bike: { color: 'green' } } } },
    });
    const refused = await withClient(url, register, options);
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^UNAUTHENTICATED: /) }] });
  });

  it(`agrees on ${version}`, async () => {
    const agreed = await withClient(url, async (client) => client.getNegotiatedProtocolVersion(), options);
    expect(agreed).toBe(version === 'any revision' ? '2026-07-28' : version);
  });
});

describe('a tool', () => {
  it('is described by what the client’s author wrote, or else by the schema', async () => {
    const manifest = manifestOf(
      '"""Its colour.\nNothing else."""\nquery Described($bikeId: Int!) { bike(bikeId: $bikeId) { color } }',
      '# Its colour,\n# as a comment.\nquery Commented($bikeId: Int!) { bike(bikeId: $bikeId) { color } }',
      'query Plain("Which one." $bikeId: Int! = 7) { bike(bikeId: $bikeId) { color } }',
      '{ bike(bikeId: 1) { color } }',
      'query Gone { nothing }',
      'no document',
      'subscription Live { dashboardUpdated { cursor } }',
    );
    const to = mcpOf(await graph.startRouter({ MCP: 'on', PERSISTED_DOCUMENTS: manifest }));
    const { tools } = await withClient(to, (client) => client.listTools());
    const told = Object.fromEntries(tools.map(({ name, description }) => [name, description]));
    expect(told).toEqual({
      Described: 'Its colour.\nNothing else.',
      Commented: 'Its colour,\nas a comment.',
      Plain: expect.stringMatching(/^bike \(color\): One bike by its number/),
    });
    const [described, , plain] = tools;
    expect(plain?.inputSchema).toMatchObject({
      properties: { bikeId: { type: 'integer', description: 'Which one.', default: 7 } },
      additionalProperties: false,
    });
    expect(plain?.inputSchema.required).toBeUndefined();
    expect(described?.inputSchema.required).toEqual(['bikeId']);
    expect(described?.outputSchema).toMatchObject({
      type: 'object',
      properties: { data: { properties: { bike: { properties: { color: { type: 'string' } } } } } },
    });
  });

  it('is the last operation of its name', async () => {
    const manifest = manifestOf('query Bike { bike(bikeId: 1) { color } }', 'query Bike { bike(bikeId: 2) { color } }');
    const to = mcpOf(await graph.startRouter({ MCP: 'on', PERSISTED_DOCUMENTS: manifest }));
    const { message } = await send({ body: rpc('tools/call', { name: 'Bike' }) }, to);
    expect(message.result?.structuredContent).toEqual({ data: { bike: { color: 'color 2' } } });
  });

  it('is one of any supergraph', async () => {
    const library = await startLibrary();
    const file = join(folder, 'supergraph.graphql');
    writeFileSync(file, library.compose({}));
    const manifest = manifestOf('query Book($id: ID!) { book(id: $id) { title film { year } } }');
    const { PRODUCT: _product, ...env } = graph.env;
    const foreign = await startRouter(
      { ...env, MCP: 'on', PERSISTED_DOCUMENTS: manifest, SUPERGRAPH: file, ROUTER_PORT: '0' },
      {},
    );
    const { message } = await send(
      { body: rpc('tools/call', { name: 'Book', arguments: { id: '7' } }) },
      mcpOf(foreign),
    );
    await foreign.close();
    await library.close();
    expect(message.result?.structuredContent).toEqual({ data: { book: { title: 'title 7', film: { year: 1999 } } } });
  });
});

describe('a new supergraph', () => {
  it('has the tools that it can answer', async () => {
    const library = await startLibrary();
    const file = join(folder, 'changing.graphql');
    writeFileSync(file, library.compose({}));
    const manifest = manifestOf('query Book { book(id: 7) { title } }', 'query Film { book(id: 7) { film { year } } }');
    const changing = await startRouter(
      { ...graph.env, MCP: 'on', PERSISTED_DOCUMENTS: manifest, SUPERGRAPH: file, ROUTER_PORT: '0' },
      {},
    );
    const names = async () => {
      const { message } = await send({ body: rpc('tools/list') }, mcpOf(changing));
      return (message.result?.tools as { name: string }[]).map(({ name }) => name);
    };
    const before = await names();
    writeFileSync(file, library.compose({ filmField: '' }));
    await changing.reload();
    const after = [await names(), (await send({ body: rpc('tools/call', { name: 'Film' }) }, mcpOf(changing))).message];
    await changing.close();
    await library.close();
    expect(before).toEqual(['Book', 'Film']);
    expect(after).toMatchObject([['Book'], { error: { code: -32602 } }]);
  });
});

describe('a call', () => {
  it('that fails tells the errors, and what there is beside them', async () => {
    const manifest = manifestOf('query Two { one: bike(bikeId: 1) { color } other: bike(bikeId: 409) { color } }');
    const to = mcpOf(await graph.startRouter({ MCP: 'on', PERSISTED_DOCUMENTS: manifest }));
    const { message } = await send({ body: rpc('tools/call', { name: 'Two' }) }, to);
    expect(message.result).toMatchObject({
      isError: true,
      content: [
        { text: expect.stringMatching(/^CONFLICT: Somebody else was first\. \(other\)\n\{"data":\{"one":\{"color"/) },
      ],
      structuredContent: { data: { one: { color: 'color 1' }, other: null } },
    });
  });

  it('counts as an operation', async () => {
    const rare = { RATE_PER_CLIENT: '1', RATE_BURST: '3' };
    const to = mcpOf(await graph.startRouter({ MCP: 'on', PERSISTED_DOCUMENTS: ours, ...rare }));
    // However slowly they go: one more is allowed a second.
    const refusedOf = async (body: string) => {
      for (let asked = 1; asked <= 100; asked += 1) {
        const answer = await send({ body }, to);
        if (answer.status !== 200 || answer.message.result?.isError) return { asked, ...answer };
      }
      throw new Error('a hundred were answered');
    };
    const called = await refusedOf(rpc('tools/call', { name: 'BikeLooks', arguments: { bikeId: 7 } }));
    expect(called.asked).toBeGreaterThan(3);
    expect(called.message.result?.content?.[0]?.text).toMatch(/^TOO_MANY_REQUESTS: /);
    const { status, headers } = await refusedOf(rpc('tools/list'));
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
  });

  it('may cost what any operation may', async () => {
    const manifest = manifestOf('query Bikes($first: Int) { bikes(first: $first) { nodes { bikeId } } }');
    const to = mcpOf(await graph.startRouter({ MCP: 'on', PERSISTED_DOCUMENTS: manifest, MAX_QUERY_COST: '100' }));
    const { message } = await send({ body: rpc('tools/call', { name: 'Bikes', arguments: { first: 200 } }) }, to);
    expect(message.result?.content?.[0]?.text).toMatch(/^QUERY_TOO_COMPLEX: /);
  });

  it('of another tool than there is, or without arguments for one, is refused', async () => {
    for (const name of ['Nothing', 'DashboardUpdated', '__schema', 'toString', '', 7, null, undefined, ['Bike']]) {
      expect((await call(name)).message.error).toMatchObject({ code: -32602 });
    }
    for (const given of [7, 'text', true, ['a'], null]) {
      expect((await call('BikeLooks', given)).message.error).toMatchObject({ code: -32602 });
    }
    const missing = (await call('BikeLooks')).message.result;
    expect(missing).toMatchObject({ isError: true });
    expect(missing?.content?.[0]?.text).toMatch(/^BAD_USER_INPUT: .*\$bikeId/);
    const misspelled = (await call('BikeLooks', { bikeId: 7, bikeID: 8 })).message.result;
    expect(misspelled).toMatchObject({ isError: true, content: [{ text: 'BikeLooks takes: bikeId.' }] });
  });

  it('with any JSON for an argument is answered, and by data only if it is a number of a bike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (bikeId) => {
        const { status, message } = await call('BikeLooks', { bikeId });
        const isInt = typeof bikeId === 'number' && Number.isInteger(bikeId) && Math.abs(bikeId) < 2 ** 31;
        expect(status).toBe(200);
        expect(message.result?.isError ?? false).toBe(!isInt);
      }),
      { numRuns: 100 },
    );
  });
});

describe('whatever comes', () => {
  it('is answered, with any arguments of any tool', async () => {
    const { tools } = await withClient(url, (client) => client.listTools());
    const authorization = await graph.signIn('boss', 'admin');
    const argumentsOf = ({ properties = {} }: { properties?: object | undefined }) =>
      fc.record(Object.fromEntries(Object.keys(properties).map((name) => [name, fc.jsonValue({ maxDepth: 3 })])), {
        requiredKeys: [],
      });
    const calls = fc.oneof(
      ...tools.map(({ name, inputSchema }) => argumentsOf(inputSchema).map((given) => ({ name, arguments: given }))),
    );
    await fc.assert(
      fc.asyncProperty(calls, async (asked) => {
        const { status, message } = await send({ headers: { authorization }, body: rpc('tools/call', asked) });
        expect(status).toBe(200);
        expect(message.result?.content?.[0]?.text).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });

  it('is no mistake of the server', async () => {
    const words = [
      'initialize',
      'ping',
      'tools/list',
      'tools/call',
      'server/discover',
      'notifications/initialized',
      '',
    ];
    const text = fc.oneof(fc.constantFrom(...words, '2.0', '2026-07-28', '2025-06-18'), fc.string());
    const meta = fc.record(
      {
        'io.modelcontextprotocol/protocolVersion': fc.oneof(fc.constant('2026-07-28'), text),
        'io.modelcontextprotocol/clientCapabilities': fc.oneof(fc.constant({}), fc.jsonValue({ maxDepth: 1 })),
      },
      { requiredKeys: [] },
    );
    const params = fc.record(
      { name: text, arguments: fc.jsonValue({ maxDepth: 2 }), cursor: text, protocolVersion: text, _meta: meta },
      { requiredKeys: [] },
    );
    const any = fc.jsonValue({ maxDepth: 2 });
    const message = fc.record(
      {
        jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, { arbitrary: any, weight: 1 }),
        id: fc.oneof(fc.nat(), fc.string(), any),
        method: fc.oneof({ weight: 9, arbitrary: text }, { arbitrary: any, weight: 1 }),
        params: fc.oneof({ weight: 9, arbitrary: params }, { arbitrary: any, weight: 1 }),
      },
      { requiredKeys: ['jsonrpc', 'method'] },
    );
    const version = fc.constantFrom(undefined, '2025-06-18', '2026-07-28', '1999-01-01');
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.oneof(message, any), version, async (body, spoken) => {
        const named = (body as { method?: unknown } | null)?.method;
        const method = Buffer.from(typeof named === 'string' ? named : '').toString('base64');
        const headers = { 'mcp-method': `=?base64?${method}?=`, ...(spoken ? { 'mcp-protocol-version': spoken } : {}) };
        const answer = await send({ headers, body: JSON.stringify(body) });
        expect([200, 202, 400, 404]).toContain(answer.status);
        expect('result' in answer.message || 'error' in answer.message).toBe(answer.status !== 202);
        expect(answer.message.error?.code).not.toBe(-32603);
        statuses.add(answer.status);
      }),
      { numRuns: 1_000 },
    );
    expect([...statuses].toSorted()).toEqual([200, 202, 400, 404]);
  });
});

describe('a message', () => {
  const refusals: [string, Given, number, number?][] = [
    ['that is no JSON', { body: '{' }, 400, -32700],
    ['that is empty', { body: '' }, 400, -32700],
    ['that is a batch', { body: `[${rpc('ping')}]` }, 400, -32600],
    ['that is no object', { body: '7' }, 400, -32600],
    ['without a method', { body: '{"jsonrpc":"2.0","id":1}' }, 400, -32600],
    ['of JSON-RPC 1', { body: '{"id":1,"method":"ping"}' }, 400, -32600],
    ['with null for an id', { body: rpc('ping', {}, null) }, 400, -32600],
    ['with a list of params', { body: rpc('tools/call', ['Bike']) }, 400, -32600],
    ['with an answer', { body: '{"jsonrpc":"2.0","id":1,"result":{}}' }, 400, -32600],
    ['of an unknown method', { body: rpc('resources/list') }, 200, -32601],
    ['of a method of objects', { body: rpc('constructor') }, 200, -32601],
    ['for another page', { body: rpc('tools/list', { cursor: 'x' }) }, 200, -32602],
    ['too long', { body: rpc('tools/call', { name: 'x'.repeat(2_000_000) }) }, 413, -32600],
    ['that nests', { body: '['.repeat(50_000) }, 400, -32700],
    [
      'of a revision that never was',
      { headers: { 'mcp-protocol-version': '1999-01-01' }, body: rpc('ping') },
      400,
      -32022,
    ],
    ['that is no revision', { headers: { 'mcp-protocol-version': '✗' }, body: rpc('ping') }, 400, -32022],
    [
      'of the stateless revision, without saying who',
      { headers: { 'mcp-protocol-version': '2026-07-28' }, body: rpc('tools/list') },
      400,
      -32602,
    ],
    ['of another type', { headers: { 'content-type': 'text/plain' }, body: rpc('ping') }, 415, -32600],
    ['whose answer may be a stream only', { headers: { accept: 'text/event-stream' }, body: rpc('ping') }, 406, -32600],
    ['whose answer may be a page only', { headers: { accept: 'text/html' }, body: rpc('ping') }, 406, -32600],
    ['by GET', { method: 'GET' }, 405, -32600],
    ['by DELETE', { method: 'DELETE', headers: { 'mcp-session-id': 'made-up' } }, 405, -32600],
    ['by PUT', { method: 'PUT', body: rpc('ping') }, 405, -32600],
    ['from a page that DNS led here', { headers: { origin: 'http://evil.example' }, body: rpc('ping') }, 403, -32600],
    ['from a page of nowhere', { headers: { origin: 'null' }, body: rpc('ping') }, 403, -32600],
  ];

  it.each(refusals)('%s is refused', async (_what, given, status, code) => {
    const answer = await send({ ...given, headers: encoded(given.headers) });
    expect([answer.status, answer.message.error?.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST');
  });

  it('from this server’s own address is refused too: a page could have been led to it', async () => {
    const { port } = url;
    // In development, pages of this machine may.
    expect((await send({ headers: { origin: `http://localhost:3000` }, body: rpc('ping') })).status).toBe(200);
    const strict = await graph.startRouter({
      LANDSCAPE: 'test',
      ROUTER_SECRET: 'a secret of a test',
      MCP: 'on',
      PERSISTED_DOCUMENTS: ours,
      CORS_ORIGINS: 'https://assistant.example',
    });
    const from = async (origin: string) =>
      (await send({ headers: { origin }, body: rpc('ping') }, mcpOf(strict))).status;
    expect(await from(`http://127.0.0.1:${strict.port}`)).toBe(403);
    expect(await from(`http://localhost:${port}`)).toBe(403);
    expect(await from('https://assistant.example')).toBe(200);
    const preflight = await fetch(mcpOf(strict), {
      method: 'OPTIONS',
      headers: { origin: 'https://assistant.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-protocol-version');
  });

  it('with a token that is not good is refused', async () => {
    const authorization = await expiredToken(graph.env);
    const { status, headers, message } = await send({ headers: { authorization }, body: rpc('ping') });
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(message.error).toMatchObject({ data: { code: 'UNAUTHENTICATED' } });
  });

  it('with a made-up session is answered as without', async () => {
    const answer = await send({ headers: { 'mcp-session-id': 'made-up' }, body: rpc('ping', undefined, 'mine') });
    expect(answer.message).toEqual({ jsonrpc: '2.0', id: 'mine', result: {} });
    expect(answer.headers.get('mcp-session-id')).toBeNull();
  });

  it('that is a notification is accepted without an answer', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect(await send({ body })).toMatchObject({ status: 202, text: '' });
  });

  it('that shakes hands gets the newest revision unless its own is spoken', async () => {
    for (const [asked, agreed] of [
      ['2025-06-18', '2025-06-18'],
      ['2025-11-25', '2025-11-25'],
      ['2024-11-05', '2025-11-25'],
      [7, '2025-11-25'],
    ]) {
      const { message } = await send({ body: rpc('initialize', { protocolVersion: asked }) });
      expect(message.result).toMatchObject({ protocolVersion: agreed, capabilities: { tools: {} } });
    }
  });

  describe('of the stateless revision', () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const stateless = (method: string, params: object, headers: Record<string, string> = {}) =>
      send({
        headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...headers },
        body: rpc(method, { ...params, _meta: meta }),
      });
    const looks = { name: 'BikeLooks', arguments: { bikeId: 7 } };

    it('must have headers that say what its body says', async () => {
      const wrong = { status: 400, message: { error: { code: -32020 } } };
      expect(await stateless('tools/call', looks)).toMatchObject(wrong);
      expect(await stateless('tools/call', looks, { 'mcp-name': 'Bike' })).toMatchObject(wrong);
      expect(await stateless('tools/list', {}, { 'mcp-method': 'tools/call' })).toMatchObject(wrong);
      expect(await stateless('tools/list', {}, { 'mcp-protocol-version': '2025-11-25' })).toMatchObject(wrong);
      for (const name of ['BikeLooks', `=?base64?${Buffer.from('BikeLooks').toString('base64')}?=`]) {
        expect(await stateless('tools/call', looks, { 'mcp-name': name })).toMatchObject({
          status: 200,
          message: { result: { resultType: 'complete', structuredContent: { data: { bike: { color: 'color 7' } } } } },
        });
      }
    });

    it('knows no method of the others', async () => {
      for (const method of ['initialize', 'ping', 'subscriptions/listen']) {
        expect(await stateless(method, {})).toMatchObject({ status: 404, message: { error: { code: -32601 } } });
      }
    });
  });
});

/** What fetch refuses to send as it is, as bytes. */
const encoded = (headers: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));

describe('MCP=off, the default', () => {
  it('has nothing there', async () => {
    const { port } = graph.router;
    const answer = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: both,
        body: rpc('ping'),
      });
      return [response.status, (await response.text()).replace(path, '')];
    };
    expect(await answer('/mcp')).toEqual(await answer('/nothing'));
    expect(await answer('/mcp')).not.toEqual([200, expect.anything()]);
  });
});

describe('MCP=on', () => {
  it('without a manifest is a mistake', async () => {
    await expect(graph.startRouter({ MCP: 'on' })).rejects.toThrow(
      'MCP: its tools are the operations of PERSISTED_DOCUMENTS',
    );
  });
});
