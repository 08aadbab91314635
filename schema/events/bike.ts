import { z } from 'zod';
import { at, bikeCondition, bikeId } from './values.ts';

/** What the bike subgraph publishes, on the streams `bike-<bikeId>`. */
export const bikeEvents = {
  BikeRegistered: z
    .object({
      bikeId,
      color: z.string().min(1).max(40).describe('Color as the operator wrote it, trimmed.'),
      registeredDate: at.describe('When the bike joined the fleet; may lie before the event.'),
      condition: bikeCondition,
    })
    .describe('An operator added a bike to the fleet.'),
  BikeConditionChanged: z
    .object({
      bikeId,
      condition: bikeCondition,
      previousCondition: bikeCondition,
      reason: z.string().max(500).nullable().describe('Why, in the operator’s words.'),
      changedAt: at,
    })
    .describe('An operator took a bike out of service, or put it back.'),
};
