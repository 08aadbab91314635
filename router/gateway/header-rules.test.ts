import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { until } from '../../test/support/until.ts';
import { startRouter, type Router } from '../router.ts';
import { startLibrary, type Library } from '../testing/library.ts';
import { connect, subscribe } from '../testing/subscriber.ts';
import { tokenUntil } from '../testing/tokens.ts';
import { headerRule } from './header-rules.ts';

jest.setTimeout(20_000);

let library: Library;
let folder: string;
let router: Router;
let url: string;
let env: NodeJS.ProcessEnv;
let authorization: string;
beforeAll(async () => {
  library = await startLibrary();
  folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  const SUPERGRAPH = join(folder, 'supergraph.graphql');
  await writeFile(SUPERGRAPH, library.compose({}));
  env = { LANDSCAPE: 'test', LOG_LEVEL: 'silent', ...(await createDevelopmentKeys()), SUPERGRAPH };
  const SUBGRAPH_HEADERS = 'books:authorization, books:Accept-Language, x-tenant';
  router = await startRouter({ ...env, SUBGRAPH_HEADERS }, { port: 0 });
  url = `http://127.0.0.1:${router.port}/graphql`;
  authorization = await tokenUntil(env, Date.now() + 60_000);
});
afterAll(async () => {
  await router.close();
  await library.close();
  await rm(folder, { recursive: true });
});

const ask = (query: string, headers: Record<string, string>) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  }).then((response) => response.json());

describe('headers of a client', () => {
  it('travel to the subgraphs that they are for, and no others do', async () => {
    await ask('{ book(id: 1) { title film { title } } }', {
      authorization,
      'accept-language': 'ko',
      'x-tenant': 'seoul',
      'x-correlation-id': 'ride-42',
      'x-secret': 'hush',
    });
    const [toBooks, toFilms] = [library.books.requests.at(-1), library.films.requests.at(-1)];
    expect(toBooks).toMatchObject({ authorization, 'accept-language': 'ko', 'x-tenant': 'seoul' });
    expect(toFilms).toMatchObject({ 'x-tenant': 'seoul' });
    for (const headers of [toBooks, toFilms]) {
      expect(headers).not.toHaveProperty('x-secret');
      // Not named by the setting.
      expect(headers).not.toHaveProperty('x-correlation-id');
    }
    for (const name of ['authorization', 'accept-language']) expect(toFilms).not.toHaveProperty(name);
  });

  it('tell clients apart: only equal ones share what is under way', async () => {
    const { goOn } = library.holdBooks();
    const before = library.books.requests.length;
    const answers = ['ko', 'en', 'ko'].map((language) =>
      ask('{ book(id: 2) { title } }', { 'accept-language': language }),
    );
    await until('both have been asked', () => library.books.requests.length >= before + 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    goOn();
    await Promise.all(answers);
    const languages = library.books.requests.slice(before).map((headers) => headers['accept-language']);
    expect(languages.toSorted()).toEqual(['en', 'ko']);
  });

  it('come over WebSocket in the payload of connection_init, and travel on in the router’s own', async () => {
    const query = 'subscription { bookAdded { book { title film { title } } } }';
    const opened = library.books.connections.length;
    const clients = ['ko', 'en', 'ko'].map((language) =>
      createClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { 'Accept-Language': language, 'x-tenant': 'seoul', 'x-secret': 'hush', authorization },
      }),
    );
    const subscribers = clients.map((client) => subscribe(client, query));
    await until('two upstreams are there', () => library.added.followers() === 2);
    library.added.publish('1');
    await Promise.all(subscribers.map((subscriber) => subscriber.waitFor(1)));
    const payloads = library.books.connections.slice(opened);
    expect(payloads).toHaveLength(2);
    expect(new Set(payloads.map((payload) => payload?.['accept-language']))).toEqual(new Set(['ko', 'en']));
    for (const payload of payloads) {
      expect(Object.keys(payload ?? {}).toSorted()).toEqual(['accept-language', 'authorization', 'x-tenant']);
    }
    // What completes an event has them too.
    expect(library.films.requests.at(-1)).toMatchObject({ 'x-tenant': 'seoul' });
    await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
  });
});

describe('tokens whose roles the gateway does not know', () => {
  it('share a subscription when they say the same but for how long, whatever the roles', async () => {
    const query = 'subscription { bookAdded { book { id } } }';
    const later = Date.now() + 90_000;
    // All have the role "operator", by which the product's own staff would share.
    const tokens = [authorization, await tokenUntil(env, later), await tokenUntil(env, later, '20')];
    const followed = library.added.opened();
    const subscribers = tokens.map((token) => subscribe(connect(url, token), query));
    await until('all are there', async () => {
      const text = await (await fetch(new URL('/metrics', url))).text();
      return /^subscriptions_open{.*} 3$/m.test(text);
    });
    await until('two upstreams are there', () => library.added.followers() === 2);
    expect(library.added.opened() - followed).toBe(2);
    await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
  });
});

describe('a rule', () => {
  it.each(['x-tenant', 'books:accept-language', 'film-archive:cookie', 'Authorization'])('may be %s', (rule) => {
    expect(rule).toMatch(headerRule);
  });

  it.each([
    'host',
    'books:Content-Length',
    'connection',
    'transfer-encoding',
    'x-router-secret',
    'films:proxy-authorization',
    'two words',
    ':x',
    'books:',
    'a:b:c',
  ])('may not be %s: it belongs to the connection, the body or the router, or is no name', (rule) => {
    expect(rule).not.toMatch(headerRule);
  });
});
