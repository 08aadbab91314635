import { once } from 'node:events';
import { request } from 'node:http';
import { createConnection as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { array, assert, asyncProperty, boolean, constantFrom } from 'fast-check';
import { WebSocket } from 'ws';
import { connect, subscribe } from '../testing/subscriber.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { foreignToken, tokenUntil } from '../testing/tokens.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph({
    // Far more than a busy machine takes; tests of deadlines have a router that is impatient.
    CONNECTION_INIT_TIMEOUT_MS: '30000',
    PING_INTERVAL_MS: '60000',
    MAX_SUBSCRIPTIONS_PER_SOCKET: '2',
    MAX_SOCKETS: '8',
    SUBSCRIPTION_QUEUE_LIMIT: '50',
  });
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

const impatient = async (settings: NodeJS.ProcessEnv) =>
  `http://127.0.0.1:${(await graph.startRouter(settings)).port}/graphql`;

interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

/** A client without a library, that can do everything wrong. */
interface RawClient {
  socket: WebSocket;
  messages: Message[];
  send(message: unknown): void;
  closed: Promise<{ code: number; reason: string }>;
  waitFor(type: string, count?: number): Promise<Message>;
}

const clients: RawClient[] = [];
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await until('no follower is left', () => graph.changes.followers() === 0);
});

function dial(
  protocol: string[] = ['graphql-transport-ws'],
  headers: Record<string, string> = {},
  url = graph.url,
): RawClient {
  const socket = new WebSocket(url.replace('http', 'ws'), protocol, { headers });
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Message));
  socket.on('error', () => undefined);
  const client: RawClient = {
    socket,
    messages,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    closed: new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    ),
    async waitFor(type, count = 1) {
      const found = () => messages.filter((message) => message.type === type);
      await until(`${count} × ${type}`, () => found().length >= count);
      return found()[count - 1] ?? { type: 'none' };
    },
  };
  clients.push(client);
  return client;
}

async function opened(...options: Parameters<typeof dial>): Promise<RawClient> {
  const client = dial(...options);
  await new Promise((resolve) => client.socket.once('open', resolve));
  return client;
}

async function signedIn(authorization = operator, url = graph.url): Promise<RawClient> {
  const client = await opened(undefined, undefined, url);
  client.send({ type: 'connection_init', payload: { authorization } });
  await client.waitFor('connection_ack');
  return client;
}

const countedOut = (url = graph.url) =>
  until('no socket is counted', async () => {
    const text = await (await fetch(url.replace('/graphql', '/metrics'))).text();
    return text.includes('websocket_connections{service="router"} 0');
  });

const watch = (id: string, query = 'subscription { reservationChanged { fee } }') => ({
  id,
  type: 'subscribe',
  payload: { query },
});

