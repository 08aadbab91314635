import { ChildProcess } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { until } from '../../test/support/until.ts';
import { startRouter, type Router } from '../router.ts';
import { filmOfBook, startLibrary, startOtherBooks, type Library, type LibraryParts } from '../testing/library.ts';
import { connect, subscribe, type Result, type Subscriber } from '../testing/subscriber.ts';

jest.setTimeout(60_000);

let library: Library;
let folder: string;
let file: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  library = await startLibrary();
  folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  file = join(folder, 'supergraph.graphql');
  env = {
    LANDSCAPE: 'test',
    INTROSPECTION: 'on',
    LOG_LEVEL: 'silent',
    ...(await createDevelopmentKeys()),
    SUPERGRAPH_POLL_MS: '50',
  };
});
afterAll(async () => {
  await library.close();
  await rm(folder, { recursive: true });
});

let router: Router;
let url: string;
const subscribers: Subscriber[] = [];
beforeEach(async () => {
  await provide(library.compose({}));
  await start({ SUPERGRAPH: file });
});
afterEach(async () => {
  await Promise.all(subscribers.splice(0).map((subscriber) => subscriber.stop()));
  await router.close();
});

async function start(settings: NodeJS.ProcessEnv): Promise<void> {
  router = await startRouter({ ...env, ...settings }, { port: 0 });
  url = `http://127.0.0.1:${router.port}/graphql`;
}

/** Puts the file there as a release does: whole, at once. */
async function provide(sdl: string): Promise<void> {
  await writeFile(`${file}.new`, sdl);
  await rename(`${file}.new`, file);
}

