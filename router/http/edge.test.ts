import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { ConfigError } from '../../platform/server/index.ts';
import { ttareungi } from '../product/product.ts';
import { startRouter } from '../router.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let webRoot: string;
beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'web-'));
  await mkdir(join(webRoot, 'assets'));
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>대시보드</title>');
  await writeFile(join(webRoot, 'assets', 'main-4f3a.js'), `console.log(1);${' '.repeat(5_000)}`);
  await writeFile(join(webRoot, '..', 'secret.txt'), 'secret');
  graph = await startTestSupergraph({ WEB_ROOT: webRoot, CORS_ORIGINS: 'https://bikes.example' });
});
afterAll(async () => {
  await graph.close();
  await rm(webRoot, { recursive: true });
});

const at = (path: string) => new URL(path, graph.url).href;
const own = () => new URL(graph.url).origin;

/** As `fetch`, but without tidying up the path and with any header. */
function raw(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; length: number }>((resolve, reject) => {
    const sent = request(at('/'), { path, headers, method }, (response) => {
      let length = 0;
      response.on('data', (chunk: Buffer) => (length += chunk.length));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, length }));
    });
    sent.on('error', reject).end();
  });
}

describe('the address of the graph', () => {
  it('leads a browser to the playground, and no program', async () => {
    const page = await raw('/graphql', { accept: 'text/html,application/xhtml+xml' });
    expect([page.status, page.headers['location']]).toEqual([302, '/playground']);
    for (const accept of ['application/json', '*/*', 'text/event-stream']) {
      expect((await raw('/graphql?query=%7B__typename%7D', { accept })).status).not.toBe(302);
      expect((await raw('/graphql', { accept })).status).not.toBe(302);
    }
  });
});

describe('an address', () => {
  it.each([
    ['http://bikes.example/graphql?query=%7B__typename%7D', 200],
    ['http://bikes.example/', 200],
    ['http://bikes.example', 200],
    ['http://bikes.example/assets/main-4f3a.js', 200],
    ['http://bikes.example/../secret.txt', 404],
    ['http://bikes.example/dev/token', 405],
    ['//graphql?query=%7B__typename%7D', 404],
    ['//bikes.example/', 404],
    ['/%67raphql', 404],
    ['/%', 404],
    ['/%ff', 404],
    ['/%00', 404],
    [`/${'x'.repeat(5_000)}`, 404],
    ['*', 404],
  ])('%s is answered %d', async (path, status) => {
    expect((await raw(path, { 'apollo-require-preflight': 'true' })).status).toBe(status);
  });

  it.each(['h2c', 'h2c, websocket', 'TLS/1.2'])(
    'is answered as it was asked, though %s is offered',
    async (upgrade) => {
      expect(
        (
          await raw('/graphql?query=%7B__typename%7D', {
            connection: 'upgrade',
            upgrade,
            'apollo-require-preflight': 'true',
          })
        ).status,
      ).toBe(200);
    },
  );

  it('* has no options', async () => {
    expect((await raw('*', {}, 'OPTIONS')).status).toBe(404);
  });
});

describe('POST /dev/token', () => {
  const askToken = (body: string, headers: Record<string, string> = {}) =>
    fetch(at('/dev/token'), { method: 'POST', body, headers });

  it('gives a token that the graph accepts, and says when it ends', async () => {
    const response = await askToken('{"userId":"10","roles":["rider"]}');
    const { token, expiresAt } = (await response.json()) as { token: string; expiresAt: string };
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    const answer = await fetch(graph.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"query":"{ me { userId } }"}',
    });
    expect(await answer.json()).toEqual({ data: { me: { userId: '10' } } });
  });

  it('gives one as another client has it, where there are such', async () => {
    const asked = '{"userId":"10","roles":["rider"],"scope":"rides"}';
    const refused = await askToken(asked);
    expect([refused.status, await refused.json()]).toEqual([400, { error: expect.stringContaining('OWN_CLIENTS') }]);
    const { port } = await graph.startRouter({ OWN_CLIENTS: 'pages,tablets' });
    const claimsOf = async (body: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/dev/token`, { method: 'POST', body });
      return decodeJwt(((await response.json()) as { token: string }).token);
    };
    expect(await claimsOf(asked)).toMatchObject({ client_id: 'another client', scope: 'rides' });
    expect(await claimsOf('{"userId":"10"}')).toMatchObject({ client_id: 'pages' });
  });

  it.each(['', '{', '{}', '{"userId":10}', '{"userId":""}', '{"userId":"1","roles":["king"]}', '{"userId":"1","x":1}'])(
    'says what is wrong with %j',
    async (body) => {
      const response = await askToken(body);
      expect(response.status).toBe(400);
      expect(((await response.json()) as { error: string }).error).toMatch(/\w/);
    },
  );

  it('refuses pages of other origins, also one whose name leads to this machine', async () => {
    expect((await askToken('{"userId":"1"}', { origin: 'https://evil.example' })).status).toBe(403);
    const rebound = await raw('/dev/token', { origin: 'http://evil.example', host: 'evil.example' }, 'POST');
    expect(rebound.status).toBe(403);
    expect((await askToken('{"userId":"1"}', { origin: own() })).status).toBe(200);
  });

  it('is not there outside development, even with a key', async () => {
    const { port } = await graph.startRouter({ LANDSCAPE: 'production' });
    const response = await fetch(`http://127.0.0.1:${port}/dev/token`, { method: 'POST', body: '{"userId":"1"}' });
    expect(response.status).toBe(404);
    const config = await fetch(`http://127.0.0.1:${port}/config.json`);
    expect(await config.json()).toEqual({ landscape: 'production', devTokens: false, rolesClaim: 'roles' });
    const named = await graph.startRouter({ LANDSCAPE: 'production', PUBLIC_URL: 'https://bikes.example/' });
    const { publicUrl } = (await (await fetch(`http://127.0.0.1:${named.port}/config.json`)).json()) as {
      publicUrl: string;
    };
    expect(publicUrl).toBe('https://bikes.example');
  });
});

