import type { BikeCondition, BikeEvent } from '../../schema/events/index.ts';
import {
  callerOf,
  commandOrigin,
  refusalOf,
  requireRole,
  type Aggregate,
  type JournalDocument,
  type PageRequest,
  type RequestContext,
  type Resolvers,
} from '../chassis/index.ts';
import { type Bike, type BikeCommand, type BikeRefusal } from './bike.ts';
import type { BikeFilter, BikeStore } from './store.ts';

interface Dependencies {
  bikes: Aggregate<Bike, BikeCommand, BikeEvent, BikeRefusal>;
  store: BikeStore;
}

interface RegisterBike {
  input: { color: string; registeredDate?: string | null; idempotencyKey?: string | null };
}

interface ChangeBikeCondition {
  input: { bikeId: number; condition: BikeCondition; reason?: string | null; idempotencyKey?: string | null };
}

/** Entries of an audit trail that are read at once. */
const longestHistory = 200;

export const streamOf = (bikeId: number) => `bike-${bikeId}`;

export function createResolvers({ bikes, store }: Dependencies): Resolvers {
  const load = (context: RequestContext, bikeId: number) => context.load('bike', bikeId, (ids) => store.byIds(ids));

  return {
    Query: {
      bike: (_root: unknown, { bikeId }: { bikeId: number }, context: RequestContext) => load(context, bikeId),
      bikes: (_root: unknown, { filter, ...page }: { filter?: BikeFilter | null } & PageRequest) =>
        store.list(filter ?? {}, page),
    },

    Bike: {
      __resolveReference: ({ bikeId }: { bikeId: number }, context: RequestContext) => load(context, bikeId),
      async history({ bikeId }: { bikeId: number }, _arguments: unknown, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return (await bikes.journal.latest(streamOf(bikeId), longestHistory)).flatMap(historyIn);
      },
    },

    Mutation: {
      async registerBike(_root: unknown, { input }: RegisterBike, context: RequestContext) {
        const origin = commandOrigin(context, requireRole(context.viewer, 'operator', 'admin'), 'registerBike', input);
        const bikeId = await bikes.counters.next('bike');
        const { color, registeredDate = null } = input;
        const outcome = await bikes.handle(
          streamOf(bikeId),
          { type: 'RegisterBike', bikeId, color, registeredDate },
          origin,
        );
        return {
          bike: outcome.kind === 'decided' ? registered(outcome.document.state) : null,
          refusal: refusalOf(outcome),
        };
      },

      async changeBikeCondition(_root: unknown, { input }: ChangeBikeCondition, context: RequestContext) {
        const viewer = requireRole(context.viewer, 'operator', 'admin');
        const origin = commandOrigin(context, viewer, 'changeBikeCondition', input);
        const { bikeId, condition, reason = null } = input;
        const outcome = await bikes.handle(
          streamOf(bikeId),
          { type: 'ChangeBikeCondition', condition, reason },
          origin,
        );
        const state = outcome.kind === 'decided' ? outcome.document.state : outcome.state;
        return { bike: registered(state), refusal: refusalOf(outcome) };
      },
    },
  };
}

function registered(state: Bike) {
  return state.status === 'registered' ? { ...state } : null;
}

function historyIn({ events, cause }: JournalDocument<Bike, BikeEvent>) {
  return events.toReversed().map(({ type, time, correlationid, data }) => ({
    at: time,
    eventType: type,
    condition: data.condition,
    by: callerOf(cause),
    reason: 'reason' in data ? data.reason : null,
    correlationId: correlationid,
  }));
}
