import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { OperationTypeNode, print, type DocumentNode } from 'graphql';
import { createClient as createSocket } from 'graphql-ws/client';
import { backoffMs } from './backoff.ts';

/** Where and as whom. */
export interface ClientOptions {
  /** Absolute http(s) address of `/graphql`; subscriptions use the same one as ws(s). */
  url: string;
  /**
   * The bearer token, or a function that gives the current one: called for each request and each connection, and now and
   * then while one is open, so that a new token keeps its streams. It is told which one the server refused last, and may
   * give another.
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

export interface SubscribeOptions {
  /** The cursor to begin after. */
  after?: Cursor | undefined;
  /** False: a lost stream ends. For callers that resume it themselves, after the cursor of the last event they have. */
  resume?: boolean;
  /** Called each time the stream is lost and will be taken up again, with the reason. */
  onLost?: (code: string) => void;
  /** Milliseconds before the given try (1, 2, 3 …) to take it up again. */
  retryDelayMs?: (retry: number) => number;
}

/** As an event's `extensions.cursor` has it, and a request gives it back. */
type Cursor = string | number;

export interface Client {
  /** Runs a query or mutation. @throws {GraphqlRequestError} on any error; a refusal is data, not an error. */
  request<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>;
  /**
   * Every event until the server completes, the caller leaves the loop, or the client is closed. A stream that is lost
   * goes on after its last cursor by itself, with no gap and no repeat.
   * @throws {GraphqlRequestError} with the server's code, or CONNECTION_LOST when a stream is lost that no cursor was
   * known of, or CURSOR_IGNORED from a router of before there were cursors: changes may have been missed, so the caller
   * asks for the state again.
   */
  subscribe<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: SubscribeOptions,
  ): AsyncIterable<Data>;
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

/** Codes of a request that no server answered; of a proxy in front of it, while there is none behind it. */
const silences: ReadonlySet<string | undefined> = new Set(['CONNECTION_LOST', 'HTTP_502', 'HTTP_503', 'HTTP_504']);

/** Whether the code of an error says that nobody answered. */
export const isSilence = (code: string | undefined): boolean => silences.has(code);

interface Answer {
  data?: unknown;
  errors?: readonly GraphqlErrorShape[];
  extensions?: { cursor?: Cursor };
}

interface GraphqlErrorShape {
  message: string;
  extensions?: { code?: unknown };
}

/** The router gives up on a subgraph after 10 s and asks few in a row: one that is silent for longer never answers. */
const answerTimeoutMs = 30_000;
/** How long a silent connection counts as alive, in each of its two halves: the ping and the pong. */
const keepAliveMs = 10_000;