describe('signing in at a provider', () => {
  const settings = {
    LANDSCAPE: 'development',
    OIDC_ISSUER: 'https://login.example',
    OIDC_CLIENT_ID: 'pages',
    SESSION_SECRET: 'x'.repeat(32),
    JWKS_URI: 'https://login.example/jwks',
    PUBLIC_URL: 'https://bikes.example/',
    OWN_CLIENTS: 'tablets, pages',
    JWT_AUDIENCE: 'bikes',
  };

  it('takes the place of tokens for anyone, and pages are told so', async () => {
    const { port } = await graph.startRouter(settings);
    const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
    expect(await (await get('/config.json')).json()).toMatchObject({
      devTokens: false,
      scopes: true,
      provider: true,
      issuer: 'https://login.example',
      audience: 'bikes',
      publicUrl: 'https://bikes.example',
    });
    expect((await get('/dev/token', 'POST')).status).toBe(404);
    expect((await get('/auth/token', 'POST')).status).toBe(403);
    expect((await get('/auth/callback', 'POST')).status).toBe(405);
    expect((await get('/auth/elsewhere')).status).toBe(404);
  });

  it.each(['OIDC_CLIENT_ID', 'SESSION_SECRET', 'JWKS_URI', 'PUBLIC_URL', 'OWN_CLIENTS'])(
    'says that it needs %s',
    async (name) => {
      const started = graph.startRouter({ ...settings, [name]: '' });
      await expect(started).rejects.toThrow(`OIDC_ISSUER: It needs ${name}, too.`);
    },
  );

  it('is for a client of our own', async () => {
    const started = graph.startRouter({ ...settings, OWN_CLIENTS: 'pages2, my-pages' });
    await expect(started).rejects.toThrow('OIDC_ISSUER: OWN_CLIENTS must name OIDC_CLIENT_ID');
  });

  it.each(['http://login.example', 'https://a:b@login.example', 'login.example'])('is not at %s', async (issuer) => {
    await expect(graph.startRouter({ ...settings, OIDC_ISSUER: issuer })).rejects.toThrow(/^OIDC_ISSUER: must be/m);
  });
});

