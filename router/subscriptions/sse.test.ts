import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph({ PING_INTERVAL_MS: '50' });
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
    expect(await statusOf(fetch(graph.url, { headers: { accept: 'text/event-stream' } }))).toBe(405);
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
    ['text/event-streams', false],
    ['application/json, text/event-stream', false],
  ])('are what a client gets that accepts %j: %s', async (accept, streams) => {
    const response = await ask('{ __typename }', { accept });
    expect(response.headers.get('content-type')?.startsWith('text/event-stream')).toBe(streams);
    await response.text();
  });
});
