import { OperationTypeNode, type GraphQLFormattedError } from 'graphql';
import type { OperationLabel, Span, Tracing } from '../../platform/server/index.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Metrics } from '../metrics.ts';
import type { CheckedOperation } from '../documents/documents.ts';
import type { Variables } from '../documents/variables.ts';
import type { Compiler } from './compiled.ts';
import { beginExecution, type Ask, type Execution } from './execution/execute.ts';
import type { Shape } from './execution/shape.ts';
import type { RequestContext } from './request-context.ts';
import { createSharing } from './sharing.ts';
import type { SubgraphClient } from './subgraph-client.ts';
import type { Turns } from './turns.ts';

/** A valid operation with what it is given. */
export interface Asked {
  operation: CheckedOperation;
  variables: Variables;
  cost: number;
}

/** An answer, in the form that clients get. */
export interface Answer {
  /** `data` as JSON; undefined when nothing was run. */
  data: string | undefined;
  errors: readonly GraphQLFormattedError[];
}

/** Runs queries and mutations. */
export interface Engine {
  /** Never rejects. */
  run(asked: Asked, context: RequestContext): Promise<Answer>;
}

/** Runs one operation. `onAnswer` is called at each answer of a subgraph. */
export type Execute = (asked: Asked, context: RequestContext, onAnswer?: () => void) => Promise<Answer>;

export interface EngineOptions {
  compiler: Compiler;
  /** Runs operations in place of our own execution. */
  execute?: Execute | undefined;
  clientOf(subgraph: string): Pick<SubgraphClient, 'ask'>;
  turns: Turns;
  formatError: ErrorFormatter;
  metrics: Pick<Metrics, 'requests'>;
  tracing: Tracing;
  labelOf: OperationLabel;
}

type Work = (asked: Asked, context: RequestContext) => Promise<Answer>;

/** The query cost that a database works off per millisecond: an aborted query keeps running there for about so long. */
const databaseCostPerMs = 20;

export function createEngine(options: EngineOptions): Engine {
  const { turns, tracing, formatError, execute = createExecution(options) } = options;
  const sharing = createSharing<Answer>();
  /** Mutations answered: a query that begins after one must not get an answer from before. */
  let epoch = 0;

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
    const key = JSON.stringify([context.epoch, context.authorization ?? null, operation.key, variables]);
    const begin = (unwanted: AbortSignal) =>
      inTurn(asked, { ...context, unwanted }, (given, own) => execute(given, own, () => sharing.part(key)));
    return sharing.join(key, begin, context.unwanted);
  }

  return {
    async run(asked, given) {
      const { name, operation: type } = asked.operation.operation;
      const startedAt = performance.now();
      const operation = options.labelOf(name?.value);
      const span = beginSpan(tracing, `${type} ${operation}`, given);
      const isMutation = type === OperationTypeNode.MUTATION;
      const context: RequestContext = {
        ...given,
        isMutation,
        traceparent: span ? span.traceparent : given.traceparent,
      };
      // A mutation runs to its end even when its client has gone.
      if (isMutation) context.unwanted = undefined;
      else context.epoch = epoch;
      let answer: Answer;
      try {
        answer = await (isMutation ? execute(asked, context) : shared(asked, context));
      } catch (error) {
        answer = { data: undefined, errors: [formatError(error)] };
      }
      if (isMutation) epoch += 1;
      const code = codeOf(answer);
      options.metrics.requests.count({
        operation,
        type,
        code: code ?? 'OK',
        seconds: (performance.now() - startedAt) / 1_000,
      });
      span?.end(code);
      return answer;
    },
  };
}

/** Our own execution. */
function createExecution(options: EngineOptions): Execute {
  const { compiler, formatError } = options;
  return async ({ operation, variables }, context, onAnswer) => {
    const { run, shape } = await compiler.compile(operation);
    const ask = askFor(options, context);
    const execution = beginExecution(variables, onAnswer ? (request) => ask(request).finally(onAnswer) : ask);
    await run(execution);
    return answerOf(shape, execution, operation.nameOf, formatError);
  };
}

function beginSpan(tracing: Tracing, name: string, context: RequestContext): Span | undefined {
  if (!tracing.on) return undefined;
  return tracing.begin(name, context.traceparent, { correlationId: context.correlationId });
}

/** The code of the first error. */
function codeOf({ errors: [first] }: Answer): string | undefined {
  if (!first) return undefined;
  const code = first.extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/** Asks the subgraphs on behalf of one operation. */
export const askFor =
  ({ clientOf }: Pick<EngineOptions, 'clientOf'>, context: RequestContext): Ask =>
  (request) =>
    clientOf(request.subgraph).ask(request, context);

/** What has been gathered, as the client gets it. */
export function answerOf(
  shape: Shape,
  execution: Execution,
  nameOf: (name: string) => string,
  formatError: ErrorFormatter,
): Answer {
  const errors = execution.errors.map((error) =>
    error.path ? { ...error, path: error.path.map((step) => (typeof step === 'string' ? nameOf(step) : step)) } : error,
  );
  const json = shape.write(execution, errors);
  return { data: json, errors: errors.map((error) => formatError(error)) };
}

/** The answer as the body of a response, or as a payload. */
export function textOf({ data, errors }: Answer): string {
  if (errors.length === 0) return `{"data":${data ?? 'null'}}`;
  const told = `"errors":${JSON.stringify(errors)}`;
  return data === undefined ? `{${told}}` : `{"data":${data},${told}}`;
}
