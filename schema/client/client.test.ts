import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSchema, graphql, GraphQLError, parse } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { type Client, createClient, GraphqlRequestError } from './client.ts';

const schema = buildSchema(`
  type Query { caller: String  fails: String  trace: String  own: String! }
  type Mutation { act: String }
  type Subscription { count(to: Int!): Int  caller: String  refused: Int  endless: Int  own: String! }
`);
const CallerDocument = parse('{ caller }') as TypedDocumentNode<{ caller: string | null }, object>;
const FailsDocument = parse('{ fails }') as TypedDocumentNode<{ fails: string }, object>;
const ActDocument = parse('mutation { act }') as TypedDocumentNode<{ act: string | null }, object>;
const TraceDocument = parse('{ trace }') as TypedDocumentNode<{ trace: string | null }, object>;
const CountDocument = parse('subscription ($to: Int!) { count(to: $to) }') as TypedDocumentNode<
  { count: number },
  { to: number }
>;
const OwnDocument = parse('{ own }') as TypedDocumentNode<{ own: string }, object>;
const LiveOwnDocument = parse('subscription { own }') as TypedDocumentNode<{ own: string }, object>;
const LiveCallerDocument = parse('subscription { caller }') as TypedDocumentNode<{ caller: string }, object>;
const RefusedDocument = parse('subscription { refused }') as TypedDocumentNode<{ refused: number }, object>;
const EndlessDocument = parse('subscription { endless }') as TypedDocumentNode<{ endless: number }, object>;

const forbidden = () => new GraphQLError('Not you.', { extensions: { code: 'FORBIDDEN' } });
/** The token that the server accepts. */
let validToken = 'secret';
function own(_: unknown, { authorization }: { authorization?: string }): string {
  if (authorization === `Bearer ${validToken}`) return authorization;
  throw new GraphQLError('The token has expired.', { extensions: { code: 'UNAUTHENTICATED' } });
}
const root = {
  own,
  caller: (_: unknown, { authorization }: { authorization?: string }) => authorization,
  trace: (_: unknown, { traceparent }: { traceparent?: string }) => traceparent,
  act: (_: unknown, { traceparent }: { traceparent?: string }) => traceparent,
  fails() {
    throw forbidden();
  },
};
const subscriptions = {
  async *count({ to }: { to: number }) {
    for (let count = 1; count <= to; count += 1) yield { count };
  },
  async *caller(_: unknown, { authorization }: { authorization?: string }) {
    yield { caller: authorization };
  },
  refused() {
    throw forbidden();
  },
  async *own(parent: unknown, context: { authorization?: string }) {
    yield { own: own(parent, context) };
  },
  async *endless() {
    yield { endless: 1 };
    await new Promise(() => undefined);
  },
};

/** What a proxy says when there is nobody behind it. */
let brokenBody = '';

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/broken') {
    response.writeHead(502).end(brokenBody);
    return;
  }
  if (request.url === '/silent') return;
  if (request.url === '/cut') {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":');
    setTimeout(() => response.destroy(), 20);
    return;
  }
  const { query, variables } = JSON.parse(await text(request)) as { query: string; variables: Record<string, unknown> };
  const { authorization, traceparent } = request.headers;
  const contextValue = { authorization, traceparent };
  const result = await graphql({ schema, source: query, variableValues: variables, rootValue: root, contextValue });
  response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
}

let server: Server;
let sockets: WebSocketServer;
let url: string;
let client: Client;

