import { HeaderMap, type ApolloServer, type BaseContext, type HTTPGraphQLRequest } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Documents, OperationRequest } from './documents.ts';

type Executor<Context extends BaseContext> = Pick<ApolloServer<Context>, 'executeHTTPGraphQLRequest'>;

/**
 * Checks the document of every request over HTTP before Apollo Server sees it. What is no GraphQL request at all is left to
 * Apollo Server to refuse.
 */
export function withCheckedDocuments<Context extends BaseContext & { cost?: number }>(
  executor: Executor<Context>,
  documents: Documents,
  formatError: ErrorFormatter,
  onRefused: (code: string) => void,
): Executor<Context> {
  return {
    async executeHTTPGraphQLRequest(request) {
      const { httpGraphQLRequest } = request;
      const asked = operationOf(httpGraphQLRequest);
      if (!asked) return executor.executeHTTPGraphQLRequest(request);
      const checked = documents.check(asked);
      if ('errors' in checked) {
        onRefused(String(checked.errors[0]?.extensions['code']));
        return refusal(httpGraphQLRequest, checked.errors, formatError);
      }
      const { cost } = checked;
      return executor.executeHTTPGraphQLRequest({
        httpGraphQLRequest: asked.operationName === '' ? withoutName(httpGraphQLRequest) : httpGraphQLRequest,
        context: async () => ({ ...(await request.context()), cost }),
      });
    },
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is asked for; undefined when it is not a GraphQL request. */
function operationOf({ method, body, search }: HTTPGraphQLRequest): OperationRequest | undefined {
  const { query, operationName, variables } = method === 'GET' ? fromSearch(search) : isRecord(body) ? body : {};
  if (typeof query !== 'string' || query === '') return undefined;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return undefined;
  if (variables !== undefined && variables !== null && !isRecord(variables)) return undefined;
  return { query, operationName, variables };
}

function fromSearch(search: string): Record<string, unknown> {
  const params = new URLSearchParams(search);
  const [query, operationName, variables] = ['query', 'operationName', 'variables'].map((name) => params.get(name));
  try {
    return { query, operationName, variables: variables === null ? null : (JSON.parse(String(variables)) as unknown) };
  } catch {
    return {};
  }
}

function withoutName(request: HTTPGraphQLRequest): HTTPGraphQLRequest {
  if (request.method !== 'GET') {
    return { ...request, body: { ...(request.body as object), operationName: null } };
  }
  const params = new URLSearchParams(request.search);
  params.delete('operationName');
  return { ...request, search: `?${params.toString()}` };
}

/** 400, as Apollo Server answers what it does not run (GraphQL over HTTP, "application/graphql-response+json"). */
function refusal({ headers }: HTTPGraphQLRequest, errors: readonly GraphQLError[], formatError: ErrorFormatter) {
  const type = headers.get('accept')?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json; charset=utf-8'
    : 'application/json; charset=utf-8';
  const string = JSON.stringify({ errors: errors.map((error) => formatError(error)) });
  return {
    status: 400,
    headers: new HeaderMap([
      ['content-type', type],
      ['cache-control', 'no-store'],
    ]),
    body: { kind: 'complete' as const, string },
  };
}
