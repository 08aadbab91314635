import type { CheckedOperation } from '../documents/documents.ts';
import type { SubgraphAnswer } from './execution/answer.ts';
import type { SubgraphRequest } from './execution/execute.ts';
import type { Plan } from './planning/plan.ts';
import type { RequestContext } from './request-context.ts';
import type { Answer, Asked } from './asked.ts';

/** What is to be called at the end of what a hook saw begin. */
type Then<Result> = ((result: Result) => void) | undefined;

/** One request to a subgraph, as hooks may change it before it leaves. */
export interface Fetch extends SubgraphRequest {
  /** What travels in the request's `extensions`. */
  extensions: Record<string, unknown>;
  /** W3C trace context. */
  traceparent: string | undefined;
}

/**
 * What to do at points of every operation, besides running it; `router/hooks` has the product's. A hook returns what it
 * wants to do at the end, and must not throw.
 */
export interface Hooks {
  /** A query or mutation begins; ends with its answer. May change the context. */
  onRequest?(asked: Asked, context: RequestContext): Then<Answer>;
  /** An operation is planned; ends with the plan, or without one when it cannot be. */
  onPlan?(operation: CheckedOperation): Then<Plan | undefined>;
  /** A subgraph is asked; ends with its answer. */
  onFetch?(fetch: Fetch, context: RequestContext): Then<SubgraphAnswer>;
  /** An event of a subscription has come, and is about to be completed. */
  onEvent?(event: SubgraphAnswer, context: RequestContext): void;
  /** A query or mutation is answered. */
  onResponse?(answer: Answer, asked: Asked, context: RequestContext): void;
}

/** Several hooks as one: they begin in order, and end in the opposite one. */
export function combineHooks(all: readonly Hooks[]): Required<Hooks> {
  const both = <Result>(ends: Then<Result>[]): Then<Result> => {
    const given = ends.filter((end) => end !== undefined).toReversed();
    return given.length > 0
      ? (result) => {
          for (const end of given) end(result);
        }
      : undefined;
  };
  return {
    onRequest: (asked, context) => both(all.map((hooks) => hooks.onRequest?.(asked, context))),
    onPlan: (operation) => both(all.map((hooks) => hooks.onPlan?.(operation))),
    onFetch: (fetch, context) => both(all.map((hooks) => hooks.onFetch?.(fetch, context))),
    onEvent: (event, context) => {
      for (const hooks of all) hooks.onEvent?.(event, context);
    },
    onResponse: (answer, asked, context) => {
      for (const hooks of all) hooks.onResponse?.(answer, asked, context);
    },
  };
}
