import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDice } from '../../cli/demo/dice.ts';
import { connect, subscribe } from '../../router/testing/subscriber.ts';
import { startTestSupergraph, type TestSupergraph } from '../../router/testing/supergraph.ts';
import { until } from '../support/until.ts';
import { createAttacker, times, type Attacker, type Line } from './attacker.ts';
import { brokenFrames, frame, handshake, upgrade } from './raw-socket.ts';

/** Another seed tries other bytes: `HOSTILE_SEED=7 npm test -- --testPathPatterns hostile/streams`. */
const seed = Number(process.env['HOSTILE_SEED'] ?? 1);
const runs = (numRuns: number) => ({ numRuns, seed });

/** Ten thousand take a minute where other tests share the processors. */
const pairs = process.env['HOSTILE_ALONE'] ? 10_000 : 2_000;

/** What a client may keep unread, as the router is set up here. */
const bufferBytes = 65_536;
const initTimeoutMs = 500;
const stallMs = 2_000;

let graph: TestSupergraph;
let operator: string;
let timersBefore: number;
let attacker: Attacker;

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

beforeAll(async () => {
  graph = await startTestSupergraph({
    SUBSCRIPTION_BUFFER_BYTES: String(bufferBytes),
    CONNECTION_INIT_TIMEOUT_MS: String(initTimeoutMs),
    HEADERS_TIMEOUT_MS: String(stallMs),
    BODY_TIMEOUT_MS: String(stallMs),
    PING_INTERVAL_MS: '2000',
    KEEP_ALIVE_MS: '200',
    RATE_PER_CLIENT: '0',
  });
  operator = (await graph.signIn('1', 'operator')).replace('Bearer ', '');
  attacker = newAttacker();
  // The first ones leave what stays: pools, caches.
  await newcomersAreServed();
  await attacker.leave();
  await nothingIsLeft();
  timersBefore = timers();
});
afterAll(() => graph.close());
afterEach(async () => {
  await attacker.leave();
  await nothingIsLeft();
  await newcomersAreServed();
  await nothingIsLeft();
  // Pools of connections may keep a few.
  await until('no timer is left', () => timers() <= timersBefore + 10);
  attacker = newAttacker();
});

function newAttacker(): Attacker {
  const token = async (userId: string) => (await graph.signIn(userId, 'rider')).replace('Bearer ', '');
  return createAttacker({ url: graph.url.replace('/graphql', ''), subgraphPorts: [], token }, createDice(seed));
}

