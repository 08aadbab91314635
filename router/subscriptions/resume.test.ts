import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect, subscribe, type Subscriber } from '../testing/subscriber.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph({
    RESUME_BACKOFF_MS: '10',
    RESUME_BACKOFF_MAX_MS: '50',
    RESUME_TIMEOUT_MS: '1500',
  });
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

const subscribers: Subscriber[] = [];
afterEach(async () => {
  await Promise.all(subscribers.splice(0).map((subscriber) => subscriber.stop()));
  await graph.subgraphs.dashboard.start();
  await until('the owner has no subscription', () => graph.updates.followers() === 0);
});

async function open(query: string, variables?: Record<string, unknown>): Promise<Subscriber> {
  const before = graph.updates.opened();
  const subscriber = subscribe(connect(graph.url, operator), query, variables);
  subscribers.push(subscriber);
  await until('the owner has the subscription', () => graph.updates.opened() > before);
  return subscriber;
}

async function ended(subscriber: Subscriber): Promise<unknown> {
  await until('the subscription ended', () => subscriber.ended() !== undefined);
  return subscriber.ended();
}

let published = 0;
function publish(count: number): string[] {
  const names = Array.from({ length: count }, () => `event ${(published += 1)}`);
  for (const name of names) graph.updates.publish(name);
  return names;
}
const end = () => `c${graph.updates.items.length}`;
const typesOf = (subscriber: Subscriber) =>
  subscriber.data().map((data) => Object.values(Object(data) as Record<string, { eventType: string }>)[0]?.eventType);

describe('a subscription with a cursor, whose subgraph restarts', () => {
  it.each([
    ['begun now', 'subscription { dashboardUpdated { eventType } }'],
    ['begun after a variable', 'subscription ($from: Cursor) { dashboardUpdated(after: $from) { eventType cursor } }'],
    [
      'under other names',
      'subscription ($routerAfter: Cursor) { routerCursor: dashboardUpdated(after: $routerAfter) { eventType cursor: at } }',
    ],
    [
      'with fields of other subgraphs',
      'subscription { dashboardUpdated { eventType reservation { bike { color } } } }',
    ],
  ])('goes on with no gap and no repeat: %s', async (_what, query) => {
    const subscriber = await open(query, query.includes('$') ? { from: end(), routerAfter: end() } : undefined);
    const expected = publish(3);
    await subscriber.waitFor(3);
    for (let restart = 0; restart < 3; restart += 1) {
      await graph.subgraphs.dashboard.stop();
      expected.push(...publish(2));
      await graph.subgraphs.dashboard.start();
      expected.push(...publish(1));
      await subscriber.waitFor(expected.length);
    }
    expect(typesOf(subscriber)).toEqual(expected);
    expect(JSON.stringify(subscriber.results)).not.toContain('routerCursor_');
    expect(subscriber.ended()).toBeUndefined();
  });

  it('begins after a cursor that is written in the operation', async () => {
    const from = end();
    const expected = publish(3);
    const subscriber = await open(`subscription { dashboardUpdated(after: "${from}") { eventType } }`);
    await subscriber.waitFor(3);
    await graph.subgraphs.dashboard.stop();
    await graph.subgraphs.dashboard.start();
    expected.push(...publish(1));
    await subscriber.waitFor(4);
    expect(typesOf(subscriber)).toEqual(expected);
  });

  it('ends when nothing came yet that it could go on from', async () => {
    const subscriber = await open('subscription { dashboardUpdated { eventType } }');
    const opened = graph.updates.opened();
    await graph.subgraphs.dashboard.stop();
    await graph.subgraphs.dashboard.start();
    expect(await ended(subscriber)).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
    expect(graph.updates.opened()).toBe(opened);
  });

  it('ends when the subgraph stays away', async () => {
    const subscriber = await open('subscription { dashboardUpdated { eventType } }');
    publish(1);
    await subscriber.waitFor(1);
    await graph.subgraphs.dashboard.stop();
    expect(await ended(subscriber)).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  });

  it('ends with the owner’s words when its cursor is too old', async () => {
    const subscriber = subscribe(
      connect(graph.url, operator),
      'subscription { dashboardUpdated(after: "too-old") { at } }',
    );
    subscribers.push(subscriber);
    const errors = (await ended(subscriber)) as object[];
    expect(errors).toMatchObject([{ extensions: { code: 'CURSOR_EXPIRED' } }]);
    // They would be places in the router's document, not in the client's.
    expect(errors[0]).not.toHaveProperty('locations');
  });
});

