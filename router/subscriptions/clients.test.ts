import { ApolloClient, gql, HttpLink, InMemoryCache, type ApolloLink } from '@apollo/client';
import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client as UrqlClient, fetchExchange, subscriptionExchange, type CombinedError } from '@urql/core';
import { createClient as createSseClient, NetworkError } from 'graphql-sse';
import { Agent, buildConnector, EventSource, type Dispatcher } from 'undici';
import { startTestSupergraph, type TestSupergraph } from '../testing/supergraph.ts';
import { connect } from '../testing/subscriber.ts';
import { until } from '../../test/support/until.ts';

jest.setTimeout(20_000);

let graph: TestSupergraph;
let operator: string;
beforeAll(async () => {
  graph = await startTestSupergraph({ PING_INTERVAL_MS: '250' });
  operator = await graph.signIn('1', 'operator');
});
afterAll(() => graph.close());

/** What a library gives to those who use it. */
interface Told {
  next(data: unknown): void;
  /** The code of the error that ended it. */
  failed(code: unknown): void;
  completed(): void;
}

/** A library as its users set it up, and how to leave. */
interface Library {
  subscribe(query: string, told: Told): () => void;
  /** The data of a query. */
  ask(query: string): Promise<unknown>;
}

/** What leaves sockets open is closed after each test. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await until('nobody follows', () => graph.updates.followers() === 0);
});

function socketClient() {
  const client = connect(graph.url, operator);
  ends.push(() => client.dispose());
  return client;
}

function graphqlSse(): Library {
  const client = createSseClient({ url: graph.url, headers: { authorization: operator }, retryAttempts: 0 });
  ends.push(() => client.dispose());
  const codeOf = async (error: unknown) => {
    if (!(error instanceof NetworkError)) return error;
    const { errors } = (await (error.response as unknown as Response).json()) as { errors: Coded[] };
    return errors[0]?.extensions?.code;
  };
  return {
    subscribe: (query, told) =>
      client.subscribe(
        { query },
        {
          next: ({ data, errors }) => (errors ? told.failed(codeIn(errors)) : told.next(data)),
          error: (error) => void codeOf(error).then(told.failed),
          complete: told.completed,
        },
      ),
    ask: (query) =>
      new Promise((resolve, reject) =>
        client.subscribe({ query }, { next: ({ data }) => resolve(data), error: reject, complete: () => undefined }),
      ),
  };
}

interface Coded {
  extensions?: { code?: unknown };
}
const codeIn = (errors: readonly unknown[] | undefined) => (errors?.[0] as Coded | undefined)?.extensions?.code;

/** urql 5 is these and hooks for React. */
function urql(over: 'fetch' | 'socket'): Library {
  const forwarded = () => {
    const sockets = socketClient();
    return subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: sockets.subscribe({ query, ...(variables ? { variables } : {}) }, sink as never),
        }),
      }),
    });
  };
  const client = new UrqlClient({
    url: graph.url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: operator } },
    fetchSubscriptions: over === 'fetch',
    exchanges: over === 'fetch' ? [fetchExchange] : [forwarded(), fetchExchange],
  });
  const codeOf = ({ graphQLErrors, networkError }: CombinedError) =>
    codeIn(graphQLErrors) ?? codeIn(networkError as unknown as Coded[]) ?? networkError;
  return {
    subscribe: (query, told) =>
      client
        .subscription(query, {})
        .subscribe(({ data, error }) => (error ? told.failed(codeOf(error)) : told.next(data))).unsubscribe,
    ask: async (query) => (await client.query(query, {})).data as unknown,
  };
}

function apollo(over: 'multipart' | 'socket'): Library {
  const http = () => new HttpLink({ uri: graph.url, headers: { authorization: operator } });
  const link: ApolloLink = over === 'multipart' ? http() : new GraphQLWsLink(socketClient());
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  ends.push(() => client.stop());
  const codeOf = (error: unknown) => {
    if (CombinedGraphQLErrors.is(error)) return codeIn(error.errors);
    if (ServerError.is(error)) return codeIn((JSON.parse(error.bodyText) as { errors: Coded[] }).errors);
    return error;
  };
  return {
    subscribe(query, told) {
      const subscription = client.subscribe({ query: gql(query) }).subscribe({
        next: ({ data, error }) => (error ? told.failed(codeOf(error)) : told.next(data)),
        error: (error) => told.failed(codeOf(error)),
        complete: told.completed,
      });
      return () => subscription.unsubscribe();
    },
    ask: async (query) => (await client.query({ query: gql(query) })).data,
  };
}

