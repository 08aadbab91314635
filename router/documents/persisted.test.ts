import { hash } from 'node:crypto';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { connect, subscribe } from '../testing/subscriber.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';
import { createPersistedDocuments, hashOf, readManifest } from './persisted.ts';

jest.setTimeout(30_000);

const bike = 'query Bike { bike(bikeId: 7) { color } }';
const other = 'query Other { bike(bikeId: 8) { color } }';

let graph: TestSupergraph;
let folder: string;
let manifest: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  folder = mkdtempSync(join(tmpdir(), 'persisted-'));
  manifest = join(folder, 'manifest.json');
  writeFileSync(manifest, JSON.stringify({ [hashOf(bike)]: bike }));
});
afterAll(async () => {
  await graph.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  status: number;
  code: unknown;
  message: unknown;
  data: unknown;
}

async function start(settings: NodeJS.ProcessEnv = {}) {
  const { port } = await graph.startRouter(settings);
  const url = `http://127.0.0.1:${port}/graphql`;
  const read = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    const json = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}');
    const { data, errors } = JSON.parse(json) as { data?: unknown; errors?: { message: string; extensions: object }[] };
    const { code } = (errors?.[0]?.extensions ?? {}) as { code?: unknown };
    return { status: response.status, code, message: errors?.[0]?.message, data };
  };
  return {
    url,
    post: async (body: object, accept = 'application/json') =>
      read(
        await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept },
          body: JSON.stringify(body),
        }),
      ),
    get: async (search: Record<string, string>, accept = 'application/json') =>
      read(
        await fetch(`${url}?${new URLSearchParams(search).toString()}`, {
          headers: { 'apollo-require-preflight': '1', accept },
        }),
      ),
  };
}

const byHash = (text: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(text) } } });
const color7 = { bike: { color: 'color 7' } };

describe('a document of the manifest', () => {
  it.each(['application/json', 'text/event-stream'])('is known by its id, with Accept: %s', async (accept) => {
    const { post, get } = await start({ PERSISTED_DOCUMENTS: manifest });
    for (const id of [hashOf(bike), `sha256:${hashOf(bike)}`, hashOf(bike).toUpperCase()]) {
      expect((await post({ documentId: id }, accept)).data).toEqual(color7);
      expect((await get({ documentId: id }, accept)).data).toEqual(color7);
    }
    expect((await post(byHash(bike), accept)).data).toEqual(color7);
    expect((await post({ query: other }, accept)).data).toEqual({ bike: { color: 'color 8' } });
    const unknown = { code: 'PERSISTED_QUERY_NOT_FOUND' };
    expect(await post({ documentId: 'sha256:0' })).toMatchObject({ status: 200, ...unknown });
    // Which would be the status of a stream.
    expect(await post({ documentId: 'sha256:0' }, 'text/event-stream')).toMatchObject({ status: 400, ...unknown });
  });

  it('is the only one taken where the router was told so, over every transport', async () => {
    const { post, get, url } = await start({ PERSISTED_DOCUMENTS: manifest, PERSISTED_DOCUMENTS_MODE: 'only' });
    expect((await post({ query: bike })).data).toEqual(color7);
    expect((await post({ documentId: hashOf(bike) })).data).toEqual(color7);
    const refused = { code: 'QUERY_NOT_IN_SAFELIST', data: undefined };
    expect(await post({ query: other })).toMatchObject({ status: 403, ...refused });
    expect(await get({ query: other })).toMatchObject(refused);
    expect(await post({ query: other }, 'text/event-stream')).toMatchObject({ status: 403, ...refused });
    // Nor can it be taught.
    expect(await post({ query: other, ...byHash(other) })).toMatchObject(refused);
    expect(await post(byHash(other))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    expect(await post({ query: other, documentId: hashOf(bike) })).toMatchObject({ code: 'BAD_REQUEST' });

    const socket = connect(url);
    const ended = async (query: string, more: object = {}) => {
      const subscriber = subscribe(
        { ...socket, subscribe: (payload, sink) => socket.subscribe({ ...payload, ...more }, sink) },
        query,
      );
      await until('it ends', () => subscriber.ended() !== undefined);
      return JSON.stringify([subscriber.data(), subscriber.ended()]);
    };
    expect(await ended(other)).toContain('QUERY_NOT_IN_SAFELIST');
    expect(await ended('subscription { dashboardUpdated { cursor } }')).toContain('QUERY_NOT_IN_SAFELIST');
    expect(await ended('', { documentId: hashOf(bike) })).toContain('color 7');
    await socket.dispose();
  });
});

describe('an id that cannot be read', () => {
  const persistedQuery = { version: 1, sha256Hash: hashOf(bike) };
  const version = 'Unsupported persisted query version';
  const unreadable: [string, object, string][] = [
    ['of a version to come', { extensions: { persistedQuery: { ...persistedQuery, version: 2 } } }, version],
    ['of a version that is text', { extensions: { persistedQuery: { ...persistedQuery, version: '1' } } }, version],
    ['of no version', { extensions: { persistedQuery: { sha256Hash: hashOf(bike) } } }, version],
    ['that is a list', { extensions: { persistedQuery: [] } }, version],
    ['that is text', { extensions: { persistedQuery: hashOf(bike) } }, version],
    ['that is true', { extensions: { persistedQuery: true } }, version],
    [
      'without a hash',
      { extensions: { persistedQuery: { version: 1 } } },
      '"sha256Hash" of "persistedQuery" must be a string.',
    ],
    [
      'whose hash is a number',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 7 } } },
      '"sha256Hash" of "persistedQuery" must be a string.',
    ],
    [
      'beside another',
      { documentId: hashOf(other), extensions: { persistedQuery } },
      '"documentId" and "persistedQuery" name two documents.',
    ],
  ];

  it.each(unreadable)('is refused, with a text and without: one %s', (_what, named, message) => {
    const persisted = createPersistedDocuments({ manifest: undefined, mode: 'allow', learnedBytes: 1_000 });
    for (const query of [undefined, bike]) {
      const found = persisted.textOf({ ...named, query });
      expect('errors' in found && found.errors.map((error) => [error.extensions['code'], error.message])).toEqual([
        ['BAD_REQUEST', message],
      ]);
    }
  });

  it('is refused over every transport, and one in capitals is taken over every one', async () => {
    const { post, get, url } = await start({ PERSISTED_DOCUMENTS: manifest });
    const socket = connect(url);
    const overSocket = async (more: object) => {
      const subscriber = subscribe(
        { ...socket, subscribe: (payload, sink) => socket.subscribe({ ...payload, ...more }, sink) },
        '',
      );
      await until('it ends', () => subscriber.ended() !== undefined);
      return JSON.stringify([subscriber.data(), subscriber.ended()]);
    };
    const ask = async (extensions: object) => [
      JSON.stringify(await post({ extensions })),
      JSON.stringify(await post({ extensions }, 'text/event-stream')),
      JSON.stringify(await get({ extensions: JSON.stringify(extensions) })),
      JSON.stringify(await get({ extensions: JSON.stringify(extensions) }, 'text/event-stream')),
      await overSocket({ extensions }),
    ];
    for (const answer of await ask({ persistedQuery: { ...persistedQuery, version: 2 } })) {
      expect(answer).toContain(version);
      expect(answer).toContain('BAD_REQUEST');
    }
    const inCapitals = { persistedQuery: { version: 1, sha256Hash: hashOf(bike).toUpperCase() } };
    for (const answer of await ask(inCapitals)) expect(answer).toContain('color 7');
    await socket.dispose();
  });
});