describe('a client that goes on after a cursor', () => {
  const query = 'subscription { dashboardUpdated { eventType } }';
  const after = (cursor: unknown, text = query, variables?: Record<string, unknown>) => {
    const subscriber = subscribe(connect(graph.url, operator), text, variables, undefined, { cursor });
    subscribers.push(subscriber);
    return subscriber;
  };

  it('has it from the event, and gives it back beside the operation, wherever that begins', async () => {
    const first = await open(query);
    const [, missed] = publish(2);
    await first.waitFor(2);
    const cursor = `c${graph.updates.items.length - 1}`;
    expect(first.results[0]?.extensions).toEqual({ cursor });
    await first.stop();
    const again = [
      after(cursor),
      after(cursor, 'subscription ($from: Cursor) { dashboardUpdated(after: $from) { eventType } }', { from: 'c0' }),
      after(cursor, 'subscription { dashboardUpdated(after: "c0") { eventType } }'),
    ];
    for (const subscriber of again) {
      await subscriber.waitFor(1);
      expect(typesOf(subscriber)).toEqual([missed]);
    }
  });

  it.each([
    ['is too old', 'too-old', query, 'CURSOR_EXPIRED'],
    ['is none', { c: 1 }, query, 'BAD_USER_INPUT'],
    ['nothing can be resumed after', 'c1', 'subscription { reservationChanged { fee } }', 'BAD_USER_INPUT'],
  ])('is told when it %s', async (_what, cursor, text, code) => {
    expect(await ended(after(cursor, text))).toMatchObject([{ extensions: { code } }]);
  });

  it('begins where its operation says when it gives none', async () => {
    const subscriber = after(null);
    await until('the owner has it', () => graph.updates.followers() === 1);
    const expected = publish(1);
    await subscriber.waitFor(1);
    expect(typesOf(subscriber)).toEqual(expected);
  });
});

it('a subscription without a cursor ends when its subgraph is lost, so that the client asks for the state again', async () => {
  const subscriber = subscribe(connect(graph.url, operator), 'subscription { reservationChanged { fee } }');
  subscribers.push(subscriber);
  await until('the owner has it', () => graph.changes.followers() === 1);
  await graph.subgraphs.reservation.stop();
  expect(await ended(subscriber)).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  await graph.subgraphs.reservation.start();
});

describe('clients that begin after different cursors', () => {
  const query = 'subscription ($after: Cursor) { dashboardUpdated(after: $after) { eventType } }';

  it('catch up on their own, then share one upstream, with no gap and no repeat', async () => {
    const start = end();
    const live = await open(query);
    const expected = publish(5);
    await live.waitFor(5);
    const late = await open(query, { after: start });
    const middle = await open(query, { after: `c${Number(start.slice(1)) + 3}` });
    await Promise.all([late.waitFor(5), middle.waitFor(2)]);
    await until('one upstream is left', () => graph.updates.followers() === 1);
    expected.push(...publish(3));
    await Promise.all([live.waitFor(8), late.waitFor(8), middle.waitFor(5)]);
    expect(typesOf(live)).toEqual(expected);
    expect(typesOf(late)).toEqual(expected);
    expect(typesOf(middle)).toEqual(expected.slice(3));
  });

  it('join at once where others stand already', async () => {
    const live = await open(query);
    publish(1);
    await live.waitFor(1);
    const opened = graph.updates.opened();
    const back = subscribe(connect(graph.url, operator), query, { after: end() });
    subscribers.push(back);
    await until('it is subscribed', async () => {
      const text = await (await fetch(graph.url.replace('/graphql', '/metrics'))).text();
      return text.includes('subscriptions_open{service="router"} 2');
    });
    const expected = publish(2);
    await back.waitFor(2);
    expect(typesOf(back)).toEqual(expected);
    expect(graph.updates.opened()).toBe(opened);
  });

  it('miss nothing when events come while they join', async () => {
    const begin = end();
    const first = graph.updates.items.length;
    const all: Subscriber[] = [];
    for (let n = 0; n < 12; n += 1) {
      publish(2);
      const after = n % 2 === 0 ? begin : end();
      const subscriber = subscribe(connect(graph.url, operator), query, { after });
      subscribers.push(subscriber);
      all.push(subscriber);
      await new Promise((resolve) => setTimeout(resolve, n));
      publish(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    publish(3);
    const total = graph.updates.items.length;
    for (const [n, subscriber] of all.entries()) {
      const from = n % 2 === 0 ? first : first + 3 * n + 2;
      await subscriber.waitFor(total - from);
      expect(typesOf(subscriber)).toEqual(graph.updates.items.slice(from));
    }
    await until('one upstream is left', () => graph.updates.followers() === 1);
  });
});
