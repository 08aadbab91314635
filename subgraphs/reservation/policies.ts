import type { DomainEvent } from '../../schema/events/index.ts';
import type { Policies } from '../../platform/event-core/decider.ts';
import type { ReservationCommand } from './reservation.ts';

export const slotOf = (bikeId: number) => `bike-${bikeId}`;

/** Reactions of reservation to events of other services. */
export const policies: Policies<DomainEvent, ReservationCommand> = {
  BikeRegistered: {
    openSlotWhenBikeRegistered: ({ data: { bikeId, condition } }) => ({
      stream: slotOf(bikeId),
      command: { type: 'OpenSlot', bikeId, condition },
    }),
  },
  BikeConditionChanged: {
    changeSlotWhenBikeConditionChanged: ({ data: { bikeId, condition } }) => ({
      stream: slotOf(bikeId),
      command: { type: 'ChangeSlot', condition },
    }),
  },
  PointsDeducted: {
    confirmReservationWhenPointsDeducted: ({ data: { bikeId, reserveNo } }) => ({
      stream: slotOf(bikeId),
      command: { type: 'ConfirmReservation', reserveNo },
    }),
  },
  PointsRefused: {
    rejectReservationWhenPointsRefused: ({ data: { bikeId, reserveNo, code, because } }) => ({
      stream: slotOf(bikeId),
      command: { type: 'RejectReservation', reserveNo, code, because },
    }),
  },
};
