import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import { Schema as MongoSchema, type Connection } from 'mongoose';
import { WebSocket } from 'ws';
import { ConflictError, ContractError, UnavailableError, clientError } from '../foundation/errors.ts';
import type { RequestContext, Resolvers } from './graphql-server.ts';
import type { Part } from '../service/assembly.ts';
import type { RunningService, ServiceDefinition } from '../service/service.ts';
import { startService } from '../service/service.ts';
import { requireRole } from './auth.ts';
import {
  behind,
  createGate,
  createLogbook,
  createStage,
  mongodbUri,
  type Gate,
  type Stage,
} from '../service/testing.ts';
import { until } from '../../test/support/until.ts';

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  scalar Cursor
  scalar Long
  scalar DateTime
  type Query {
    viewer: Viewer
    fail(how: String!): Int
    items(ids: [Int!]!): [Item]!
    exact(value: Long!, at: DateTime!): Exact!
    walk: Step!
    slowRead: Int!
  }
  type Mutation { walk: Step! }
  type Step { next: Step! }
  type Viewer { userId: String!, roles: [String!]!, correlationId: String! }
  type Exact { value: Long!, at: DateTime! }
  type Item @key(fields: "id") { id: Int!, name: String }
  type Subscription { ticks(to: Int!): Int!, failing: Int! }
`;

const failures: Record<string, () => Error> = {
  unavailable: () => new UnavailableError('secret host 10.0.0.1 is away'),
  contract: () => new ContractError('"first" must be 1 to 200'),
  conflict: () => new ConflictError('others won'),
  client: () => clientError('FORBIDDEN', 'Not yours.'),
  bug: () => new TypeError('secret: cannot read properties of undefined'),
};

let database: Connection | undefined;
let slowRead: () => Promise<number> = async () => 0;
let loads: (readonly number[])[] = [];
let ended = 0;
async function* ticks(to: number) {
  try {
    for (let tick = 1; tick <= to; tick += 1) yield tick;
    await new Promise((resolve) => setTimeout(resolve, to > 3 ? 60_000 : 0).unref());
  } finally {
    ended += 1;
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let steps = 0;
async function step() {
  steps += 1;
  await new Promise((resolve) => setTimeout(resolve, 40));
  return {};
}

const resolvers: Resolvers = {
  Mutation: { walk: step },
  Step: { next: step },
  Query: {
    walk: step,
    slowRead: () => slowRead(),
    viewer: (_root: unknown, _arguments: unknown, { viewer, correlationId }: RequestContext) =>
      viewer && { ...viewer, correlationId },
    fail(_root: unknown, { how }: { how: string }) {
      throw failures[how]?.() ?? new Error(how);
    },
    items: (_root: unknown, { ids }: { ids: number[] }) => ids.map((id) => ({ id })),
    exact: (_root: unknown, both: { value: number | bigint; at: string }) => both,
  },
  Item: {
    name: ({ id }: { id: number }, _arguments: unknown, { load }: RequestContext) =>
      load('names', id, async (keys) => {
        loads.push(keys);
        return new Map(keys.filter((key) => key % 10 !== 0).map((key) => [key, `name of ${key}`]));
      }),
  },
  Subscription: {
    ticks: {
      subscribe: (_root: unknown, { to }: { to: number }, { viewer }: RequestContext) => {
        requireRole(viewer, 'operator');
        return ticks(to);
      },
      resolve: (tick: number) => tick,
    },
    failing: {
      subscribe: () => ticks(1),
      resolve: () => {
        throw new TypeError('secret: broken');
      },
    },
  },
};

let stage: Stage;
let gate: Gate;
let service: RunningService;
const { logger, lines } = createLogbook();
const lives: string[] = [];
let sweeps = 0;

const definition: ServiceDefinition = {
  name: 'items',
  sdl,
  port: 0,
  create(runtime) {
    database = runtime.database;
    // What the service logs from here on can be read.
    Object.assign(runtime.logger, { error: logger.error.bind(logger), warn: logger.warn.bind(logger) });
    const part = (name: string): Part => ({
      prepare: async () => void lives.push(`${name} prepared`),
      start: () => void lives.push(`${name} started`),
      close: async () => void lives.push(`${name} closed`),
    });
    return {
      resolvers,
      parts: [part('first'), part('second')],
      sweeps: [
        {
          name: 'failing now and then',
          everyMs: 10,
          async run() {
            sweeps += 1;
            if (sweeps === 1) throw new Error('the first sweep fails');
          },
        },
      ],
    };
  },
};

beforeAll(async () => {
  stage = await createStage();
  gate = stage.keep(await createGate(mongodbUri()));
  service = await startService(definition, { ...stage.env, ...behind(gate), MAX_BODY_BYTES: '2000' });
});
afterAll(async () => {
  await service.close();
  await stage.close();
});

const url = (path: string) => `http://127.0.0.1:${service.port}${path}`;

