import { OperationTypeNode } from 'graphql';
import {
  isShortage,
  serialised,
  shortageError,
  signalOf,
  type Client,
  type OperationControl,
  type OperationKind,
  type Place,
  type Receiver,
  type Renewed,
  type SubscribePayload,
} from '../../platform/server/index.ts';
import type { RouterAdmission } from '../http/admission.ts';
import type { Rates } from '../http/rates.ts';
import type { ErrorFormatter } from '../client-errors.ts';
import { textOf } from '../gateway/asked.ts';
import type { Engine } from '../gateway/engine.ts';
import type { AnswerPart } from '../gateway/incremental/deliver.ts';
import { textOfPart, type IncrementalFormat } from '../gateway/incremental/formats.ts';
import type { Refused, Valid } from '../documents/documents.ts';
import type { Variables } from '../documents/variables.ts';
import type { RequestContext } from '../gateway/request-context.ts';
import type { Member } from './group.ts';
import type { SubscriptionHub } from './hub.ts';
import type { Generation } from '../supergraph/generation.ts';
import type { SubscriptionPlan } from './planner.ts';

/** At whose expense an operation runs, and on whose behalf. */
export interface Asker {
  client: Client;
  context: RequestContext;
  /** @throws when this kind of operation may not come this way. */
  admit?(type: OperationTypeNode): void;
  /** In which format a query is answered in parts, where it may be: its @defer asks for it. */
  parts?: IncrementalFormat | undefined;
}

/** Starts any kind of operation, for transports that carry all of them. */
export interface Operations {
  /**
   * Answers may arrive before it returns.
   * @throws a client error when the operation is refused.
   */
  start(payload: SubscribePayload, asker: Asker, receiver: Receiver, control: OperationControl): OperationKind;
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
  async function runSingle(
    engine: Engine,
    asked: Valid,
    { context, parts }: Pick<Asker, 'context' | 'parts'>,
    receiver: Receiver,
  ): Promise<void> {
    const { operation, coerced: variables, cost, extensions } = asked;
    let given = 0;
    const onPart =
      parts &&
      ((part: AnswerPart) => {
        given += 1;
        receiver.next(serialised(textOfPart(given > 1 ? part : { ...part, extensions }, parts)));
      });
    const answer = await engine.run({ operation, variables, cost }, context, onPart);
    if (given > 0) return receiver.complete();
    // Without `data` nothing was executed: the request itself was wrong.
    if (answer.data === undefined) return receiver.error(answer.errors);
    receiver.next(serialised(textOf({ ...answer, extensions })));
    receiver.complete();
  }

  function placeFor(kind: 'operations' | 'subscriptions', client: Client): Place {
    const place = admission.take(kind, client);
    if (isShortage(place)) throw shortageError(place);
    return place;
  }

  function refuse(receiver: Receiver, { errors, status }: Refused): OperationKind {
    receiver.error(
      errors.map((error) => formatError(error)),
      status,
    );
    return 'single';
  }

  /** What is kept of a subscription while it is open. */
  function subscribe(subscription: Opened, by: ReturnType<typeof current>, valid: Valid): void {
    const { control, place } = subscription;
    control.onUnwanted = () => {
      if (subscription.member) hub.leave(subscription.member);
      place.leave();
    };
    control.onRenewed = (renewed) => {
      Object.assign(subscription, renewed);
      // Its scopes may be others.
      const again = current().documents.check(subscription.payload, renewed);
      const { member } = subscription;
      if (!('errors' in again)) return member && hub.renew(member, renewed);
      if (member) hub.leave(member);
      refuseLater(subscription, again.errors);
    };
    planBy(subscription, by, valid);
  }

  function refuseLater({ place, receiver }: Opened, errors: readonly unknown[]): void {
    place.leave();
    receiver.error(errors.map((error) => formatError(error)));
  }

  function planBy(subscription: Opened, by: ReturnType<typeof current>, { operation, coerced }: Valid): void {
    by.subscriptions
      .plan(operation, coerced)
      .then((plan) => {
        if (subscription.control.unwanted) return;
        const now = current();
        if (now === by) return begin(subscription, plan, coerced);
        // A new supergraph has taken its place, and has adopted those that were there.
        const again = now.documents.check(subscription.payload, subscription);
        if ('errors' in again) refuseLater(subscription, again.errors);
        else planBy(subscription, now, again);
      })
      .catch((error: unknown) => refuseLater(subscription, [error]));
  }

  function begin(subscription: Opened, plan: SubscriptionPlan, variables: Variables): void {
    const { payload, viewer, authorization, headers, receiver, place } = subscription;
    const cursor = payload.extensions?.['cursor'];
    const ended = () => place.leave();
    const request = { plan, variables, given: payload.variables, cursor, viewer, authorization, headers };
    subscription.member = hub.join(request, receiver, ended);
    // From here on in one text for all clients.
    const { query, name: operationName } = plan.asked;
    subscription.payload = { query, operationName, variables: payload.variables };
    subscription.headers = undefined;
  }

  return {
    start(payload, { client, context, parts, admit }, receiver, control) {
      const generation = current();
      // Before the document is looked at: one that is refused costs, too.
      const operationPlace = placeFor('operations', client);
      let isRunning = false;
      try {
        const checked = generation.documents.check(payload, context);
        if ('errors' in checked) return refuse(receiver, checked);
        const { operation } = checked;
        admit?.(operation.operation.operation);
        const tooOften = rates.refuse(client, operation);
        if (tooOften) return refuse(receiver, { errors: [tooOften] });
        if (operation.operation.operation !== OperationTypeNode.SUBSCRIPTION) {
          // Held until the execution has ended, even if the client has gone: it uses resources until then.
          const asker = { context: { ...context, unwanted: signalOf(control) }, parts };
          isRunning = true;
          void runSingle(generation.engine, checked, asker, receiver).finally(() => operationPlace.leave());
          return 'single';
        }
        const place = placeFor('subscriptions', client);
        const { viewer, authorization, headers } = context;
        const opened = { payload, viewer, authorization, headers, receiver, control, place, member: undefined };
        subscribe(opened, generation, checked);
        return 'subscription';
      } finally {
        if (!isRunning) operationPlace.leave();
      }
    },
  };
}

/** A subscription that is open, or about to be. */
interface Opened extends Renewed {
  payload: Omit<SubscribePayload, 'extensions'> & Partial<Pick<SubscribePayload, 'extensions'>>;
  headers: RequestContext['headers'];
  receiver: Receiver;
  control: OperationControl;
  place: Place;
  member: Member | undefined;
}
