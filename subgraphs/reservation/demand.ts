import type { DemandEvent, EventNamed, NewEvent, ReservationEvent } from '../../schema/events/index.ts';
import type { Decider } from '../../platform/event-core/decider.ts';
import type { BikeSlot, ReservationCommand, ReservationRefusal } from './reservation.ts';

/** How often riders asked for a bike and got none, by reason. */
export type Refusals = EventNamed<'ReservationsRefused'>['data']['refusals'];

export interface CountRefusals {
  type: 'CountRefusals';
  refusals: Refusals;
}

type NewSlotEvent = NewEvent<ReservationEvent>;

/** The rules of slots, plus streams of refusals, which belong to no slot and have no state. */
export const withRefusals = (
  slots: Decider<BikeSlot, ReservationCommand, NewSlotEvent, ReservationRefusal>,
): Decider<BikeSlot, ReservationCommand | CountRefusals, NewSlotEvent | NewEvent<DemandEvent>, ReservationRefusal> => ({
  initial: slots.initial,
  decide: (command, state, at) =>
    command.type === 'CountRefusals'
      ? [{ type: 'ReservationsRefused', data: { refusals: command.refusals, at } }]
      : slots.decide(command, state, at),
  evolve: (state, event) => (event.type === 'ReservationsRefused' ? state : slots.evolve(state, event)),
});
