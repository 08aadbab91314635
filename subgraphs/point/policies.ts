import { streams, type DomainEvent } from '../../schema/events/index.ts';
import type { Policies } from '../../platform/event-core/decider.ts';
import type { PointCommand } from './point.ts';

const restore = ({ data: { userId, reserveNo } }: { data: { userId: string; reserveNo: number } }) => ({
  stream: streams.account(userId),
  command: { type: 'RestorePoints' as const, userId, reserveNo },
});

/** Reactions of point to events of other services. */
export const policies: Policies<DomainEvent, PointCommand> = {
  PointPurchaseApproved: {
    increasePointsWhenPointPurchaseApproved: ({ data: { userId, confirmId, price } }) => ({
      stream: streams.account(userId),
      command: { type: 'IncreasePoints', userId, confirmId, price },
    }),
  },
  ReservationRequested: {
    deductPointsWhenReservationRequested: ({ data: { userId, reserveNo, bikeId, fee } }) => ({
      stream: streams.account(userId),
      command: { type: 'DeductPoints', userId, reserveNo, bikeId, fee },
    }),
  },
  ReservationCancelled: { restorePointsWhenReservationCancelled: restore },
  ReservationExpired: { restorePointsWhenReservationExpired: restore },
  BikeReturned: {
    settleRideWhenBikeReturned: ({ data: { userId, reserveNo, startedAt, returnedAt } }) => ({
      stream: streams.account(userId),
      command: { type: 'SettleRide', userId, reserveNo, startedAt, returnedAt },
    }),
  },
  ReturnSettled: {
    restoreOvertimeWhenReturnSettled: ({ data: { userId, reserveNo, startedAt, returnedAt } }) => ({
      stream: streams.account(userId),
      command: { type: 'RestoreOvertime', userId, reserveNo, startedAt, returnedAt },
    }),
  },
};
