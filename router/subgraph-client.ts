import type { GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLFormattedError } from 'graphql';
import { Pool } from 'undici';
import type { SubgraphName } from '../schema/subgraphs.ts';
import type { Logger } from '../subgraphs/chassis/process.ts';
import { unavailable, routerError } from './client-errors.ts';
import type { Metrics } from './metrics.ts';
import type { RequestContext } from './request-context.ts';

export interface SubgraphClient extends GraphQLDataSource {
  /** `ok`, or what is wrong with the subgraph. */
  readiness(timeoutMs: number): Promise<string>;
  close(): Promise<void>;
}

export interface SubgraphClientOptions {
  name: SubgraphName;
  url: URL;
  timeoutMs: number;
  connections: number;
  metrics: Metrics;
  logger: Logger;
}

interface GraphQLAnswer {
  data?: Record<string, unknown> | null;
  errors?: GraphQLFormattedError[];
}

/** Statuses with which a proxy or a starting process says that nobody is there. */
const awayStatuses = new Set([502, 503, 504]);

/**
 * The gateway's way to one subgraph. Nothing is sent twice: whether a mutation that got no answer was carried out is for
 * the client to find out with its idempotency key.
 */
export function createSubgraphClient(options: SubgraphClientOptions): SubgraphClient {
  const { name, url, timeoutMs, metrics, logger } = options;
  const pool = new Pool(url.origin, { connections: options.connections, connectTimeout: timeoutMs });
  const path = `${url.pathname}${url.search}`;

  async function send(body: string, context: Partial<RequestContext>): Promise<{ status: number; text: string }> {
    const stop = metrics.subgraphDuration.startTimer({ subgraph: name });
    try {
      const response = await pool.request({
        path,
        method: 'POST',
        headers: requestHeaders(context),
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      metrics.subgraphRequests.inc({ subgraph: name, outcome: String(response.statusCode) });
      const text = await response.body.text();
      stop();
      return { status: response.statusCode, text };
    } catch (error) {
      metrics.subgraphRequests.inc({ subgraph: name, outcome: 'unreachable' });
      logger.warn({ subgraph: name, correlationId: context.correlationId, err: error }, 'subgraph does not answer');
      throw unavailable();
    }
  }

  return {
    async process({ request, context }) {
      const forwarded = context as Partial<RequestContext>;
      const { query, variables, operationName } = request;
      const { status, text } = await send(JSON.stringify({ query, variables, operationName }), forwarded);
      const answer = parseAnswer(text);
      if (answer) return answer;
      logger.error(
        { subgraph: name, correlationId: forwarded.correlationId, status },
        'subgraph gave no GraphQL answer',
      );
      if (awayStatuses.has(status)) throw unavailable();
      throw routerError('INTERNAL_SERVER_ERROR', 'A service gave an answer that cannot be read.');
    },
    async readiness(readinessTimeoutMs) {
      try {
        const response = await pool.request({
          path: '/readyz',
          method: 'GET',
          signal: AbortSignal.timeout(readinessTimeoutMs),
        });
        await response.body.dump();
        return response.statusCode === 200 ? 'ok' : `answers ${response.statusCode}`;
      } catch {
        return 'does not answer';
      }
    },
    close: () => pool.close(),
  };
}

function requestHeaders(context: Partial<RequestContext>): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (context.authorization) headers['authorization'] = context.authorization;
  if (context.correlationId) headers['x-correlation-id'] = context.correlationId;
  if (context.traceparent) headers['traceparent'] = context.traceparent;
  return headers;
}

/** The GraphQL answer, whatever HTTP status it came with: subgraphs send 401 and 503 with a body of errors. */
function parseAnswer(text: string): GraphQLAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== 'object' || answer === null) return undefined;
    return 'data' in answer || ('errors' in answer && Array.isArray(answer.errors))
      ? (answer as GraphQLAnswer)
      : undefined;
  } catch {
    return undefined;
  }
}
