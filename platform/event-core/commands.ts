import { randomUUID } from 'node:crypto';
import type { Envelope } from '../../schema/events/envelope.ts';
import type { Viewer } from '../server/auth.ts';
import type { Origin, Outcome } from './command-handler.ts';
import type { RequestContext } from '../server/graphql-server.ts';

/** Where a mutation's command comes from. Keys are the caller's own: two callers may use the same one. */
export function commandOrigin(
  context: RequestContext,
  viewer: Viewer,
  mutation: string,
  input: { idempotencyKey?: string | null },
): Origin {
  const { idempotencyKey, ...body } = input;
  return {
    cause: `key:${encodeURIComponent(viewer.userId)}:${idempotencyKey ?? randomUUID()}`,
    isNew: !idempotencyKey,
    correlationId: context.correlationId,
    causationId: context.correlationId,
    traceparent: context.traceparent,
    body: { mutation, ...body },
    saw: context.saw,
  };
}

/** Who asked for the decision with this cause: a userId; null when the system decided by itself. */
export function callerOf(cause: string): string | null {
  const [, caller] = /^key:([^:]+):/.exec(cause) ?? [];
  return caller === undefined ? null : decodeURIComponent(caller);
}

/** The refusal of an outcome as the graph shows it; null when there is none. */
export function refusalOf(outcome: Outcome<unknown, Envelope, string>): { code: string; because: string } | null {
  return outcome.kind === 'refused' ? { code: outcome.refusal.refused, because: outcome.refusal.because } : null;
}