beforeEach(async () => {
  validToken = 'secret';
  server = createServer((request, response) => void answer(request, response));
  sockets = new WebSocketServer({ server, path: '/graphql' });
  useServer(
    { schema, roots: { subscription: subscriptions }, context: ({ connectionParams }) => connectionParams },
    sockets,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  client = createClient({ url, token: async () => 'secret' });
});

afterEach(async () => {
  client.close();
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function codeOf(failing: Promise<unknown>): Promise<string> {
  try {
    await failing;
    return 'no error';
  } catch (error) {
    return error instanceof GraphqlRequestError ? error.code : String(error);
  }
}

async function all<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const seen: Event[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('a request', () => {
  it('carries the token', async () => {
    expect(await client.request(CallerDocument, {})).toEqual({ caller: 'Bearer secret' });
  });

  it('goes without one when there is none', async () => {
    expect(await createClient({ url }).request(CallerDocument, {})).toEqual({ caller: null });
  });

  it('begins a trace when it changes something, another each time', async () => {
    const [one, other] = [await client.request(ActDocument, {}), await client.request(ActDocument, {})];
    expect(one.act).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(other.act).not.toBe(one.act);
    expect(await client.request(TraceDocument, {})).toEqual({ trace: null });
  });

  it('throws the code of the server’s error', async () => {
    expect(await codeOf(client.request(FailsDocument, {}))).toBe('FORBIDDEN');
  });

  it('says when no server answers', async () => {
    expect(await codeOf(createClient({ url: 'http://127.0.0.1:1/graphql' }).request(CallerDocument, {}))).toBe(
      'CONNECTION_LOST',
    );
  });

  it.each([
    '<h1>Bad gateway</h1>',
    '',
    'null',
    '502',
    '"no upstream"',
    '[]',
    '[null]',
    '{}',
    '{"message":"no upstream","code":502}',
    '{"error":"Bad Gateway"}',
    '{"errors":"no upstream"}',
    '{"errors":null}',
    '{"errors":{}}',
  ])('gives the status of an answer that is not GraphQL: %s', async (body) => {
    brokenBody = body;
    const broken = createClient({ url: url.replace('graphql', 'broken') });
    expect(await codeOf(broken.request(CallerDocument, {}))).toBe('HTTP_502');
  });

  it.each([
    ['{"errors":[]}', 'UNKNOWN'],
    ['{"errors":[null]}', 'UNKNOWN'],
    ['{"errors":["no"]}', 'UNKNOWN'],
    ['{"errors":[{"message":"Later.","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}', 'SERVICE_UNAVAILABLE'],
    ['{"data":null}', 'UNKNOWN'],
  ])('gives the code of one that is: %s', async (body, code) => {
    brokenBody = body;
    const broken = createClient({ url: url.replace('graphql', 'broken') });
    expect(await codeOf(broken.request(CallerDocument, {}))).toBe(code);
  });
});

describe('a request without an answer', () => {
  it.each(['silent', 'cut'])('is lost: %s', async (path) => {
    const lost = createClient({ url: url.replace('graphql', path), timeoutMs: 100 });
    expect(await codeOf(lost.request(CallerDocument, {}))).toBe('CONNECTION_LOST');
  });

  it('ends when it is not wanted any more', async () => {
    const leaving = new AbortController();
    const silent = createClient({ url: url.replace('graphql', 'silent') });
    const asked = codeOf(silent.request(CallerDocument, {}, { signal: leaving.signal }));
    setTimeout(() => leaving.abort(), 20);
    const stillWaits = new Promise((resolve) => setTimeout(resolve, 5_000, 'still waits').unref());
    expect(await Promise.race([asked, stillWaits])).toBe('CONNECTION_LOST');
  });
});

describe('a subscription', () => {
  it('gives every event and ends with the server', async () => {
    const events = await all(client.subscribe(CountDocument, { to: 3 }));
    expect(events.map(({ count }) => count)).toEqual([1, 2, 3]);
  });

  it('carries the token', async () => {
    expect(await all(client.subscribe(LiveCallerDocument, {}))).toEqual([{ caller: 'Bearer secret' }]);
  });

  it('throws the code of a refused subscription', async () => {
    expect(await codeOf(all(client.subscribe(RefusedDocument, {})))).toBe('FORBIDDEN');
  });

  it('throws CONNECTION_LOST when the socket breaks and no cursor is known', async () => {
    const events = client.subscribe(EndlessDocument, {})[Symbol.asyncIterator]();
    await events.next();
    for (const socket of sockets.clients) socket.terminate();
    expect(await codeOf(events.next())).toBe('CONNECTION_LOST');
  });

  /** A router that answers each subscription with the next of these lists, then breaks off, with a code or without. */
  function routerWith(answers: { count: number; cursor?: string }[][], brokenOffWith?: string): unknown[] {
    const given: unknown[] = [];
    sockets.removeAllListeners('connection');
    sockets.on('connection', (socket) => {
      socket.on('message', (bytes: Buffer) => {
        const { type, id, payload } = JSON.parse(bytes.toString()) as { type: string; id: string; payload: object };
        if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
        if (type !== 'subscribe') return;
        given.push((payload as { extensions?: unknown }).extensions);
        for (const { count, cursor } of answers.shift() ?? []) {
          const extensions = cursor === undefined ? {} : { extensions: { cursor } };
          socket.send(JSON.stringify({ type: 'next', id, payload: { data: { count }, ...extensions } }));
        }
        if (answers.length === 0) socket.send(JSON.stringify({ type: 'complete', id }));
        else if (brokenOffWith === undefined) socket.close(1001);
        else {
          const error = { message: 'Subscribe again.', extensions: { code: brokenOffWith } };
          socket.send(JSON.stringify({ type: 'error', id, payload: [error] }));
        }
      });
    });
    return given;
  }

  const counted = async (after?: string) => {
    const seen: number[] = [];
    const events = client.subscribe(CountDocument, { to: 9 }, { after, retryDelayMs: () => 1 });
    const code = await codeOf(
      (async () => {
        for await (const { count } of events) seen.push(count);
      })(),
    );
    return { seen, code };
  };
  const at = (count: number) => ({ count, cursor: `c${count}` });

  it('gives no event twice when a router repeats the one that it was to go on after', async () => {
    const given = routerWith([[at(1), at(2)], [at(2), at(3)], [at(4)]]);
    expect(await counted()).toEqual({ seen: [1, 2, 3, 4], code: 'no error' });
    expect(given).toEqual([undefined, { cursor: 'c2' }, { cursor: 'c3' }]);
  });

  it.each(['SUBSCRIPTION_SCHEMA_RELOAD', 'SLOW_CONSUMER', 'SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS'])(
    'goes on after its cursor when the router ended it with %s',
    async (code) => {
      const given = routerWith([[at(1), at(2)], [], [at(3)]], code);
      expect(await counted()).toEqual({ seen: [1, 2, 3], code: 'no error' });
      expect(given).toEqual([undefined, { cursor: 'c2' }, { cursor: 'c2' }]);
    },
  );

  it('ends when the router ended it for good', async () => {
    routerWith([[at(1)], [at(2)]], 'GRAPHQL_VALIDATION_FAILED');
    expect(await counted()).toEqual({ seen: [1], code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  it('ends before the first event of a router that takes no cursors, for it begins anywhere', async () => {
    routerWith([[at(1), at(2)], [{ count: 1 }, { count: 2 }, { count: 3 }], [at(4)]]);
    expect(await counted()).toEqual({ seen: [1, 2], code: 'CURSOR_IGNORED' });
    routerWith([[{ count: 7 }], []]);
    expect(await counted('c0')).toEqual({ seen: [], code: 'CURSOR_IGNORED' });
  });

  it('ends quietly when the client is closed', async () => {
    const events = client.subscribe(EndlessDocument, {})[Symbol.asyncIterator]();
    await events.next();
    client.close();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it.each(['no server', 'no GraphQL', 'a silent server'])(
    'ends, and leaves no rejection behind, when the client is closed while it connects to %s',
    async (who) => {
      const unseen: unknown[] = [];
      const note = (reason: unknown) => unseen.push(reason);
      process.on('unhandledRejection', note);
      const other = createServer();
      other.on('upgrade', (_request, socket) => {
        if (who === 'no GraphQL')
          socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        else setTimeout(() => socket.destroy(), 50);
      });
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      if (who === 'no server') await new Promise((resolve) => other.close(resolve));
      const away = createClient({ url: `http://127.0.0.1:${port}/graphql` });
      const events = away.subscribe(EndlessDocument, {})[Symbol.asyncIterator]();
      const ended = events.next().then(({ done }) => done, isLost);
      setImmediate(() => away.close());
      expect(await ended).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 20));
      process.off('unhandledRejection', note);
      other.close();
      expect(unseen).toEqual([]);
    },
  );
});

const isLost = (error: unknown) => error instanceof GraphqlRequestError && error.code === 'CONNECTION_LOST';

describe('a token that the server refuses', () => {
  /** Gives the old token until told that the server refused it; records what it was asked. */
  function issuer(next: () => string) {
    const refusals: (string | undefined)[] = [];
    let current = 'of before';
    return {
      refusals,
      token: async (refused?: string) => {
        refusals.push(refused);
        if (refused === current) current = next();
        return current;
      },
    };
  }

  it('is renewed, and the request asked once more with the new one', async () => {
    const { token, refusals } = issuer(() => validToken);
    const renewing = createClient({ url, token });
    expect(await renewing.request(OwnDocument, {})).toEqual({ own: 'Bearer secret' });
    validToken = 'of later';
    expect(await renewing.request(OwnDocument, {})).toEqual({ own: 'Bearer of later' });
    expect(refusals).toEqual([undefined, 'of before', 'of before', 'secret']);
  });

  it('is asked for no more than once when the new one is refused as well, or there is none', async () => {
    const { token, refusals } = issuer(() => 'wrong too');
    expect(await codeOf(createClient({ url, token }).request(OwnDocument, {}))).toBe('UNAUTHENTICATED');
    expect(refusals.length).toBe(2);
    expect(await codeOf(createClient({ url, token: async () => 'pasted' }).request(OwnDocument, {}))).toBe(
      'UNAUTHENTICATED',
    );
    expect(await codeOf(createClient({ url }).request(OwnDocument, {}))).toBe('UNAUTHENTICATED');
  });

  it('is renewed for the next connection when a subscription was refused', async () => {
    const { token } = issuer(() => validToken);
    const renewing = createClient({ url, token });
    expect(await codeOf(all(renewing.subscribe(LiveOwnDocument, {})))).toBe('UNAUTHENTICATED');
    expect(await all(renewing.subscribe(LiveOwnDocument, {}))).toEqual([{ own: 'Bearer secret' }]);
  });
});
