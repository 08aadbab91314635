import type { ApolloServerPlugin, BaseContext, GraphQLResponse } from '@apollo/server';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Abandonable } from './given-up.ts';
import type { OperationLabel } from './operation-label.ts';

/** Rate, errors and duration of queries and mutations, under the same names in the router and in every subgraph. */
export interface RequestMetrics {
  /**
   * @param request.operation its label, never a client's own name.
   * @param request.code of its first error. What failed after its client had left, mostly because it had, is no failure of
   * anybody: it counts as CANCELLED.
   */
  count(request: CountedRequest): void;
}

interface CountedRequest extends Abandonable {
  operation: string;
  type: string;
  code: string | undefined;
  seconds: number;
}

export function createRequestMetrics(register: Registry): RequestMetrics {
  const registers = [register];
  const requests = new Counter({
    name: 'graphql_requests_total',
    help: 'Queries and mutations answered, by operation name and code of the first error (`OK` without one, `CANCELLED` where the client had left).',
    labelNames: ['operation', 'type', 'code'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'graphql_request_duration_seconds',
    help: 'Time from the parsed request to the answer.',
    labelNames: ['operation', 'type'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    count({ operation, type, code = 'OK', seconds, unwanted }) {
      requests.inc({ operation, type, code: code !== 'OK' && unwanted?.aborted ? 'CANCELLED' : code });
      durations.observe({ operation, type }, seconds);
    },
  };
}

export function countRequests<Context extends BaseContext & Abandonable>(
  metrics: RequestMetrics,
  labelOf: OperationLabel,
): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      const startedAt = performance.now();
      return {
        async willSendResponse({ response, operationName, operation, contextValue }) {
          metrics.count({
            operation: labelOf(operationName),
            type: operation?.operation ?? 'unknown',
            code: codeOf(response),
            seconds: (performance.now() - startedAt) / 1000,
            unwanted: contextValue.unwanted,
          });
        },
      };
    },
  };
}

function codeOf({ body }: GraphQLResponse): string | undefined {
  const { errors } = body.kind === 'single' ? body.singleResult : body.initialResult;
  if (!errors?.length) return undefined;
  const code = errors[0]?.extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