async function ask(query: string, variables: object = {}, headers: Record<string, string> = {}) {
  const response = await fetch(url('/graphql'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as {
    data?: Record<string, unknown> | null;
    errors?: { message: string; extensions: Record<string, unknown> }[];
  };
  return { status: response.status, ...body };
}

const fail = (how: string) => ask('query ($how: String!) { fail(how: $how) }', { how });

describe('a subgraph’s server', () => {
  it('prepares its parts in order, starts them and sweeps, also after a sweep that failed', async () => {
    expect(lives).toEqual(['first prepared', 'second prepared', 'first started', 'second started']);
    await until('it swept again', () => sweeps > 2);
    expect(lines.filter(({ message }) => message === 'a sweep failed; it will run again')).toHaveLength(1);
  });

  it('is alive without its database, and ready only with it', async () => {
    expect((await fetch(url('/healthz'))).status).toBe(200);
    const ready = await fetch(url('/readyz'));
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', checks: { database: 'ok', broker: 'ok' } },
    ]);
    await gate.shut();
    const notReady = await fetch(url('/readyz'));
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toMatchObject({ status: 'not ready' });
    expect((await fetch(url('/healthz'))).status).toBe(200);
    await gate.open();
    await until('it is ready again', async () => (await fetch(url('/readyz'))).status === 200);
  });

  it('knows who asks, and gives the correlation id on', async () => {
    const query = '{ viewer { userId roles correlationId } }';
    expect((await ask(query)).data).toEqual({ viewer: null });
    const token = await stage.token('10', ['rider', 'unheard of']);
    const answer = await ask(query, {}, { authorization: `Bearer ${token}`, 'x-correlation-id': 'mine' });
    expect(answer.data).toEqual({ viewer: { userId: '10', roles: ['rider'], correlationId: 'mine' } });
    const refused = await ask(query, {}, { authorization: `Bearer ${token}x` });
    expect(refused).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('answers 503 SERVICE_UNAVAILABLE while a server that it needs is away', async () => {
    const answer = await fail('unavailable');
    expect(answer.errors?.map(({ extensions }) => extensions['code'])).toEqual(['SERVICE_UNAVAILABLE']);
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(answer.status).toBe(503);
    // With some data, it is an answer.
    const some = await ask('{ fail(how: "unavailable") exact(value: 1, at: "2026-11-23T00:00:00Z") { value } }');
    expect(some).toMatchObject({ status: 200, data: { fail: null, exact: { value: 1 } } });
  });

  it('shows what a client may see, masks and logs what it may not', async () => {
    expect((await fail('contract')).errors).toMatchObject([
      { message: '"first" must be 1 to 200', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect((await fail('conflict')).errors).toMatchObject([{ extensions: { code: 'CONFLICT' } }]);
    expect((await fail('client')).errors).toMatchObject([{ message: 'Not yours.', extensions: { code: 'FORBIDDEN' } }]);
    const before = lines.length;
    const bug = await fail('bug');
    expect(bug.errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(JSON.stringify(bug)).not.toMatch(/secret|at /);
    expect(lines.slice(before)).toMatchObject([
      { message: 'a resolver failed', path: 'fail', err: { message: expect.stringContaining('secret') } },
    ]);
    expect((await ask('{ nonsense }')).errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });

  it('keeps little of documents that never come again, and shows nothing of their text', async () => {
    const wide = (n: number) => `query q${n} { __typename items(ids: [${'1 '.repeat(850)}]) @skip(if: true) { id } }`;
    const kept = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed / 2 ** 20;
    };
    await ask(wide(0));
    const before = kept();
    for (let n = 1; n <= 400; n += 1) expect((await ask(wide(n))).status).toBe(200);
    expect(kept() - before).toBeLessThan(30);
    expect((await ask('{ nonsense }')).errors?.[0]).not.toHaveProperty('locations');
    expect((await fail('client')).errors?.[0]).not.toHaveProperty('locations');
  });

  it('loads the keys of a request with one query, each once', async () => {
    loads = [];
    const ids = [...Array.from({ length: 40 }, (_, index) => index + 1), 1, 2, 3];
    const query = 'query ($ids: [Int!]!) { items(ids: $ids) { id name } again: items(ids: $ids) { name } }';
    const { data } = await ask(query, { ids });
    expect(loads).toHaveLength(1);
    expect(loads[0]).toHaveLength(40);
    expect(data?.['items']).toEqual(ids.map((id) => ({ id, name: id % 10 === 0 ? null : `name of ${id}` })));
    // The next request starts without any of it.
    await ask(query, { ids: [1] });
    expect(loads).toHaveLength(2);
  });

  it('answers for entities, and keeps long numbers exact', async () => {
    const entities = await ask(
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Item { id name } } }',
      { of: [{ __typename: 'Item', id: 7 }] },
    );
    expect(entities.data).toEqual({ _entities: [{ id: 7, name: 'name of 7' }] });
    const query = 'query ($value: Long!) { exact(value: $value, at: "2026-11-23T09:00:00+09:00") { value at } }';
    expect((await ask(query, { value: '9223372036854775807' })).data).toEqual({
      exact: { value: '9223372036854775807', at: '2026-11-23T00:00:00.000Z' },
    });
    expect((await ask(query, { value: 42 })).data).toMatchObject({ exact: { value: 42 } });
    expect((await ask(query, { value: '9223372036854775808' })).errors).toHaveLength(1);
  });

  it('refuses what is too long, no JSON, or not asked for by a script of ours', async () => {
    const post = (body: string, type = 'application/json') =>
      fetch(url('/graphql'), { method: 'POST', headers: { 'content-type': type }, body });
    expect((await post(JSON.stringify({ query: `{ viewer { userId } } # ${'x'.repeat(3_000)}` }))).status).toBe(413);
    expect((await post('{ no json')).status).toBe(400);
    expect((await post('{"query":"{ __typename }"}', 'text/plain')).status).toBe(400);
    expect((await fetch(url('/graphql?query={__typename}'))).status).toBe(400);
    expect((await fetch(url('/nothing'))).status).toBe(404);
  });
});

const handshake = [
  'GET /graphql HTTP/1.1',
  'host: localhost',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol: graphql-transport-ws',
  '\r\n',
].join('\r\n');

describe('a request whose client no longer waits for the answer', () => {
  const twenty = `walk ${'{ next '.repeat(19)} { __typename } ${'} '.repeat(19)}`;

  async function leaveEarly(query: string): Promise<void> {
    steps = 0;
    const left = new AbortController();
    const answer = fetch(url('/graphql'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      signal: left.signal,
    });
    await until('it has begun', () => steps === 3);
    left.abort();
    await expect(answer).rejects.toThrow();
  }

  it('is begun no further, when it is a query', async () => {
    await leaveEarly(`{ ${twenty} }`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Some had begun; on a busy machine a few more.
    expect(steps).toBeLessThanOrEqual(10);
    await until('it is counted as such', async () => {
      const text = await (await fetch(url('/metrics'))).text();
      return /graphql_requests_total\{.*code="CANCELLED".*\} 1\n/.test(text);
    });
  });

  it('is finished, when it is a mutation', async () => {
    await leaveEarly(`mutation { ${twenty} }`);
    await until('all steps are done', () => steps === 20);
  });

  it('holds no place afterwards', async () => {
    await until('all places are free', async () => {
      const text = await (await fetch(url('/metrics'))).text();
      return /admission_places\{kind="operations".*\} 0\n/.test(text);
    });
  });

  it('is given up by the database itself', async () => {
    const bounds: unknown[] = [];
    slowRead = async () => {
      const model = database?.model('Any', new MongoSchema({}, { collection: 'any' }));
      const query = model?.find({});
      await query?.exec();
      bounds.push(query?.getOptions().maxTimeMS);
      const counting = model?.countDocuments({});
      await counting?.exec();
      bounds.push(counting?.getOptions().maxTimeMS);
      return 1;
    };
    expect(await ask('{ slowRead }')).toMatchObject({ data: { slowRead: 1 } });
    // Reads outside a request take as long as they take.
    const own = database?.model('Any').find({});
    await own?.exec();
    expect([...bounds, own?.getOptions().maxTimeMS]).toEqual([8_000, 8_000, undefined]);
  });
});

describe('subscriptions', () => {
  const clients: Client[] = [];
  afterAll(async () => {
    for (const client of clients) await client.dispose();
  });
  function connect(connectionParams: Record<string, unknown>): Client {
    const client = createClient({
      url: url('/graphql').replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams,
    });
    clients.push(client);
    return client;
  }
  const operator = async () => connect({ authorization: `Bearer ${await stage.token('1', ['operator'])}` });

  it('serve who brings a good token, to the end', async () => {
    const seen: unknown[] = [];
    for await (const { data } of (await operator()).iterate({ query: 'subscription { ticks(to: 3) }' }))
      seen.push(data);
    expect(seen).toEqual([{ ticks: 1 }, { ticks: 2 }, { ticks: 3 }]);
  });

  it('let in who brings none, and the resolver decides what they may see: an error, and no event', async () => {
    const items = connect({}).iterate({ query: 'subscription { ticks(to: 3) }' });
    await expect(items.next()).rejects.toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    const rider = connect({ authorization: `Bearer ${await stage.token('10', ['rider'])}` });
    const refused = rider.iterate({ query: 'subscription { ticks(to: 3) }' });
    await expect(refused.next()).rejects.toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('refuse what is no subscription, what is not valid, and what would be too much', async () => {
    const refusal = async (query: string) => {
      try {
        await (await operator()).iterate({ query }).next();
        return 'taken';
      } catch (error) {
        return (error as { extensions: { code: string } }[])[0]?.extensions.code;
      }
    };
    expect(await refusal('{ viewer { userId } }')).toBe('BAD_REQUEST');
    expect(await refusal('subscription { nothing }')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(await refusal('subscription {')).toBe('GRAPHQL_PARSE_FAILED');
    expect(await refusal(`subscription { ${'ticks(to: 1) '.repeat(10_000)} }`)).toBe('GRAPHQL_PARSE_FAILED');
    const doubling = Array.from({ length: 30 }, (_, n) => `fragment f${n} on Item { ...f${n + 1} ...f${n + 1} }`);
    const wide = `query { items(ids: [1]) { ...f0 } } ${doubling.join(' ')} fragment f30 on Item { name }`;
    const startedAt = performance.now();
    expect(await refusal(wide)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect((await ask(wide)).errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('close on a token that is not good, with a code that says so', async () => {
    const items = connect({ authorization: 'Bearer nonsense' }).iterate({ query: 'subscription { ticks(to: 3) }' });
    await expect(items.next()).rejects.toMatchObject({ code: 4403 });
    for (const authorization of [7, null, ['Bearer x'], {}]) {
      const odd = connect({ authorization }).iterate({ query: 'subscription { ticks(to: 3) }' });
      await expect(odd.next()).rejects.toMatchObject({ code: 4403 });
    }
  });

  it('mask and log what a client may not see', async () => {
    const before = lines.length;
    const { value } = (await (await operator()).iterate({ query: 'subscription { failing }' }).next()) as {
      value: { errors: { extensions: { code: string } }[] };
    };
    expect(value.errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(JSON.stringify(value)).not.toContain('secret');
    expect(lines.slice(before)).toMatchObject([{ message: 'a resolver failed' }]);
  });

  it('accept no other protocol and no other path', async () => {
    const closeOf = (path: string, protocol: string) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url(path).replace('http', 'ws'), protocol);
        socket.once('error', () => resolve('refused'));
        socket.once('close', (code) => resolve(String(code)));
      });
    expect(await closeOf('/elsewhere', 'graphql-transport-ws')).toBe('refused');
    expect(await closeOf('/graphql', 'graphql-ws')).not.toBe('1000');
  });

  it.each([
    ['a close frame with a code that does not exist', '8882000000005765'],
    ['a reserved bit', 'c18000000000'],
    ['a frame that is not masked', '810548656c6c6f'],
    ['an opcode that does not exist', '838000000000'],
    ['a ping that is longer than it may be', '89fe00ff00000000'],
    ['a frame that is longer than any message may be', '81ff000000000098968000000000'],
    ['text that is not UTF-8', '818200000000c328'],
  ])('survive %s', async (_what, bytes) => {
    const socket = createConnection(service.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).write(handshake);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write(Buffer.from(bytes, 'hex'));
    await closed;
    expect((await fetch(url('/healthz'))).status).toBe(200);
  });

  it('end when the service closes, which closes its parts in reverse', async () => {
    const before = ended;
    const client = await operator();
    const items = client.iterate({ query: 'subscription { ticks(to: 4) }' });
    for (const tick of [1, 2, 3, 4]) expect((await items.next()).value).toEqual({ data: { ticks: tick } });
    const pending = items.next().then(
      () => 'ended',
      (error: unknown) => (error as { code?: number }).code,
    );
    const startedAt = Date.now();
    await service.close();
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect(await pending).toBe(1001);
    expect(lives.slice(4)).toEqual(['second closed', 'first closed']);
    expect(ended).toBeGreaterThanOrEqual(before);
    await expect(fetch(url('/healthz'))).rejects.toThrow();
    service = await startService(definition, { ...stage.env, ...behind(gate) });
  });
});
