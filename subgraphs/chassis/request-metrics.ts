import type { ApolloServerPlugin, BaseContext, GraphQLResponse } from '@apollo/server';
import { Counter, Histogram, type Registry } from 'prom-client';

/** Operation names come from clients: only so many become a label, the rest is counted as `other`. */
const namedOperations = 200;

/** Rate, errors and duration of queries and mutations, in the same words in the router and in every subgraph. */
export interface RequestMetrics {
  count(request: { operation: string | null | undefined; type: string; code: string; seconds: number }): void;
}

export function createRequestMetrics(register: Registry): RequestMetrics {
  const registers = [register];
  const known = new Set<string>();
  const requests = new Counter({
    name: 'graphql_requests_total',
    help: 'Queries and mutations answered, by operation name and code of the first error (`OK` without one).',
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
  const labelOf = (name: string | null | undefined): string => {
    if (!name) return 'anonymous';
    const operation = clientsName(name);
    if (known.size < namedOperations) known.add(operation);
    return known.has(operation) ? operation : 'other';
  };
  return {
    count({ operation: name, type, code, seconds }) {
      const operation = labelOf(name);
      requests.inc({ operation, type, code });
      durations.observe({ operation, type }, seconds);
    },
  };
}

/** The gateway asks subgraphs under the client's name, its own and a number: `ReserveBike__point__1`. */
function clientsName(operation: string): string {
  return operation.replace(/__[a-z]+__\d+$/, '');
}

export function countRequests<Context extends BaseContext>(metrics: RequestMetrics): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      const startedAt = performance.now();
      return {
        async willSendResponse({ response, operationName, operation }) {
          metrics.count({
            operation: operationName,
            type: operation?.operation ?? 'unknown',
            code: codeOf(response),
            seconds: (performance.now() - startedAt) / 1000,
          });
        },
      };
    },
  };
}

function codeOf({ body }: GraphQLResponse): string {
  const { errors } = body.kind === 'single' ? body.singleResult : body.initialResult;
  if (!errors?.length) return 'OK';
  const code = errors[0]?.extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
