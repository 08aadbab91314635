import { print, type GraphQLFormattedError } from 'graphql';
import type { Logger } from '../../platform/server/index.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Graph } from '../documents/graph.ts';
import { askFor, type Execute, type EngineOptions } from './engine.ts';
import type { RequestContext } from './request-context.ts';

export interface ApolloEngineOptions extends Pick<EngineOptions, 'clientOf' | 'hooks' | 'formatError'> {
  graph: Pick<Graph, 'sdl' | 'schema'>;
  logger: Logger;
}

/** What an operation brings to the gateway, and gets back at each of its requests to a subgraph. */
interface GatewayContext {
  context: RequestContext;
  onAnswer: (() => void) | undefined;
}

/**
 * Runs queries and mutations by @apollo/gateway: the reference that our own execution is compared with, and a way out
 * should it be wrong. Documents are checked, and subgraphs asked, as they always are.
 */
export async function createApolloExecution(options: ApolloEngineOptions): Promise<Execute> {
  const { graph, logger, formatError } = options;
  // Read when the gateway starts: otherwise it reports to its maker.
  process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
  const { ApolloGateway } = await import('@apollo/gateway');
  const gateway = new ApolloGateway({
    supergraphSdl: graph.sdl,
    logger: { debug: () => undefined, info: () => undefined, warn: toWarn(logger), error: toWarn(logger) },
    buildService: ({ name }) => ({
      async process(process) {
        const { query = '', variables = {} } = process.request;
        const { context, onAnswer } = process.context as GatewayContext;
        const body = `{"query":${JSON.stringify(query)},"variables":${JSON.stringify(variables)}`;
        const type = /^(mutation|subscription)\b/.exec(query)?.[0] as 'mutation' | 'subscription' | undefined;
        const { data, errors } = await askFor(options, context)({ subgraph: name, type: type ?? 'query', body });
        onAnswer?.();
        return { ...(data === undefined ? {} : { data }), ...(errors ? { errors } : {}) };
      },
    }),
  });
  const { executor } = await gateway.load();
  return async ({ operation: { document, operation, key, nameOf }, variables }, context, onAnswer) => {
    const source = print(document);
    const given = {
      request: { query: source, variables },
      document,
      operation,
      operationName: operation.name?.value ?? null,
      queryHash: key,
      source,
      schema: graph.schema,
      context: { context, onAnswer } satisfies GatewayContext,
      metrics: {},
    };
    const { data, errors = [] } = await executor(given as unknown as Parameters<typeof executor>[0]);
    return {
      data: data === undefined ? undefined : JSON.stringify(withNames(data, nameOf)),
      errors: errors.map((error) => formatError(error, withPath(error.toJSON(), nameOf))),
    };
  };
}

const toWarn = (logger: Logger) => (message: unknown) =>
  logger.warn({ gateway: String(message) }, '@apollo/gateway says');

type NameOf = CheckedOperation['nameOf'];

/** The answer under the client's response names. */
function withNames(value: unknown, nameOf: NameOf): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withNames(item, nameOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [nameOf(name), withNames(part, nameOf)]));
}

function withPath(error: GraphQLFormattedError, nameOf: NameOf): GraphQLFormattedError {
  const { path } = error;
  return path ? { ...error, path: path.map((step) => (typeof step === 'string' ? nameOf(step) : step)) } : error;
}