/** Reasons after which a stream may be taken up again. */
const passing = new Set([
  'CONNECTION_LOST',
  'SERVICE_UNAVAILABLE',
  'SLOW_CONSUMER',
  // The graph has changed: what is still valid goes on, and what is not is told so at the next try.
  'SUBSCRIPTION_SCHEMA_RELOAD',
  'TOO_MANY_REQUESTS',
]);

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
  let connection: WebSocket | undefined;
  const closed = new AbortController();

  /** A new token keeps the streams of the open connection. */
  async function renew(): Promise<void> {
    const [open, before] = [connection, connectedWith];
    const bearer = await currentToken();
    if (!bearer || bearer === before || open !== connection || open?.readyState !== openState) return;
    connectedWith = bearer;
    open.send(JSON.stringify({ type: 'ping', payload: authorization(bearer) }));
  }

  /** Whether a token that was refused can be replaced; streams that it carried have all ended. */
  async function hasAnother(): Promise<boolean> {
    if ((await currentToken().catch(() => refused)) === refused) return false;
    socket.terminate();
    return true;
  }

  const socket = createSocket({
    url: url.replace(/^http/, 'ws'),
    retryAttempts: 0,
    keepAlive: keepAliveMs,
    connectionParams: async () => authorization((connectedWith = await currentToken())),
    on: {
      connected(opened) {
        connection = opened as WebSocket;
        onConnected?.();
      },
      // While there is no new token, the old one stays.
      ...whenSilent(
        () => socket.terminate(),
        () => void renew().catch(() => undefined),
      ),
    },
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
    async *subscribe<Data, Variables>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      { after, resume = true, onLost, retryDelayMs = backoffMs }: SubscribeOptions = {},
    ) {
      const operation = { query: print(document), variables: variables as Record<string, unknown> };
      let cursor = after;
      let retries = 0;
      let isRenewed = false;
      for (;;) {
        try {
          const payload = cursor === undefined ? operation : { ...operation, extensions: { cursor } };
          for await (const answer of socket.iterate(payload)) {
            const data = dataOf(answer as Answer) as Data;
            const place = (answer as Answer).extensions?.cursor;
            // A router of before there were cursors begins anywhere: it may repeat, or leave out.
            if (cursor !== undefined && place === undefined) throw cursorIgnored();
            retries = 0;
            isRenewed = false;
            if (place !== undefined && place === cursor) continue;
            cursor = place;
            yield data;
          }
          return;
        } catch (thrown) {
          const error = toRequestError(thrown);
          if (error.code === cursorIgnoredCode) throw error;
          const isRefused = isUnauthenticated(error);
          if (isRefused) refused = connectedWith;
          if (!resume || cursor === undefined || isAborted(closed.signal)) throw error;
          if (isRefused ? isRenewed || !(await hasAnother()) : !passing.has(error.code)) throw error;
          isRenewed ||= isRefused;
          retries += 1;
          onLost?.(error.code);
          if (!isRefused) await pause(retryDelayMs(retries), closed.signal);
          if (isAborted(closed.signal)) return;
        }
      }
    },
    // While it cannot connect, there is nothing to close: its subscription reports that the connection was lost.
    close() {
      closed.abort();
      void Promise.resolve(socket.dispose()).catch(() => undefined);
    },
  };
}

/** The server does not know the cursor that it was given: what the caller has may lack changes. */
const cursorIgnoredCode = 'CURSOR_IGNORED';
const cursorIgnored = () =>
  new GraphqlRequestError(cursorIgnoredCode, 'The server does not go on after a cursor: ask for the state again.');

/** `WebSocket.OPEN`, whichever implementation there is. */
const openState = 1;

/** Ends early when aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
}

/** A function, because the type checker keeps the narrowing of a property across an await. */
const isAborted = (signal: AbortSignal) => signal.aborted;

function authorization(token: string | undefined): { authorization?: string } {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** The token is not good, or no longer: another may be. */
const tokenRefused = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED']);

function isUnauthenticated(error: unknown): boolean {
  return error instanceof GraphqlRequestError && tokenRefused.has(error.code);
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
  const answer = answerIn(text);
  if (answer) return answer;
  // Of a proxy, say, which may speak JSON as well.
  throw new GraphqlRequestError(`HTTP_${response.status}`, `The server answered ${response.status} without GraphQL.`);
}

function answerIn(text: string): Answer | undefined {
  try {
    const value = JSON.parse(text) as Answer | null;
    return Array.isArray(value?.errors) || value?.data !== undefined ? value : undefined;
  } catch {
    return undefined;
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
  if (code === 4498) return new GraphqlRequestError('TOKEN_EXPIRED', reason ?? 'Signed out.');
  if (code === 4401 || code === 4403) return new GraphqlRequestError('UNAUTHENTICATED', reason ?? 'Signed out.');
  return new GraphqlRequestError('CONNECTION_LOST', reason ? reason : 'The connection was lost.', { cause: error });
}

/** A peer that vanished without closing leaves a socket that looks open: only a missing pong reveals it. */
function whenSilent(end: () => void, onPing: () => void) {
  let deadline: ReturnType<typeof setTimeout> | undefined;
  return {
    ping: (received: boolean) => {
      if (received) return;
      deadline = setTimeout(end, keepAliveMs);
      onPing();
    },
    pong: (received: boolean) => {
      if (received) clearTimeout(deadline);
    },
    closed: () => clearTimeout(deadline),
  };
}
