import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin, type GraphQLResponse } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { countRequests, traceRequests, type Logger, type Tracing } from '../subgraphs/chassis/process.ts';
import { statusWithoutData, type ErrorFormatter } from './client-errors.ts';
import type { RouterSettings } from './config.ts';
import type { Metrics } from './metrics.ts';
import { queryDepthRule } from './query-depth.ts';
import type { RequestContext } from './request-context.ts';
import type { SubgraphClient } from './subgraph-client.ts';

export interface GatewayOptions {
  supergraphSdl: string;
  settings: RouterSettings;
  clientOf(subgraph: string): SubgraphClient;
  formatError: ErrorFormatter;
  metrics: Metrics;
  tracing: Tracing;
  logger: Logger;
}

/** Queries and mutations: planned and run by the gateway, carried by Apollo Server. Started; `stop()` ends both. */
export async function startGateway(options: GatewayOptions): Promise<ApolloServer<RequestContext>> {
  const { settings, metrics } = options;
  // Both libraries announce themselves at info.
  const logger = options.logger.child({}, { level: settings.LOG_LEVEL === 'silent' ? 'silent' : 'warn' });
  const gateway = new ApolloGateway({
    supergraphSdl: options.supergraphSdl,
    buildService: ({ name }) => options.clientOf(name),
    logger,
  });
  const apollo = new ApolloServer<RequestContext>({
    gateway,
    logger,
    formatError: (formatted, error) => options.formatError(error, formatted),
    validationRules: [queryDepthRule(settings.MAX_QUERY_DEPTH)],
    parseOptions: { maxLexicalTokens: settings.MAX_QUERY_TOKENS },
    maxRecursiveSelections: true,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    plugins: [
      operationChecks,
      answerStatus,
      countRequests(metrics.requests),
      traceRequests(options.tracing),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return apollo;
}

const badRequest = (code: string, message: string) =>
  new GraphQLError(message, { extensions: { code, http: { status: 400 } } });

/** What the gateway would answer with 500 although the client made the mistake. */
const operationChecks: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, request }) {
        if (!operation) {
          throw badRequest(
            'OPERATION_RESOLUTION_FAILURE',
            request.operationName
              ? `The document has no operation named "${request.operationName}".`
              : 'The document has several operations: say which by "operationName".',
          );
        }
        if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
          throw badRequest(
            'BAD_REQUEST',
            'Subscribe over WebSocket (graphql-transport-ws), or by POST with "Accept: text/event-stream".',
          );
        }
      },
    };
  },
};

function singleResultOf({ body }: GraphQLResponse) {
  return body.kind === 'single' ? body.singleResult : body.initialResult;
}

const answerStatus: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ response }) {
        const { data, errors } = singleResultOf(response);
        const status = statusWithoutData(data, errors);
        if (status) response.http.status = status;
      },
    };
  },
};
