import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { OperationTypeNode, print, type DocumentNode } from 'graphql';
import { createClient as createSocket } from 'graphql-ws/client';

/** Where and as whom. */
export interface ClientOptions {
  /** Absolute http(s) address of `/graphql`; subscriptions use the same one as ws(s). */
  url: string;
  /**
   * The bearer token, or a function that gives the current one: called for each request and each connection. It is told
   * which one the server refused last, and may give another.
   */
  token?: string | undefined | ((refused?: string) => string | undefined | Promise<string | undefined>);
  /** How long an answer may take; then the connection counts as lost. */
  timeoutMs?: number;
  /** Called each time the subscriptions' socket is ready. */
  onConnected?: () => void;
}

export interface RequestOptions {
  /** Cancels the request: its answer is not wanted any more. */
  signal?: AbortSignal;
}

export interface Client {
  /** Runs a query or mutation. @throws {GraphqlRequestError} on any error; a refusal is data, not an error. */
  request<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>;
  /**
   * Every event until the server completes, the caller leaves the loop, or the connection is lost. Nothing is retried
   * here: only the caller knows the cursor to resume from.
   * @throws {GraphqlRequestError} with code CONNECTION_LOST, or that of the server
   */
  subscribe<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): AsyncIterable<Data>;
  /** Ends every subscription and the socket. */
  close(): void;
}

/** A request that failed, or got no answer. `code` is the server's, CONNECTION_LOST, or HTTP_ and the status. */
export class GraphqlRequestError extends Error {
  override name = 'GraphqlRequestError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Answer {
  data?: unknown;
  errors?: readonly GraphqlErrorShape[];
}

interface GraphqlErrorShape {
  message: string;
  extensions?: { code?: unknown };
}

/** The router gives up on a subgraph after 10 s and asks few in a row: one that is silent for longer never answers. */
const answerTimeoutMs = 30_000;
/** How long a silent connection counts as alive, in each of its two halves: the ping and the pong. */
const keepAliveMs = 10_000;

/** A typed client for the browser and Node 24: fetch for requests, graphql-transport-ws for subscriptions. */
export function createClient({ url, token, timeoutMs = answerTimeoutMs, onConnected }: ClientOptions): Client {
  let refused: string | undefined;
  const currentToken = async () => {
    try {
      return typeof token === 'function' ? await token(refused) : token;
    } catch (cause) {
      throw new GraphqlRequestError('CONNECTION_LOST', 'No token could be had.', { cause });
    }
  };
  let connectedWith: string | undefined;
  const socket = createSocket({
    url: url.replace(/^http/, 'ws'),
    retryAttempts: 0,
    keepAlive: keepAliveMs,
    connectionParams: async () => authorization((connectedWith = await currentToken())),
    on: { connected: () => onConnected?.(), ...whenSilent(() => socket.terminate()) },
  });

  return {
    async request<Data, Variables>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      { signal }: RequestOptions = {},
    ) {
      const body = { query: print(document), variables };
      const trace = isMutation(document) ? newTrace() : {};
      const attempt = async (bearer: string | undefined) => {
        const timeout = AbortSignal.timeout(timeoutMs);
        const until = signal ? AbortSignal.any([signal, timeout]) : timeout;
        return dataOf(await answerOf(await send(url, { ...authorization(bearer), ...trace }, body, until))) as Data;
      };
      const bearer = await currentToken();
      try {
        return await attempt(bearer);
      } catch (error) {
        if (!bearer || !isUnauthenticated(error)) throw error;
        // Nothing was executed: the same request is repeated once with another token.
        refused = bearer;
        const renewed = await currentToken();
        if (renewed === bearer) throw error;
        return attempt(renewed);
      }
    },
    async *subscribe<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
      try {
        const payload = { query: print(document), variables: variables as Record<string, unknown> };
        for await (const answer of socket.iterate(payload)) yield dataOf(answer as Answer) as Data;
      } catch (thrown) {
        const error = toRequestError(thrown);
        if (isUnauthenticated(error)) refused = connectedWith;
        throw error;
      }
    },
    // While it cannot connect, there is nothing to close: its subscription reports that the connection was lost.
    close: () => void Promise.resolve(socket.dispose()).catch(() => undefined),
  };
}

function authorization(token: string | undefined): { authorization?: string } {
  return token ? { authorization: `Bearer ${token}` } : {};
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof GraphqlRequestError && error.code === 'UNAUTHENTICATED';
}

function isMutation({ definitions }: DocumentNode): boolean {
  return definitions.some((each) => 'operation' in each && each.operation === OperationTypeNode.MUTATION);
}

/** A user's action starts a trace (W3C Trace Context), and everything it leads to belongs to it. */
function newTrace(): { traceparent: string } {
  const hex = (bytes: number) =>
    Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { traceparent: `00-${hex(16)}-${hex(8)}-01` };
}

async function send(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  signal: AbortSignal,
): Promise<Response> {
  const accept = 'application/graphql-response+json, application/json';
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, ...headers },
      body: JSON.stringify(body),
      signal,
    });
  } catch (cause) {
    throw new GraphqlRequestError('CONNECTION_LOST', 'The server does not answer.', { cause });
  }
}

async function answerOf(response: Response): Promise<Answer> {
  let text: string;
  try {
    text = await response.text();
  } catch (cause) {
    throw new GraphqlRequestError('CONNECTION_LOST', 'The answer broke off.', { cause });
  }
  try {
    return JSON.parse(text) as Answer;
  } catch (cause) {
    const message = `The server answered ${response.status} without GraphQL.`;
    throw new GraphqlRequestError(`HTTP_${response.status}`, message, { cause });
  }
}

function dataOf({ data, errors }: Answer): unknown {
  if (errors?.length) throw toRequestError(errors);
  if (data === undefined || data === null) throw new GraphqlRequestError('UNKNOWN', 'The answer has no data.');
  return data;
}

/** GraphQL errors come as a list; otherwise the closing of the socket ends a subscription. */
function toRequestError(error: unknown): GraphqlRequestError {
  if (error instanceof GraphqlRequestError) return error;
  if (Array.isArray(error)) {
    const [first] = error as GraphqlErrorShape[];
    const code = first?.extensions?.code;
    return new GraphqlRequestError(typeof code === 'string' ? code : 'UNKNOWN', first?.message ?? 'Unknown error.');
  }
  const { code, reason } = (error ?? {}) as Partial<CloseEvent>;
  if (code === 4401 || code === 4403) return new GraphqlRequestError('UNAUTHENTICATED', reason ?? 'Signed out.');
  return new GraphqlRequestError('CONNECTION_LOST', reason ? reason : 'The connection was lost.', { cause: error });
}

/** A peer that vanished without closing leaves a socket that looks open: only a missing pong reveals it. */
function whenSilent(end: () => void) {
  let deadline: ReturnType<typeof setTimeout> | undefined;
  return {
    ping: (received: boolean) => {
      if (!received) deadline = setTimeout(end, keepAliveMs);
    },
    pong: (received: boolean) => {
      if (received) clearTimeout(deadline);
    },
    closed: () => clearTimeout(deadline),
  };
}
