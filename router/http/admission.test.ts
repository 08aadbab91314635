import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { assert, integer, ipV6, property, tuple } from 'fast-check';
import { addressOf, clientOf, networkOf } from './admission.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { connect, subscribe } from '../testing/subscriber.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
beforeAll(async () => {
  graph = await startTestSupergraph();
});
afterAll(() => graph.close());

function from(remoteAddress: string, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage;
}

describe('a client', () => {
  it('is who the token says, staff or not, wherever they come from', () => {
    const viewer = { userId: '10', roles: ['rider'] as const, expiresAtMs: Infinity };
    expect(clientOf(from('10.0.0.1'), viewer, 0)).toEqual({ id: 'user 10', isStaff: false });
    expect(clientOf(from('10.0.0.1'), { ...viewer, roles: ['operator'] }, 0)).toEqual({ id: 'user 10', isStaff: true });
    // No user id can collide with an address.
    expect(clientOf(from('10.0.0.1'), null, 0).id).not.toBe(
      clientOf(from(''), { ...viewer, userId: '10.0.0.1' }, 0).id,
    );
  });

  it('is its address without one, and no header makes it another, unless proxies are trusted', () => {
    expect(addressOf(from('10.0.0.1', '1.1.1.1'), 0)).toBe('10.0.0.1');
    expect(addressOf(from('10.0.0.1', '6.6.6.6, 1.1.1.1'), 1)).toBe('1.1.1.1');
    expect(addressOf(from('10.0.0.1', '6.6.6.6, 1.1.1.1, 10.0.0.9'), 2)).toBe('1.1.1.1');
    expect(addressOf(from('10.0.0.1', ''), 1)).toBe('10.0.0.1');
    expect(addressOf(from('10.0.0.1', '1.1.1.1'), 2)).toBe('10.0.0.1');
    expect(addressOf(from('10.0.0.1'), 1)).toBe('10.0.0.1');
  });

  it.each([
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:4711', '192.0.2.7'],
    ['[2001:db8::1]:4711', '2001:db8:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:ffff:1:2:3', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('at %s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('stays the same through all addresses of its network, however they are written', () => {
    const suffix = tuple(...Array.from({ length: 4 }, () => integer({ min: 0, max: 0xffff })));
    assert(
      property(suffix, suffix, (one, other) => {
        const written = (groups: number[]) => `2001:db8:0:7:${groups.map((group) => group.toString(16)).join(':')}`;
        expect(networkOf(written(one))).toBe(networkOf(written(other)));
      }),
    );
    assert(property(ipV6(), (address) => expect(networkOf(address)).toMatch(/^[0-9a-f.:/]+$/)));
  });
});

const ask = (url: string, query = '{ bike(bikeId: 7) { color } }', headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });

async function figure(url: string, pattern: RegExp): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(pattern.exec(text)?.[1] ?? NaN);
}

const placesOf = (url: string, kind: string) =>
  figure(url, new RegExp(`admission_places\\{kind="${kind}".*\\} (\\d+)`));

async function router(settings: NodeJS.ProcessEnv): Promise<string> {
  const { port } = await graph.startRouter(settings);
  return `http://127.0.0.1:${port}/graphql`;
}

describe('a router that has MAX_REQUESTS', () => {
  it('refuses more, says when to come back, counts them, and answers what it took', async () => {
    const url = await router({ MAX_REQUESTS: '1' });
    const answers: Response[] = [];
    // Some of them overlap.
    while (!answers.some(({ status }) => status === 503)) {
      answers.push(...(await Promise.all(Array.from({ length: 20 }, () => ask(url)))));
      await delay(10);
    }
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(refused[0]?.headers.get('x-correlation-id')).toMatch(/./);
    expect(await refused[0]?.json()).toEqual({
      errors: [
        { message: 'Too many requests at once. Try again in a moment.', extensions: { code: 'SERVICE_UNAVAILABLE' } },
      ],
    });
    expect((await ask(url)).status).toBe(200);
    const count = /graphql_requests_total\{.*operation="anonymous",type="unknown",code="SERVICE_UNAVAILABLE".*\} (\d+)/;
    expect(await figure(url, count)).toBe(refused.length);
    expect(await figure(url, /admission_refused_total\{kind="operations",scope="all".*\} (\d+)/)).toBe(refused.length);
  });
});

