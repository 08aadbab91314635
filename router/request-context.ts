import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TokenVerifier, Viewer } from '../subgraphs/chassis/process.ts';

/** What travels with one operation to every subgraph that helps to answer it. */
export interface RequestContext {
  viewer: Viewer | null;
  authorization: string | undefined;
  correlationId: string;
  traceparent: string | undefined;
}

const correlationIdForm = /^[\w.:-]{1,128}$/;
/** W3C Trace Context, version 00. */
const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The client's correlation id when it is safe to log and to send on, otherwise a new one. */
export function correlationIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-correlation-id'];
  return typeof given === 'string' && correlationIdForm.test(given) ? given : randomUUID();
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
    traceparent: typeof traceparent === 'string' && traceparentForm.test(traceparent) ? traceparent : undefined,
  };
}
