import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode } from 'graphql';
import {
  answerStatus,
  countRequests,
  traceRequests,
  type Logger,
  type OperationLabel,
  type Tracing,
} from '../../platform/server/index.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import type { RouterSettings } from '../config.ts';
import type { Metrics } from '../metrics.ts';
import { withWholeIntrospection, type Graph } from '../documents/graph.ts';
import { createPlanStore, plannerConfig } from '../documents/planning.ts';
import type { Documents } from '../documents/documents.ts';
import type { RequestContext } from './request-context.ts';
import type { SubgraphClient } from './subgraph-client.ts';
import { createTurns, type Turns } from './turns.ts';

export interface GatewayOptions {
  supergraphSdl: string;
  settings: RouterSettings;
  documents: Documents;
  clientOf(subgraph: string): SubgraphClient;
  formatError: ErrorFormatter;
  metrics: Metrics;
  tracing: Tracing;
  labelOf: OperationLabel;
  logger: Logger;
}

/** Queries and mutations: planned and run by the gateway, carried by Apollo Server. Started; `stop()` ends both. */
export async function startGateway(options: GatewayOptions): Promise<ApolloServer<RequestContext>> {
  const { settings, documents, metrics } = options;
  // Both libraries announce themselves at info.
  const logger = options.logger.child({}, { level: settings.LOG_LEVEL === 'silent' ? 'silent' : 'warn' });
  const gateway = new ApolloGateway({
    supergraphSdl: options.supergraphSdl,
    buildService: ({ name }) => options.clientOf(name),
    queryPlannerConfig: { ...plannerConfig, cache: createPlanStore(settings.PLAN_CACHE_BYTES) },
    logger,
  });
  const apollo = new ApolloServer<RequestContext>({
    gateway,
    logger,
    formatError: (formatted, error) => options.formatError(error, formatted),
    documentStore: documents.store,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    plugins: [
      noSubscriptions,
      inTurn(
        createTurns({
          runningCost: settings.MAX_RUNNING_COST,
          waitMs: settings.QUERY_WAIT_MS,
          register: metrics.register,
        }),
      ),
      answerStatus,
      clientsNames(documents),
      countRequests(metrics.requests, options.labelOf),
      traceRequests(options.tracing, options.labelOf),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  // Its planner reads the documents, and has an API schema of its own.
  withWholeIntrospection((gateway as unknown as Pick<Graph, 'apiSchema'>).apiSchema);
  return apollo;
}

const badRequest = (code: string, message: string) =>
  new GraphQLError(message, { extensions: { code, http: { status: 400 } } });

/** The gateway would answer with 500 although the client made the mistake. */
const noSubscriptions: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, contextValue }) {
        // A mutation runs to its end even when its client has gone.
        if (operation?.operation === OperationTypeNode.MUTATION) contextValue.unwanted = undefined;
        if (operation?.operation === OperationTypeNode.SUBSCRIPTION) {
          throw badRequest(
            'BAD_REQUEST',
            'Subscribe over WebSocket (graphql-transport-ws), or by POST with "Accept: text/event-stream".',
          );
        }
      },
    };
  },
};

/** The query cost that a database works off per millisecond: an aborted query keeps running there for about so long. */
const databaseCostPerMs = 20;

/** Queries only: mutations mostly wait for other services, and take little from others meanwhile. */
function inTurn(turns: Turns): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      let end: (() => void) | undefined;
      let beganAt = 0;
      return {
        async didResolveOperation({ operation, contextValue: { cost = 0, unwanted } }) {
          if (operation?.operation !== OperationTypeNode.QUERY) return;
          end = await turns.take(cost, unwanted);
          beganAt = performance.now();
        },
        async willSendResponse({ contextValue: { cost = 0, unwanted } }) {
          const left = beganAt + cost / databaseCostPerMs - performance.now();
          // Otherwise a client that aborts and asks again would have more running than one that waits for its answers.
          if (end && unwanted?.aborted && left > 0) setTimeout(end, left);
          else end?.();
        },
      };
    },
  };
}

/** Gives the answer the names that the client asked for, where its document had to be run under others. */
const clientsNames = (documents: Documents): ApolloServerPlugin<RequestContext> => ({
  async requestDidStart() {
    return {
      async willSendResponse({ document, response: { body } }) {
        if (document && body.kind === 'single') body.singleResult = documents.restore(document, body.singleResult);
      },
    };
  },
});
