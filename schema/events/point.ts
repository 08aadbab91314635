import { z } from 'zod';
import { at, bikeId, confirmId, points, reserveNo, userId } from './values.ts';

/** The rider's account after the movement. */
const movement = {
  userId,
  amount: points.nonnegative().describe('Points moved, never negative; the type of the event says which way.'),
  balanceAfter: points.nonnegative().describe('The rider’s points after the movement.'),
  at,
};

/** Numbers as the settings of point may have them. */
const overtimeRule = z
  .object({
    freeMinutes: z.number().int().nonnegative().describe('Minutes that the fee covers.'),
    stepMinutes: z.number().int().positive().describe('Each begun step of so many minutes costs.'),
    stepPrice: points.nonnegative().describe('Points per begun step.'),
    cap: points.nonnegative().describe('Most points that one ride can cost.'),
  })
  .describe('The tariff that charged the ride; missing where a purchase pays a debt, and in older events.');

export const pointsRefusal = z.enum([
  'NO_POINT_ACCOUNT',
  'INSUFFICIENT_POINTS',
  'RIDER_HAS_LIVE_RESERVATION',
  'OUTSTANDING_DEBT',
]);
export type PointsRefusal = z.infer<typeof pointsRefusal>;

/** What the point subgraph publishes, on the streams `account-<userId>`. */
export const pointEvents = {
  PointsIncreased: z.object({ ...movement, confirmId }).describe('Bought points reached the rider’s account.'),
  PointsDeducted: z
    .object({ ...movement, reserveNo, bikeId })
    .describe('The fee of a reservation left the rider’s account; the account now holds one live reservation.'),
  PointsRefused: z
    .object({
      userId,
      reserveNo,
      bikeId,
      code: pointsRefusal,
      because: z.string().describe('The refusal in words.'),
      at,
    })
    .describe('The rider may not have the reservation; nothing moved.'),
  PointsRestored: z
    .object({ ...movement, reserveNo })
    .describe('The fee of a cancelled or expired reservation came back; at most once per reservation.'),
  ReservationSettled: z
    .object({ userId, reserveNo, at })
    .describe('The ride is over and its fee is spent; the rider may reserve again.'),
  OvertimeCharged: z
    .object({
      ...movement,
      reserveNo,
      owed: points
        .nonnegative()
        .describe('What the account could not pay and still owes; blocks the next reservation.'),
      rule: overtimeRule.optional(),
    })
    .describe('The ride took longer than the fee covers.'),
  OvertimeRestored: z
    .object({
      ...movement,
      reserveNo,
      owed: points.nonnegative().describe('What the account still owes for this ride.'),
    })
    .describe('The ride ended earlier than was recorded: what it cost too much came back; at most once per ride.'),
};
