import {
  ContractError,
  commandOrigin,
  requireRole,
  type PageRequest,
  type RequestContext,
  type Resolvers,
} from '../../platform/index.ts';
import type { Operations, ParkedFilter } from './operations.ts';

interface RedriveInput {
  id: string;
  idempotencyKey?: string | null;
}

interface DiscardInput extends RedriveInput {
  reason: string;
}

/** For operators: shows what is stuck, and settles it. */
export function createOperationResolvers(operations: Operations): Resolvers {
  const watch = ({ viewer }: RequestContext) => requireRole(viewer, 'operator', 'auditor', 'admin');

  function orderOf(mutation: string, input: RedriveInput, context: RequestContext) {
    const viewer = requireRole(context.viewer, 'admin');
    const { id } = input;
    return { id, key: commandOrigin(context, viewer, mutation, input).cause, authorization: context.authorization };
  }

  return {
    Query: {
      services(_root: unknown, _arguments: unknown, context: RequestContext) {
        watch(context);
        return operations.services();
      },
      parkedEvents(
        _root: unknown,
        { filter, ...page }: { filter?: Partial<ParkedFilter> | null } & PageRequest,
        context: RequestContext,
      ) {
        watch(context);
        const which = { service: filter?.service ?? null, status: filter?.status ?? 'parked' };
        return operations.parkedEvents(context, which, page);
      },
      parkedEvent(_root: unknown, { id }: { id: string }, context: RequestContext) {
        watch(context);
        return operations.parkedEvent(context, id);
      },
    },

    Mutation: {
      redriveParkedEvent(_root: unknown, { input }: { input: RedriveInput }, context: RequestContext) {
        return operations.redrive(orderOf('redriveParkedEvent', input, context));
      },
      discardParkedEvent(_root: unknown, { input }: { input: DiscardInput }, context: RequestContext) {
        const order = orderOf('discardParkedEvent', input, context);
        const { reason } = input;
        if (reason === '') throw new ContractError('"reason" must say why.');
        return operations.discard({ ...order, reason });
      },
    },

    // Internally these are spelt as in the database.
    ParkedStatus: { RETRYING: 'retrying', PARKED: 'parked', REDRIVEN: 'redriven', DISCARDED: 'discarded' },
    ParkedErrorClass: { CONTRACT: 'contract', UNKNOWN: 'unknown', BEHIND: 'behind' },
    ParkedEventActionKind: { REDRIVE: 'redrive', DISCARD: 'discard' },
  };
}