function graphqlWs(): Library {
  const client = socketClient();
  return {
    subscribe: (query, told) =>
      client.subscribe(
        { query },
        {
          next: ({ data }) => told.next(data),
          error: (errors) => told.failed(codeIn(errors as Coded[])),
          complete: told.completed,
        },
      ),
    ask: async (query) => {
      for await (const { data } of client.iterate({ query })) return data;
      return undefined;
    },
  };
}

const libraries: [name: string, open: () => Library][] = [
  ['graphql-ws', graphqlWs],
  ['graphql-sse', graphqlSse],
  ['urql over its own fetch', () => urql('fetch')],
  ['urql over WebSocket', () => urql('socket')],
  ['Apollo Client over multipart HTTP', () => apollo('multipart')],
  ['Apollo Client over WebSocket', () => apollo('socket')],
];

function record() {
  const events: unknown[] = [];
  let code: unknown;
  const told: Told = {
    next: (data) =>
      void events.push((data as { dashboardUpdated?: { eventType: string } }).dashboardUpdated?.eventType),
    failed: (because) => (code = because),
    completed: () => undefined,
  };
  return { events, told, code: () => code };
}

describe.each(libraries)('%s, as it is,', (_name, open) => {
  it('gets every event, also after a pause, until it leaves', async () => {
    const { events, told, code } = record();
    const leave = open().subscribe('subscription { dashboardUpdated { eventType } }', told);
    await until('the owner has it', () => graph.updates.followers() === 1);
    const expected = ['one 하나', 'two\r\n--graphql\r\n', 'three'];
    for (const name of expected) {
      graph.updates.publish(name);
      // Heartbeats come meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 280));
    }
    await until('all are there', () => events.length >= 3);
    expect(events).toEqual(expected);
    expect(code()).toBeUndefined();
    leave();
    await until('the owner has it no more', () => graph.updates.followers() === 0);
  });

  it('is told why a subscription is refused', async () => {
    const { events, told, code } = record();
    open().subscribe('subscription { dashboardUpdated(after: "too-old") { eventType } }', told);
    await until('it is told', () => code() !== undefined);
    expect({ events, code: code() }).toEqual({ events: [], code: 'CURSOR_EXPIRED' });
  });

  it('has its queries answered', async () => {
    expect(await open().ask('query Bike { bike(bikeId: 7) { color } }')).toMatchObject({ bike: { color: 'color 7' } });
  });
});

/** Connections that carry a token, as no browser's EventSource can, and can be cut. */
function signedIn() {
  const connector = buildConnector({});
  const sockets = new Set<{ destroy(): unknown }>();
  const agent = new Agent({
    connect(options, callback) {
      connector(options, (...given) => {
        if (given[1]) sockets.add(given[1]);
        callback(...given);
      });
    },
  });
  ends.push(() => agent.destroy());
  const withToken: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    // As fetch gives them.
    const headers = options.headers as Record<string, string>;
    return dispatch({ ...options, headers: { ...headers, authorization: operator } }, handler);
  };
  return { dispatcher: agent.compose(withToken), cut: () => sockets.forEach((socket) => socket.destroy()) };
}

describe('an EventSource', () => {
  const query = 'subscription { dashboardUpdated { eventType } }';

  it('asks by GET, and goes on after its last event when it connects again', async () => {
    const url = new URL(graph.url);
    url.searchParams.set('query', query);
    const { dispatcher, cut } = signedIn();
    const source = new EventSource(url.href, { node: { dispatcher, reconnectionTime: 10 } });
    ends.push(() => source.close());
    const events: string[] = [];
    source.addEventListener('next', (event) => {
      const { data: told } = JSON.parse((event as unknown as { data: string }).data) as {
        data: { dashboardUpdated: { eventType: string } };
      };
      events.push(told.dashboardUpdated.eventType);
    });
    await until('the owner has it', () => graph.updates.followers() === 1);
    graph.updates.publish('before');
    await until('it is there', () => events.length === 1);
    cut();
    graph.updates.publish('meanwhile');
    await until('it came back', () => events.length === 2);
    graph.updates.publish('after');
    await until('all are there', () => events.length === 3);
    expect(events).toEqual(['before', 'meanwhile', 'after']);
  });
});