describe('a document that a client teaches', () => {
  it('is known by its hash from then on, as Apollo’s clients expect', async () => {
    const { post, get } = await start();
    expect(await post(byHash(bike))).toMatchObject({
      status: 200,
      message: 'PersistedQueryNotFound',
      code: 'PERSISTED_QUERY_NOT_FOUND',
    });
    expect((await post({ query: bike, ...byHash(bike) })).data).toEqual(color7);
    expect((await post(byHash(bike))).data).toEqual(color7);
    const extensions = JSON.stringify(byHash(bike).extensions);
    expect((await get({ extensions })).data).toEqual(color7);
    expect(await post({ query: other, ...byHash(bike) })).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect((await post(byHash(bike))).data).toEqual(color7);
  });

  it('is not kept when it is not valid, nor without room', async () => {
    const { post } = await start();
    const wrong = '{ nothing }';
    expect(await post({ query: wrong, ...byHash(wrong) })).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(await post(byHash(wrong))).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    const off = await start({ LEARNED_DOCUMENTS_BYTES: '0' });
    expect(await off.post(byHash(bike))).toMatchObject({ status: 200, message: 'PersistedQueryNotSupported' });

    const persisted = createPersistedDocuments({ manifest: undefined, mode: 'allow', learnedBytes: 20_000 });
    const texts = Array.from({ length: 1_000 }, (_each, index) => `{ a${index}: bike }`.padEnd(100));
    for (const query of texts) persisted.learn({ query, ...byHash(query) });
    expect(texts.filter((text) => 'query' in persisted.textOf(byHash(text)))).toHaveLength(100);
  });
});