describe('CORS', () => {
  const preflight = (origin: string) => raw('/graphql', { origin, 'access-control-request-method': 'POST' }, 'OPTIONS');

  it('lets pages of the allow-list in', async () => {
    const { status, headers } = await preflight('https://bikes.example');
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe('https://bikes.example');
    expect(headers['access-control-allow-headers']).toContain('authorization');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it.each(['http://localhost:5173', 'http://127.0.0.1:3000', 'https://[::1]:8443', 'http://LOCALHOST'])(
    'lets pages of this machine in, in development only: %s',
    async (origin) => {
      expect((await preflight(origin)).headers['access-control-allow-origin']).toBe(origin);
      const { port } = await graph.startRouter({ LANDSCAPE: 'production' });
      const response = await fetch(`http://127.0.0.1:${port}/config.json`, { headers: { origin } });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it.each(['http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'http://evil.example#http://localhost'])(
    'knows this machine from %s',
    async (origin) => {
      expect((await preflight(origin)).headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  it('says nothing to other pages', async () => {
    expect((await preflight('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
    expect((await preflight('null')).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('pages', () => {
  it('come with a strict policy and are asked for again each time', async () => {
    for (const path of ['/', '/?status=RESERVED']) {
      const response = await fetch(at(path));
      expect(await response.text()).toContain('대시보드');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const policy = response.headers.get('content-security-policy');
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain(`connect-src 'self' ws://${new URL(graph.url).host} `);
      expect(policy).toContain("script-src 'self';");
    }
  });

  it('are not sent again when nothing changed', async () => {
    const etag = (await fetch(at('/'))).headers.get('etag') ?? '';
    // Every encoding of a page has the same tag.
    expect(etag).toMatch(/^W\/"/);
    for (const known of [etag, etag.slice('W/'.length), `"other", ${etag}`, '*']) {
      const { status, headers, length } = await raw('/', { 'if-none-match': known });
      expect([status, length]).toEqual([304, 0]);
      expect(headers).toMatchObject({ etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    }
    expect((await raw('/', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('have the same head without their body', async () => {
    for (const path of ['/', '/assets/main-4f3a.js']) {
      const [{ headers: head, ...answer }, { headers: whole }] = [await raw(path, {}, 'HEAD'), await raw(path)];
      expect(answer).toEqual({ status: 200, length: 0 });
      for (const name of ['etag', 'content-type', 'content-length', 'cache-control', 'content-security-policy']) {
        expect([name, head[name]]).toEqual([name, whole[name]]);
      }
    }
  });

  it('are only read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const { status, headers } = await raw('/', {}, method);
      expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
    }
  });

  it.each(['bytes=0-1', 'bytes=-100', 'bytes=5-2', 'bytes=0-0,5-6', 'bytes=9999999-', 'lines=1-2', 'bytes=x'])(
    'come whole, whatever part is asked for: %s',
    async (range) => {
      const [part, whole] = [await raw('/assets/main-4f3a.js', { range }), await raw('/assets/main-4f3a.js')];
      expect([part.status, part.length]).toEqual([200, whole.length]);
    },
  );

  it.each([
    ['br;q=0, gzip;q=0', undefined],
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['identity, br;q=0.1', undefined],
    ['*', 'br'],
  ])('are encoded as the client accepts them: %s', async (accepted, encoding) => {
    const { headers } = await raw('/assets/main-4f3a.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers['vary']).toContain('accept-encoding');
  });

  it('may vanish and come while the router runs', async () => {
    const file = join(webRoot, 'assets', 'new-1.js');
    expect((await raw('/assets/new-1.js')).status).toBe(404);
    await writeFile(file, 'one');
    expect((await raw('/assets/new-1.js')).length).toBe(3);
    await rm(file);
    expect((await raw('/assets/new-1.js')).status).toBe(404);
  });

  it('keep hashed files for ever, compressed', async () => {
    const { headers, length } = await raw('/assets/main-4f3a.js', { 'accept-encoding': 'gzip, br' });
    expect(headers['cache-control']).toContain('immutable');
    expect(headers['content-encoding']).toBe('br');
    expect(length).toBeLessThan(200);
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/%252e%252e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/..%252f..%252fsecret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/assets',
    '/assets/',
    '/..%5csecret.txt',
    '/%00',
    '/%zz',
    '//etc/passwd',
  ])('never leave their folder: %s', async (path) => {
    expect((await raw(path)).status).toBe(404);
  });

  it('do not put a Host of any form into their policy', async () => {
    const { headers } = await raw('/', { host: "x; script-src 'unsafe-inline'" });
    expect(headers['content-security-policy']).not.toContain("unsafe-inline' ws");
    expect(headers['content-security-policy']).toContain("connect-src 'self';");
  });

  it('say how to build them when they are not built', async () => {
    const response = await fetch(at('/playground'));
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      error: 'The web pages are not built. Build them with `npm run build:web`.',
    });
  });
});

describe('operations', () => {
  it('is ready when every subgraph is, and says which is not', async () => {
    const { port } = await graph.startRouter();
    const ready = () => fetch(`http://127.0.0.1:${port}/readyz`);
    await graph.subgraphs.approval.stop();
    const away = await ready();
    expect(away.status).toBe(503);
    expect(await away.json()).toMatchObject({ checks: { approval: 'does not answer', bike: 'ok' } });
    await graph.subgraphs.approval.start();
    const { port: fresh } = await graph.startRouter();
    expect((await fetch(`http://127.0.0.1:${fresh}/readyz`)).status).toBe(200);
  });

  it('counts requests by operation and code, under names of our own documents', async () => {
    for (const name of ['Bike', 'Invented', 'x'.repeat(100), 'y'.repeat(10_000)]) {
      await fetch(graph.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: `query ${name} { bike(bikeId: 409) { color } }` }),
      });
    }
    const text = await (await fetch(at('/metrics'))).text();
    const counted = (operation: string, code: string, count: number) =>
      expect(text).toMatch(
        new RegExp(
          `graphql_requests_total{operation="${operation}",type="\\w+",code="${code}",service="router"} ${count}\n`,
        ),
      );
    counted('Bike', 'CONFLICT', 1);
    counted('other', 'CONFLICT', 2);
    expect(text).not.toMatch(/Invented|xxxx|yyyy/);
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('does not start with a wrong setting, and names each', async () => {
    const start = startRouter(
      { ...graph.env, MAX_QUERY_DEPTH: 'deep', BIKE_URL: 'bike' },
      { port: 0, product: ttareungi },
    );
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(/MAX_QUERY_DEPTH: .*\n.*BIKE_URL: /);
  });
});
