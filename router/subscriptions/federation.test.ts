import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect, subscribe, type Subscriber } from '../testing/subscriber.ts';
import { slowUserId, startTestSupergraph, type Change, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(40_000);

let graph: TestSupergraph;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

const subscribers: Subscriber[] = [];
afterEach(async () => {
  await Promise.all(subscribers.splice(0).map((subscriber) => subscriber.stop()));
  await until('the owner has no subscription', () => graph.changes.followers() === 0);
});

const change = (reserveNo: number, more: Partial<Change> = {}): Change => ({
  reserveNo,
  userId: '10',
  bikeId: 7,
  reserveStatus: 'RESERVED',
  ...more,
});

function start(query: string, variables?: Record<string, unknown>, token = operator, operationName?: string) {
  const subscriber = subscribe(connect(graph.url, token), query, variables, operationName);
  subscribers.push(subscriber);
  return subscriber;
}

/** Subscribes and waits until the owner has it. */
async function open(...options: Parameters<typeof start>): Promise<Subscriber> {
  const before = graph.changes.opened();
  const subscriber = start(...options);
  await until('the owner has the subscription', () => graph.changes.opened() > before);
  return subscriber;
}

async function ended(subscriber: Subscriber): Promise<unknown> {
  await until('the subscription ended', () => subscriber.ended() !== undefined);
  return subscriber.ended();
}

const codesOf = (errors: unknown) =>
  (errors as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
const metric = async (name: string) => {
  const text = await (await fetch(graph.url.replace('/graphql', '/metrics'))).text();
  return Number(new RegExp(`^${name}{.*} (\\d+)`, 'm').exec(text)?.[1]);
};

describe('a federated subscription', () => {
  it('joins fields of three subgraphs to every event', async () => {
    const subscriber = await open(
      'subscription { reservationChanged { reserveNo reserveStatus bike { color isAvailable } user { totalPoint } } }',
    );
    graph.changes.publish(change(1));
    graph.changes.publish(change(2, { userId: '20', bikeId: 8, reserveStatus: 'IN_USE' }));
    await subscriber.waitFor(2);
    expect(subscriber.data()).toEqual([
      {
        reservationChanged: {
          reserveNo: 1,
          reserveStatus: 'RESERVED',
          bike: { color: 'color 7', isAvailable: true },
          user: { totalPoint: 1000 },
        },
      },
      {
        reservationChanged: {
          reserveNo: 2,
          reserveStatus: 'IN_USE',
          bike: { color: 'color 8', isAvailable: false },
          user: { totalPoint: 2000 },
        },
      },
    ]);
  });

  it('keeps aliases, type names, fragments and the operation that was named', async () => {
    const subscriber = await open(
      `query other { __typename }
       subscription watch { r: reservationChanged { __typename ...status b: bike { kind: __typename c: color } } }
       fragment status on Reservation { reserveStatus }`,
      undefined,
      operator,
      'watch',
    );
    graph.changes.publish(change(1));
    await subscriber.waitFor(1);
    expect(subscriber.data()).toEqual([
      { r: { __typename: 'Reservation', reserveStatus: 'RESERVED', b: { kind: 'Bike', c: 'color 7' } } },
    ]);
  });

  it('obeys @include by variable on fields of other subgraphs', async () => {
    const query =
      'subscription ($color: Boolean!) { reservationChanged { reserveNo bike @include(if: $color) { color } } }';
    const withColor = await open(query, { color: true });
    const without = await open(query, { color: false });
    graph.changes.publish(change(1));
    await Promise.all([withColor.waitFor(1), without.waitFor(1)]);
    expect(withColor.data()).toEqual([{ reservationChanged: { reserveNo: 1, bike: { color: 'color 7' } } }]);
    expect(without.data()).toEqual([{ reservationChanged: { reserveNo: 1 } }]);
  });

  it('gives two operations on one field each its own answer, when both use a name differently', async () => {
    const color = await open('subscription { reservationChanged { bike { x: color } } }');
    const condition = await open('subscription { reservationChanged { bike { x: condition } } }');
    graph.changes.publish(change(1));
    await Promise.all([color.waitFor(1), condition.waitFor(1)]);
    expect(color.data()).toEqual([{ reservationChanged: { bike: { x: 'color 7' } } }]);
    expect(condition.data()).toEqual([{ reservationChanged: { bike: { x: 'IN_SERVICE' } } }]);
  });

  it('delivers events in order, also when the first takes longer to complete', async () => {
    const subscriber = await open('subscription { reservationChanged { reserveNo user { totalPoint } } }');
    graph.changes.publish(change(1, { userId: slowUserId }));
    for (const reserveNo of [2, 3, 4]) graph.changes.publish(change(reserveNo));
    await subscriber.waitFor(4);
    expect(subscriber.data()).toMatchObject([1, 2, 3, 4].map((reserveNo) => ({ reservationChanged: { reserveNo } })));
  });

  it('reports a subgraph that is away within the event, and goes on', async () => {
    const subscriber = await open('subscription { reservationChanged { reserveNo user { totalPoint } } }');
    await graph.subgraphs.point.stop();
    graph.changes.publish(change(1));
    await subscriber.waitFor(1);
    await graph.subgraphs.point.start();
    graph.changes.publish(change(2));
    await subscriber.waitFor(2);
    expect(subscriber.results[0]?.data).toBeNull();
    expect(codesOf(subscriber.results[0]?.errors)).toEqual(['SERVICE_UNAVAILABLE']);
    expect(subscriber.results[1]?.data).toEqual({
      reservationChanged: { reserveNo: 2, user: { totalPoint: 1000 } },
    });
  });
});

describe('a subscription that cannot be', () => {
  it.each([
    ['subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { reservationChanged { reserveNo ', 'GRAPHQL_PARSE_FAILED'],
    ['subscription ($x: Boolean!) { reservationChanged @include(if: $x) { reserveNo } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { reservationChanged @skip(if: true) { reserveNo } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { __typename }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription ($no: Int!) { reservationChanged(reserveNo: $no) { reserveNo } }', 'BAD_USER_INPUT'],
    [
      'subscription a { reservationChanged { fee } } subscription b { reservationChanged { fee } }',
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('is refused by itself, and its socket stays open: %s', async (query, code) => {
    const client = connect(graph.url, operator);
    const other = subscribe(client, 'subscription { reservationChanged { fee } }');
    subscribers.push(other);
    await until('the owner has it', () => graph.changes.followers() === 1);
    const opened = graph.changes.opened();
    const refused = subscribe(client, query, { x: true, no: 'seven' });
    expect(codesOf(await ended(refused))).toEqual([code]);
    expect(graph.changes.opened()).toBe(opened);
    graph.changes.publish(change(1));
    await other.waitFor(1);
  });

  it('is refused with the words of its owner', async () => {
    const rider = await graph.signIn('10', 'rider');
    const subscriber = start('subscription { reservationChanged(userId: "20") { fee } }', undefined, rider);
    expect(await ended(subscriber)).toMatchObject([
      { message: 'This belongs to another rider.', extensions: { code: 'FORBIDDEN' } },
    ]);
  });

  it('is refused without a token where the owner wants one', async () => {
    const subscriber = subscribe(connect(graph.url), 'subscription { reservationChanged { fee } }');
    expect(codesOf(await ended(subscriber))).toEqual(['UNAUTHENTICATED']);
  });
});

describe('clients that ask for the same', () => {
  it('share one upstream, however they write it', async () => {
    const opened = graph.changes.opened();
    const variables = (userId: unknown) => ({ no: 7, userId });
    const first = await open(
      'subscription ($no: Int, $userId: ID) { reservationChanged(reserveNo: $no, userId: $userId) { fee } }',
      variables('10'),
    );
    const others = [variables(10), { userId: '10', no: 7 }].map((given) =>
      start(
        '# the same\nsubscription($no:Int,$userId:ID){reservationChanged(reserveNo:$no,userId:$userId){fee}}',
        given,
      ),
    );
    await until('three subscriptions', async () => (await metric('subscriptions_open')) === 3);
    expect(graph.changes.opened()).toBe(opened + 1);
    expect(await metric('subscription_upstreams_open')).toBe(1);
    const fetched = graph.subgraphs.bike.requests.length;
    graph.changes.publish(change(1));
    await Promise.all([first, ...others].map((subscriber) => subscriber.waitFor(1)));
    expect(graph.subgraphs.bike.requests).toHaveLength(fetched);
  });

  it('share the fetches of an event too', async () => {
    const query = 'subscription { reservationChanged { bike { color } } }';
    const first = await open(query);
    const second = start(query);
    await until('two subscriptions', async () => (await metric('subscriptions_open')) === 2);
    const fetched = graph.subgraphs.bike.requests.length;
    graph.changes.publish(change(1));
    await Promise.all([first.waitFor(1), second.waitFor(1)]);
    expect(graph.subgraphs.bike.requests).toHaveLength(fetched + 1);
  });

  it('do not share when they may see different things, or differ in a variable', async () => {
    const query = 'subscription ($userId: ID) { reservationChanged(userId: $userId) { fee } }';
    const rider = await graph.signIn('10', 'rider');
    const auditor = await graph.signIn('1', 'auditor');
    await open(query, { userId: '10' });
    await open(query, { userId: '10' }, rider);
    await open(query, { userId: '10' }, auditor);
    await open(query, { userId: '20' });
    expect(graph.changes.followers()).toBe(4);
    expect(graph.subgraphs.reservation.connections.slice(-4)).toEqual(
      [operator, rider, auditor, operator].map((authorization) => ({ authorization })),
    );
  });

  it('keep their upstream until the last one leaves, which ends it at once', async () => {
    const query = 'subscription { reservationChanged { fee } }';
    const first = await open(query);
    const second = start(query);
    await until('two subscriptions', async () => (await metric('subscriptions_open')) === 2);
    await first.stop();
    graph.changes.publish(change(1));
    await second.waitFor(1);
    expect(graph.changes.followers()).toBe(1);
    await second.stop();
    await until('the owner has none, without another event', () => graph.changes.followers() === 0);
    await until('no socket is left', () => graph.subgraphs.reservation.openSockets() === 0);
    expect(await metric('subscription_upstreams_open')).toBe(0);
  });

  it('leave nothing behind when they go before the owner has answered', async () => {
    for (const wait of [0, 1, 2, 3, 5, 8]) {
      const subscriber = subscribe(connect(graph.url, operator), 'subscription { reservationChanged { fee } }');
      await new Promise((resolve) => setTimeout(resolve, wait));
      await subscriber.stop();
    }
    await until('no socket is left', () => graph.subgraphs.reservation.openSockets() === 0);
    await until('no upstream is left', async () => (await metric('subscription_upstreams_open')) === 0);
  });
});
