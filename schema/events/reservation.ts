import { z } from 'zod';
import { textRules } from '../text.ts';
import { at, bikeCondition, bikeId, place, points, reserveNo, text, userId } from './values.ts';
import { pointsRefusal } from './point.ts';

/** What the events of a reservation lead to. */
export type ReserveStatus = 'PENDING' | 'RESERVED' | 'IN_USE' | 'RETURNED' | 'CANCELLED' | 'EXPIRED' | 'REJECTED';

const reservation = { reserveNo, userId, bikeId };
const reason = text(0, textRules.reason.longest).optional().describe('Why, in the words of the person who decided it.');

/** What the reservation subgraph publishes, on the streams `bike-<bikeId>`: who has which bike. */
export const reservationEvents = {
  BikeSlotOpened: z
    .object({ bikeId, condition: bikeCondition, at })
    .describe('Reservation learned of a bike; it can be reserved from now on.'),
  BikeSlotChanged: z
    .object({ bikeId, condition: bikeCondition, at })
    .describe('Reservation learned that the bike’s condition changed.'),
  ReservationRequested: z
    .object({
      ...reservation,
      fee: points.positive().describe('Points to deduct.'),
      requestedAt: at,
      deadline: at.describe('Without an outcome by then, the reservation expires.'),
    })
    .describe('A rider claimed the bike; the points are asked for.'),
  ReservationConfirmed: z
    .object({ ...reservation, confirmedAt: at, expiresAt: at.describe('The hold ends then unless the ride starts.') })
    .describe('The points were deducted: the rider holds the bike.'),
  ReservationRejected: z
    .object({ ...reservation, code: pointsRefusal, because: z.string(), rejectedAt: at })
    .describe('The points were refused: the bike is free again, nothing was charged.'),
  ReservationCancelled: z
    .object({
      ...reservation,
      because: z.enum(['BY_RIDER', 'BY_OPERATOR', 'BIKE_WITHDRAWN']).describe('Who or what ended it.'),
      reason,
      cancelledAt: at,
    })
    .describe('Ended before the ride; a deducted fee is restored.'),
  ReservationExpired: z
    .object({ ...reservation, expiredAt: at })
    .describe('The hold, or the wait for the points, ran out; a deducted fee is restored.'),
  RideStarted: z
    .object({ ...reservation, startedAt: at, ...place })
    .describe('The rider took the bike, from where it stood if that was known.'),
  BikeReturned: z
    .object({
      ...reservation,
      startedAt: at.nullable().describe('Null when the bike was given back without a ride.'),
      reason,
      returnedAt: at,
      ...place,
    })
    .describe('The bike is back, and stands where the rider said, if they did; the fee is spent.'),
  BikeMoved: z
    .object({ bikeId, ...place, reason: reason.unwrap().nullable(), movedAt: at })
    .describe('An operator moved a bike that was not on a ride; it stands there now, or nobody knows where.'),
  ReturnReported: z
    .object({
      ...reservation,
      startedAt: at,
      recordedAt: at.nullable().describe('When the return was recorded; null while the ride goes on.'),
      returnedAt: at.describe('When the bike was given back, as the rider says.'),
      ...place,
      note: text(0, textRules.note.longest).nullable().describe('What else the rider says.'),
      reportedAt: at,
    })
    .describe('A rider says that their return was not recognised, or too late; an operator settles it.'),
  ReturnSettled: z
    .object({
      ...reservation,
      startedAt: at,
      returnedAt: at.describe('When the ride ended: its overtime counts up to then.'),
      reason,
      settledAt: at,
    })
    .describe('An operator followed the report. A ride that still went on is returned by the event before.'),
  ReturnRejected: z
    .object({ ...reservation, reason: reason.unwrap(), rejectedAt: at })
    .describe('An operator did not follow the report; the ride is as it was.'),
};
