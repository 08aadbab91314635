import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { OperationLabel } from './operation-label.ts';
import type { Tracing } from './tracing.ts';

/** The metadata of a subscription's event, beside its fields. */
interface Told {
  /** The `traceparent` of the trace that it belongs to. */
  traceparent?: string;
  /** Ids of the events that it tells of. */
  seen?: readonly string[];
}

/**
 * For graphql-ws: sends the metadata of an event with its result, in `extensions`. An event that belongs to a trace
 * gets a span, the parent of the receiver's.
 */
export function subscribeWith(tracing: Tracing, labelOf: OperationLabel) {
  async function subscribe(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
    const events = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in events)) return events;
    const source = events[Symbol.asyncIterator]() as AsyncIterator<unknown, undefined>;
    const ended = { done: true, value: undefined } as const;
    // Not a generator: its `return` would wait for the next event.
    const results: AsyncIterableIterator<ExecutionResult> = {
      async next() {
        const { done, value } = await source.next();
        return done ? ended : { done: false, value: await resultOf(args, value) };
      },
      async return() {
        await source.return?.();
        return ended;
      },
      [Symbol.asyncIterator]: () => results,
    };
    return results;
  }

  async function resultOf(args: ExecutionArgs, event: unknown): Promise<ExecutionResult> {
    const { traceparent: parent, seen } = (event ?? {}) as Told;
    const result = async (extensions: Told) => {
      const answer = await execute({ ...args, rootValue: event });
      return Object.keys(extensions).length > 0 ? { ...answer, extensions: { ...extensions } } : answer;
    };
    const told: Told = seen ? { seen } : {};
    if (parent === undefined || !tracing.on) return result(told);
    return tracing.trace(`push ${labelOf(args.operationName)}`, parent, {}, (traceparent) =>
      result(traceparent === undefined ? told : { ...told, traceparent }),
    );
  }

  return { subscribe };
}
