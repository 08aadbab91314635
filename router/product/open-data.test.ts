import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, startHttpServer, type Guest, type HttpServer } from '../../platform/server/index.ts';
import { until } from '../../test/support/until.ts';
import { createOpenDataRoute } from './open-data.ts';

const limits = {
  HEADERS_TIMEOUT_MS: 5_000,
  BODY_TIMEOUT_MS: 5_000,
  ANSWER_TIMEOUT_MS: 5_000,
  MAX_HEADER_BYTES: 16_384,
  MAX_CONNECTIONS: 100,
};

describe('open data at the router', () => {
  const closed: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closed.splice(0).reverse()) await close();
  });

  /** A dashboard, and where it answers GraphQL. */
  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
    const dashboard: Server = createServer(answer);
    await new Promise<void>((resolve) => dashboard.listen(0, '127.0.0.1', resolve));
    closed.push(() => new Promise((resolve) => (dashboard.close(resolve), dashboard.closeAllConnections())));
    return new URL(`http://127.0.0.1:${(dashboard.address() as AddressInfo).port}/graphql`);
  }

  /** A router before a dashboard that answers like this. */
  async function open(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    options: { publicUrl?: string; answerWithinMs?: number } = {},
  ) {
    let dashboard: URL | undefined = await serve(answer);
    const taken: Record<string, number> = { operations: 0, waiting_bytes: 0 };
    const count = (kind: string, by: number) => (taken[kind] = (taken[kind] ?? 0) + by);
    const take = (kind: string) => (count(kind, 1), { leave: () => count(kind, -1), grow: () => undefined });
    const guest = { take } as unknown as Guest;
    const route = createOpenDataRoute({
      dashboard: () => dashboard,
      publicUrl: options.publicUrl,
      ...(options.answerWithinMs === undefined ? {} : { answerWithinMs: options.answerWithinMs }),
      guestOf: () => Promise.resolve(guest),
    });
    const router: HttpServer = await startHttpServer({
      ...{ port: 0, host: '127.0.0.1', keepAliveMs: 1_000, lingerMs: 0, drainMs: 0, limits },
      logger: createLogger('silent', 'router'),
      routes: { '/gbfs/': route },
      readiness: () => ({ ready: true, checks: {} }),
    });
    closed.push(() => router.close());
    return {
      taken: (kind = 'operations') => taken[kind] ?? 0,
      /** As a new supergraph does. */
      moveTo: (address: URL | undefined) => void (dashboard = address),
      /** A client of which only the question is said. */
      connect() {
        const socket = connect({ port: router.port, host: '127.0.0.1', allowHalfOpen: true });
        closed.push(() => Promise.resolve(socket.destroy()));
        socket.write('GET /gbfs/3.0/vehicle_status.json HTTP/1.1\r\nhost: a\r\n\r\n');
        return socket;
      },
      get: (path = '/gbfs/3.0/gbfs.json', init?: RequestInit) => fetch(`http://127.0.0.1:${router.port}${path}`, init),
    };
  }

  it('comes from where the supergraph says that the dashboard is, and what is under way from where it was', async () => {
    const waiting: ServerResponse[] = [];
    const { get, moveTo } = await open((_request, response) => void waiting.push(response));
    const before = get();
    await until('the first is under way', () => waiting.length === 1);
    moveTo(await serve((_request, response) => response.end('new')));
    expect(await (await get('/gbfs/3.0/system_information.json')).text()).toBe('new');
    waiting[0]?.end('old');
    expect(await (await before).text()).toBe('old');
    moveTo(undefined);
    expect((await get()).status).toBe(503);
    moveTo(await serve((_request, response) => response.end('newer')));
    expect(await (await get()).text()).toBe('newer');
  });

  it('is what the dashboard says, with the headers that matter and no other', async () => {
    const asked: IncomingMessage[] = [];
    const { get, taken } = await open((request, response) => {
      asked.push(request);
      response.writeHead(200, { etag: 'W/"1"', 'cache-control': 'no-cache', 'x-inside': 'secret' });
      response.end('{"ttl":1}');
    });
    const headers = { authorization: 'Bearer token', 'if-none-match': 'W/"0"', cookie: 'a=b' };
    const response = await get('/gbfs/3.0/gbfs.json?token=secret', { headers });
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([200, '{"ttl":1}', 'W/"1"']);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.has('x-inside')).toBe(false);
    expect(asked[0]?.url).toBe('/gbfs/3.0/gbfs.json');
    expect(asked[0]?.headers).toMatchObject({ 'if-none-match': 'W/"0"' });
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
    expect(asked[0]?.headers).not.toHaveProperty('cookie');
    expect(asked[0]?.headers['x-open-data-base']).toBe(new URL(response.url).origin);
    expect(taken()).toBe(0);
  });

  it('names itself as PUBLIC_URL says', async () => {
    const echo = (request: IncomingMessage, response: ServerResponse) =>
      void response.end(request.headers['x-open-data-base']);
    const { get } = await open(echo, { publicUrl: 'https://bikes.example' });
    expect(await (await get()).text()).toBe('https://bikes.example');
  });

  it('refuses methods that write, and asks the dashboard nothing then', async () => {
    let asked = 0;
    const { get } = await open((_request, response) => ((asked += 1), response.end()));
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) expect((await get('/gbfs/', { method })).status).toBe(405);
    expect((await get('/gbfs/', { method: 'OPTIONS' })).status).toBe(204);
    expect(asked).toBe(0);
  });

  it('says that it is not there while the dashboard is not, and goes on after', async () => {
    let isBroken = true;
    const { get, taken } = await open((request, response) => (isBroken ? request.destroy() : response.end('{}')));
    const response = await get();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    isBroken = false;
    expect((await get()).status).toBe(200);
    expect(taken()).toBe(0);
  });

  it('answers everybody while others take their answers slowly', async () => {
    const feed = Buffer.alloc(16 * 1024 * 1024, 'x');
    const { get, taken, connect } = await open((request, response) =>
      response.end(request.url?.includes('vehicle_status') ? feed : '{}'),
    );
    const readers = Array.from({ length: 16 }, () => connect());
    let gone = 0;
    for (const reader of readers) reader.once('close', () => (gone += 1));
    // The first bytes are there, and nobody takes the others.
    await Promise.all(readers.map((reader) => new Promise((resolve) => reader.once('readable', () => resolve(true)))));
    expect(await (await get()).text()).toBe('{}');
    expect([gone, taken('operations'), taken('waiting_bytes')]).toEqual([0, 0, 16]);
  });

  it('reads the same once for all who ask for it meanwhile', async () => {
    const waiting: ServerResponse[] = [];
    const { get, taken } = await open((_request, response) => void waiting.push(response));
    const answers = Array.from({ length: 5 }, () => get());
    await until('all have asked', () => taken() === 5 && waiting.length > 0);
    for (const response of waiting) response.end('{"ttl":1}');
    for (const answer of answers) expect(await (await answer).text()).toBe('{"ttl":1}');
    expect(waiting.length).toBe(1);
  });

  it('gives up a dashboard that stops in the middle of its answer', async () => {
    const { get, taken } = await open((_request, response) => void response.write('{'), { answerWithinMs: 100 });
    expect((await get()).status).toBe(503);
    expect(taken()).toBe(0);
  });

  it('gives the whole answer to a client that has closed its side', async () => {
    const { connect } = await open((_request, response) => {
      response.write('"begun');
      setTimeout(() => response.end(' and done"'), 300);
    });
    const client = connect();
    client.end();
    expect(await text(client)).toMatch(/"begun and done"/);
  });
});
