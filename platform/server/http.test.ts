import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { HeaderMap } from '@apollo/server';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { graphqlRoute } from './apollo-route.ts';
import { longestTimerMs } from '../foundation/time.ts';
import { ConfigError } from './config.ts';
import {
  createHold,
  readBody,
  sendJson,
  startHttpServer,
  type Guest,
  type HttpLimits,
  type HttpServer,
  type RequestHandler,
} from './http.ts';
import { createPlaces, isShortage, type Client } from './places.ts';

jest.setTimeout(20_000);

const defaults: HttpLimits = {
  HEADERS_TIMEOUT_MS: 10_000,
  BODY_TIMEOUT_MS: 10_000,
  ANSWER_TIMEOUT_MS: 10_000,
  MAX_HEADER_BYTES: 16_384,
  MAX_CONNECTIONS: 100,
};

let server: HttpServer | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  server = undefined;
});

async function serve(
  routes: Record<string, RequestHandler>,
  limits: Partial<HttpLimits> = {},
  logger = pino({ level: 'silent' }),
  { host = '127.0.0.1', keepAliveMs = 5_000 } = {},
): Promise<string> {
  server = await startHttpServer({
    port: 0,
    host,
    logger,
    routes,
    readiness: () => ({ ready: true, checks: {} }),
    keepAliveMs,
    lingerMs: 0,
    drainMs: 100,
    limits: { ...defaults, ...limits },
  });
  return `http://127.0.0.1:${server.port}`;
}

/** A client that sends arbitrary bytes. `said` is all that came back, `ended` resolves when it was cut. */
function dial(bytes: string | Buffer, options: { reads?: boolean } = {}) {
  const socket = createConnection(server?.port ?? 0, '127.0.0.1');
  sockets.push(socket);
  let said = '';
  socket.on('error', () => undefined);
  if (options.reads !== false) socket.on('data', (chunk) => (said += chunk.toString('latin1')));
  socket.write(bytes);
  const startedAt = performance.now();
  // A client that goes on sending after the server has closed is reset, which is an end as well.
  const ended = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - startedAt)));
  return { socket, said: () => said, ended };
}

const echo: RequestHandler = async (request, response) =>
  sendJson(response, 200, { length: (await readBody(request, 100_000)).length });

const post = (headers: string, body = '') => `POST /echo HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n${body}`;

// Garbage that is not collected yet counts as memory now and then; a buffer for each chunk counts every time.
jest.retryTimes(2);

it.each(['192.0.2.1', 'no-such-host.invalid', '::ffff:192.0.2.1'])(
  'listening at %s is a wrong setting',
  async (host) => {
    const outcome = serve({}, {}, undefined, { host });
    await expect(outcome).rejects.toThrow(ConfigError);
    await expect(outcome).rejects.toThrow(`HOST: must be an address of this machine; "${host}" is none`);
  },
);

it('an idle connection is kept for as long as a timer can wait, and no longer', async () => {
  await serve({}, {}, undefined, { keepAliveMs: longestTimerMs });
  const { keepAliveTimeout = 0, keepAliveTimeoutBuffer = 0 } = (server?.server ?? {}) as {
    keepAliveTimeout?: number;
    keepAliveTimeoutBuffer?: number;
  };
  expect(keepAliveTimeout).toBeGreaterThan(longestTimerMs / 2);
  expect(keepAliveTimeout + keepAliveTimeoutBuffer).toBeLessThanOrEqual(longestTimerMs);
});