describe('Apollo Client with its PersistedQueryLink', () => {
  /** What it sends: the method, and whether the text of the document was there. */
  async function client(useGETForHashedQueries: boolean, settings: NodeJS.ProcessEnv = {}) {
    const { url } = await start(settings);
    const sent: string[] = [];
    const http = new HttpLink({
      uri: url,
      fetch: async (input, init) => {
        const body = init?.body ?? new URL(input).search;
        sent.push(`${init?.method} ${/\bquery(=|":)/.test(body as string) ? 'text' : 'hash'}`);
        return fetch(input, init);
      },
    });
    const link = new PersistedQueryLink({ sha256: hashOf, useGETForHashedQueries }).concat(http);
    const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
    return { apollo, sent };
  }
  const query = gql`
    query Looks($bikeId: Int!) {
      bike(bikeId: $bikeId) {
        color
      }
    }
  `;
  const colorOf = (bikeId: number) => ({ bike: { __typename: 'Bike', color: `color ${bikeId}` } });

  it.each([
    [false, ['POST hash', 'POST text', 'POST hash']],
    [true, ['GET hash', 'POST text', 'GET hash']],
  ])('teaches a query once, and then names it (by GET: %s)', async (byGet, expected) => {
    const { apollo, sent } = await client(byGet);
    expect((await apollo.query({ query, variables: { bikeId: 7 } })).data).toEqual(colorOf(7));
    expect((await apollo.query({ query, variables: { bikeId: 8 } })).data).toEqual(colorOf(8));
    expect(sent).toEqual(expected);
  });

  it('sends a mutation by POST, whatever its queries do', async () => {
    const { apollo, sent } = await client(true);
    const mutation = gql`
      mutation {
        registerBike(input: { color: "green" }) {
          bike {
            color
          }
        }
      }
    `;
    await expect(apollo.mutate({ mutation })).rejects.toThrow(/token/);
    expect(sent).toEqual(['POST hash', 'POST text']);
  });

  it.each([false, true])('goes on with texts where nothing can be taught (by GET: %s)', async (byGet) => {
    const { apollo, sent } = await client(byGet, { LEARNED_DOCUMENTS_BYTES: '0' });
    for (const bikeId of [7, 8]) {
      expect((await apollo.query({ query, variables: { bikeId } })).data).toEqual(colorOf(bikeId));
    }
    expect(sent).toEqual([byGet ? 'GET hash' : 'POST hash', 'POST text', 'POST text']);
  });
});

describe('a manifest', () => {
  it('that is none stops the router', () => {
    const wrong = join(folder, 'wrong.json');
    for (const text of ['', '[]', '{"a":1}', JSON.stringify({ [hashOf(other)]: bike })]) {
      writeFileSync(wrong, text);
      expect(() => readManifest(wrong)).toThrow(/^PERSISTED_DOCUMENTS: must be/);
    }
    const operation = { id: 'a', name: 'Bike', type: 'query', body: bike };
    for (const more of [
      {},
      { version: 2 },
      { version: 1, operations: {} },
      { version: 1, operations: [{ id: 'a' }] },
    ]) {
      writeFileSync(
        wrong,
        JSON.stringify({ format: 'apollo-persisted-query-manifest', operations: [operation], ...more }),
      );
      expect(() => readManifest(wrong)).toThrow(/"query …"\} or Apollo’s manifest: it is none\.$/);
    }
    const twice = [operation, { ...operation, body: other }];
    writeFileSync(wrong, JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: twice }));
    expect(() => readManifest(wrong)).toThrow(/: a has two texts\.$/);
    expect(() => readManifest(join(folder, 'absent.json'))).toThrow('PERSISTED_DOCUMENTS');
  });

  const ofApollo = (id: string) => ({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ id, name: 'Bike', type: 'query', body: bike }],
  });
  it.each([
    ['by Apollo’s tools', ofApollo(hashOf(bike)), hashOf(bike)],
    ['by Apollo’s tools, with ids of its writer', ofApollo('Bike:1'), 'Bike:1'],
    ['by GraphQL Code Generator, whose hashes are SHA-1', { [hash('sha1', bike)]: bike }, hash('sha1', bike)],
    ['in capitals', { [hashOf(bike).toUpperCase()]: bike }, hashOf(bike)],
  ])('may be written %s', async (_by, written, id) => {
    const file = join(folder, 'other.json');
    writeFileSync(file, JSON.stringify(written));
    const { post } = await start({ PERSISTED_DOCUMENTS: file, PERSISTED_DOCUMENTS_MODE: 'only' });
    expect((await post({ documentId: id })).data).toEqual(color7);
    expect((await post({ documentId: id, query: bike })).data).toEqual(color7);
    expect((await post({ query: bike, ...byHash(bike) })).data).toEqual(color7);
    expect(await post({ documentId: id, query: other })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await post({ query: other })).toMatchObject({ code: 'QUERY_NOT_IN_SAFELIST' });
  });

  it('is logged against, once a document', () => {
    const lines: unknown[] = [];
    const logger = { warn: (...line: unknown[]) => void lines.push(line) };
    const known = new Map([[hashOf(bike), bike]]);
    const persisted = createPersistedDocuments({ manifest: known, mode: 'log', learnedBytes: 0, logger });
    for (const query of [bike, other, other, bike]) expect(persisted.textOf({ query })).toEqual({ query });
    expect(lines).toEqual([[{ hash: hashOf(other) }, 'a document is not in the manifest']]);
  });
});
