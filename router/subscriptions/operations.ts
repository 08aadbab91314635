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
import type { Rates } from '../http/rates.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import { textOf } from '../gateway/asked.ts';
import type { Engine } from '../gateway/engine.ts';
import type { Valid } from '../documents/documents.ts';
import type { Variables } from '../documents/variables.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { SubscriptionHub } from './hub.ts';
import type { Generation } from '../supergraph/generation.ts';
import type { SubscriptionPlan } from './planner.ts';

/** At whose expense an operation runs, and on whose behalf. */
export interface Asker {
  client: Client;
  context: RequestContext;
  /** @throws when this kind of operation may not come this way. */
  admit?(type: OperationTypeNode): void;
  /** Called when the client has a new token, where it can give one. */
  renewals?: Set<Renewal>;
}

/** Takes over the same viewer's new token. */
export type Renewal = (renewed: Pick<RequestContext, 'viewer' | 'authorization'>) => void;

/** Starts any kind of operation, for transports that carry all of them. */
export interface Operations {
  /**
   * Answers may arrive before it returns. `unwanted` aborts once the client wants none any more.
   * @throws a client error when the operation is refused.
   */
  start(payload: SubscribePayload, asker: Asker, receiver: Receiver, unwanted: AbortSignal): OperationKind;
}

export interface OperationsOptions {
  /** The generation to begin with. */
  current(): Pick<Generation, 'documents' | 'engine' | 'subscriptions'>;
  hub: SubscriptionHub;
  admission: RouterAdmission;
  rates: Pick<Rates, 'refuse'>;
  formatError: ErrorFormatter;
}

export function createOperations({ current, hub, admission, rates, formatError }: OperationsOptions): Operations {
  async function runSingle(engine: Engine, asked: Valid, context: RequestContext, receiver: Receiver): Promise<void> {
    const { operation, coerced: variables, cost, extensions } = asked;
    const answer = await engine.run({ operation, variables, cost }, context);
    // Without `data` nothing was executed: the request itself was wrong.
    if (answer.data === undefined) return receiver.error(answer.errors);
    receiver.next(textOf({ ...answer, extensions }));
    receiver.complete();
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
    start(payload, { client, context: given, admit, renewals }, receiver, unwanted) {
      let context = given;
      const generation = current();
      const checked = generation.documents.check(payload, context);
      if ('errors' in checked) return refuse(receiver, checked.errors);
      const { operation } = checked;
      admit?.(operation.operation.operation);
      const tooOften = rates.refuse(client, operation);
      if (tooOften) return refuse(receiver, [tooOften]);
      if (operation.operation.operation !== OperationTypeNode.SUBSCRIPTION) {
        // Held until the execution has ended, even if the client has gone: it uses resources until then.
        const place = placeFor('operations', client);
        void runSingle(generation.engine, checked, { ...context, unwanted }, receiver).finally(() => place.leave());
        return 'single';
      }
      const place = placeFor('subscriptions', client);
      let joined: ReturnType<SubscriptionHub['join']> | undefined;
      const renew: Renewal = (renewed) => {
        context = { ...context, ...renewed };
        // Its scopes may be others.
        const again = current().documents.check(payload, context);
        if (!('errors' in again)) return joined?.renew(renewed);
        joined?.leave();
        refuseLater(again.errors);
      };
      const settle = () => {
        renewals?.delete(renew);
        place.leave();
      };
      renewals?.add(renew);
      const leave = () => {
        joined?.leave();
        settle();
      };
      unwanted.addEventListener('abort', leave, { once: true });
      const begin = (plan: SubscriptionPlan, coerced: Variables) => {
        const { viewer, authorization, headers } = context;
        joined = hub.join(
          { plan, variables: coerced, cursor: payload.extensions?.['cursor'], viewer, authorization, headers },
          {
            next: (answer, cursor) => receiver.next(answer, cursor),
            error(errors) {
              settle();
              receiver.error(errors);
            },
            complete() {
              settle();
              receiver.complete();
            },
          },
        );
      };
      const refuseLater = (errors: readonly unknown[]) => {
        settle();
        receiver.error(errors.map((error) => formatError(error)));
      };
      const planBy = (by: ReturnType<typeof current>, { operation: subscription, coerced }: Valid) => {
        by.subscriptions
          .plan(subscription, coerced)
          .then((plan) => {
            if (unwanted.aborted) return;
            const now = current();
            if (now === by) return begin(plan, coerced);
            // A new supergraph has taken its place, and has adopted those that were there.
            const again = now.documents.check(payload, context);
            if ('errors' in again) refuseLater(again.errors);
            else planBy(now, again);
          })
          .catch((error: unknown) => refuseLater([error]));
      };
      planBy(generation, checked);
      return 'subscription';
    },
  };
}