describe('a request that takes its time', () => {
  it.each([
    ['that never sends a byte', ''],
    ['whose headers never end', 'GET /healthz HTTP/1.1\r\nhost: x\r\n'],
    ['whose first line never ends', 'GET /heal'],
  ])('one %s is cut', async (_what, bytes) => {
    await serve({}, { HEADERS_TIMEOUT_MS: 200 });
    const { ended, said } = dial(bytes);
    expect(await ended).toBeLessThan(2_000);
    expect(said()).toMatch(/^HTTP\/1\.1 408|^$/);
  });

  it('is answered 408 though it goes on sending, header by header', async () => {
    await serve({}, { HEADERS_TIMEOUT_MS: 300 });
    const slow = dial('GET /healthz HTTP/1.1\r\nhost: x\r\n');
    const timer = setInterval(() => slow.socket.write('x-more: 1\r\n'), 50);
    expect(await slow.ended).toBeLessThan(2_000);
    clearInterval(timer);
    expect(slow.said()).toContain('408');
  });

  it('is answered 408 when its body never ends, whether its length is known or not', async () => {
    await serve({ '/echo': echo }, { HEADERS_TIMEOUT_MS: 100, BODY_TIMEOUT_MS: 300 });
    for (const headers of ['content-length: 1000', 'transfer-encoding: chunked']) {
      const slow = dial(post(headers, headers.includes('chunked') ? '1\r\na\r\n' : 'a'));
      const timer = setInterval(() => slow.socket.write(headers.includes('chunked') ? '1\r\na\r\n' : 'a'), 20);
      expect(await slow.ended).toBeLessThan(2_500);
      clearInterval(timer);
      expect(slow.said()).toContain('408');
    }
  });

  const slowly: RequestHandler = async (_request, response) => {
    await delay(500);
    response.write('half');
    await delay(500);
    response.end('whole');
  };
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

  it.each([
    ['while its answer is made', get('/slow'), ''],
    ['while an earlier one of its connection is answered', `${get('/slow')}${get('/healthz')}`, ''],
    ['while its body is sent', `${post('content-length: 5')}ab`, 'cde'],
  ])('is not cut for its answer %s', async (_when, bytes, later) => {
    await serve({ '/slow': slowly, '/echo': echo }, { ANSWER_TIMEOUT_MS: 100 });
    const client = dial(bytes);
    await delay(500);
    if (later !== '') client.socket.write(later);
    await Promise.race([client.ended, delay(1_000)]);
    expect(client.said()).toMatch(/whole|"length":5/);
  });

  it('is cut when it takes nothing of its answer', async () => {
    const endless: RequestHandler = (_request, response) => void response.end('x'.repeat(50_000_000));
    await serve({ '/long': endless }, { ANSWER_TIMEOUT_MS: 300 });
    const deaf = dial('GET /long HTTP/1.1\r\nhost: x\r\n\r\n', { reads: false });
    deaf.socket.pause();
    const open = () =>
      new Promise<number>((resolve) => server?.server.getConnections((_error, count) => resolve(count)));
    await once(deaf.socket, 'connect');
    const deadline = Date.now() + 5_000;
    while ((await open()) > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await open()).toBe(0);
  });
});

