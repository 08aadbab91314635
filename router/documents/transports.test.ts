import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { connect, subscribe } from '../testing/subscriber.ts';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { until } from '../../test/support/until.ts';
import { times } from './testing.ts';

jest.setTimeout(30_000);

let graph: TestSupergraph;
let rider: string;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph();
  rider = await graph.signIn('10', 'rider');
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

interface Answer {
  data?: unknown;
  errors?: { message: string; path?: unknown[]; extensions: { code: string } }[];
}
interface Request {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
}
interface ListedType {
  kind: string;
  ofType?: ListedType | null;
}
interface ListedField {
  name: string;
  args: { name: string; defaultValue: string | null }[];
  type: ListedType;
}
const kindOf = ({ kind, ofType }: ListedType): string => (ofType ? kindOf(ofType) : kind);
type Send = (request: Request, token?: string) => Promise<Answer>;

const post =
  (accept: string): Send =>
  async (request, authorization = rider) => {
    const response = await fetch(graph.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, authorization },
      body: JSON.stringify(request),
    });
    const text = await response.text();
    return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) as Answer;
  };

const get: Send = async ({ query, variables, ...request }, authorization = rider) => {
  const search = new URLSearchParams({
    ...request,
    query,
    ...(variables ? { variables: JSON.stringify(variables) } : {}),
  });
  const response = await fetch(`${graph.url}?${String(search)}`, {
    headers: { 'apollo-require-preflight': '1', authorization },
  });
  return (await response.json()) as Answer;
};

const webSocket: Send = async ({ query, variables, operationName }, authorization = rider) => {
  const subscriber = subscribe(connect(graph.url, authorization), query, variables, operationName);
  await until('the answer', () => subscriber.results.length > 0 || subscriber.ended() !== undefined);
  const answer = subscriber.results[0] ?? { errors: subscriber.ended() };
  await subscriber.stop();
  return answer as Answer;
};

const transports: [string, Send][] = [
  ['POST', post('application/json')],
  ['GET', get],
  ['server-sent events', post('text/event-stream')],
  ['WebSocket', webSocket],
];

