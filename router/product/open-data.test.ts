import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, startHttpServer, type Guest, type HttpServer } from '../../platform/server/index.ts';
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

  /** A router before a dashboard that answers like this. */
  async function open(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    options: { publicUrl?: string; full?: boolean } = {},
  ) {
    const dashboard: Server = createServer(answer);
    await new Promise<void>((resolve) => dashboard.listen(0, '127.0.0.1', resolve));
    const close = () => new Promise((resolve) => dashboard.close(resolve));
    closed.push(close);
    let taken = 0;
    const place = { leave: () => (taken -= 1) };
    const guest = {
      take: () => (options.full ? { client: 'full', kind: 'operations' } : ((taken += 1), place)),
    } as unknown as Guest;
    const route = createOpenDataRoute({
      dashboard: `http://127.0.0.1:${(dashboard.address() as AddressInfo).port}/graphql`,
      publicUrl: options.publicUrl,
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
      taken: () => taken,
      dashboardGone: close,
      get: (path = '/gbfs/3.0/gbfs.json', init?: RequestInit) => fetch(`http://127.0.0.1:${router.port}${path}`, init),
    };
  }

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
});
