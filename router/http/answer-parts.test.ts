import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Client as UrqlClient, fetchExchange } from '@urql/core';
import { parse } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { until } from '../../test/support/until.ts';
import { startRouter, type Router } from '../router.ts';
import { startSubgraph, type TestSubgraph } from '../testing/subgraph-server.ts';
import { connect, subscribe } from '../testing/subscriber.ts';

jest.setTimeout(30_000);

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;
const shelfSdl = `${link}
  type Query { book(id: ID!): Book  broken: Book }
  type Mutation { lend(id: ID!): Book }
  type Subscription { lent: Book }
  type Book @key(fields: "id") { id: ID!  title: String!  summary: String }`;
const starsSdl = `${link}
  type Query { critics: [String!]! }
  type Book @key(fields: "id") { id: ID!  stars: Int! }`;

/** Lets what is deferred wait for the word. */
let gate: Promise<void> | undefined;
let goOn: () => void;
let asked: string[];
function hold(): void {
  gate = new Promise((resolve) => (goOn = resolve));
}
async function told(what: string): Promise<void> {
  asked.push(what);
  await gate;
}

let shelf: TestSubgraph;
let stars: TestSubgraph;
let folder: string;
let file: string;
let router: Router;
let url: string;
beforeAll(async () => {
  const book = (_root: unknown, { id }: { id: string }) => ({ id, title: `title ${id}` });
  shelf = await startSubgraph(shelfSdl, {
    Query: { book, broken: () => ({ id: '-1', title: 'broken' }) },
    Mutation: { lend: book },
    Book: {
      __resolveReference: ({ id }: { id: string }) => book(undefined, { id }),
      summary: async ({ id }: { id: string }) => {
        await told('summary');
        return `about ${id}`;
      },
    },
  });
  stars = await startSubgraph(starsSdl, {
    Query: {
      critics: async () => {
        await told('critics');
        return ['kim'];
      },
    },
    Book: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      stars: async ({ id }: { id: string }) => {
        await told('stars');
        if (Number(id) < 0) throw new Error('nobody read it');
        return Number(id);
      },
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  file = join(folder, 'supergraph.graphql');
  await provide(starsSdl);
  router = await startRouter(
    {
      LANDSCAPE: 'test',
      LOG_LEVEL: 'silent',
      INTROSPECTION: 'on',
      ...(await createDevelopmentKeys()),
      SUPERGRAPH: file,
      // Longer than a test: what is given up is given up because its client has gone.
      SUBGRAPH_TIMEOUT_MS: '60000',
    },
    { port: 0 },
  );
  url = `http://127.0.0.1:${router.port}/graphql`;
});
afterAll(async () => {
  await router.close();
  await Promise.all([shelf.stop(), stars.stop()]);
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  hold();
});
afterEach(() => goOn());

async function provide(sdl: string): Promise<void> {
  const { supergraphSdl = '', errors } = composeServices([
    { name: 'shelf', url: shelf.url, typeDefs: parse(shelfSdl) },
    { name: 'stars', url: stars.url, typeDefs: parse(sdl) },
  ]);
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'));
  await writeFile(`${file}.new`, supergraphSdl);
  await rename(`${file}.new`, file);
}

const apolloParts = 'multipart/mixed;deferSpec=20220824,application/json';
const draftParts = 'multipart/mixed;incrementalSpec=v0.2,application/json';
const query = '{ book(id: "3") { title ... @defer(label: "rating") { stars } } }';
const whole = { book: { title: 'title 3', stars: 3 } };

const post = (accept: string, body: object, signal: AbortSignal | null = null) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
    signal,
  });

interface Part {
  data?: unknown;
  errors?: unknown;
  pending?: unknown[];
  incremental?: unknown[];
  completed?: unknown[];
  hasNext?: boolean;
}

/** The parts of an answer, as they come. */
async function* partsOf(response: Response): AsyncGenerator<Part> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    const pieces = text.split('--graphql');
    text = pieces.pop() ?? '';
    for (const piece of pieces) {
      const json = piece.slice(piece.indexOf('\r\n\r\n')).trim();
      if (json !== '') yield JSON.parse(json) as Part;
    }
  }
  expect(text).toBe('--\r\n');
}

