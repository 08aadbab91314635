import { z } from 'zod';
import { pointsRefusal } from './point.ts';
import { at } from './values.ts';

/** Why a rider who asked for a bike got none. */
export const demandRefusal = z.enum([
  'BIKE_NOT_FOUND',
  'BIKE_NOT_IN_SERVICE',
  'BIKE_ALREADY_RESERVED',
  'NO_BIKE_AT_STATION',
  ...pointsRefusal.options,
]);
export type DemandRefusal = z.infer<typeof demandRefusal>;

/**
 * What the reservation subgraph publishes on the streams `refusals-<date>`. A single refusal is no decision: a client
 * that asks in a loop must not fill a journal with answers.
 */
export const demandEvents = {
  ReservationsRefused: z
    .object({
      refusals: z
        .array(z.object({ code: demandRefusal, count: z.number().int().positive() }))
        .min(1)
        .describe('How many, by reason.'),
      at,
    })
    .describe('Riders asked for bikes and got none, and no claim ever stood: those of about a second together.'),
};