async function figure(name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(new RegExp(`^${name}(?:{.*})? (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

async function outcomes(outcome: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(new RegExp(`^supergraph_reloads_total{outcome="${outcome}".*} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** Waits until the router itself has noticed it. */
async function change(sdl: string, outcome = 'taken'): Promise<void> {
  const before = await outcomes(outcome);
  await provide(sdl);
  await until(`a new supergraph is ${outcome}`, async () => (await outcomes(outcome)) > before);
}

const become = (parts: Partial<LibraryParts>) => change(library.compose(parts));

async function ask(query: string): Promise<Result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Result;
}

async function open(
  query: string,
  followers: () => number,
  variables: Record<string, unknown> = {},
): Promise<Subscriber> {
  const before = followers();
  const subscriber = subscribe(connect(url), query, variables);
  subscribers.push(subscriber);
  await until('the owner has the subscription', () => followers() > before);
  return subscriber;
}

const openAdded = (selection: string) => open(`subscription { bookAdded { ${selection} } }`, library.added.followers);
const openLent = (selection: string) => open(`subscription { bookLent { ${selection} } }`, library.lent.followers);

const idsOf = (subscriber: Subscriber) =>
  subscriber.results.map((result) => (result.data as { bookAdded: { book: { id: string } } }).bookAdded.book.id);

async function endOf(subscriber: Subscriber): Promise<unknown> {
  await until('the subscription ended', () => subscriber.ended() !== undefined);
  return (subscriber.ended() as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
}

/** Through which all processes are started. */
interface Spawning {
  spawn(options: { file: string }): unknown;
}

describe('a new supergraph', () => {
  it('is taken twenty times under load: no request fails, no event is lost or comes twice', async () => {
    const queries = [
      '{ book(id: 1) { title stars film { title year } } }',
      '{ films { title } book(id: 2) { stars } }',
      'query Both { a: book(id: 3) { stars film { year } } b: book(id: 4) { title } }',
    ];
    const right = await Promise.all(queries.map(async (query) => JSON.stringify(await ask(query))));
    const clients: Subscriber[] = [];
    for (const selection of ['book { id }', 'book { id stars }', 'cursor book { id stars film { title } }']) {
      clients.push(await openAdded(selection));
    }
    const first = library.added.items.length;
    const wrong: string[] = [];
    let asked = 0;
    const ended = new AbortController();
    const load = queries.map(async (query, index) => {
      while (!ended.signal.aborted) {
        const answer = JSON.stringify(await ask(query).catch(String));
        asked += 1;
        if (answer !== right[index]) wrong.push(answer);
      }
    });
    const events = (async () => {
      while (!ended.signal.aborted) {
        library.added.publish(String(library.added.items.length));
        await delay(3);
      }
    })();
    // Something to go on after.
    await Promise.all(clients.map((client) => client.waitFor(1)));
    const opened = library.added.opened();
    for (let reload = 1; reload <= 20; reload += 1) await become({ starsOfBooks: reload % 2 === 1 });
    ended.abort();
    await Promise.all([...load, events]);
    const expected = library.added.items.slice(first);
    await Promise.all(clients.map((client) => client.waitFor(expected.length)));
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    for (const client of clients) expect(idsOf(client)).toEqual(expected);
    // The owner is asked for something else with each of them by two of the three, and undisturbed by the other.
    expect(library.added.opened() - opened).toBe(40);
  });

  it.each([
    ['no SDL at all', (sdl: string) => sdl.slice(0, -10)],
    ['a type that is not there', (sdl: string) => sdl.replace('title: String!', 'title: Nothing!')],
    [
      'a feature that must be known',
      (sdl: string) =>
        sdl.replace(/^schema$/m, 'schema @link(url: "https://specs.apollo.dev/secrets/v1.0", for: SECURITY)'),
    ],
    ['an address that is none', (sdl: string) => sdl.replace(/url: "http:[^"]*"/, 'url: "nowhere"')],
    [
      'a subscription that cannot be resumed as declared',
      (sdl: string) => sdl.replace(/cursor: String!$/m, 'cursor: Int!'),
    ],
    ['nothing', () => ''],
  ])('that cannot be served changes nothing: %s', async (_what, broken) => {
    const subscriber = await openAdded('book { id }');
    const sdl = library.compose({ starsOfBooks: true });
    expect(broken(sdl)).not.toBe(sdl);
    await change(broken(sdl), 'refused');
    expect(await ask('{ book(id: 1) { title film { title } } }')).toEqual({
      data: { book: { title: 'title 1', film: { title: 'film 1' } } },
    });
    library.added.publish('again');
    await subscriber.waitFor(1);
    // Said once, and what comes next is looked at.
    await delay(200);
    expect(await outcomes('refused')).toBe(1);
    await change(sdl);
  });

  it('that nothing can plan for at that moment is taken once something can', async () => {
    const { spawn } = ChildProcess.prototype as unknown as Spawning;
    const failing = jest.spyOn(ChildProcess.prototype as unknown as Spawning, 'spawn').mockImplementation(function (
      this: Spawning,
      options,
    ) {
      return spawn.call(this, { ...options, file: join(folder, 'no-node') });
    });
    try {
      await change(library.compose({ starsOfBooks: true }), 'refused');
      // Tried again at each look, and said once.
      await until('it is tried again', () => failing.mock.calls.length > 6);
      expect([await outcomes('refused'), await outcomes('taken')]).toEqual([1, 0]);
    } finally {
      failing.mockRestore();
    }
    await until('it is taken', async () => (await outcomes('taken')) === 1);
    expect(await outcomes('refused')).toBe(1);
  });

  it('ends a live subscription to what it no longer has, after what had come, and no other', async () => {
    const gone = await openAdded('book { id film { title } }');
    const stays = await openAdded('book { id stars }');
    const lent = await openLent('title');
    library.added.publish('1');
    await Promise.all([gone.waitFor(1), stays.waitFor(1)]);
    await become({ filmField: '' });
    expect(await endOf(gone)).toEqual(['SUBSCRIPTION_SCHEMA_RELOAD']);
    library.added.publish('2');
    library.lent.publish('3');
    await Promise.all([stays.waitFor(2), lent.waitFor(1)]);
    expect(idsOf(stays)).toEqual(['1', '2']);
    expect(lent.data()).toEqual([{ bookLent: { title: 'title 3' } }]);
    expect(await ask('{ book(id: 1) { film { title } } }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  it('goes on with a live subscription whose client gave nothing that it no longer has, defaults or not', async () => {
    const query = 'subscription ($which: Which) { bookAdded(which: $which) { book { id } } }';
    const stays = await open(query, library.added.followers, { which: { shelf: 'a' } });
    const same = subscribe(connect(url), query, { which: { shelf: 'a', copies: 1 } });
    subscribers.push(same);
    await until('both subscribe', async () => (await figure('subscriptions_open')) === 2);
    library.added.publish('1');
    await Promise.all([stays.waitFor(1), same.waitFor(1)]);
    const sdl = library.compose({});
    const without = sdl.replace(/^ *copies: Int = 1\n/m, '');
    expect(without).not.toBe(sdl);
    await change(without);
    expect(await endOf(same)).toEqual(['SUBSCRIPTION_SCHEMA_RELOAD']);
    library.added.publish('2');
    await stays.waitFor(2);
    expect(idsOf(stays)).toEqual(['1', '2']);
  });

  it('tells each who shared one what they would be told alone, where a default has changed', async () => {
    const query = 'subscription ($which: Which) { bookAdded(which: $which) { book { id } } }';
    const first = await open(query, library.added.followers, { which: { copies: 1 } });
    const other = subscribe(connect(url), query, { which: {} });
    subscribers.push(other);
    await until('both subscribe', async () => (await figure('subscriptions_open')) === 2);
    library.added.publish('1');
    await Promise.all([first.waitFor(1), other.waitFor(1)]);
    await change(library.compose({}).replace('copies: Int = 1', 'copies: Int = 2'));
    expect(await endOf(other)).toEqual(['SUBSCRIPTION_SCHEMA_RELOAD']);
    library.added.publish('2');
    await first.waitFor(2);
  });

  it('ends one without a cursor whose owner would be asked something else: changes could be missed', async () => {
    const before = await openLent('title');
    const changed = await openLent('title stars');
    await become({ starsOfBooks: true });
    expect(await endOf(changed)).toEqual(['SUBSCRIPTION_SCHEMA_RELOAD']);
    library.lent.publish('5');
    await before.waitFor(1);
  });

  it('may have a subgraph more: it is asked, shown to introspection and looked after', async () => {
    const query = '{ book(id: 1) { reviews } __type(name: "Book") { fields { name } } }';
    expect((await ask(query)).errors).toHaveLength(1);
    const requests = library.books.requests.length;
    await become({
      more: {
        reviews: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
          type Book @key(fields: "id") { id: ID!  reviews: Int }`,
      },
    });
    expect((await ask('{ __type(name: "Book") { fields { name } } }')).data).toEqual({
      __type: { fields: ['id', 'title', 'stars', 'film', 'reviews'].map((name) => ({ name })) },
    });
    expect(library.books.requests).toHaveLength(requests);
    const { checks } = (await (await fetch(new URL('/readyz', url))).json()) as { checks: object };
    expect(Object.keys(checks).toSorted()).toEqual(['books', 'film-archive', 'reviews']);
    await become({});
    expect((await ask(query)).errors).toHaveLength(1);
  });

  it('may have another address of a subgraph: it is asked there, and a subscription goes on there at its cursor', async () => {
    const subscriber = await openAdded('book { id title }');
    const lent = await openLent('title');
    library.added.publish('1');
    await subscriber.waitFor(1);
    const other = await startOtherBooks(library);
    try {
      const before = library.books.requests.length;
      await become({ booksUrl: other.url });
      expect(await ask('{ book(id: 1) { title } }')).toEqual({ data: { book: { title: 'title 1' } } });
      expect([library.books.requests.length - before, other.requests.length]).toEqual([0, 1]);
      library.added.publish('2');
      await subscriber.waitFor(2);
      expect(idsOf(subscriber)).toEqual(['1', '2']);
      await until('it is subscribed there', () => library.books.openSockets() === 0 && other.openSockets() === 1);
      expect(await endOf(lent)).toEqual(['SUBSCRIPTION_SCHEMA_RELOAD']);
      await become({});
      library.added.publish('3');
      await subscriber.waitFor(3);
    } finally {
      await other.stop();
    }
  });

  it('has the plans of the hundred busiest operations before they come, and of no others', async () => {
    const plans = async () => {
      const text = await (await fetch(new URL('/metrics', url))).text();
      return Number(/^query_plan_duration_seconds_count{.*outcome="planned".*} (\d+)/m.exec(text)?.[1]);
    };
    const each = async (name: string, count: number) => {
      for (let n = 0; n < count; n += 1) await ask(`query ${name}${n} { book(id: ${n}) { title } }`);
    };
    await each('Rare', 30);
    await each('Busy', 100);
    await each('Busy', 100);
    expect(await plans()).toBe(130);
    await become({ filmField: '' });
    expect(await plans()).toBe(130 + 100);
    await each('Busy', 100);
    expect(await plans()).toBe(130 + 100);
    await each('Rare', 30);
    expect(await plans()).toBe(130 + 100 + 30);
  });

  it('lets requests under way end with the old one', async () => {
    const { asked, goOn } = library.holdBooks();
    const before = library.books.requests.length;
    const answer = ask('{ book(id: 1) { title film { title } } }');
    await until('the first subgraph is asked', () => asked() > 0);
    // Who is asked now has moved meanwhile, and so has who is asked next.
    await become({ booksUrl: `${library.books.url}?moved`, filmsUrl: `${library.films.url}?moved` });
    goOn();
    expect(await answer).toEqual({ data: { book: { title: 'title 1', film: { title: 'film 1' } } } });
    // Not cut off and asked again.
    expect(library.books.requests.length - before).toBe(1);
  });
});

describe('a supergraph at an address', () => {
  let server: Server;
  let address: string;
  let answer: { status: number; sdl: string; tag?: string };
  let seen: (string | undefined)[];
  beforeEach(async () => {
    seen = [];
    answer = { status: 200, sdl: library.compose({ filmField: '' }), tag: '"1"' };
    server = createServer((request, response) => {
      seen.push(request.headers['if-none-match']);
      const { status, sdl, tag } = answer;
      if (tag && request.headers['if-none-match'] === tag) return void response.writeHead(304).end();
      response.writeHead(status, tag ? { etag: tag } : {}).end(sdl);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/supergraph`;
    await router.close();
    await start({ SUPERGRAPH: address });
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const film = '{ book(id: 1) { film { title } } }';

  it.each(['"2"', undefined])('is taken when it changes, with the tag %s', async (tag) => {
    await until('it is asked whether it is the same', () => seen.includes('"1"'));
    expect(await outcomes('taken')).toBe(0);
    answer = { status: 200, sdl: library.compose({ filmField: filmOfBook }), ...(tag ? { tag } : {}) };
    await until('it is taken', async () => (await outcomes('taken')) === 1);
    expect(await ask(film)).toEqual({ data: { book: { film: { title: 'film 1' } } } });
    const asked = seen.length;
    await until('it is asked again', () => seen.length > asked + 2);
    expect(await outcomes('taken')).toBe(1);
  });

  it('stays as it was read last while it is away, which is said once', async () => {
    answer = { status: 500, sdl: 'oh' };
    const asked = seen.length;
    await until('it is asked several times', () => seen.length > asked + 3);
    expect(await outcomes('unreadable')).toBe(1);
    expect(await ask('{ book(id: 1) { title } }')).toEqual({ data: { book: { title: 'title 1' } } });
    answer = { status: 200, sdl: library.compose({ filmField: filmOfBook }) };
    await until('it is taken', async () => (await outcomes('taken')) === 1);
  });

  it('is left alone by a router whose port is taken', async () => {
    await router.close();
    const { port } = server.address() as AddressInfo;
    const asked = seen.length;
    await expect(startRouter({ ...env, SUPERGRAPH: address }, { port })).rejects.toThrow('is in use');
    expect(seen.length).toBe(asked + 1);
    // It would look every 50 ms.
    await delay(500);
    expect(seen.length).toBe(asked + 1);
  });
});