async function nextOf(parts: AsyncGenerator<Part>): Promise<Part | undefined> {
  const { value } = await parts.next();
  return value as Part | undefined;
}

async function allOf(parts: AsyncGenerator<Part>): Promise<Part[]> {
  const all: Part[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

describe('an answer in parts, over HTTP', () => {
  it('comes as the draft has it, what is deferred when it is there', async () => {
    const response = await post(draftParts, { query });
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";incrementalSpec=v0.2');
    const parts = partsOf(response);
    expect(await nextOf(parts)).toEqual({
      data: { book: { title: 'title 3' } },
      pending: [{ id: '0', label: 'rating', path: ['book'] }],
      hasNext: true,
    });
    await until('what is deferred is asked for', () => asked.includes('stars'));
    goOn();
    expect(await allOf(parts)).toEqual([
      { incremental: [{ id: '0', data: { stars: 3 } }], completed: [{ id: '0' }], hasNext: false },
    ]);
  });

  it('comes as Apollo’s clients took it first', async () => {
    const response = await post(apolloParts, { query });
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";deferSpec=20220824');
    const parts = partsOf(response);
    expect(await nextOf(parts)).toEqual({ data: { book: { title: 'title 3' } }, hasNext: true });
    goOn();
    expect(await allOf(parts)).toEqual([
      { incremental: [{ data: { stars: 3 }, path: ['book'], label: 'rating' }], hasNext: false },
    ]);
  });

  it('waits for no field of the same subgraph', async () => {
    const parts = partsOf(await post(draftParts, { query: '{ book(id: "3") { title ... @defer { summary } } }' }));
    expect(await nextOf(parts)).toMatchObject({ data: { book: { title: 'title 3' } } });
    goOn();
    expect(await allOf(parts)).toMatchObject([{ incremental: [{ data: { summary: 'about 3' } }] }]);
  });

  it('tells where a deferred fragment fails, and nowhere else', async () => {
    goOn();
    const failing = '{ broken { title ... @defer(label: "rating") { stars } ... @defer(label: "text") { summary } } }';
    const [, ...later] = await allOf(partsOf(await post(draftParts, { query: failing })));
    const completed = later.flatMap((part) => part.completed ?? []);
    const errors = [{ message: 'nobody read it', path: ['broken', 'stars'], extensions: expect.anything() }];
    expect(completed).toHaveLength(2);
    expect(completed).toContainEqual({ id: '0', errors });
    expect(completed).toContainEqual({ id: '1' });
    const old = await allOf(partsOf(await post(apolloParts, { query: failing })));
    expect(old.flatMap((part) => part.incremental ?? [])).toContainEqual({
      data: null,
      path: ['broken'],
      label: 'rating',
      errors,
    });
  });

  it.each([
    ['names no parts', 'application/json'],
    ['takes any type', '*/*'],
    ['wants no parts', 'application/json, multipart/mixed;q=0'],
    ['wants parts of another time', 'application/json, multipart/mixed;deferSpec=20200101'],
    ['wants other parts', 'application/json, multipart/mixed;subscriptionSpec=1.0'],
  ])('is whole for a client that %s', async (_who, accept) => {
    goOn();
    const response = await post(accept, { query });
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ data: whole });
  });

  it.each([
    ['nothing is deferred', { query: '{ book(id: "3") { title } }' }],
    ['@defer is off', { query: '{ book(id: "3") { title ... @defer(if: false) { stars } } }' }],
    [
      'a variable turns it off',
      {
        query: 'query ($later: Boolean!) { book(id: "3") { title ... @defer(if: $later) { stars } } }',
        variables: { later: false },
      },
    ],
    ['the object is null', { query: '{ book(id: "3") @skip(if: true) { ... @defer { stars } } other: __typename }' }],
    ['it is refused', { query: '{ nothing ... @defer { book(id: "3") { title } } }' }],
  ])('is whole where %s', async (_where, body) => {
    goOn();
    const response = await post(apolloParts, body);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).not.toHaveProperty('hasNext');
  });

  it('is asked for by a variable as well', async () => {
    goOn();
    const text = 'query ($later: Boolean) { book(id: "3") { title ... @defer(if: $later) { stars } } }';
    for (const variables of [{}, { later: true }]) {
      expect(await allOf(partsOf(await post(draftParts, { query: text, variables })))).toHaveLength(2);
    }
    const refused = await post(draftParts, { query: text, variables: { later: null } });
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it('comes for a query by GET, and by its hash', async () => {
    goOn();
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    expect(await allOf(partsOf(await post(draftParts, { query, extensions })))).toHaveLength(2);
    const search = new URLSearchParams({ extensions: JSON.stringify(extensions) });
    const response = await fetch(`${url}?${String(search)}`, { headers: { accept: draftParts } });
    expect(await allOf(partsOf(response))).toHaveLength(2);
  });

  it('comes of what a mutation returns', async () => {
    const mutation = 'mutation { lend(id: "4") { title ... @defer { stars } } }';
    const parts = partsOf(await post(draftParts, { query: mutation }));
    expect(await nextOf(parts)).toMatchObject({ data: { lend: { title: 'title 4' } }, hasNext: true });
    goOn();
    expect(await allOf(parts)).toMatchObject([{ incremental: [{ data: { stars: 4 } }], hasNext: false }]);
  });

  it('comes of a mutation, and an equal query after its first part joins none from before', async () => {
    const counted = () => asked.filter((what) => what === 'critics').length;
    const early = post('application/json', { query: '{ critics }' });
    await until('it is under way', () => counted() === 1);
    const parts = partsOf(
      await post(draftParts, { query: 'mutation { lend(id: "4") { title ... @defer { stars } } }' }),
    );
    await nextOf(parts);
    const late = post('application/json', { query: '{ critics }' });
    await until('it is asked for itself', () => counted() === 2);
    goOn();
    for (const response of [await early, await late])
      expect(await response.json()).toEqual({ data: { critics: ['kim'] } });
    await allOf(parts);
  });

  it('says what it costs with the first', async () => {
    goOn();
    const [first] = await allOf(partsOf(await post(draftParts, { query, extensions: { cost: true } })));
    expect(first).toMatchObject({ extensions: { cost: { estimated: expect.any(Number) } } });
  });

  it.each([
    ['query', query],
    ['mutation', 'mutation { lend(id: "4") { title ... @defer { stars } } }'],
  ])('is given up when the client of a %s has gone', async (_type, text) => {
    const before = stars.abandoned();
    const leaving = new AbortController();
    const parts = partsOf(await post(draftParts, { query: text }, leaving.signal));
    await nextOf(parts);
    await until('what is deferred is asked for', () => asked.includes('stars'));
    leaving.abort();
    await until('the subgraph is left', () => stars.abandoned() > before);
  });

  it('is each client’s own: one that asks for the whole meanwhile gets that', async () => {
    const inParts = post(draftParts, { query });
    const atOnce = post('application/json', { query });
    const parts = partsOf(await inParts);
    expect(await nextOf(parts)).toMatchObject({ data: { book: { title: 'title 3' } } });
    await until('what is deferred is asked for', () => asked.includes('stars'));
    goOn();
    expect(await (await atOnce).json()).toEqual({ data: whole });
    expect(await allOf(parts)).toHaveLength(1);
  });

  it('ends with the supergraph that it began with', async () => {
    const parts = partsOf(await post(draftParts, { query }));
    await nextOf(parts);
    await until('what is deferred is asked for', () => asked.includes('stars'));
    await provide(starsSdl.replace('stars: Int!', 'marks: Int!'));
    await router.reload();
    goOn();
    expect(await allOf(parts)).toMatchObject([{ incremental: [{ data: { stars: 3 } }], hasNext: false }]);
    const afterwards = await post(draftParts, { query });
    expect(await afterwards.json()).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    await provide(starsSdl);
    await router.reload();
  });
});

describe('the schema that clients see', () => {
  it('has @defer, and not @stream', async () => {
    const text = '{ __schema { directives { name locations args { name defaultValue } } } }';
    const response = await post('application/json', { query: text });
    const { data } = (await response.json()) as { data: { __schema: { directives: { name: string }[] } } };
    const { directives } = data.__schema;
    expect(directives.map(({ name }) => name)).not.toContain('stream');
    expect(directives).toContainEqual({
      name: 'defer',
      locations: ['FRAGMENT_SPREAD', 'INLINE_FRAGMENT'],
      args: [
        { name: 'if', defaultValue: 'true' },
        { name: 'label', defaultValue: null },
      ],
    });
  });
});

/** What a library shows of the answer, one after the other, and what is to be let go before the last. */
const shown: [string, () => AsyncGenerator][] = [
  ['Apollo Client 4 (Defer20220824Handler)', () => withApollo(new Defer20220824Handler())],
  [
    'Apollo Client 4 (GraphQL17Alpha9Handler)', // Its types are not those of its own option, where optional is not undefined.
    () => withApollo(new GraphQL17Alpha9Handler() as unknown as ApolloHandler),
  ],
  ['urql 5', withUrql],
  ['graphql-ws', withSocket],
  ['graphql-sse', withSse],
];

describe.each(shown)('%s', (_library, show) => {
  it('shows what is there, then all', async () => {
    const states: string[] = [];
    for await (const data of show()) {
      const text = JSON.stringify(data);
      if (states.at(-1) !== text) states.push(text);
      if (text.includes('title 3')) goOn();
    }
    const [first, last] = [states[0], states.at(-1)].map((text) => JSON.parse(text ?? '') as object);
    expect(first).toMatchObject({ book: { title: 'title 3' } });
    expect(states[0]).not.toContain('stars');
    expect(last).toMatchObject(whole);
  });
});

type ApolloHandler = NonNullable<ApolloClient.Options['incrementalHandler']>;

async function* withApollo(incrementalHandler: ApolloHandler): AsyncGenerator {
  const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache(), incrementalHandler });
  yield* collected((next, end) => {
    const subscription = client.watchQuery({ query: gql(query) }).subscribe((result) => {
      if (result.data) next(result.data);
      if (!result.loading && result.dataState === 'complete') end();
    });
    return () => {
      subscription.unsubscribe();
      client.stop();
    };
  });
}

