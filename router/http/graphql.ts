import { HeaderMap, type HTTPGraphQLRequest, type HTTPGraphQLResponse } from '@apollo/server';
import { GraphQLError, OperationTypeNode, type GraphQLFormattedError } from 'graphql';
import { statusWithoutData, type Client } from '../../platform/server/index.ts';
import { routerError, type ErrorFormatter } from '../client-errors.ts';
import type { OperationRequest } from '../documents/documents.ts';
import { textOf, type Answer } from '../gateway/asked.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { Rates } from './rates.ts';
import type { Generation } from '../supergraph/generation.ts';

export interface GraphqlHttpOptions {
  /** The generation to begin with. */
  current(): Pick<Generation, 'documents' | 'engine'>;
  rates: Pick<Rates, 'refuse'>;
  formatError: ErrorFormatter;
  /** Called with the code of a request that is refused before it is run. */
  onRefused(code: string): void;
}

/** What is known of a request before it is read. */
type ClientContext = RequestContext & { client: Client };

export interface GraphqlHttp {
  executeHTTPGraphQLRequest(request: {
    httpGraphQLRequest: HTTPGraphQLRequest;
    context(): Promise<ClientContext>;
  }): Promise<HTTPGraphQLResponse>;
}

/** Headers that a page of another site cannot send without asking first (CORS). */
const preflightHeaders = ['x-apollo-operation-name', 'apollo-require-preflight'];
/** Content types that it can. */
const simpleTypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/** A request that is refused with a status. */
class Refusal extends Error {
  readonly status: number;
  readonly errors: readonly GraphQLError[];
  readonly headers: readonly [string, string][];

  constructor(status: number, errors: readonly GraphQLError[], headers: readonly [string, string][] = []) {
    super();
    this.status = status;
    this.errors = errors;
    this.headers = headers;
  }
}

const badRequest = (message: string, status = 400, headers: readonly [string, string][] = []) =>
  new Refusal(status, [routerError('BAD_REQUEST', message)], headers);

/** Queries and mutations over HTTP ("GraphQL over HTTP"): by POST as JSON, queries by GET as well. */
export function createGraphqlHttp({ current, rates, formatError, onRefused }: GraphqlHttpOptions): GraphqlHttp {
  async function answer(
    request: HTTPGraphQLRequest,
    contextOf: () => Promise<ClientContext>,
  ): Promise<{ status: number; answer: Answer }> {
    refuseForeignPages(request);
    const asked = operationOf(request);
    const context = await contextOf();
    const { documents, engine } = current();
    const checked = documents.check(asked, context);
    if ('errors' in checked) throw new Refusal(checked.status ?? 400, checked.errors);
    const { operation, coerced: variables, cost } = checked;
    const type = operation.operation.operation;
    if (type === OperationTypeNode.SUBSCRIPTION) {
      throw badRequest('Subscribe over WebSocket (graphql-transport-ws), or with "Accept: text/event-stream".');
    }
    if (request.method === 'GET' && type !== OperationTypeNode.QUERY) {
      throw badRequest('A mutation is sent by POST.', 405, [['allow', 'POST']]);
    }
    const tooOften = rates.refuse(context.client, operation);
    if (tooOften) throw new Refusal(429, [tooOften], [['retry-after', '1']]);
    const answered = await engine.run({ operation, variables, cost }, { ...context, cost });
    return { status: statusOf(answered), answer: { ...answered, extensions: checked.extensions } };
  }

  return {
    async executeHTTPGraphQLRequest({ httpGraphQLRequest, context }) {
      const headers = new HeaderMap([
        ['content-type', answerType(httpGraphQLRequest)],
        ['cache-control', 'no-store'],
      ]);
      try {
        const { status, answer: given } = await answer(httpGraphQLRequest, context);
        return { status, headers, body: { kind: 'complete', string: textOf(given) } };
      } catch (error) {
        const refusal = error instanceof Refusal ? error : refusalOf(error);
        const errors = refusal.errors.map((each) => formatError(each));
        onRefused(String(errors[0]?.extensions?.['code']));
        for (const [name, value] of refusal.headers) headers.set(name, value);
        const status = statusWithoutData(undefined, errors) ?? refusal.status;
        return { status, headers, body: { kind: 'complete', string: textOf({ data: undefined, errors }) } };
      }
    },
  };
}

