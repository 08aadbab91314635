import {
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  parse,
  specifiedRules,
  subscribe,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import { checkVariables, documentLimits, documentLimitsRule } from './document-limits.ts';
import type { OperationControl } from './operation-control.ts';
import { serialised } from './serialised.ts';
import type { SubscribePayload } from './socket-protocol.ts';
import type { OperationKind, SocketReceiver } from './socket-session.ts';

export interface SubscriptionOptions {
  schema: GraphQLSchema;
  contextValue: unknown;
  formatError(error: unknown): GraphQLFormattedError;
  /** Replaces graphql-js' own. */
  subscribe?: ((args: ExecutionArgs) => Promise<AsyncIterable<ExecutionResult> | ExecutionResult>) | undefined;
}

type Results = AsyncIterator<ExecutionResult, undefined>;

const rules = [...specifiedRules, documentLimitsRule];

export type Starter = (
  payload: SubscribePayload,
  receiver: SocketReceiver,
  control: OperationControl,
) => Promise<OperationKind>;

/** Starts a subgraph's subscriptions, for one socket. Queries and mutations go over HTTP. */
export function createSubscriptionStarter(options: SubscriptionOptions): Starter {
  return async ({ query, operationName, variables }, receiver, control) => {
    checkVariables(variables);
    const document = documentOf(query);
    const errors = validate(options.schema, document, rules);
    const refuse = (refusals: readonly GraphQLError[]) => receiver.error(refusals.map(options.formatError));
    if (errors.length > 0) {
      refuse(errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')));
      return 'subscription';
    }
    if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.SUBSCRIPTION) {
      throw new GraphQLError('Here only subscriptions can be asked for.', { extensions: { code: 'BAD_REQUEST' } });
    }
    const args: ExecutionArgs = {
      schema: options.schema,
      document,
      contextValue: options.contextValue,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
    };
    const results = await (options.subscribe ?? subscribe)(args);
    // Refused before it started: an error, and no event.
    if (!(Symbol.asyncIterator in results)) {
      refuse(results.errors ?? []);
      return 'subscription';
    }
    const source = results[Symbol.asyncIterator]() as Results;
    const leave = () => void source.return?.();
    if (control.unwanted) leave();
    else control.onUnwanted = leave;
    void carry(source, receiver, options.formatError);
    return 'subscription';
  };
}

async function carry(
  source: Results,
  receiver: SocketReceiver,
  formatError: SubscriptionOptions['formatError'],
): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await source.next();
      if (done) return receiver.complete();
      const { errors, ...result } = value;
      receiver.next(serialised(JSON.stringify(errors ? { ...result, errors: errors.map(formatError) } : result)));
      // A router that is behind stops reading; then the source waits, and nothing queues up here.
      await receiver.room();
    }
  } catch (error) {
    receiver.error([formatError(error)]);
  }
}

function documentOf(query: string): DocumentNode {
  try {
    return parse(query, { maxLexicalTokens: documentLimits.tokens, noLocation: true });
  } catch (error) {
    throw error instanceof GraphQLError ? coded(error, 'GRAPHQL_PARSE_FAILED') : error;
  }
}

const coded = (error: GraphQLError, code: string) =>
  new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { ...error.extensions, code },
  });
