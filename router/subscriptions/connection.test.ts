import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GraphQLString } from 'graphql';
import { WebSocketServer, type WebSocket } from 'ws';
import { createMetrics } from '../metrics.ts';
import { until } from '../../test/support/until.ts';
import { createConnection, type Connection, type Ending } from './connection.ts';
import type { SubscriptionPlan } from './planner.ts';

/** A subgraph that does what a test tells it to. */
let server: WebSocketServer;
let url: URL;
let sockets: WebSocket[];
let subscribed: { variables: Record<string, unknown> }[];
let tokens: unknown[];
let onSubscribe: (socket: WebSocket) => void;
let connections: Connection[];

beforeEach(async () => {
  [sockets, subscribed, tokens, connections] = [[], [], [], []];
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  url = new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`);
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; payload?: object };
      if (message.type === 'connection_init') {
        tokens.push((message.payload as { authorization?: string } | undefined)?.authorization);
        socket.send('{"type":"connection_ack"}');
      } else if (message.type === 'subscribe') {
        subscribed.push((message.payload ?? { variables: {} }) as { variables: Record<string, unknown> });
        onSubscribe(socket);
      }
    });
  });
});
afterEach(async () => {
  for (const connection of connections) connection.close();
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
});

const plan: Pick<SubscriptionPlan, 'owner' | 'upstream' | 'upstreamVariables'> = {
  owner: {
    url: new URL('http://not.yet'),
    timeoutMs: 1_000,
    identityOf: ({ authorization }) => (authorization ? { authorization } : {}),
    refused: () => undefined,
  },
  upstream: {
    query: 'subscription',
    operationName: undefined,
    resume: {
      resumable: { after: { name: 'after', type: GraphQLString, fallback: undefined }, cursor: 'cursor' },
      path: ['u', 'cursor'],
      variable: 'after',
      given: undefined,
      replaced: undefined,
    },
  },
  upstreamVariables: () => ({}),
};
const event = (n: number) => JSON.stringify({ id: '1', type: 'next', payload: { data: { u: { cursor: `c${n}` } } } });

function connect(
  authorization: () => string | undefined = () => undefined,
  pingIntervalMs = 10_000,
  timeoutMs = plan.owner.timeoutMs,
) {
  const cursors: unknown[] = [];
  const endings: Ending[] = [];
  const connection = createConnection({
    plan: { ...plan, owner: { ...plan.owner, url, timeoutMs } } as SubscriptionPlan,
    variables: {},
    headers: {},
    after: undefined,
    upstream: { pingIntervalMs, maxAnswerBytes: 1_000_000 },
    resume: { backoffMs: 1, backoffMaxMs: 5, timeoutMs: 300 },
    authorization,
    metrics: createMetrics(),
    next: ({ data }) => void cursors.push((data?.['u'] as { cursor: string }).cursor),
    end: (ending) => void endings.push(ending),
  });
  connections.push(connection);
  return { connection, cursors, endings };
}

describe('a connection to the owner', () => {
  it.each([1000, 1001, 1011, 1012, 4500])('goes on after the last cursor when it is closed with %d', async (code) => {
    onSubscribe = (socket) => {
      socket.send(event(subscribed.length));
      if (subscribed.length < 3) socket.close(code);
    };
    const { cursors, endings } = connect();
    await until('three events', () => cursors.length === 3);
    expect(subscribed.map(({ variables }) => variables)).toEqual([{}, { after: 'c1' }, { after: 'c2' }]);
    expect(endings).toEqual([]);
  });

  it('goes on when the clock is set forward while the owner is away', async () => {
    const clock = jest.spyOn(Date, 'now');
    const startedAt = Date.now();
    try {
      onSubscribe = (socket) => {
        if (subscribed.length !== 2) socket.send(event(subscribed.length));
        if (subscribed.length === 1) server.once('connection', () => clock.mockReturnValue(startedAt + 3_600_000));
        if (subscribed.length < 3) socket.close(1001);
      };
      const { cursors, endings } = connect();
      await until('it came back', () => cursors.length === 2 || endings.length > 0);
      expect(endings).toEqual([]);
    } finally {
      clock.mockRestore();
    }
  });

  it('waits for as long as that owner may take to answer', async () => {
    server.removeAllListeners('connection');
    const [quick, slow] = [connect(undefined, undefined, 100), connect()];
    await until('the one is given up', () => quick.endings.length > 0, 900);
    expect(slow.endings).toEqual([]);
    await until('the other one is, too', () => slow.endings.length > 0);
    expect(slow.endings).toMatchObject([{ kind: 'errors', errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] }]);
  });

  it('goes on when the owner is silent to pings', async () => {
    onSubscribe = (socket) => {
      socket.send(event(subscribed.length));
      if (subscribed.length === 1) socket.pause();
    };
    const { cursors } = connect(undefined, 30);
    await until('it came back', () => cursors.length === 2);
  });

  it('gives up on an owner that takes the subscription and fails each time', async () => {
    onSubscribe = (socket) => {
      if (subscribed.length === 1) socket.send(event(1));
      socket.close(4500);
    };
    const { endings } = connect();
    await until('it ended', () => endings.length === 1);
    expect(endings).toMatchObject([{ kind: 'errors', errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] }]);
  });

  it('goes on when the owner lacks a server of its own for a while', async () => {
    const away = [{ message: 'away', extensions: { code: 'SERVICE_UNAVAILABLE' } }];
    onSubscribe = (socket) => {
      if (subscribed.length % 2 === 0) socket.send(JSON.stringify({ id: '1', type: 'error', payload: away }));
      else socket.send(event(subscribed.length));
      if (subscribed.length === 1) socket.close(1001);
    };
    const { cursors, endings } = connect();
    await until('it came back', () => cursors.length === 2);
    expect(subscribed.map(({ variables }) => variables)).toEqual([{}, { after: 'c1' }, { after: 'c1' }]);
    expect(endings).toEqual([]);
  });

  it('goes on with another client’s token when that of the first has ended', async () => {
    onSubscribe = (socket) => {
      socket.send(event(subscribed.length));
      if (subscribed.length === 1) socket.close(4403);
    };
    let token = 'short';
    const { cursors, endings } = connect(() => token);
    token = 'long';
    await until('two events', () => cursors.length === 2);
    expect(tokens).toEqual(['short', 'long']);
    expect(endings).toEqual([]);
  });

  it('ends with UNAUTHENTICATED when there is no other token', async () => {
    onSubscribe = (socket) => socket.close(4403);
    const { endings } = connect(() => 'short');
    await until('it ended', () => endings.length === 1);
    expect(endings).toMatchObject([{ kind: 'errors', errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
  });

  it.each([
    ['without the places in the router’s own document', [{ message: 'no', locations: [{ line: 9, column: 9 }] }]],
    ['without a path and extensions that are none', [{ message: 'no', path: 5, extensions: 'x', more: {} }]],
  ])('passes on why it was refused, %s', async (_what, payload) => {
    for (const type of ['error', 'next']) {
      onSubscribe = (socket) =>
        socket.send(JSON.stringify({ id: '1', type, payload: type === 'error' ? payload : { errors: payload } }));
      const { endings } = connect();
      await until('it ended', () => endings.length === 1);
      expect(endings).toEqual([{ kind: 'errors', errors: [{ message: 'no' }] }]);
    }
  });

  it.each([[null], ['away'], [{ message: 5 }], [[]], [5]])('takes %j for no reason', async (error) => {
    onSubscribe = (socket) => socket.send(JSON.stringify({ id: '1', type: 'error', payload: [error] }));
    const { endings } = connect();
    await until('it ended', () => endings.length === 1);
    expect(endings).toMatchObject([{ kind: 'errors', errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] }]);
  });

  it.each([5, 'x', [], true])('takes %j for no event', async (data) => {
    onSubscribe = (socket) => socket.send(JSON.stringify({ id: '1', type: 'next', payload: { data } }));
    const { cursors, endings } = connect();
    await until('it ended', () => endings.length === 1);
    expect(cursors).toEqual([]);
    expect(endings).toMatchObject([{ kind: 'errors', errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] }]);
  });

  it('completes when the owner does', async () => {
    onSubscribe = (socket) => {
      socket.send(event(1));
      socket.send('{"id":"1","type":"complete"}');
    };
    const { endings } = connect();
    await until('it ended', () => endings.length === 1);
    expect(endings).toEqual([{ kind: 'complete' }]);
  });

  it('stops reading while it is paused', async () => {
    const chunk = JSON.stringify({ id: '1', type: 'next', payload: { data: { u: { cursor: 'x'.repeat(100_000) } } } });
    onSubscribe = (socket) => {
      for (let n = 0; n < 200; n += 1) socket.send(chunk);
    };
    const { connection, cursors } = connect();
    await until('the first event', () => cursors.length > 0);
    connection.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const seen = cursors.length;
    expect(seen).toBeLessThan(200);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(cursors).toHaveLength(seen);
    expect(sockets[0]?.bufferedAmount).toBeGreaterThan(0);
    connection.resume();
    await until('all events', () => cursors.length === 200);
  });

  it('is silent once closed, in whatever state', async () => {
    onSubscribe = (socket) => socket.send(event(1));
    const early = connect();
    early.connection.close();
    const late = connect();
    await until('an event', () => late.cursors.length === 1);
    late.connection.close();
    await until('no socket is left', () => server.clients.size === 0);
    expect([early.cursors, early.endings, late.endings]).toEqual([[], [], []]);
  });
});