describe('a client’s share', () => {
  it('is its own: over HTTP, WebSocket and SSE together, and others have theirs', async () => {
    const url = await router({ MAX_REQUESTS_PER_CLIENT: '2' });
    const slow = '{ user(userId: "99") { totalPoint } }';
    const rider = await graph.signIn('99', 'rider');
    const client = connect(url, rider);
    const onSocket = subscribe(client, slow);
    const onStream = ask(url, slow, { authorization: rider, accept: 'text/event-stream' });
    await until('both run', async () => (await placesOf(url, 'operations')) === 2);

    const refused = await ask(url, slow, { authorization: rider });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'TOO_MANY_REQUESTS' } }] });
    const third = subscribe(client, slow);
    await until('the third on the socket has ended', () => third.ended() !== undefined);
    expect(third.ended()).toMatchObject([{ extensions: { code: 'TOO_MANY_REQUESTS' } }]);
    const stream = await ask(url, slow, { authorization: rider, accept: 'text/event-stream' });
    expect(stream.status).toBe(429);
    // Somebody else, from the same machine, with a token and without.
    expect((await ask(url, undefined, { authorization: await graph.signIn('98', 'rider') })).status).toBe(200);
    expect((await ask(url)).status).toBe(200);

    await onSocket.waitFor(1);
    expect(await (await onStream).text()).toContain('9900');
    await until('all places are free', async () => (await placesOf(url, 'operations')) === 0);
    await client.dispose();
  });

  it('is held until the execution ends, also for what the client takes back at once', async () => {
    const url = await router({ MAX_REQUESTS_PER_CLIENT: '5', MAX_SUBSCRIPTIONS_PER_SOCKET: '1000' });
    const client = connect(url, await graph.signIn('99', 'rider'));
    const outcomes = Array.from({ length: 200 }, () => subscribe(client, '{ user(userId: "99") { totalPoint } }'));
    await until('most were refused', () => outcomes.filter((one) => Array.isArray(one.ended())).length > 100);
    for (const { ended } of outcomes.filter((one) => Array.isArray(one.ended())))
      expect(ended()).toMatchObject([{ extensions: { code: 'TOO_MANY_REQUESTS' } }]);
    await client.dispose();
    await until('all places are free', async () => (await placesOf(url, 'operations')) === 0);
  });

  it('ends with what it keeps open: sockets, streams, subscriptions', async () => {
    const url = await router({
      MAX_SOCKETS_PER_CLIENT: '2',
      MAX_STREAMS_PER_CLIENT: '2',
      MAX_SUBSCRIPTIONS_PER_CLIENT: '3',
    });
    const rider = await graph.signIn('10', 'rider');
    const own = 'subscription { reservationChanged(userId: "10") { fee } }';
    const streams = [];
    const abort = new AbortController();
    for (let n = 0; n < 3; n += 1) {
      streams.push(
        await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: rider },
          body: JSON.stringify({ query: own }),
          signal: abort.signal,
        }),
      );
    }
    expect(streams.map(({ status }) => status)).toEqual([200, 200, 429]);

    const client = connect(url, rider);
    const third = subscribe(client, own);
    const fourth = subscribe(client, own);
    await until('the fourth is refused', () => fourth.ended() !== undefined);
    expect(fourth.ended()).toMatchObject([{ extensions: { code: 'TOO_MANY_REQUESTS' } }]);
    expect(third.ended()).toBeUndefined();

    abort.abort();
    await until('their places are free', async () => (await placesOf(url, 'subscriptions')) === 1);
    const others = [connect(url, rider), connect(url, rider)];
    const [, late] = others.map((other) => subscribe(other, own));
    await until('the third socket is refused', () => late?.ended() !== undefined);
    expect(late?.ended()).toMatchObject({ code: 1013 });
    for (const each of [client, ...others]) await each.dispose();
    for (const kind of ['sockets', 'streams', 'subscriptions', 'operations', 'bodies', 'body_bytes', 'waiting_bytes'])
      await until(`no ${kind} are left`, async () => (await placesOf(url, kind)) === 0);
  });
});
