import { streams, type DomainEvent } from '../../schema/events/index.ts';
import type { Policies } from '../../platform/event-core/decider.ts';
import type { ReservationCommand } from './reservation.ts';

/** Reactions of reservation to events of other services. */
export const policies: Policies<DomainEvent, ReservationCommand> = {
  BikeRegistered: {
    openSlotWhenBikeRegistered: ({ data: { bikeId, condition } }) => ({
      stream: streams.bike(bikeId),
      command: { type: 'OpenSlot', bikeId, condition },
      opens: true,
    }),
  },
  BikeConditionChanged: {
    changeSlotWhenBikeConditionChanged: ({ data: { bikeId, condition } }) => ({
      stream: streams.bike(bikeId),
      command: { type: 'ChangeSlot', condition },
    }),
  },
  PointsDeducted: {
    confirmReservationWhenPointsDeducted: ({ data: { bikeId, reserveNo } }) => ({
      stream: streams.bike(bikeId),
      command: { type: 'ConfirmReservation', reserveNo },
    }),
  },
  PointsRefused: {
    rejectReservationWhenPointsRefused: ({ data: { bikeId, reserveNo, code, because } }) => ({
      stream: streams.bike(bikeId),
      command: { type: 'RejectReservation', reserveNo, code, because },
    }),
  },
};
