import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { HeaderMap, type ApolloServer, type BaseContext } from '@apollo/server';
import { answerTypeFor } from './accept.ts';
import {
  abortedBy,
  holdWhileWaiting,
  HttpRefusal,
  placeFor,
  readBody,
  refuseGraphql,
  sendText,
  type Guest,
  type RequestHandler,
} from './http.ts';
import type { Unwanted } from './unwanted.ts';

export interface GraphqlRouteOptions<Context extends BaseContext> {
  apollo: Pick<ApolloServer<Context>, 'executeHTTPGraphQLRequest'>;
  /**
   * May throw a client error; it is answered as GraphQL with its code. `gone` is aborted when no client waits for the
   * answer any more.
   */
  contextOf(request: IncomingMessage, gone: Unwanted): Promise<Context>;
  maxBodyBytes: number;
  /** The client whose places a request takes. */
  guestOf?(request: IncomingMessage): Guest | Promise<Guest>;
}

/** Carries GraphQL requests between Node's HTTP and an Apollo Server. */
export function graphqlRoute<Context extends BaseContext>(options: GraphqlRouteOptions<Context>): RequestHandler {
  return async (request, response) => {
    try {
      await serve(request, response, options);
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
      refuseGraphql(request, response, error);
    }
  };
}

async function serve<Context extends BaseContext>(
  request: IncomingMessage,
  response: ServerResponse,
  { apollo, contextOf, guestOf, ...options }: GraphqlRouteOptions<Context>,
): Promise<void> {
  const gone = abortedBy(response);
  // Apollo Server would check this after all the work, and say that it cannot be answered.
  const accept = answerTypeFor(request.headers.accept);
  if (!accept) {
    const because = 'Answers are application/json or application/graphql-response+json, and "Accept" takes neither.';
    throw new HttpRefusal(406, 'BAD_REQUEST', because);
  }
  const guest = await guestOf?.(request);
  const text = request.method === 'POST' ? await readBody(request, options.maxBodyBytes, guest) : '';
  const body = parseBody(text);
  const url = request.url ?? '/';
  // Kept until the execution has ended, even when the client is gone: it costs until then.
  const place = guest && placeFor(guest, 'operations');
  let answer: Awaited<ReturnType<typeof apollo.executeHTTPGraphQLRequest>>;
  try {
    answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method ?? 'GET',
        headers: headersFor(request.headers, accept),
        search: url.includes('?') ? url.slice(url.indexOf('?')) : '',
        body,
      },
      context: () => contextOf(request, gone),
    });
  } finally {
    place?.leave();
  }
  if (gone.aborted) return;
  const status = answer.status ?? 200;
  const headers = { ...Object.fromEntries(answer.headers), 'cache-control': 'no-store' };
  if (answer.body.kind === 'complete') {
    await sendText(request, response, answer.body.string, { status, headers });
  } else {
    response.writeHead(status, headers);
    for await (const chunk of answer.body.asyncIterator) response.write(chunk);
    response.end();
  }
  if (guest) holdWhileWaiting(response, guest);
}

function parseBody(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new HttpRefusal(400, 'BAD_REQUEST', 'The body is not JSON.');
  }
}

/** What Apollo Server looks at: the form of the body and of the answer, and what shows that no form of a page sent it. */
function headersFor(given: IncomingHttpHeaders, accept: string): HeaderMap {
  const headers = new HeaderMap([['accept', accept]]);
  for (const name of ['content-type', 'x-apollo-operation-name', 'apollo-require-preflight']) {
    const value = given[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  return headers;
}