const updates = 'subscription { dashboardUpdated { cursor eventType } }';
const changes = 'subscription { reservationChanged { reserveNo } }';
const accepts = { sse: 'text/event-stream', multipart: 'multipart/mixed;subscriptionSpec=1.0' };
const transports = ['sse', 'multipart'] as const;

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(graph.url.replace('/graphql', '/metrics'))).text();
  const lines = text.split('\n').flatMap((line) => /^(\w+(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? []);
  const found = new Map<string, number>();
  for (let at = 0; at < lines.length; at += 3) found.set(lines[at + 1] ?? '', Number(lines[at + 2]));
  return found;
}

/** What the router says that it has open, and the subgraphs. */
async function open(): Promise<Record<string, number>> {
  const gauges = /^(websocket_connections|subscriptions_open|subscription_upstreams_open|admission_places)/;
  const found = [...(await metrics())].filter(([name, value]) => gauges.test(name) && value !== 0);
  const followers = graph.updates.followers() + graph.changes.followers();
  return { ...Object.fromEntries(found), ...(followers === 0 ? {} : { followers }) };
}

async function nothingIsLeft(): Promise<void> {
  let left: Record<string, number> = {};
  await until('nothing is left open', async () => Object.keys((left = await open())).length === 0).catch(
    () => undefined,
  );
  expect(left).toEqual({});
}

/** A new client gets what happens, over each transport. */
async function newcomersAreServed(): Promise<void> {
  const client = connect(graph.url, `Bearer ${operator}`);
  const bySocket = subscribe(client, updates);
  const texts = transports.map((transport) => {
    let text = '';
    const begun = attacker.begin({ query: updates }, { accept: accepts[transport], token: operator });
    void begun.then((answer) => answer?.on('data', (chunk: Buffer) => (text += chunk.toString())));
    return () => text;
  });
  await until('they are told', () => {
    graph.updates.publish('for newcomers');
    return bySocket.results.length > 0 && texts.every((text) => text().includes('for newcomers'));
  });
  await bySocket.stop();
  await client.dispose();
  await attacker.leave();
}

/** Something happens all the time: a stream is opened with its first event, and otherwise after a second. */
function talk(): () => void {
  const talking = setInterval(() => {
    graph.updates.publish('now');
    graph.changes.publish({ reserveNo: 1, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
  }, 10);
  return () => clearInterval(talking);
}

/** Why the server closed a line, once it has. */
async function closedWith({ socket }: Line): Promise<number> {
  if (socket.readyState === socket.CLOSED) return -1;
  const [code] = (await once(socket, 'close', { signal: AbortSignal.timeout(20_000) })) as [number];
  return code;
}

const message = (id: string, query: string, extensions?: object) => ({
  id,
  type: 'subscribe',
  payload: { query, ...(extensions ? { extensions } : {}) },
});

describe('live streams', () => {
  it(`may be begun and given up ${pairs} times on one socket`, async () => {
    const line = await attacker.socket({ token: operator });
    for (let n = 0; n < pairs; n += 1) {
      line.send(message(`${n % 3}`, n % 2 === 0 ? updates : changes));
      line.send({ id: `${n % 3}`, type: 'complete' });
      if (n % 100 < 99) continue;
      // Its pong waits behind what it sent before: without a pause it would be taken for silent.
      line.send(message('pause', '{ __typename }'));
      await until('it is heard', () => line.heard.at(-1)?.type === 'complete' || !line.isOpen(), 30_000, 1);
      line.heard.length = 0;
    }
    await until('all are gone', async () => (await metrics()).get('subscriptions_open{service="router"}') === 0);
    expect(line.isOpen()).toBe(true);
  });

  it('may be opened and dropped a thousand times over plain HTTP', async () => {
    const quiet = talk();
    await times(1_000, 20, async (n) => {
      const accept = accepts[n % 2 === 0 ? 'sse' : 'multipart'];
      const query = n % 5 === 0 ? changes : updates;
      // Before the answer, with its head, or after an event or two.
      const leaveAfterMs = n % 3 === 0 || query === changes ? n % 7 : 5_000;
      const begun = await attacker.begin({ query }, { accept, token: operator, leaveAfterMs });
      if (n % 3 === 1) await delay(n % 20);
      begun?.destroy();
    });
    quiet();
  });

  it.each([...transports, 'a socket'])('are ended for a client of %s that never reads', async (transport) => {
    const slow = `subscription_slow_consumers_total{transport="${transport === 'a socket' ? 'websocket' : transport}",service="router"}`;
    const before = (await metrics()).get(slow) ?? 0;
    /** Begins, and gives what is heard once it is read after all. */
    const begin = async (): Promise<() => string> => {
      if (transport === 'a socket') {
        const line = await attacker.socket({ token: operator });
        line.send(message('1', updates));
        await until('it follows', () => graph.updates.followers() > 0);
        line.socket.pause();
        return () => {
          line.socket.resume();
          return JSON.stringify(line.heard.slice(-2));
        };
      }
      const accept = accepts[transport as 'sse'];
      const begun = await attacker.begin({ query: updates }, { accept, token: operator });
      let text = '';
      return () => {
        if (begun?.listenerCount('data') === 0) begun.on('data', (chunk: Buffer) => (text += chunk.toString()));
        return text.slice(-500);
      };
    };
    const readAfterAll = await begin();
    await until('it follows', () => graph.updates.followers() > 0);
    let most = 0;
    await until('it is ended', async () => {
      for (let n = 0; n < 20; n += 1) graph.updates.publish('x'.repeat(20_000));
      await delay(5);
      const now = await metrics();
      most = Math.max(most, now.get('admission_places{kind="waiting_bytes",service="router"}') ?? 0);
      return (now.get(slow) ?? 0) > before;
    });
    // What was sent before the limit was seen, and no more than one event beyond it.
    expect(most).toBeLessThan(bufferBytes + 50_000);
    await until('its subscription is gone', () => graph.updates.followers() === 0);
    await until('it is told why', () => readAfterAll().includes('SLOW_CONSUMER'));
  });

  const oddIds = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => text.replace(/[^\t -~]/g, '')),
    fc.json({ maxDepth: 3 }).map((text) => text.replace(/[^ -~]/g, '?')),
    fc.constantFrom('""', '"c"', '"c-1"', '"c1e9"', '"too-old"', '1e400', 'null', '[]', '{"a":1}', '"\\ud800"', 'c1'),
    fc.integer({ min: 1, max: 12_000 }).map((length) => `"${'x'.repeat(length)}"`),
    fc.constantFrom('"\u00e9\u00ff"', '\u0080'),
  );

  it('go on after a Last-Event-ID, or say why they do not, whatever it is', async () => {
    const quiet = talk();
    await fc.assert(
      fc.asyncProperty(oddIds, fc.constantFrom(...transports), fc.boolean(), async (id, transport, hasCursors) => {
        const begun = await attacker.begin(
          { query: hasCursors ? updates : changes },
          { accept: accepts[transport], token: operator, headers: { 'last-event-id': id }, leaveAfterMs: 5_000 },
        );
        expect([200, 400, 431]).toContain(begun?.statusCode);
        begun?.destroy();
      }),
      runs(80),
    );
    quiet();
  });
});

describe('half a request', () => {
  const request = (accept: string) => {
    const body = JSON.stringify({ query: updates });
    const head = `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: ${accept}\r\nAuthorization: Bearer ${operator}\r\nContent-Length: ${body.length}\r\n\r\n`;
    return Buffer.from(head + body);
  };

  it('for a stream is waited for, and no longer than it may take, wherever it stops', async () => {
    const sockets: Socket[] = [];
    await times(200, 50, async (n) => {
      const bytes = request(accepts[n % 2 === 0 ? 'sse' : 'multipart']);
      const socket = await attacker.tcp();
      sockets.push(socket);
      socket.resume();
      socket.write(bytes.subarray(0, 1 + Math.floor((n / 200) * (bytes.length - 2))));
    });
    await until('all are cut', () => sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded));
  });

  it('and a conversation over a socket, too', async () => {
    const conversation = Buffer.concat([
      Buffer.from(handshake(`Authorization: Bearer ${operator}\r\n`)),
      frame({ type: 'connection_init' }),
      frame(message('1', updates)),
    ]);
    const sockets: Socket[] = [];
    await times(conversation.length - 1, 50, async (n) => {
      const socket = await attacker.tcp();
      sockets.push(socket);
      socket.resume();
      socket.write(conversation.subarray(0, 1 + n));
    });
    await until('all are cut', () => sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded));
  });

  it('is a whole one when its bytes come one by one', async () => {
    const socket = await attacker.tcp();
    socket.setNoDelay(true);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    const conversation = [
      Buffer.from(handshake(`Authorization: Bearer ${operator}\r\n`)),
      frame({ type: 'connection_init' }),
      frame(message('1', updates)),
    ];
    for (const part of conversation) {
      for (const [at, byte] of part.entries()) {
        socket.write(Buffer.from([byte]));
        if (at % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await until('it follows', () => graph.updates.followers() > 0);
    graph.updates.publish('byte by byte');
    await until('it is told', () => text.includes('byte by byte'));
  });
});

describe('a socket', () => {
  /** What comes back for these bytes after the handshake: the code of a close frame, or 0 when it is cut. */
  async function answerTo(bytes: Buffer): Promise<number> {
    const socket = await upgrade(attacker);
    let heard = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
    await until('the handshake', () => heard.includes('\r\n\r\n'));
    heard = heard.subarray(heard.indexOf('\r\n\r\n') + 4);
    socket.write(bytes);
    await once(socket, 'close', { signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
    const at = heard.lastIndexOf(0x88);
    return at < 0 || heard.length < at + 4 ? 0 : heard.readUInt16BE(at + 2);
  }
  const hex = (text: string) => Buffer.from(text.padEnd(text.length + (text.length % 2), '0'), 'hex');

  it.each([
    ['a frame longer than it may be', hex('81ff00000000ffffffff00000000'), 1009],
    ['broken UTF-8', hex('818200000000fffe'), 1007],
    ['a compressed frame where none was agreed', hex('c1820000000000'), 1002],
    ['a ping of more than 125 bytes', hex('89fe00fe00000000'), 1002],
    ['a frame that is not masked', hex('810161'), 1002],
    ['bytes that are no text', hex('828000000000'), 4400],
  ])('that sends %s is closed', async (_what, bytes, code) => {
    expect(await answerTo(bytes)).toBe(code);
  });

  it('that sends any bytes is closed or cut, and nothing else happens', async () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...brokenFrames).map(hex),
    );
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        expect([0, 1000, 1002, 1005, 1007, 1008, 1009, 4400, 4408]).toContain(await answerTo(bytes));
      }),
      { ...runs(40) },
    );
  }, 120_000);

  it('that pings without end is closed with 1008', async () => {
    const flooding = [await attacker.socket({ token: operator }), await attacker.socket({ token: operator })] as const;
    const codes = flooding.map(closedWith);
    for (let n = 0; n < 3_000; n += 1) {
      flooding[0].send({ type: 'ping', payload: { n } });
      if (flooding[1].isOpen()) flooding[1].socket.ping('x');
    }
    expect(await Promise.all(codes)).toEqual([1008, 1008]);
  });

  it.each([
    ['introduces itself twice', [{ type: 'connection_init' }, { type: 'connection_init' }], 4429],
    ['introduces itself at length', [{ type: 'connection_init', payload: { fill: 'x'.repeat(20_000) } }], 4400],
    ['never introduces itself', [], 4408],
    ['asks before', [message('1', updates)], 4401],
    ['asks twice by one name', [{ type: 'connection_init' }, message('1', updates), message('1', changes)], 4409],
  ])('that %s is closed', async (_what, messages, code) => {
    const line = await attacker.socket({ init: false });
    const closed = closedWith(line);
    for (const each of messages) {
      const init = each.type === 'connection_init' && !('payload' in each);
      line.send(init ? { ...each, payload: { authorization: `Bearer ${operator}` } } : each);
      // Not before it is let in, unless that is the point.
      if (init && messages.length > 2) await until('it is let in', () => line.heard.length > 0);
    }
    expect(await closed).toBe(code);
  });

  it.each([
    ['another rider’s', () => attacker.token('somebody-else')],
    ['of other roles', async () => (await graph.signIn('1', 'rider')).replace('Bearer ', '')],
    ['none', () => Promise.resolve('x')],
  ])('that renews its token by one that is %s is closed with 4403, and its streams with it', async (_what, token) => {
    const line = await attacker.socket({ token: operator });
    line.send(message('1', updates));
    await until('it follows', () => graph.updates.followers() === 1);
    const closed = closedWith(line);
    line.send({ type: 'ping', payload: { authorization: `Bearer ${await token()}` } });
    expect(await closed).toBe(4403);
  });

  const ids = fc.constantFrom('1', '2', '__proto__', 'x'.repeat(300), '');
  const said = fc.oneof(
    fc.record({
      type: fc.constant('subscribe'),
      id: ids,
      payload: fc.record({
        query: fc.constantFrom(
          updates,
          changes,
          '{ bike(bikeId: 1) { color } }',
          'mutation { registerBike(input: { color: "red" }) { bike { color } } }',
          '{ nothing }',
          '{',
          'subscription { a b }',
        ),
      }),
    }),
    fc.record({ type: fc.constant('complete'), id: ids }),
    fc.record({ type: fc.constantFrom('ping', 'pong', 'next', 'error', 'connection_ack', '') }),
    fc.constant({ type: 'connection_init' }),
    fc.json({ maxDepth: 1 }),
  );

  it('may say anything in any order: it is answered, or closed with a code of the protocol', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 12 }), async (messages) => {
        const line = await attacker.socket({ token: operator });
        let code = 0;
        line.socket.on('close', (closed) => (code = closed));
        for (const each of messages) line.send(each);
        // Whoever is still there gets an answer to the last.
        line.send({ type: 'ping', payload: { last: true } });
        await until(
          'it is answered',
          () =>
            code !== 0 ||
            line.heard.some(({ type, payload }) => type === 'pong' && JSON.stringify(payload) === '{"last":true}'),
        );
        expect([0, 1008, 4400, 4401, 4408, 4409, 4429]).toContain(code);
        line.socket.terminate();
      }),
      runs(100),
    );
  });
});
