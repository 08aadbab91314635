import type { IncomingHttpHeaders } from 'node:http';
import {
  correlationIdFrom,
  traceparentFrom,
  type TokenVerifier,
  type Viewer,
  type Unwanted,
} from '../../platform/server/index.ts';

/** What travels with one operation to every subgraph that helps to answer it. */
export interface RequestContext {
  viewer: Viewer | null;
  authorization: string | undefined;
  correlationId: string;
  traceparent: string | undefined;
  /** As they came; which of them travel to a subgraph, header-rules.ts says. */
  headers?: IncomingHttpHeaders;
  /** Aborted once no client waits for the answer any more, so that subgraphs can stop reading for it. */
  unwanted?: Unwanted | undefined;
  /** A mutation that is under way has no unknown outcome for its client. */
  isMutation?: boolean;
  /** How many mutations were answered before it began; set for what may share requests with others. */
  epoch?: number;
  /** What the operation costs, as its document and variables say. */
  cost?: number;
}

/** The client's correlation id when it is safe to log and to send on, otherwise a new one. */
export function correlationIdOf(headers: IncomingHttpHeaders): string {
  return correlationIdFrom(headers['x-correlation-id']);
}

/** @throws a client error UNAUTHENTICATED when there is a token and it is not good. */
export async function createRequestContext(
  headers: IncomingHttpHeaders,
  correlationId: string,
  verifyToken: TokenVerifier,
): Promise<RequestContext> {
  const { authorization, traceparent } = headers;
  return {
    viewer: await verifyToken(authorization),
    authorization,
    correlationId,
    traceparent: traceparentFrom(traceparent),
    headers,
  };
}
