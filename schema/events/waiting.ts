import { z } from 'zod';
import { at, bikeId, stationId, userId } from './values.ts';

/** Why a rider waits no longer. */
export const waitingEnd = z.enum([
  'BY_RIDER',
  'RESERVED',
  'OFFER_LAPSED',
  'TIMED_OUT',
  'ELSEWHERE',
  'BIKE_GONE',
  'STATION_CLOSED',
]);
export type WaitingEnd = z.infer<typeof waitingEnd>;

/**
 * What the reservation subgraph publishes on the streams `waiting-bike-<bikeId>` and `waiting-ST-<number>`: who waits for
 * a bike, or for any bike at a station, in the order in which they came.
 */
export const waitingEvents = {
  WaitingBegan: z
    .object({
      userId,
      bikeId: bikeId.optional(),
      stationId: stationId.optional(),
      at,
      until: at.describe('It ends by itself then.'),
    })
    .describe('A rider waits, behind all who wait there: for this bike, or for any at this station.'),
  BikeOffered: z
    .object({
      userId,
      bikeId,
      bikeVersion: z
        .number()
        .int()
        .positive()
        .describe('The version of the bike’s stream at which it is free: the offer is over with the next.'),
      at,
      until: at.describe('The next rider is told then, unless this one has reserved.'),
    })
    .describe('A bike is free, and the first in the list is told. It is not held for them.'),
  BikeOfferWithdrawn: z
    .object({ userId, bikeId, at })
    .describe('Somebody else has the bike, or it went elsewhere: the rider is the first again.'),
  WaitingEnded: z
    .object({ userId, since: at, because: waitingEnd.describe('Who or what ended it.'), at })
    .describe('A rider waits no longer.'),
};