describe.each(transports)('over %s', (_name, send) => {
  const codesOf = async (request: Request) => (await send(request)).errors?.map(({ extensions }) => extensions.code);

  it('fields under the names of others are what they are', async () => {
    const named = async (query: string) => (await send({ query })).data;
    expect(await named('{ bike(bikeId: 1) { bikeId: color } }')).toEqual({ bike: { bikeId: 'color 1' } });
    expect(await named('{ bike(bikeId: 1) { bikeId: color isAvailable } }')).toEqual({
      bike: { bikeId: 'color 1', isAvailable: true },
    });
    expect(await named('{ bike(bikeId: 1) { __typename: color isAvailable } }')).toEqual({
      bike: { __typename: 'color 1', isAvailable: true },
    });
    expect(await named('{ me { userId: totalPoint approvals: __typename } }')).toEqual({
      me: { userId: 1000, approvals: 'User' },
    });
    expect(
      await named(
        '{ bike(bikeId: 1) { ...on Bike { bikeId: isAvailable ...F } } } fragment F on Bike { userId: bikeId color }',
      ),
    ).toEqual({ bike: { bikeId: true, userId: 1, color: 'color 1' } });
    expect(
      await named('{ bikeId: bike(bikeId: 1) { bikeId } userId: bike(bikeId: 2) { bikeId isAvailable } }'),
    ).toEqual({
      bikeId: { bikeId: 1 },
      userId: { bikeId: 2, isAvailable: false },
    });
    const ofJavaScript = await named('{ constructor: bike(bikeId: 1) { color prototype: isAvailable } }');
    expect(JSON.stringify(ofJavaScript)).toBe('{"constructor":{"color":"color 1","prototype":true}}');
    expect(JSON.stringify(await named('{ __proto__: bike(bikeId: 1) { __proto__: color isAvailable } }'))).toBe(
      '{"__proto__":{"__proto__":"color 1","isAvailable":true}}',
    );
  });

  it('an error has the path that the client knows', async () => {
    const { errors } = await send({ query: '{ bikeId: bike(bikeId: 409) { userId: color } }' });
    expect(errors?.[0]?.path).toEqual(['bikeId']);
  });

  it('introspection agrees with itself', async () => {
    const ways: Record<string, (inner: string) => string> = {
      __Schema: (inner) => `__schema { ${inner} }`,
      __Type: (inner) => `__type(name: "Bike") { ${inner} }`,
      __Field: (inner) => `__type(name: "Bike") { fields { ${inner} } }`,
      __InputValue: (inner) => `__type(name: "BikeFilter") { inputFields { ${inner} } }`,
      __EnumValue: (inner) => `__type(name: "ReserveStatus") { enumValues { ${inner} } }`,
      __Directive: (inner) => `__schema { directives { ${inner} } }`,
    };
    const leaf = ['SCALAR', 'ENUM'];
    for (const [type, way] of Object.entries(ways)) {
      const listed = await send({
        query: `{ __type(name: "${type}") { fields(includeDeprecated: true) {
          name args { name defaultValue } type { kind ofType { kind ofType { kind ofType { kind } } } }
        } } }`,
      });
      const { fields } = (listed.data as { __type: { fields: ListedField[] } }).__type;
      const asked = fields.map(({ name, args, type: given }) => {
        const options = args.map((each) => `${each.name}: ${each.defaultValue ?? 'null'}`).join(', ');
        return `${name}${options && `(${options})`}${leaf.includes(kindOf(given)) ? '' : ' { __typename }'}`;
      });
      expect([type, (await send({ query: `{ ${way(asked.join(' '))} }` })).errors]).toEqual([type, undefined]);
    }
    const query = getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true, specifiedByUrl: true });
    expect((await send({ query })).errors).toBeUndefined();
    expect(
      (await send({ query: '{ __type(name: "BikeFilter") { isOneOf } bike(bikeId: 1) { isAvailable } }' })).data,
    ).toEqual({ __type: { isOneOf: false }, bike: { isAvailable: true } });
  });

  it('an empty operation name is none', async () => {
    expect(await send({ query: '{ bike(bikeId: 1) { color } }', operationName: '' })).toEqual({
      data: { bike: { color: 'color 1' } },
    });
  });

  it('an empty document is refused with the same code', async () => {
    expect(await codesOf({ query: '' })).toEqual(['BAD_REQUEST']);
    expect(await codesOf({ query: ' ' })).toEqual(['GRAPHQL_PARSE_FAILED']);
  });

  it('what is too much is refused with the same code', async () => {
    expect(await codesOf({ query: `{ ${'a '.repeat(6_000)} }` })).toEqual(['QUERY_TOO_COMPLEX']);
    const aliases = `{ ${times(45, (n) => `a${n}: bikes(first: 200) { nodes { color isAvailable } }`)} }`;
    expect(await codesOf({ query: aliases })).toEqual(['QUERY_TOO_COMPLEX']);
    expect(await codesOf({ query: '{ bikes(after: [[["x"]]]) { totalCount } }' })).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ]);
    expect(await codesOf({ query: '{ wrong }' })).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect(await codesOf({ query: '{ wrong' })).toEqual(['GRAPHQL_PARSE_FAILED']);
    const query =
      'query ($s: [ReserveStatus!], $after: Cursor) { reservations(filter: { reserveStatus: $s }, after: $after) { totalCount } }';
    const wrong = Array.from({ length: 1_001 }, () => 'NO');
    expect(await codesOf({ query, variables: { s: wrong } })).toEqual(['BAD_USER_INPUT']);
    expect(await codesOf({ query, variables: { s: wrong.slice(0, 500) } })).toHaveLength(10);
    expect(await codesOf({ query, variables: { after: 5 } })).toEqual(['BAD_USER_INPUT']);
  });

  it('messages are short, whatever they quote', async () => {
    const { errors } = await send({
      query: 'query ($first: Int) { bikes(first: $first) { totalCount } }',
      variables: { first: 'x'.repeat(10_000) },
    });
    expect(errors?.[0]?.message.length).toBeLessThanOrEqual(1_001);
  });
});

describe('a subscription', () => {
  it('gives fields under the names of others as what they are', async () => {
    const subscriber = subscribe(
      connect(graph.url, operator),
      'subscription { userId: reservationChanged { reserveNo: reserveStatus bike { bikeId: color isAvailable __typename: bikeId } user { userId: totalPoint } } }',
    );
    await until('the owner has the subscription', () => graph.changes.followers() > 0);
    graph.changes.publish({ reserveNo: 1, userId: '10', bikeId: 7, reserveStatus: 'RESERVED' });
    await subscriber.waitFor(1);
    expect(subscriber.data()).toEqual([
      {
        userId: {
          reserveNo: 'RESERVED',
          bike: { bikeId: 'color 7', isAvailable: true, __typename: 7 },
          user: { userId: 1000 },
        },
      },
    ]);
    await subscriber.stop();
  });

  it('is not spoiled by who asks for it in a wrong way first', async () => {
    const query = 'subscription Mine { dashboardUpdated { at } }';
    for (const operationName of ['x', 'Mine\n', '{']) {
      const spoiling = await webSocket({ query, operationName }, operator);
      expect(spoiling.errors?.map(({ extensions }) => extensions.code)).toEqual(['OPERATION_RESOLUTION_FAILURE']);
    }
    const subscriber = subscribe(connect(graph.url, operator), query, {}, '');
    await until('the owner has the subscription', () => graph.updates.followers() > 0);
    graph.updates.publish('BikeRegistered');
    await subscriber.waitFor(1);
    await subscriber.stop();
  });
});
