import { OperationTypeNode } from 'graphql';
import type { Unwanted } from '../../platform/server/index.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Answer, Asked } from './asked.ts';
import type { Compiler } from './compiled.ts';
import type { Fetch, Hooks } from './hooks.ts';
import { beginExecution, type Ask, type Execution } from './execution/execute.ts';
import type { Shape } from './execution/shape.ts';
import type { HeaderRules } from './header-rules.ts';
import { deliver, type AnswerPart } from './incremental/deliver.ts';
import type { RequestContext } from './request-context.ts';
import { createSharing } from './sharing.ts';
import type { SubgraphClient } from './subgraph-client.ts';
import type { Turns } from './turns.ts';

/** Runs queries and mutations. */
export interface Engine {
  /**
   * Never rejects. With `onPart` an operation with @defer is answered in parts: it is called with each, and has been
   * with all of them in the end. It is not called for an answer that is whole.
   */
  run(asked: Asked, context: RequestContext, onPart?: OnPart): Promise<Answer>;
}

export type OnPart = (part: AnswerPart) => void;

/** Runs one operation. `onAnswer` is called at each answer of a subgraph. */
export type Execute = (asked: Asked, context: RequestContext, onAnswer?: () => void) => Promise<Answer>;

export interface EngineOptions {
  compiler: Compiler;
  /** Runs operations in place of our own execution. */
  execute?: Execute | undefined;
  clientOf(subgraph: string): Pick<SubgraphClient, 'ask'>;
  turns: Turns;
  headers: HeaderRules;
  /** How many were answered: a query that begins after one must not get an answer from before. */
  mutations: { answered: number };
  formatError: ErrorFormatter;
  hooks: Required<Hooks>;
}

type Work = (asked: Asked, context: RequestContext) => Promise<Answer>;

/** The query cost that a database works off per millisecond: an aborted query keeps running there for about so long. */
const databaseCostPerMs = 20;

export function createEngine(options: EngineOptions): Engine {
  const { turns, hooks, mutations, formatError, execute = createExecution(options) } = options;
  const executeInParts = createExecutionInParts(options);
  const sharing = createSharing<Answer>();

  /** Queries only: mutations mostly wait for other services, and take little from others meanwhile. */
  async function inTurn(asked: Asked, context: RequestContext, work: Work): Promise<Answer> {
    const { cost } = asked;
    const { unwanted } = context;
    const end = await turns.take(cost, unwanted);
    const beganAt = performance.now();
    try {
      return await work(asked, context);
    } finally {
      const left = beganAt + cost / databaseCostPerMs - performance.now();
      // Otherwise a client that aborts and asks again would have more running than one that waits for its answers.
      if (unwanted?.aborted && left > 0) setTimeout(end, left);
      else end();
    }
  }

  /**
   * Equal queries on behalf of the same viewer are one execution while its first requests are under way. They would
   * share each request anyway, then ask for the same again, and write the same.
   */
  function shared(asked: Asked, context: RequestContext): Promise<Answer> {
    const { operation, variables } = asked;
    const key = JSON.stringify([
      context.epoch,
      context.authorization ?? null,
      options.headers.kept(context.headers),
      operation.key,
      variables,
    ]);
    const begin = (unwanted: Unwanted) =>
      inTurn(asked, { ...context, unwanted }, (given, own) => execute(given, own, () => sharing.part(key)));
    return sharing.join(key, begin, context.unwanted);
  }

  return {
    async run(asked, given, onPart) {
      const isMutation = asked.operation.operation.operation === OperationTypeNode.MUTATION;
      const context: RequestContext = { ...given, isMutation };
      // A mutation runs to its end even when its client has gone.
      if (isMutation) context.unwanted = undefined;
      else context.epoch = mutations.answered;
      const answered = hooks.onRequest(asked, context);
      let answer: Answer;
      try {
        // Nobody else takes the same parts at the same time.
        if (onPart && asked.operation.deferring && !options.execute) {
          const inParts: Work = (...of) =>
            executeInParts(...of, (part) => {
              // What a mutation does has been done: what is left is for its client only.
              context.unwanted ??= given.unwanted;
              // Its client asks for what it has changed as soon as it has the first part.
              if (isMutation) mutations.answered += 1;
              onPart(part);
            });
          answer = await (isMutation ? inParts(asked, context) : inTurn(asked, context, inParts));
        } else {
          answer = await (isMutation ? execute(asked, context) : shared(asked, context));
        }
      } catch (error) {
        answer = { data: undefined, errors: [formatError(error)] };
      }
      if (isMutation) mutations.answered += 1;
      answered?.(answer);
      hooks.onResponse(answer, asked, context);
      return answer;
    },
  };
}

/** Our own execution. */
function createExecution(options: EngineOptions): Execute {
  const { compiler, formatError } = options;
  return async ({ operation, variables }, context, onAnswer) => {
    const { run, shape } = await compiler.compile(operation, variables);
    const execution = beginExecution(variables, askFor(options, context, onAnswer));
    await run(execution);
    return answerOf(shape, execution, formatError);
  };
}

/** Our own execution, of an operation with @defer. */
function createExecutionInParts(options: EngineOptions) {
  const { compiler, formatError } = options;
  return async ({ operation, variables }: Asked, context: RequestContext, onPart: OnPart): Promise<Answer> => {
    const { run, shape, inParts } = await compiler.compile(operation, variables);
    const execution = beginExecution(variables, askFor(options, context));
    if (inParts) return deliver(inParts, execution, formatError, onPart);
    await run(execution);
    return answerOf(shape, execution, formatError);
  };
}

/** Asks the subgraphs on behalf of one operation. */
export const askFor =
  (
    { clientOf, hooks }: Pick<EngineOptions, 'clientOf' | 'hooks'>,
    context: RequestContext,
    onAnswer?: () => void,
  ): Ask =>
  async (request) => {
    const fetch: Fetch = { ...request, extensions: {}, traceparent: context.traceparent };
    const answered = hooks.onFetch(fetch, context);
    const answer = await clientOf(request.subgraph).ask(fetch, context);
    onAnswer?.();
    answered?.(answer);
    return answer;
  };

/** What has been gathered, as the client gets it. */
export function answerOf(shape: Shape, execution: Execution, formatError: ErrorFormatter): Answer {
  const errors = execution.errors.map((error) => (error.path ? { ...error, path: shape.pathOf(error.path) } : error));
  const json = shape.write(execution, errors);
  return { data: json, errors: errors.map((error) => formatError(error)) };
}