/** An exception of ours is told as such by the error's format. */
function refusalOf(error: unknown): Refusal {
  const code = error instanceof GraphQLError ? error.extensions['code'] : 'INTERNAL_SERVER_ERROR';
  return new Refusal(code === 'INTERNAL_SERVER_ERROR' ? 500 : 400, [error as GraphQLError]);
}

function answerType({ headers }: HTTPGraphQLRequest): string {
  return headers.get('accept')?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json; charset=utf-8'
    : 'application/json; charset=utf-8';
}

/** The status of an answer: 200 with any data. */
function statusOf({ data, errors }: Answer): number {
  if (errors.length === 0) return 200;
  const given = data === undefined ? undefined : (JSON.parse(data) as Record<string, unknown> | null);
  return statusWithoutData(given, errors) ?? (data === undefined ? statusOfRefused(errors) : 200);
}

/** Nothing was run: because of the router, or because of what was asked. */
function statusOfRefused([first]: readonly GraphQLFormattedError[]): number {
  return first?.extensions?.['code'] === 'INTERNAL_SERVER_ERROR' ? 500 : 400;
}

/**
 * Refuses what a page of another site could send unasked, with this site's cookies or from inside its network
 * ("cross-site request forgery").
 */
function refuseForeignPages({ headers }: HTTPGraphQLRequest): void {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && !simpleTypes.includes(type)) return;
  if (preflightHeaders.some((name) => headers.get(name))) return;
  throw badRequest(
    `Another site's page could have sent this request. Send it with "Content-Type: application/json", or with one of the headers ${preflightHeaders.join(', ')}.`,
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws {Refusal} when it is not a GraphQL request. */
function operationOf({ method, headers, body, search }: HTTPGraphQLRequest): OperationRequest {
  if (method !== 'POST' && method !== 'GET') {
    throw badRequest('GraphQL is asked for by POST, or by GET.', 405, [['allow', 'GET, POST']]);
  }
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined ? type !== 'application/json' : method === 'POST') {
    throw badRequest('A request has the "Content-Type: application/json".', 415);
  }
  if (method === 'POST' && !isRecord(body)) {
    throw badRequest('The body is a JSON object with a "query"; several requests in one are not taken.');
  }
  const given = method === 'POST' ? (body as Record<string, unknown>) : fromSearch(search);
  const { query, documentId, operationName, variables, extensions } = given;
  if (query !== undefined && query !== null && typeof query !== 'string') {
    throw badRequest('"query" must be the text of a document.');
  }
  if (documentId !== undefined && documentId !== null && typeof documentId !== 'string') {
    throw badRequest('"documentId" must be a string.');
  }
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw badRequest('"operationName" must be a string.');
  }
  if (variables !== undefined && variables !== null && !isRecord(variables)) {
    throw badRequest('"variables" must be an object.');
  }
  if (extensions !== undefined && extensions !== null && !isRecord(extensions)) {
    throw badRequest('"extensions" must be an object.');
  }
  return { query: query ?? undefined, documentId: documentId ?? undefined, operationName, variables, extensions };
}

function fromSearch(search: string): Record<string, unknown> {
  const params = new URLSearchParams(search);
  const given: Record<string, unknown> = {};
  for (const name of ['query', 'documentId', 'operationName', 'variables', 'extensions']) {
    const values = params.getAll(name);
    if (values.length > 1) throw badRequest(`"${name}" may be given once.`);
    const [value] = values;
    if (value === undefined) continue;
    given[name] = name === 'query' || name === 'documentId' || name === 'operationName' ? value : jsonOf(name, value);
  }
  return given;
}

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(`"${name}" is not JSON.`);
  }
}
