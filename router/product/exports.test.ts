import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, startHttpServer, type Guest } from '../../platform/server/index.ts';
import { until } from '../../test/support/until.ts';
import { createExportRoute } from './exports.ts';

const limits = {
  HEADERS_TIMEOUT_MS: 5_000,
  BODY_TIMEOUT_MS: 5_000,
  ANSWER_TIMEOUT_MS: 5_000,
  MAX_HEADER_BYTES: 16_384,
  MAX_CONNECTIONS: 100,
};

describe('exports at the router', () => {
  const closed: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closed.splice(0).reverse()) await close();
  });

  /** A router before a dashboard that answers like this; without one, nobody answers. */
  async function open(answer?: (request: IncomingMessage, response: ServerResponse) => void, most = 9) {
    const dashboard: Server = createServer(answer);
    await new Promise<void>((resolve) => dashboard.listen(0, '127.0.0.1', resolve));
    const { port: dashboardPort } = dashboard.address() as AddressInfo;
    const close = () => new Promise((resolve) => (dashboard.close(resolve), dashboard.closeAllConnections()));
    if (answer) closed.push(close);
    else await close();
    let taken = 0;
    const leave = () => void (taken -= 1);
    const take = () => {
      if (taken >= most) return 'client';
      taken += 1;
      return { leave, grow: () => undefined };
    };
    const router = await startHttpServer({
      ...{ port: 0, host: '127.0.0.1', keepAliveMs: 1_000, lingerMs: 0, drainMs: 0, limits },
      logger: createLogger('silent', 'router'),
      routes: {
        '/exports/': createExportRoute({
          dashboard: () => new URL(`http://127.0.0.1:${dashboardPort}/graphql`),
          secret: 'secret of the router',
          guestOf: () => Promise.resolve({ take } as unknown as Guest),
          logger: createLogger('silent', 'router'),
        }),
      },
      readiness: () => ({ ready: true, checks: {} }),
    });
    closed.push(() => router.close());
    return {
      taken: () => taken,
      connect(path = '/exports/reservations.csv') {
        const socket = connect({ port: router.port, host: '127.0.0.1' });
        closed.push(() => Promise.resolve(socket.destroy()));
        socket.pause();
        socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
        return socket;
      },
      get: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${router.port}/exports/${path}`, init),
    };
  }

  it('are what the dashboard says to the token of the client', async () => {
    const asked: IncomingMessage[] = [];
    const { get, taken } = await open((request, response) => {
      asked.push(request);
      response.writeHead(200, { 'content-disposition': 'attachment; filename="a.csv"', 'x-inside': 'secret' });
      response.end('1,2\r\n');
    });
    const headers = { authorization: 'Bearer token', cookie: 'a=b', 'x-router-secret': 'guessed' };
    const response = await get('reservations.csv?status=IN_USE&q=%EB%94%B0', { headers });
    expect([response.status, await response.text()]).toEqual([200, '1,2\r\n']);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="a.csv"');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.has('x-inside')).toBe(false);
    expect(asked[0]?.url).toBe('/exports/reservations.csv?status=IN_USE&q=%EB%94%B0');
    expect(asked[0]?.headers).toMatchObject({
      authorization: 'Bearer token',
      'x-router-secret': 'secret of the router',
    });
    expect(asked[0]?.headers).not.toHaveProperty('cookie');
    await until('its place is free', () => taken() === 0);
  });

  it('are refused as the dashboard refuses them', async () => {
    const { get } = await open((_request, response) => response.writeHead(403).end('{"errors":[]}'));
    const response = await get('reservations.csv');
    expect([response.status, await response.text()]).toEqual([403, '{"errors":[]}']);
    expect((await get('reservations.csv', { method: 'DELETE' })).status).toBe(405);
  });

  it('are not there without a dashboard', async () => {
    const { get, taken } = await open();
    const response = await get('reservations.csv');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(taken()).toBe(0);
  });

  it('count as operations of their client while they last, hold up for a slow one and end with it', async () => {
    let sent = 0;
    let ended = 0;
    const piece = 'x'.repeat(65_536);
    const {
      connect: ask,
      get,
      taken,
    } = await open((_request, response) => {
      const write = () => {
        while (!response.destroyed) {
          sent += 1;
          if (!response.write(piece)) return;
        }
      };
      response.on('drain', write);
      response.on('close', () => (ended += 1));
      write();
    }, 2);
    const sockets = [ask(), ask()];
    let before = -1;
    await until('both stand still', () => taken() === 2 && sent > 2 && before === (before = sent), 10_000, 200);
    // What kernels and streams hold; far from all that would be sent.
    expect(sent).toBeLessThan(500);
    expect((await get('reservations.csv')).status).toBe(429);
    for (const socket of sockets) socket.destroy();
    await until('the dashboard makes no more of them', () => ended === 2 && taken() === 0);
  });

  it('break off where the dashboard does', async () => {
    const { get, taken } = await open((_request, response) => {
      response.writeHead(200).write('1,2\r\n');
      setTimeout(() => response.destroy(), 20);
    });
    const response = await get('reservations.csv');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    await until('its place is free', () => taken() === 0);
  });
});
