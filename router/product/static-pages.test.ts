import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createStaticRoute } from './static-pages.ts';

describe('an address that is no page', () => {
  let folder: string;
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pages-'));
    await writeFile(join(folder, 'index.html'), '<title>home</title>');
    const route = createStaticRoute(folder);
    server = createServer((request, response) => void route(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  const get = (path: string, accept: string, method = 'GET') => fetch(origin + path, { method, headers: { accept } });
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

  it('leads people home', async () => {
    const response = await get('/nope', browser);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(response.headers.get('vary')).toContain('accept');
    expect(await response.text()).toContain('<a href="/">');
    const home = await get('/', browser);
    expect([home.status, await home.text()]).toEqual([200, '<title>home</title>']);
  });

  it('says nothing of what was asked for', async () => {
    const text = await (await get('/%3Cscript%3Ealert(1)%3C/script%3E', browser)).text();
    expect(text).not.toContain('alert');
  });

  it.each(['*/*', 'application/json', 'application/json, text/html;q=0', 'image/png'])(
    'is told to programs as JSON, as to one that accepts %s',
    async (accept) => {
      const response = await get('/nope', accept);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ error: 'Nothing here under /nope.' });
    },
  );

  it('is no page for what is sent there', async () => {
    const response = await get('/nope', browser, 'POST');
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
  });
});
