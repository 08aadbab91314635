import type { OperationLabel, Tracing } from '../../platform/server/index.ts';
import { codeOf } from '../gateway/asked.ts';
import type { Hooks } from '../gateway/hooks.ts';

/** A span for each query and mutation, and below it one for each request to a subgraph. */
export function traceRequests(tracing: Tracing, labelOf: OperationLabel): Hooks {
  if (!tracing.on) return {};
  return {
    onRequest({ operation: { operation } }, context) {
      const name = `${operation.operation} ${labelOf(operation.name?.value)}`;
      const span = tracing.begin(name, context.traceparent, { correlationId: context.correlationId });
      context.traceparent = span.traceparent;
      return (answer) => span.end(codeOf(answer));
    },
    onFetch(fetch, { traceparent }) {
      const span = tracing.begin(`fetch ${fetch.subgraph}`, traceparent);
      fetch.traceparent = span.traceparent;
      return (answer) => span.end(codeOf({ data: undefined, errors: answer.errors ?? [] }));
    },
  };
}
