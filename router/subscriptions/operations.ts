import type { ApolloServer } from '@apollo/server';
import { OperationTypeNode, type GraphQLError } from 'graphql';
import {
  isShortage,
  shortageError,
  type Client,
  type OperationKind,
  type Place,
  type Receiver,
  type SubscribePayload,
} from '../../platform/server/index.ts';
import type { RouterAdmission } from '../http/admission.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import type { Documents } from '../documents/documents.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { SubscriptionHub } from './hub.ts';
import type { Planner } from './planner.ts';

/** At whose expense an operation runs, and on whose behalf. */
export interface Asker {
  client: Client;
  context: RequestContext;
}

/** Starts any kind of operation, for transports that carry all of them. */
export interface Operations {
  /**
   * Answers may arrive before it returns. `unwanted` aborts once the client wants none any more.
   * @throws a client error when the operation is refused.
   */
  start(payload: SubscribePayload, asker: Asker, receiver: Receiver, unwanted: AbortSignal): OperationKind;
}

export interface OperationsOptions {
  documents: Documents;
  planner: Planner;
  hub: SubscriptionHub;
  apollo: ApolloServer<RequestContext>;
  admission: RouterAdmission;
  formatError: ErrorFormatter;
}

export function createOperations({
  documents,
  planner,
  hub,
  apollo,
  admission,
  formatError,
}: OperationsOptions): Operations {
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

  function placeFor(kind: 'operations' | 'subscriptions', client: Client): Place {
    const place = admission.take(kind, client);
    if (isShortage(place)) throw shortageError(place);
    return place;
  }

  function refuse(receiver: Receiver, errors: readonly GraphQLError[]): OperationKind {
    receiver.error(errors.map((error) => formatError(error)));
    return 'single';
  }

  return {
    start(payload, { client, context }, receiver, unwanted) {
      const checked = documents.check(payload);
      if ('errors' in checked) return refuse(receiver, checked.errors);
      const { operation, operationName, coerced, cost } = checked;
      if (operation.operation.operation !== OperationTypeNode.SUBSCRIPTION) {
        // Held until the execution has ended, even if the client has gone: it uses resources until then.
        const place = placeFor('operations', client);
        const run = runSingle({ ...payload, operationName }, { ...context, unwanted, cost }, receiver);
        void run.finally(() => place.leave());
        return 'single';
      }
      const plan = planner.plan(operation);
      const place = placeFor('subscriptions', client);
      const { viewer, authorization } = context;
      const { leave } = hub.join(
        { plan, variables: coerced, viewer, authorization },
        {
          next: (answer) => receiver.next(answer),
          error(errors) {
            place.leave();
            receiver.error(errors);
          },
          complete() {
            place.leave();
            receiver.complete();
          },
        },
      );
      const end = () => {
        leave();
        place.leave();
      };
      unwanted.addEventListener('abort', end, { once: true });
      return 'subscription';
    },
  };
}
