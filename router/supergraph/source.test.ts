import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { startRouter } from '../router.ts';
import { createSource, sourceHeader } from './source.ts';

const secret = 'hush-hush';
const headers = [`authorization:Bearer ${secret}`, `x-registry-key: ${secret}`];
const options = { pollMs: 60_000, timeoutMs: 5_000, headers };

interface Site {
  origin: string;
  seen: IncomingHttpHeaders[];
}

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))));

/** Answers by path: with a text, or an address to go on to. */
async function site(pages: Record<string, string | { status: number; location?: string }>): Promise<Site> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const page = pages[request.url ?? ''] ?? { status: 404 };
    if (typeof page === 'string') return void response.setHeader('etag', '"1"').end(page);
    response.writeHead(page.status, page.location === undefined ? {} : { location: page.location }).end('elsewhere');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const keysIn = ({ authorization, 'x-registry-key': key }: IncomingHttpHeaders) => [authorization, key];

describe('the headers of a supergraph’s address', () => {
  it('are sent each time, beside what is asked anyway', async () => {
    const { origin, seen } = await site({ '/': 'sdl' });
    const source = createSource(`${origin}/`, options);
    expect(await source.read()).toBe('sdl');
    expect(await source.read()).toBeUndefined();
    expect(seen.map(keysIn)).toEqual([1, 2].map(() => [`Bearer ${secret}`, secret]));
    expect(seen.map((each) => each['if-none-match'])).toEqual([undefined, '"1"']);
  });

  it('go on within one server, and to no other', async () => {
    const store = await site({ '/sdl': 'sdl' });
    const { origin, seen } = await site({
      '/': { status: 302, location: '/next' },
      '/next': { status: 307, location: `${store.origin}/sdl` },
    });
    expect(await createSource(`${origin}/`, options).read()).toBe('sdl');
    expect(seen.map(keysIn)).toEqual([1, 2].map(() => [`Bearer ${secret}`, secret]));
    expect(store.seen.map(keysIn)).toEqual([[undefined, undefined]]);
  });

  it('do not go round in circles', async () => {
    const { origin, seen } = await site({ '/': { status: 302, location: '/' } });
    await expect(createSource(`${origin}/`, options).read()).rejects.toThrow('It is led on and on.');
    expect(seen).toHaveLength(21);
  });

  it('may be a user and a password in the address', async () => {
    const away = await site({ '/': 'sdl' });
    const { origin, seen } = await site({
      '/': 'sdl',
      '/away': { status: 302, location: away.origin.replace('//', '//else:where@') },
    });
    for (const path of ['/', '/away']) {
      const address = `${origin}${path}`.replace('//', `//us%40er:${secret}@`);
      expect(await createSource(address, { ...options, headers: [] }).read()).toBe('sdl');
    }
    const basic = `Basic ${Buffer.from(`us@er:${secret}`).toString('base64')}`;
    expect(seen.map(({ authorization }) => authorization)).toEqual([basic, basic]);
    expect(away.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('are in no message', async () => {
    const { origin } = await site({ '/': { status: 401 }, '/circle': { status: 302, location: 'http://[' } });
    const keys = await createDevelopmentKeys();
    for (const path of ['/', '/circle', '/nothing']) {
      const env = { ...keys, LANDSCAPE: 'test', LOG_LEVEL: 'silent', SUPERGRAPH: `${origin}${path}` };
      const started = startRouter({ ...env, SUPERGRAPH_HEADERS: headers.join(',') }, { port: 0 });
      const message = await started.then(String, String);
      expect(message).toMatch(/^ConfigError: SUPERGRAPH: must be a supergraph that can be read\./);
      expect(message).not.toContain(secret);
    }
    for (const address of [
      `http://user:${secret}@127.0.0.1:1/`,
      `http://%zz:${secret}@x/`,
      `http://user:${secret}@[`,
    ]) {
      const env = { ...keys, LANDSCAPE: 'test', LOG_LEVEL: 'silent', SUPERGRAPH: address };
      const message = await startRouter(env, { port: 0 }).then(String, String);
      expect(message).toMatch(/^ConfigError: SUPERGRAPH: must be a supergraph that can be read\./);
      expect(message).not.toContain(secret);
    }
    const wrong = startRouter({ ...keys, LANDSCAPE: 'test', SUPERGRAPH_HEADERS: secret }, { port: 0 });
    await expect(wrong).rejects.toThrow(/^SUPERGRAPH_HEADERS: must be [^\n]+ not shown\.$/);
  });

  it.each([
    ['authorization:Bearer abc', true],
    ['x-key: a b  c', true],
    ['x-key:', false],
    ['x-key', false],
    [':abc', false],
    ['host:elsewhere', false],
    ['If-None-Match:"1"', false],
    ['Content-Length:7', false],
    ['x-key:a\nb', false],
    ['x-key:á', false],
  ])('may be %j: %s', (text, may) => expect(sourceHeader.test(text)).toBe(may));
});

describe('a supergraph in a file', () => {
  it('is looked at from time to time where its folder cannot be watched', async () => {
    let looks = 0;
    const stop = createSource('/nowhere/supergraph.graphql', { ...options, pollMs: 5 }).watch(() => void (looks += 1));
    await new Promise((resolve) => setTimeout(resolve, 200));
    stop();
    expect(looks).toBeGreaterThan(0);
  });
});
