import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'graphql';
import { createClient, GraphqlRequestError, type Client, type SubscribeOptions } from '../../schema/client/client.ts';
import type { Router } from '../router.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { tokenUntil } from '../testing/tokens.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(60_000);

const updates = parse(
  'subscription ($after: Cursor) { dashboardUpdated(after: $after) { eventType } }',
) as TypedDocumentNode<{ dashboardUpdated: { eventType: string } }, { after?: string }>;
const changed = parse('subscription { reservationChanged { fee } }') as TypedDocumentNode<object, object>;

let graph: TestSupergraph;
/** One that can be stopped, and started again at the same port. */
let router: Router;
beforeAll(async () => {
  graph = await startTestSupergraph();
  router = await graph.startRouter();
});
afterAll(() => graph.close());

const clients: Client[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.close()));

function open(token: (refused?: string) => Promise<string>): Client {
  const client = createClient({ url: `http://127.0.0.1:${router.port}/graphql`, token });
  clients.push(client);
  return client;
}

async function restart(): Promise<void> {
  const { port } = router;
  await router.close();
  router = await graph.startRouter({ ROUTER_PORT: String(port) });
}

const bare = (authorization: string) => authorization.replace('Bearer ', '');
const operator = async () => bare(await graph.signIn('1', 'operator'));
const end = () => `c${graph.updates.items.length}`;

/** Follows the feed; why it ended is there once it has. */
function follow(client: Client, options: SubscribeOptions, variables = {}) {
  const seen: string[] = [];
  const losses: string[] = [];
  const told = { retryDelayMs: () => 20, onLost: (code: string) => void losses.push(code), ...options };
  const ended = (async () => {
    try {
      const events = client.subscribe(updates, variables, told);
      for await (const { dashboardUpdated } of events) seen.push(dashboardUpdated.eventType);
      return 'complete';
    } catch (error) {
      return error instanceof GraphqlRequestError ? error.code : String(error);
    }
  })();
  return { seen, losses, ended };
}

let published = 0;
function publish(count: number): string[] {
  const names = Array.from({ length: count }, () => `event ${(published += 1)}`);
  for (const name of names) graph.updates.publish(name);
  return names;
}

describe('the typed client', () => {
  it('goes on after every restart of the router, with no gap and no repeat', async () => {
    const { seen, losses } = follow(open(operator), { after: end() });
    const expected = publish(2);
    for (let round = 0; round < 3; round += 1) {
      await until('all are there', () => seen.length === expected.length);
      await restart();
      expected.push(...publish(2));
    }
    await until('all are there', () => seen.length === expected.length);
    expect(seen).toEqual(expected);
    expect(new Set(losses)).toEqual(new Set(['CONNECTION_LOST']));
  });

  it('begins after its cursor, wherever the operation would', async () => {
    const after = end();
    const expected = publish(2);
    const { seen } = follow(open(operator), { after }, { after: 'c0' });
    await until('all are there', () => seen.length === 2);
    expect(seen).toEqual(expected);
  });

  it('says that it lost its place when it knows no cursor, or was told not to resume', async () => {
    const now = follow(open(operator), {});
    const byHand = follow(open(operator), { after: end(), resume: false });
    await until('both are there', () => graph.updates.followers() === 1);
    await restart();
    expect(await Promise.all([now.ended, byHand.ended])).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST']);
    const changes = (async () => {
      for await (const _change of open(operator).subscribe(changed, {}));
    })();
    changes.catch(() => undefined);
    await until('it is there', () => graph.changes.followers() === 1);
    await restart();
    await expect(changes).rejects.toThrow(GraphqlRequestError);
  });

  it('ends with the server’s code when its cursor is too old', async () => {
    expect(await follow(open(operator), { after: 'too-old' }).ended).toBe('CURSOR_EXPIRED');
  });

  it('goes on with another token when its own has expired, and ends when there is none', async () => {
    const short = async () => bare(await tokenUntil(graph.env, Math.ceil(Date.now() / 1000) * 1000 + 1000, '1'));
    const first = await short();
    const renewed = follow(
      open(async (refused) => (refused === undefined ? first : operator())),
      { after: end() },
    );
    const only = follow(
      open(async () => first),
      { after: end() },
    );
    const before = publish(1);
    expect(await only.ended).toBe('TOKEN_EXPIRED');
    await until('it came back', () => renewed.losses.length === 1 && graph.updates.followers() === 1);
    const after = publish(1);
    await until('all are there', () => renewed.seen.length === 2);
    expect(renewed.seen).toEqual([...before, ...after]);
    expect(renewed.losses).toEqual(['TOKEN_EXPIRED']);
  });

  it('keeps its stream when its token is renewed in time', async () => {
    const endsAt = Math.ceil(Date.now() / 1000) * 1000 + 14_000;
    const tokens = [
      bare(await tokenUntil(graph.env, endsAt, '1')),
      bare(await tokenUntil(graph.env, endsAt + 60_000, '1')),
    ];
    const { seen, losses } = follow(
      open(async () => (tokens.length > 1 ? tokens.shift() : tokens[0]) ?? ''),
      { after: end() },
    );
    await until('the first one has ended', () => Date.now() > endsAt + 500, 20_000);
    const expected = publish(1);
    await until('it is there', () => seen.length === 1);
    expect({ seen, losses }).toEqual({ seen: expected, losses: [] });
  });

  it('ends when it is closed while it waits', async () => {
    const client = open(operator);
    const { ended, losses } = follow(client, { after: end(), retryDelayMs: () => 60_000 });
    await until('the owner has it', () => graph.updates.followers() === 1);
    await restart();
    await until('it waits', () => losses.length === 1);
    client.close();
    expect(await ended).toBe('complete');
  });
});