describe('a request that is not as it should be', () => {
  const answerTo = async (bytes: string) => {
    const { said, socket } = dial(bytes);
    const status = () => /^HTTP\/1\.1 (\d+)/.exec(said())?.[1];
    const deadline = Date.now() + 5_000;
    while (status() === undefined && !socket.destroyed && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return status();
  };

  it.each([
    ['a header of 20 kB', `GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
    ['a hundred headers too many', `GET /healthz HTTP/1.1\r\nhost: x\r\n${'a:b\r\n'.repeat(200)}\r\n`, '431'],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', '400'],
    ['no HTTP', '\x16\x03\x01\x02\x00', '400'],
    ['two lengths', post('content-length: 1\r\ncontent-length: 2', 'ab'), '400'],
    ['two lengths that agree', post('content-length: 2\r\nContent-Length: 2', 'ab'), '400'],
    ['two hosts', post('Host: y\r\ncontent-length: 0'), '400'],
    ['two types', post('content-type: text/plain\r\nContent-Type: application/json\r\ncontent-length: 0'), '400'],
    ['two tokens', post('authorization: a\r\nAuthorization: a\r\ncontent-length: 0'), '400'],
    ['two cursors', post('last-event-id: 1\r\nLast-Event-ID: 2\r\ncontent-length: 0'), '400'],
    ['two of what is a list', post('accept: a/b\r\nAccept: c/d\r\ncontent-length: 0'), '200'],
    ['two of what is only passed on', post('traceparent: 1\r\nTraceparent: 2\r\ncontent-length: 0'), '200'],
    ['a header with a name of JavaScript', post('__proto__: 1\r\nconstructor: 2\r\ncontent-length: 0'), '200'],
    ['a length and chunks', post('content-length: 1\r\ntransfer-encoding: chunked', '0\r\n\r\n'), '400'],
    ['chunks that are none', post('transfer-encoding: chunked', 'zz\r\n'), '400'],
    ['a body compressed', post('content-encoding: gzip\r\ncontent-length: 3', 'abc'), '415'],
    ['a body compressed twice', post('content-encoding: br, GZIP\r\ncontent-length: 3', 'abc'), '415'],
    ['a body announced too long', post('content-length: 100001'), '413'],
    [
      'a body too long in chunks',
      post('transfer-encoding: chunked', `1e848\r\n${'x'.repeat(125_000)}\r\n0\r\n\r\n`),
      '413',
    ],
    ['a body that is as it is', post('content-encoding: identity\r\ncontent-length: 3', 'abc'), '200'],
  ])('with %s is refused or taken as it should be', async (_what, bytes, status) => {
    await serve({ '/echo': echo });
    expect(await answerTo(bytes)).toBe(status);
    expect((await fetch(`http://127.0.0.1:${server?.port}/healthz`)).status).toBe(200);
  });

  it.each([
    ['GET http://bikes.example/healthz', '200'],
    ['GET HTTPS://bikes.example:443/healthz?x=/y', '200'],
    ['GET http://bikes.example/below/it', '200'],
    ['POST http://bikes.example/echo', '200'],
    ['GET http://bikes.example', '404'],
    ['GET http://bikes.example?x', '404'],
    ['GET http://[/healthz', '200'],
    ['GET //healthz', '404'],
    ['GET /%68ealthz', '404'],
    ['GET /%zz', '404'],
    ['GET /%ff%00', '404'],
    ['GET /__proto__', '404'],
    ['GET /healthz/', '404'],
    ['OPTIONS *', '404'],
    ['GET *', '404'],
    ['GET healthz', '400'],
  ])('for the address of "%s" is answered %s, and is no mistake of ours', async (line, status) => {
    const told: string[] = [];
    const logger = pino({}, { write: (text: string) => void told.push(text) });
    await serve({ '/echo': echo, '/below/': echo }, {}, logger);
    expect(await answerTo(`${line} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`)).toBe(status);
    expect(told).toEqual([]);
  });

  it('with bytes that are no UTF-8 is refused instead of being read as something else', async () => {
    const url = await serve({ '/echo': echo });
    const response = await fetch(`${url}/echo`, { method: 'POST', body: Buffer.from([0x22, 0xc3, 0x28, 0x22]) });
    expect(response.status).toBe(400);
  });

  it('many in one packet are all answered, in order', async () => {
    await serve({ '/echo': echo });
    const { said } = dial('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1_000));
    const deadline = Date.now() + 5_000;
    const answers = () => said().match(/HTTP\/1\.1 200/g)?.length ?? 0;
    while (answers() < 1_000 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answers()).toBe(1_000);
  });

  it('is closed at once when there are too many connections', async () => {
    await serve({}, { MAX_CONNECTIONS: 3 });
    const first = [1, 2, 3].map(() => dial('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'));
    await Promise.all(first.map(({ socket }) => once(socket, 'data')));
    expect(await dial('').ended).toBeLessThan(1_000);
    expect(first.every(({ socket }) => !socket.closed)).toBe(true);
  });

  it('costs a body of a million chunks no more than its bytes', async () => {
    const bytes = '1\r\nx\r\n'.repeat(90_000);
    const url = await serve({ '/echo': echo });
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().heapUsed)), 5);
    const sent = dial(post('transfer-encoding: chunked', `${bytes}0\r\n\r\n`));
    const deadline = Date.now() + 10_000;
    while (!sent.said().includes('90000') && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
    clearInterval(timer);
    expect(sent.said()).toContain('{"length":90000}');
    expect(most - before).toBeLessThan(60_000_000);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('a GraphQL answer', () => {
  const long = JSON.stringify({ data: { text: '따릉이 '.repeat(1_000) } });
  const route = (string: string, guest?: Guest) =>
    graphqlRoute<object>({
      apollo: {
        executeHTTPGraphQLRequest: async () => ({
          status: 200,
          headers: new HeaderMap([['content-type', 'application/json']]),
          body: { kind: 'complete', string },
        }),
      },
      contextOf: async () => ({}),
      maxBodyBytes: 1_000,
      ...(guest ? { guestOf: () => guest } : {}),
    });

  it('that the client does not take is not worked out', async () => {
    let executions = 0;
    const executeHTTPGraphQLRequest = async () => {
      executions += 1;
      return { headers: new HeaderMap(), body: { kind: 'complete' as const, string: '{}' } };
    };
    const apollo = { executeHTTPGraphQLRequest };
    const url = await serve({
      '/': graphqlRoute<object>({ apollo, contextOf: async () => ({}), maxBodyBytes: 1_000 }),
    });
    const ask = async (accept: string) =>
      (await fetch(url, { method: 'POST', headers: { accept, 'content-type': 'application/json' }, body: '{}' }))
        .status;
    for (const accept of ['image/png', 'text/html', 'application/json;q=0']) expect(await ask(accept)).toBe(406);
    expect(executions).toBe(0);
    expect(await ask('*/*')).toBe(200);
    expect(executions).toBe(1);
  });

  it('is compressed for who takes it, says on what that depends, and is never when it is short', async () => {
    const url = await serve({ '/long': route(long), '/short': route('{}') });
    const ask = async (path: string, encoding: string) => {
      const { socket, said } = dial(
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept-encoding: ${encoding}\r\n\r\n`,
      );
      await once(socket, 'close');
      const [head = '', body = ''] = said().split(/\r\n\r\n(.*)/s);
      return { head, body: Buffer.from(body, 'latin1') };
    };
    const br = await ask('/long', 'gzip, br');
    expect(br.head).toMatch(/content-encoding: br/i);
    expect(br.head).toMatch(/vary: accept-encoding/i);
    expect(br.head).toMatch(new RegExp(`content-length: ${br.body.length}`, 'i'));
    expect(brotliDecompressSync(br.body).toString()).toBe(long);
    expect(br.body.length).toBeLessThan(long.length / 10);
    const gzip = await ask('/long', 'br;q=0, gzip');
    expect(gunzipSync(gzip.body).toString()).toBe(long);
    const plain = await ask('/long', 'identity');
    expect(plain.body.toString()).toBe(long);
    expect(plain.head).toMatch(/vary: accept-encoding/i);
    expect((await ask('/short', 'br')).head).not.toMatch(/content-encoding/i);
    expect(url).toMatch(/^http/);
  });

  it('that its client does not read counts for the client until it is gone', async () => {
    let refused = 0;
    const me: Client = { id: 'me', isStaff: false };
    const waiting = createPlaces({ inAll: 100_000_000, perClient: 30_000_000 }, () => (refused += 1));
    const free = createPlaces({ inAll: 100, perClient: 100 });
    const guest: Guest = { take: (kind, size) => (kind === 'waiting_bytes' ? waiting : free).take(me, size) };
    await serve({ '/long': route('x'.repeat(20_000_000), guest) });
    const first = dial('GET /long HTTP/1.1\r\nhost: x\r\n\r\n', { reads: false });
    const eventually = async (holds: () => boolean) => {
      const deadline = Date.now() + 5_000;
      while (!holds() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(holds()).toBe(true);
    };
    await eventually(() => waiting.taken() > 0);
    // The second would be too much: it is cut instead of kept.
    dial('GET /long HTTP/1.1\r\nhost: x\r\n\r\n', { reads: false });
    await eventually(() => refused > 0);
    expect(waiting.taken()).toBeLessThan(30_000_000);
    first.socket.destroy();
    await eventually(() => waiting.taken() === 0);
    expect(free.taken()).toBe(0);
  });
});

it('an answer in parts that is not read is charged for what waits of it, once', () => {
  const places = createPlaces({ inAll: 1_000, perClient: 100 });
  const client: Client = { id: 'someone', isStaff: false };
  const guest = { take: (_kind: string, bytes?: number) => places.take(client, bytes) } as unknown as Guest;
  const response = Object.assign(new EventEmitter(), { writableLength: 0, destroyed: false, destroy: jest.fn() });
  const hold = createHold(response as unknown as ServerResponse, guest);
  for (const waiting of [0, 10, 30, 90, 20, 100, 0, 100]) {
    response.writableLength = waiting;
    hold();
  }
  expect([response.listenerCount('close'), response.destroy.mock.calls.length]).toEqual([1, 0]);
  response.writableLength = 101;
  hold();
  expect(response.destroy).toHaveBeenCalledTimes(1);
  response.emit('close');
  expect(isShortage(places.take(client, 100))).toBe(false);
});
