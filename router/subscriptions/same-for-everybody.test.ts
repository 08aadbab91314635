import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createDevelopmentKeys } from '../../deploy/local/development-keys.ts';
import { until } from '../../test/support/until.ts';
import { startRouter, type Router } from '../router.ts';
import { startLibrary, type Library } from '../testing/library.ts';
import { subscribe, type Subscriber } from '../testing/subscriber.ts';
import { tokenUntil } from '../testing/tokens.ts';

jest.setTimeout(30_000);

let library: Library;
let folder: string;
let file: string;
let env: NodeJS.ProcessEnv;
/** Of two who see different things. */
let tokens: [kim: string, lee: string];
beforeAll(async () => {
  library = await startLibrary();
  folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
  file = join(folder, 'supergraph.graphql');
  env = {
    ...{ LANDSCAPE: 'test', LOG_LEVEL: 'silent', SUPERGRAPH: file, SUPERGRAPH_POLL_MS: '50' },
    SUBGRAPH_HEADERS: 'authorization,x-tenant',
    ...(await createDevelopmentKeys()),
  };
  const inAMinute = Date.now() + 60_000;
  tokens = [await tokenUntil(env, inAMinute, 'kim', ['rider']), await tokenUntil(env, inAMinute, 'lee', ['rider'])];
});
afterAll(async () => {
  await library.close();
  await rm(folder, { recursive: true });
});

let router: Router;
const subscribers: Subscriber[] = [];
beforeEach(async () => {
  await declare('@sameForEverybody');
  router = await startRouter(env, { port: 0 });
});
afterEach(async () => {
  await Promise.all(subscribers.splice(0).map((subscriber) => subscriber.stop()));
  await router.close();
  await until('nobody follows', () => library.shelved.followers() + library.lent.followers() === 0);
});

async function declare(shelvedIs: string): Promise<void> {
  await writeFile(`${file}.new`, library.compose({ shelvedIs }));
  await rename(`${file}.new`, file);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${router.port}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:{.*})? (\\d+)`, 'm').exec(text)?.[1]);
}

/** Subscribes each client, and waits until all are there. */
async function open(query: string, clients: readonly (Record<string, string> | undefined)[]): Promise<Subscriber[]> {
  const before = await metric('subscriptions_open');
  const opened = clients.map((connectionParams) =>
    subscribe(
      createClient({
        url: `ws://127.0.0.1:${router.port}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        ...(connectionParams ? { connectionParams } : {}),
      }),
      query,
    ),
  );
  subscribers.push(...opened);
  await until('all subscribe', async () => (await metric('subscriptions_open')) === before + clients.length);
  await until('the owner has them', async () => {
    const upstreams = await metric('subscription_upstreams_open');
    return library.shelved.followers() + library.lent.followers() === upstreams;
  });
  return opened;
}

const of = (...authorizations: string[]) => authorizations.map((authorization) => ({ authorization }));
const shelved = 'subscription { bookShelved { id title } }';

const codesOf = (ended: unknown) =>
  (ended as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
async function endOf(subscriber: Subscriber | undefined): Promise<string[]> {
  await until('it ended', () => subscriber?.ended() !== undefined);
  return codesOf(subscriber?.ended());
}

describe('a subscription that is the same for everybody', () => {
  it('is asked for once, without a token, for all clients with one and without', async () => {
    const connections = library.books.connections.length;
    const all = await open(shelved, [...of(...tokens), undefined]);
    expect(await metric('subscription_upstreams_open')).toBe(1);
    library.shelved.publish('1');
    await Promise.all(all.map((subscriber) => subscriber.waitFor(1)));
    for (const subscriber of all) expect(subscriber.data()).toEqual([{ bookShelved: { id: '1', title: 'title 1' } }]);
    expect(library.books.connections.slice(connections)).toEqual([undefined]);
  });

  it('tells each client what it would be told alone', async () => {
    const shared = await open(shelved, of(...tokens));
    await declare('');
    expect(await Promise.all(shared.map(endOf))).toEqual([
      ['SUBSCRIPTION_SCHEMA_RELOAD'],
      ['SUBSCRIPTION_SCHEMA_RELOAD'],
    ]);
    const connections = library.books.connections.length;
    const alone = await open(shelved, of(...tokens));
    expect(await metric('subscription_upstreams_open')).toBe(2);
    expect(new Set(library.books.connections.slice(connections).map((given) => given?.['authorization']))).toEqual(
      new Set(tokens),
    );
    await declare('@sameForEverybody');
    await until('it is taken', async () => (await metric('supergraph_reloads_total')) >= 2);
    const sharedAgain = await open(shelved, of(...tokens));
    expect(await metric('subscription_upstreams_open')).toBe(3);
    for (const id of ['1', '2', '3']) library.shelved.publish(id);
    const everybody = [...alone, ...sharedAgain];
    await Promise.all(everybody.map((subscriber) => subscriber.waitFor(3)));
    for (const subscriber of everybody) expect(subscriber.results).toEqual(alone[0]?.results);
  });

  it.each([
    ['another subgraph adds something to it', 'subscription { bookShelved { id film { title } } }', of],
    ['nobody declares it', 'subscription { bookLent { id title } }', of],
    [
      'their headers that travel differ',
      shelved,
      (...given: string[]) => given.map((authorization, n) => ({ authorization, 'x-tenant': `${n}` })),
    ],
  ])('is each client’s own where %s', async (_where, query, clientsOf) => {
    await open(query, clientsOf(...tokens));
    expect(await metric('subscription_upstreams_open')).toBe(2);
  });

  it('ends for a client whose token has expired, and goes on for the others', async () => {
    const soon = await tokenUntil(env, Date.now() + 2_000);
    const [short, long] = await open(shelved, of(soon, tokens[0]));
    expect(await endOf(short)).toEqual(['TOKEN_EXPIRED']);
    library.shelved.publish('4');
    await long?.waitFor(1);
    expect(await metric('subscription_upstreams_open')).toBe(1);
  });

  it('is refused to those who may not see it, though others share it', async () => {
    await declare('@sameForEverybody @authenticated');
    await until('it is taken', async () => (await metric('supergraph_reloads_total')) >= 1);
    const [kim, lee] = await open(shelved, of(...tokens));
    const nobody = subscribe(
      createClient({ url: `ws://127.0.0.1:${router.port}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 }),
      shelved,
    );
    subscribers.push(nobody);
    expect(await endOf(nobody)).toEqual(['UNAUTHORIZED_FIELD_OR_TYPE']);
    expect(await metric('subscription_upstreams_open')).toBe(1);
    library.shelved.publish('5');
    await Promise.all([kim?.waitFor(1), lee?.waitFor(1)]);
  });
});