async function* withUrql(): AsyncGenerator {
  const client = new UrqlClient({ url, preferGetMethod: false, exchanges: [fetchExchange] });
  yield* collected((next, end) => {
    const { unsubscribe } = client.query(query, {}).subscribe(({ data, hasNext }) => {
      next(data);
      if (!hasNext) end();
    });
    return unsubscribe;
  });
}

/** As the two below give it: each part by itself. */
function merging() {
  let data: Record<string, Record<string, unknown>> = {};
  return (part: Part) => {
    data = (part.data as typeof data | undefined) ?? data;
    for (const { data: more } of (part.incremental ?? []) as { data: object }[]) {
      data = { book: { ...data['book'], ...more } };
    }
    return data;
  };
}

async function* withSocket(): AsyncGenerator {
  const client = connect(url);
  const merge = merging();
  for await (const part of client.iterate({ query })) yield merge(part as Part);
  await client.dispose();
}

async function* withSse(): AsyncGenerator {
  const client = createSseClient({ url, retryAttempts: 0 });
  const merge = merging();
  for await (const part of client.iterate({ query })) yield merge(part);
  client.dispose();
}

/** What a library calls back with. */
async function* collected(begin: (next: (data: unknown) => void, end: () => void) => () => void): AsyncGenerator {
  const waiting: unknown[] = [];
  const state = { ended: false };
  const leave = begin(
    (data) => waiting.push(data),
    () => (state.ended = true),
  );
  while (!state.ended || waiting.length > 0) {
    await until('there is something to show', () => waiting.length > 0 || state.ended, 10_000);
    yield* waiting.splice(0);
  }
  leave();
}

describe('on a socket', () => {
  it('an answer in parts is given up when it is completed', async () => {
    const client = connect(url);
    const before = stars.abandoned();
    const subscriber = subscribe(client, query);
    await subscriber.waitFor(1);
    await until('what is deferred is asked for', () => asked.includes('stars'));
    await subscriber.stop();
    await until('the subgraph is left', () => stars.abandoned() > before);
    await client.dispose();
  });
});
