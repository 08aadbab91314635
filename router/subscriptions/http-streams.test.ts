import { createConnection as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { tokenUntil } from '../testing/tokens.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph({ PING_INTERVAL_MS: '500' });
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

const post = (body: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(graph.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body,
    ...(signal ? { signal } : {}),
  });
const ask = (query: string, headers?: Record<string, string>, signal?: AbortSignal) =>
  post(JSON.stringify({ query }), headers, signal);

/** @throws when it is no row of whole chunks, but for the last. */
function unchunked(text: string): string {
  let whole = '';
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n', at);
    const start = end + 2;
    const size = Number(`0x${text.slice(at, end)}`);
    const after = text.slice(start + size, start + size + 2);
    if (end < 0 || !'\r\n'.startsWith(after)) throw new Error(`No chunk: ${JSON.stringify(text.slice(at, at + 50))}`);
    whole += text.slice(start, start + size);
    at = start + size + 2;
  }
  return whole;
}

describe('server-sent events', () => {
  it('carry a subscription until the client goes, which ends the upstream at once', async () => {
    const abort = new AbortController();
    const response = await ask(
      'subscription { reservationChanged { reserveNo bike { color } } }',
      { authorization: operator },
      abort.signal,
    );
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    await until('the owner has it', () => graph.changes.followers() === 1);
    graph.changes.publish({ reserveNo: 1, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });

    let text = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (!text.includes('color 7') || !text.includes('\n:\n')) text += (await reader?.read())?.value ?? '';
    expect(text).toContain(
      'event: next\ndata: {"data":{"reservationChanged":{"reserveNo":1,"bike":{"color":"color 7"}}}}\n\n',
    );
    abort.abort();
    await until('the owner has it no more', () => graph.changes.followers() === 0);
  });

  it('come to a client that closes its side after its request', async () => {
    const body = JSON.stringify({ query: 'subscription { reservationChanged { reserveNo } }' });
    const half = connectTcp({ port: Number(new URL(graph.url).port), host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    half.on('data', (chunk) => (text += chunk.toString()));
    const headers = `authorization: ${operator}\r\naccept: text/event-stream\r\ncontent-type: application/json`;
    half.end(`POST /graphql HTTP/1.1\r\nhost: x\r\n${headers}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await until('the owner has it', () => graph.changes.followers() === 1);
    graph.changes.publish({ reserveNo: 1, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
    await until('it has its event', () => text.includes('{"reservationChanged":{"reserveNo":1}}'));
    await until('it is asked whether it is there', () => text.split('\n:\n').length > 2);
    half.destroy();
    await until('the owner has it no more', () => graph.changes.followers() === 0);
  });

  it.each([
    ['alone', '', '1.1'],
    ['behind another answer of their connection', `GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`, '1.1'],
    ['by HTTP/1.0', '', '1.0'],
  ])('come whole and in order, between signs of life: %s', async (_how, before, version) => {
    const query = 'subscription { reservationChanged { reserveNo bike { color } } }';
    const body = JSON.stringify({ query });
    const socket = connectTcp({ port: Number(new URL(graph.url).port), host: '127.0.0.1' });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    const headers = `authorization: ${operator}\r\naccept: text/event-stream\r\ncontent-type: application/json`;
    socket.write(
      `${before}POST /graphql HTTP/${version}\r\nhost: x\r\n${headers}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until('the owner has it', () => graph.changes.followers() === 1);
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
    for (const reserveNo of numbers) {
      graph.changes.publish({ reserveNo, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
      if (reserveNo % 10 === 0)
        await until('it is asked whether it is there', () => text.endsWith(':\n\n') || text.endsWith(':\n\n\r\n'));
    }
    await until('all have come', () => text.includes('"reserveNo":40,'));
    socket.destroy();
    const stream = text.slice(text.lastIndexOf('HTTP/1.'));
    const [head, rest] = [stream.slice(0, stream.indexOf('\r\n\r\n')), stream.slice(stream.indexOf('\r\n\r\n') + 4)];
    const isChunked = head.toLowerCase().includes('transfer-encoding: chunked');
    expect(isChunked).toBe(version === '1.1');
    const events = (isChunked ? unchunked(rest) : rest).split('\n\n').filter((event) => event !== ':' && event !== '');
    expect(events).toEqual(
      numbers.map(
        (reserveNo) =>
          `event: next\ndata: {"data":{"reservationChanged":{"reserveNo":${reserveNo},"bike":{"color":"color 7"}}}}`,
      ),
    );
    await until('the owner has it no more', () => graph.changes.followers() === 0);
  });

  it('carry a query too', async () => {
    const response = await ask('{ bike(bikeId: 7) { color } }');
    expect(await response.text()).toBe(
      'event: next\ndata: {"data":{"bike":{"color":"color 7"}}}\n\nevent: complete\ndata:\n\n',
    );
  });

  it('are not what a client gets that prefers JSON', async () => {
    const response = await ask('{ bike(bikeId: 7) { color } }', { accept: 'application/json, text/event-stream' });
    expect(await response.json()).toEqual({ data: { bike: { color: 'color 7' } } });
  });

  it('give the reason and a status when there is nothing to stream', async () => {
    const statusOf = async (response: Promise<Response>) => (await response).status;
    expect(await statusOf(ask('subscription { nothing }'))).toBe(400);
    expect(await statusOf(ask('{ nothing }'))).toBe(400);
    expect(await statusOf(post('{'))).toBe(400);
    expect(await statusOf(post('{}', { 'content-type': 'text/plain' }))).toBe(415);
    expect(await statusOf(ask('{ __typename }', { authorization: 'Bearer nonsense' }))).toBe(401);
    expect(await statusOf(fetch(graph.url, { headers: { accept: 'text/event-stream' } }))).toBe(400);
    expect(await statusOf(fetch(graph.url, { method: 'PUT', headers: { accept: 'text/event-stream' } }))).toBe(405);
  });

  it('refuse a subscription with a status, and no event', async () => {
    const response = await ask('subscription { reservationChanged { reserveNo } }');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    const expired = await ask('subscription { dashboardUpdated(after: "too-old") { cursor } }', {
      authorization: operator,
    });
    expect(expired.status).toBe(400);
    expect(await expired.json()).toMatchObject({ errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] });
  });

  it.each([
    ['Application/JSON', 200],
    ['application/json; charset=UTF-8', 200],
    ['application/json ; charset="utf-8"; x=y', 200],
    ['application/json;charset=utf-16', 415],
    ['application/jsonp', 415],
    ['text/plain', 415],
    ['', 415],
  ])('read a body of the type %j as %s', async (type, status) => {
    const response = await post('{"query":"{ __typename }"}', { 'content-type': type });
    expect(response.status).toBe(status);
  });

  it.each([
    ['Text/Event-Stream', true],
    ['text/event-stream;q=0.9, application/json', true],
    ['text/event-stream;q=0, application/json', false],
    ['text/event-stream; Q=0.000, application/json', false],
    ['text/event-streams', false],
    ['application/json, text/event-stream', false],
  ])('are what a client gets that accepts %j: %s', async (accept, streams) => {
    const response = await ask('{ __typename }', { accept });
    expect(response.headers.get('content-type')?.startsWith('text/event-stream')).toBe(streams);
    await response.text();
  });
});

describe('server-sent events by GET', () => {
  const get = (search: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${graph.url}?${String(new URLSearchParams(search))}`, {
      headers: { accept: 'text/event-stream', ...headers },
    });
  const updates = 'subscription { dashboardUpdated { eventType } }';
  const refusalOf = async (response: Response) => {
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    return [response.status, errors[0]?.extensions.code];
  };

  it('answer a query with its variables', async () => {
    const response = await get({
      query: 'query ($id: Int!) { bike(bikeId: $id) { color } }',
      variables: '{"id":7}',
    });
    expect(await response.text()).toContain('data: {"data":{"bike":{"color":"color 7"}}}');
  });

  it('change nothing', async () => {
    const response = await get(
      { query: 'mutation { registerBike(input: { color: "red" }) { bike { bikeId } } }' },
      { authorization: operator },
    );
    expect(response.headers.get('allow')).toBe('POST');
    expect(await refusalOf(response)).toEqual([405, 'BAD_REQUEST']);
  });

  it('are for pages of this site, and of those that may', async () => {
    const from = async (origin: string) => (await get({ query: '{ __typename }' }, { origin })).status;
    expect(await from('https://elsewhere.example')).toBe(403);
    expect(await from('http://localhost:5173')).toBe(200);
    expect(await from(new URL(graph.url).origin)).toBe(200);
  });

  it.each([
    ['two queries', `query=${encodeURIComponent(updates)}&query=x`],
    ['variables that are no JSON', `query=${encodeURIComponent(updates)}&variables=%7B`],
    ['variables that are a list', `query=${encodeURIComponent(updates)}&variables=%5B%5D`],
    ['no query', 'operationName=x'],
    ['half a character', 'query=%E0%A4%A'],
  ])('are refused with %s', async (_what, search) => {
    const response = await fetch(`${graph.url}?${search}`, { headers: { accept: 'text/event-stream' } });
    expect(response.status).toBe(400);
    await response.text();
  });

  it.each([
    ['is no JSON', 'c7', updates, 'BAD_USER_INPUT'],
    ['is another value', '{"a":[1]}', updates, 'BAD_USER_INPUT'],
    ['is long', JSON.stringify('x'.repeat(10_000)), updates, 'BAD_USER_INPUT'],
    ['is too old', '"too-old"', updates, 'CURSOR_EXPIRED'],
    ['is of another subscription', '"c7"', 'subscription { reservationChanged { fee } }', 'BAD_USER_INPUT'],
  ])('are refused when the Last-Event-ID %s', async (_what, id, query, code) => {
    const response = await get({ query }, { authorization: operator, 'last-event-id': id });
    expect(await refusalOf(response)).toEqual([400, code]);
  });
});

describe('multipart answers', () => {
  const accept = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/json';
  const subscription = 'subscription { dashboardUpdated { eventType } }';

  it('come in parts, with empty ones in between, and with the cursor', async () => {
    const abort = new AbortController();
    const response = await ask(subscription, { accept, authorization: operator }, abort.signal);
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"');
    await until('the owner has it', () => graph.updates.followers() === 1);
    graph.updates.publish('news');
    let text = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (!text.includes('news') || !text.includes('{}')) text += (await reader?.read())?.value ?? '';
    abort.abort();
    const head = 'content-type: application/json\r\n\r\n';
    const cursor = `c${graph.updates.items.length}`;
    const parts = text.split('\r\n--graphql\r\n').filter((part) => part !== '');
    expect(new Set(parts.map((part) => part.replace(/\r\n--graphql$/, '')))).toEqual(
      new Set([
        `${head}{}`,
        `${head}{"payload":{"data":{"dashboardUpdated":{"eventType":"news"}},"extensions":{"cursor":"${cursor}"}}}`,
      ]),
    );
  });

  it('end with the reason', async () => {
    const authorization = await tokenUntil(graph.env, Date.now() + 3_000);
    const [text, events] = await Promise.all(
      [accept, 'text/event-stream'].map(async (each) =>
        (await ask(subscription, { accept: each, authorization })).text(),
      ),
    );
    if (text === undefined) throw new Error('no answer');
    expect(events).toContain('"extensions":{"code":"TOKEN_EXPIRED"}');
    expect(text.startsWith('\r\n--graphql\r\n')).toBe(true);
    const [, last] = text.split('\r\n\r\n').slice(-2);
    expect(last).toBe(
      '{"payload":null,"errors":[{"message":"The token has expired.","extensions":{"code":"TOKEN_EXPIRED"}}]}\r\n--graphql--\r\n',
    );
  });

  it('are for subscriptions: anything else is answered as JSON', async () => {
    const response = await ask('{ bike(bikeId: 7) { color } }', { accept });
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({ data: { bike: { color: 'color 7' } } });
    const refused = await ask('{ nothing }', { accept });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([400, 'application/json; charset=utf-8']);
  });

  it.each([
    ['multipart/mixed;subscriptionSpec=1.0', true],
    ['Multipart/Mixed; boundary="graphql"; subscriptionSpec="1.0", application/json', true],
    ['multipart/mixed;subscriptionSpec=1.0;q=0, application/json', false],
    ['multipart/mixed;subscriptionSpec=2.0, application/json', false],
    ['multipart/mixed;deferSpec=20220824, application/json', false],
    ['application/json, multipart/mixed;subscriptionSpec=1.0', false],
  ])('are what a subscriber gets that accepts %j: %s', async (given, streams) => {
    const response = await ask('subscription { dashboardUpdated(after: "c0") { eventType } }', {
      accept: given,
      authorization: operator,
    });
    expect(response.headers.get('content-type')?.startsWith('multipart/mixed')).toBe(streams);
    await response.body?.cancel();
  });
});

it.each([
  ['sse', 'text/event-stream'],
  ['multipart', 'multipart/mixed;subscriptionSpec=1.0'],
])('a client that does not read (%s) is cut, and counted', async (transport, accept) => {
  // Not the graph of the others: its pings cut the way to the subgraph while a busy machine floods it.
  const graph = await startTestSupergraph({ SUBSCRIPTION_QUEUE_LIMIT: '20', SUBSCRIPTION_BUFFER_BYTES: '20000' });
  const operator = await graph.signIn('1', 'operator');
  const url = new URL(graph.url);
  const stalled = connectTcp(Number(url.port), '127.0.0.1').pause();
  const body = JSON.stringify({ query: 'subscription { dashboardUpdated { eventType } }' });
  stalled.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: ${operator}\r\naccept: ${accept}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await until('the owner has it', () => graph.updates.followers() === 1);
  const line = `subscription_slow_consumers_total{transport="${transport}",service="router"}`;
  const figures = async () => (await fetch(new URL('/metrics', url))).text();
  expect(await figures()).toContain(`${line} 0`);
  await until('it is cut', async () => {
    for (let n = 0; n < 20; n += 1) graph.updates.publish('x'.repeat(100_000));
    return (await figures()).includes(`${line} 1`);
  });
  await until('the owner has it no more', () => graph.updates.followers() === 0);
  stalled.destroy();
  await graph.close();
});