describe('the protocol', () => {
  it.each([
    ['text that is not JSON', '{'],
    ['an unknown type', { type: 'start' }],
    ['a subscribe without an id', { type: 'subscribe', payload: { query: '{ __typename }' } }],
    ['a subscribe without a query', { type: 'subscribe', id: '1', payload: {} }],
    ['variables that are a list', { type: 'subscribe', id: '1', payload: { query: '{ __typename }', variables: [] } }],
  ])('closes with 4400 on %s', async (_what, message) => {
    const client = await signedIn();
    client.send(message);
    expect((await client.closed).code).toBe(4400);
  });

  it('closes with 4400 on a binary message', async () => {
    const client = await signedIn();
    client.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect((await client.closed).code).toBe(4400);
  });

  it('closes with 4401 when somebody subscribes before the connection is acknowledged', async () => {
    const client = await opened();
    client.send(watch('1'));
    expect(await client.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
  });

  it('closes with 4403 on a token that is not good', async () => {
    const client = await opened();
    client.send({ type: 'connection_init', payload: { authorization: await foreignToken() } });
    expect(await client.closed).toEqual({ code: 4403, reason: 'The token’s signature does not fit.' });
  });

  it.each([[7], [null], [['Bearer x']], [{ token: 'x' }]])(
    'closes with 4403 on an authorization that is %j, though the handshake has one that is good',
    async (authorization) => {
      for (const payload of [{ authorization }, { headers: { AUTHORIZATION: authorization } }]) {
        const client = await opened(undefined, { authorization: operator });
        client.send({ type: 'connection_init', payload });
        expect(await client.closed).toMatchObject({ code: 4403, reason: expect.stringContaining('must be text') });
      }
    },
  );

  /** The first line of what a handshake with this address and these headers is answered. */
  async function handshake(address: string, headers: string[] = []): Promise<string> {
    const stream = connectTcp(Number(new URL(graph.url).port), '127.0.0.1');
    const always = ['host: x', 'connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
    const more = ['sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol: graphql-transport-ws'];
    stream.write([`GET ${address} HTTP/1.1`, ...always, ...more, ...headers, '', ''].join('\r\n'));
    const [answer] = (await once(stream, 'data')) as [Buffer];
    stream.destroy();
    return answer.toString().split('\r\n', 1)[0] ?? '';
  }

  it('refuses a handshake with two Authorization headers, as it refuses a request', async () => {
    const two = [`authorization: ${operator}`, `authorization: ${operator}x`];
    expect(await handshake('/graphql', two)).toMatch(/^HTTP\/1.1 400 /);
  });

  it.each([
    ['/graphql', 101],
    ['/graphql?x', 101],
    ['http://bikes.example/graphql', 101],
    ['ws://bikes.example:80/graphql?x', 101],
    ['http://bikes.example', 404],
    ['//graphql', 404],
    ['/%zz', 404],
  ])('answers a handshake at %s with %d', async (address, status) => {
    expect(await handshake(address)).toContain(` ${status} `);
  });

  it('closes with 4406 without the subprotocol', async () => {
    expect((await (await opened([])).closed).code).toBe(4406);
  });

  it('closes with 4408 without a connection_init in time', async () => {
    const client = await opened(undefined, undefined, await impatient({ CONNECTION_INIT_TIMEOUT_MS: '200' }));
    expect(await client.closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' });
  });

  it('closes with 4409 when an id is used twice', async () => {
    const client = await signedIn();
    client.send(watch('1'));
    client.send(watch('1'));
    expect(await client.closed).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' });
  });

  it('closes with 4429 on a second connection_init, also before the first is acknowledged', async () => {
    const client = await opened();
    client.send({ type: 'connection_init', payload: { authorization: operator } });
    client.send({ type: 'connection_init', payload: { authorization: operator } });
    expect(await client.closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
  });

  it('answers ping with pong and its payload, at any time', async () => {
    const client = await opened();
    client.send({ type: 'ping', payload: { n: 1 } });
    client.send({ type: 'pong' });
    expect(await client.waitFor('pong')).toEqual({ type: 'pong', payload: { n: 1 } });
  });

  it('takes the token from the handshake when connection_init brings none', async () => {
    const client = await opened(['graphql-transport-ws'], { authorization: operator });
    client.send({ type: 'connection_init' });
    await client.waitFor('connection_ack');
    client.send(watch('1'));
    await until('the owner has it', () => graph.changes.followers() === 1);
  });

  it('lets an id be used again once its operation has ended', async () => {
    const client = await signedIn();
    for (const round of [1, 2]) {
      client.send(watch('1', '{ bike(bikeId: 7) { color } }'));
      await client.waitFor('complete', round);
    }
    client.send(watch('1'));
    await until('the owner has it', () => graph.changes.followers() === 1);
    client.send({ type: 'complete', id: '1' });
    await until('the owner has it no more', () => graph.changes.followers() === 0);
    client.send(watch('1'));
    await until('the owner has it again', () => graph.changes.followers() === 1);
  });
});

describe('operations that are taken back', () => {
  it('never run on, in whatever order subscribe, complete and the end of the socket come in one packet', async () => {
    const step = constantFrom('subscribe', 'complete', 'query');
    const script = array(step, { minLength: 1, maxLength: 12 });
    await assert(
      asyncProperty(script, boolean(), async (steps, cut) => {
        const client = await signedIn();
        const raw = (client.socket as unknown as { _socket: Socket })._socket;
        raw.cork();
        // An id that is in use would close the socket, as it should: not what is asked here.
        let running: string | undefined;
        for (const step of steps) {
          if (step === 'complete') client.send({ id: '1', type: 'complete' });
          else if (running === undefined)
            client.send(watch('1', step === 'query' ? '{ bike(bikeId: 7) { color } }' : undefined));
          running = step === 'complete' ? undefined : (running ?? step);
        }
        raw.uncork();
        if (cut) client.socket.terminate();
        else {
          const open = running === 'subscribe' ? 1 : 0;
          client.send(watch('last', '{ bike(bikeId: 8) { color } }'));
          await until('the last is answered', () => client.messages.some(({ id }) => id === 'last'));
          await until('as many as are open', () => graph.changes.followers() === open);
          client.send({ id: '1', type: 'complete' });
        }
        await until('nothing is left', () => graph.changes.followers() === 0);
        client.socket.terminate();
        await until('no place is left', async () => {
          const text = await (await fetch(graph.url.replace('/graphql', '/metrics'))).text();
          return /admission_places\{kind="(operations|subscriptions)".*\} [1-9]/.exec(text) === null;
        });
      }),
      { numRuns: 40 },
    );
  });

  it('do not speak for the next of their name', async () => {
    const client = await signedIn();
    const raw = (client.socket as unknown as { _socket: Socket })._socket;
    raw.cork();
    client.send(watch('1'));
    client.send({ id: '1', type: 'complete' });
    client.send(watch('1', 'subscription { dashboardUpdated { eventType } }'));
    raw.uncork();
    await until('the second has begun', () => graph.updates.followers() === 1);
    expect([graph.changes.followers(), graph.changes.opened() > 0]).toEqual([0, true]);
    graph.updates.publish('Told');
    expect(await client.waitFor('next')).toMatchObject({
      payload: { data: { dashboardUpdated: { eventType: 'Told' } } },
    });
  });
});

describe('pings and pongs', () => {
  it('give back no more than 1 kB', async () => {
    const client = await opened();
    client.send({ type: 'ping', payload: { text: 'x'.repeat(10_000) } });
    expect(await client.waitFor('pong')).toEqual({ type: 'pong' });
  });

  it('without end close the socket with 1008, those of the protocol below too', async () => {
    const above = await signedIn();
    for (let n = 0; n < 150; n += 1) above.send({ type: 'ping' });
    expect((await above.closed).code).toBe(1008);
    const below = await signedIn();
    for (let n = 0; n < 150; n += 1) below.socket.ping('x'.repeat(100));
    expect((await below.closed).code).toBe(1008);
  });

  it('that answer no ping are no sign of life', async () => {
    const client = await signedIn(operator, await impatient({ PING_INTERVAL_MS: '200' }));
    // As a client that answers no ping, but chatters.
    (client.socket as unknown as { _autoPong: boolean })._autoPong = false;
    const timer = setInterval(() => client.socket.pong('alive'), 20);
    expect((await client.closed).code).toBe(1006);
    clearInterval(timer);
  });
});

describe('what is sent before anybody is let in', () => {
  it('is little', async () => {
    const many = await opened();
    for (let n = 0; n < 20; n += 1) many.send({ type: 'pong' });
    expect((await many.closed).code).toBe(4400);
    const large = await opened();
    large.send({ type: 'connection_init', payload: { text: 'x'.repeat(20_000) } });
    expect((await large.closed).code).toBe(4400);
  });

  it('is less than a frame may have: longer ones close the socket with 1009', async () => {
    const client = await signedIn();
    client.send({ type: 'ping', payload: { text: 'x'.repeat(300_000) } });
    expect((await client.closed).code).toBe(1009);
  });
});

describe('queries and mutations on the socket', () => {
  it('are answered from all subgraphs, then completed', async () => {
    const client = await signedIn();
    client.send(watch('q', '{ bike(bikeId: 7) { color isAvailable } }'));
    client.send(watch('m', 'mutation { registerBike(input: { color: "green" }) { bike { color } } }'));
    await client.waitFor('complete', 2);
    const answer = (id: string) => client.messages.filter((message) => message.id === id);
    expect(answer('q')).toEqual([
      { id: 'q', type: 'next', payload: { data: { bike: { color: 'color 7', isAvailable: true } } } },
      { id: 'q', type: 'complete' },
    ]);
    expect(answer('m')).toMatchObject([{ payload: { data: { registerBike: { bike: { color: 'green' } } } } }, {}]);
  });

  it('end with an error message when they are not valid, without complete', async () => {
    const client = await signedIn();
    client.send(watch('1', '{ nothing }'));
    expect(await client.waitFor('error')).toMatchObject({
      id: '1',
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    client.send({ type: 'ping' });
    await client.waitFor('pong');
    expect(client.messages.filter(({ type }) => type === 'complete')).toEqual([]);
  });
});

describe('limits of a socket', () => {
  it('are named in an error when too much runs on it', async () => {
    const client = await signedIn();
    for (const id of ['1', '2', '3']) client.send(watch(id));
    expect(await client.waitFor('error')).toMatchObject({
      id: '3',
      payload: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }],
    });
  });

  it('refuse the handshake when there are too many sockets, a foreign page, or another path', async () => {
    const statusOf = (headers: Record<string, string>, path = '/graphql') =>
      new Promise((resolve, reject) => {
        const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
        const key = {
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'graphql-transport-ws',
        };
        const sent = request(new URL(path, graph.url), { headers: { ...upgrade, ...key, ...headers } });
        sent.on('response', ({ statusCode }) => resolve(statusCode));
        sent.on('upgrade', (_response, socket) => (socket.destroy(), resolve(101)));
        sent.on('error', reject).end();
      });
    expect(await statusOf({ origin: 'https://evil.example' })).toBe(403);
    expect(await statusOf({ origin: new URL(graph.url).origin })).toBe(101);
    expect(await statusOf({}, '/other')).toBe(404);
    await countedOut();
    await Promise.all(Array.from({ length: 8 }, () => signedIn()));
    expect(await statusOf({})).toBe(503);
  });

  it('cut clients that end no message, however rarely they ping', async () => {
    const client = await signedIn(operator, await impatient({ BODY_TIMEOUT_MS: '300', PING_INTERVAL_MS: '60000' }));
    const { _socket } = client.socket as unknown as { _socket: Socket };
    // The head of a message of 100 bytes, and a byte of it.
    _socket.write(Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0, 0x7b]));
    const closed = await Promise.race([client.closed, delay(5_000)]);
    expect(closed).toMatchObject({ code: 1006 });
  });

  it('cut clients that no longer answer pings', async () => {
    const url = await impatient({ PING_INTERVAL_MS: '200' });
    const client = await signedIn(operator, url);
    client.socket.pause();
    await countedOut(url);
  });
});

describe('a client that reads', () => {
  it('gets all of what comes at once, though it is more than may wait for it', async () => {
    const { port } = await graph.startRouter({ SUBSCRIPTION_QUEUE_LIMIT: '20' });
    const url = `http://127.0.0.1:${port}/graphql`;
    const reading = subscribe(connect(url, operator), 'subscription { reservationChanged { reserveNo } }');
    await until('the owner has the subscription', () => graph.changes.followers() === 1);
    for (let n = 0; n < 500; n += 1) {
      graph.changes.publish({ reserveNo: n, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
    }
    await until('all came', () => reading.results.length === 500 || reading.ended() !== undefined);
    expect([reading.results.length, reading.ended()]).toEqual([500, undefined]);
    await reading.stop();
  });
});

describe('a client that reads too slowly', () => {
  it('loses its subscription with SLOW_CONSUMER, others do not, and memory stays bounded', async () => {
    // Long enough that the buffers of the operating system do not hide the slowness.
    const query = 'subscription { reservationChanged { reserveStatus userId } }';
    const slow = await signedIn();
    const quick = subscribe(connect(graph.url, operator), query);
    slow.send(watch('slow', query));
    const publish = (userId: string) =>
      graph.changes.publish({ reserveNo: 1, userId, bikeId: 7, reserveStatus: 'RESERVED' });
    await until('both are told', () => {
      publish('short');
      return slow.messages.some(({ type }) => type === 'next') && quick.results.length > 0;
    });
    expect(graph.changes.followers()).toBe(1);
    slow.socket.pause();
    const told = slow.messages.length;
    const long = 'x'.repeat(200_000);
    const isLong = (data: unknown) => JSON.stringify(data).length > long.length;
    const heard: unknown[] = [];
    for (let n = 0; n < 200; n += 1) {
      publish(long);
      await until(
        'the quick one has it',
        () => {
          heard.push(...quick.results.splice(0).filter(isLong));
          return heard.length > n;
        },
        30_000,
        1,
      );
    }
    slow.socket.resume();
    expect(await slow.waitFor('error')).toMatchObject({
      id: 'slow',
      payload: [{ extensions: { code: 'SLOW_CONSUMER' } }],
    });
    expect(slow.messages.length - told).toBeLessThan(150);
    expect(slow.messages.at(-1)?.type).toBe('error');
    await quick.stop();
  });
});

describe('a token that ends during a subscription', () => {
  it('ends it with TOKEN_EXPIRED and no complete, then the socket; other clients go on with theirs', async () => {
    // Whole seconds are all that a token can say.
    const endsAt = Math.ceil(Date.now() / 1000) * 1000 + 2000;
    const query = 'subscription { reservationChanged { user { totalPoint } } }';
    const leaving = await signedIn(await tokenUntil(graph.env, endsAt));
    leaving.send(watch('1', query));
    await until('the owner has it', () => graph.changes.followers() === 1);
    const staying = await signedIn();
    staying.send(watch('1', query));
    // Of an event that came before it was there, a subscriber is not told.
    const told = async () => {
      const before = staying.messages.length;
      await until('the one who stays is told', () => {
        graph.changes.publish({ reserveNo: 1, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
        return staying.messages.length > before;
      });
      return staying.messages.at(-1);
    };
    await told();
    expect(await leaving.waitFor('error')).toMatchObject({
      id: '1',
      payload: [{ message: 'The token has expired.', extensions: { code: 'TOKEN_EXPIRED' } }],
    });
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt - 20);

    // The point subgraph checks the token of every fetch: this one must be the other client's.
    expect(await told()).toMatchObject({
      type: 'next',
      payload: { data: { reservationChanged: { user: { totalPoint: 1000 } } } },
    });
    expect(graph.changes.followers()).toBe(1);

    expect(await leaving.closed).toEqual({ code: 4498, reason: 'The token has expired.' });
    const types = leaving.messages.map(({ type }) => type);
    expect(types.filter((type) => type !== 'next')).toEqual(['connection_ack', 'error']);
    expect(types.at(-1)).toBe('error');
  });
});

describe('a new token in a ping', () => {
  const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1000) * 1000 + seconds * 1000;
  const points = 'subscription { reservationChanged { user { totalPoint } } }';
  const renew = (client: RawClient, authorization: unknown) =>
    client.send({ type: 'ping', payload: { authorization } });

  it('lets what runs go on past the end of the old one, and what begins later begin', async () => {
    const endsAt = inSeconds(2);
    const client = await signedIn(await tokenUntil(graph.env, endsAt));
    client.send(watch('1', points));
    await until('the owner has it', () => graph.changes.followers() === 1);
    renew(client, await tokenUntil(graph.env, endsAt + 60_000));
    // The token is not sent back.
    expect(await client.waitFor('pong')).toEqual({ type: 'pong' });
    await until('the old one has ended', () => Date.now() > endsAt + 100);

    // The point subgraph checks the token of every fetch.
    graph.changes.publish({ reserveNo: 1, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
    expect(await client.waitFor('next')).toMatchObject({
      payload: { data: { reservationChanged: { user: { totalPoint: 1000 } } } },
    });
    client.send(watch('2', '{ bike(bikeId: 7) { color } }'));
    await client.waitFor('next', 2);
    expect(client.messages.some(({ type }) => type === 'error')).toBe(false);
  });

  it('ends when it ends', async () => {
    const client = await signedIn();
    client.send(watch('1'));
    await until('the owner has it', () => graph.changes.followers() === 1);
    renew(client, await tokenUntil(graph.env, inSeconds(1), '1'));
    expect(await client.waitFor('error')).toMatchObject({ payload: [{ extensions: { code: 'TOKEN_EXPIRED' } }] });
  });

  it.each([
    ['is signed by somebody else', () => foreignToken()],
    ['is another person’s', () => tokenUntil(graph.env, inSeconds(60), '2')],
    ['gives other roles', () => tokenUntil(graph.env, inSeconds(60), '1', ['rider'])],
    ['is no text', () => Promise.resolve(7)],
  ])('closes with 4403 when it %s', async (_what, token) => {
    const client = await signedIn();
    renew(client, await token());
    expect((await client.closed).code).toBe(4403);
  });

  it('that cannot be read is told of the ping', async () => {
    const client = await signedIn();
    renew(client, ['x']);
    const reason = 'The "authorization" of ping must be text: "Bearer <token>".';
    expect(await client.closed).toEqual({ code: 4403, reason });
  });

  it('makes nobody of somebody who has not signed in', async () => {
    const client = await opened();
    client.send({ type: 'connection_init' });
    await client.waitFor('connection_ack');
    renew(client, operator);
    expect((await client.closed).code).toBe(4403);
  });

  it('is a ping like any other before the connection is acknowledged', async () => {
    const client = await opened();
    renew(client, 'Bearer x');
    expect(await client.waitFor('pong')).toEqual({ type: 'pong', payload: { authorization: 'Bearer x' } });
  });
});
