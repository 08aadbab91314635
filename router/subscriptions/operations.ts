import type { ApolloServer } from '@apollo/server';
import { OperationTypeNode, type GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Documents } from '../documents/documents.ts';
import type { RequestContext } from '../request-context.ts';
import type { Receiver, SubscriptionHub } from './hub.ts';
import type { Planner } from './planner.ts';
import type { SubscribePayload } from './protocol.ts';

/** An operation that was started; `stop` is for when the client no longer wants its answers. */
export interface RunningOperation {
  kind: 'single' | 'subscription';
  stop(): void;
}

export type StartedOperation = RunningOperation | { errors: readonly GraphQLFormattedError[] };

/** Starts any kind of operation, for transports that carry all of them. */
export interface Operations {
  start(payload: SubscribePayload, context: RequestContext, receiver: Receiver): StartedOperation;
}

export function createOperations(
  documents: Documents,
  planner: Planner,
  hub: SubscriptionHub,
  apollo: ApolloServer<RequestContext>,
  formatError: ErrorFormatter,
): Operations {
  async function runSingle(payload: SubscribePayload, context: RequestContext, receiver: Receiver): Promise<void> {
    const { query, operationName, variables, extensions } = payload;
    const request = {
      query,
      ...(operationName ? { operationName } : {}),
      ...(variables ? { variables } : {}),
      ...(extensions ? { extensions } : {}),
    };
    try {
      const { body } = await apollo.executeOperation(request, { contextValue: context });
      const result = body.kind === 'single' ? body.singleResult : body.initialResult;
      // Without `data` nothing was executed: the request itself was wrong.
      if (!('data' in result) && result.errors) return receiver.error(result.errors);
      receiver.next(JSON.stringify(result));
      receiver.complete();
    } catch (error) {
      receiver.error([formatError(error)]);
    }
  }

  const refused = (errors: readonly GraphQLError[]) => ({ errors: errors.map((error) => formatError(error)) });

  return {
    start(payload, context, receiver) {
      const checked = documents.check(payload);
      if ('errors' in checked) return refused(checked.errors);
      const { operation, operationName, coerced } = checked;
      if (operation.operation.operation === OperationTypeNode.SUBSCRIPTION) {
        const planned = planner.plan(operation);
        if ('errors' in planned) return refused(planned.errors);
        const { viewer, authorization } = context;
        const request = { plan: planned, variables: coerced, viewer, authorization };
        return { kind: 'subscription', stop: hub.join(request, receiver).leave };
      }
      let stopped = false;
      const whileWanted: Receiver = {
        next: (payload) => stopped || receiver.next(payload),
        error: (errors) => stopped || receiver.error(errors),
        complete: () => stopped || receiver.complete(),
      };
      void runSingle({ ...payload, operationName }, context, whileWanted);
      return { kind: 'single', stop: () => (stopped = true) };
    },
  };
}
