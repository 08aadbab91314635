import { z } from 'zod';
import { textRules } from '../text.ts';
import { at, bikeCondition, bikeId, text } from './values.ts';

/** What the bike subgraph publishes, on the streams `bike-<bikeId>`. */
export const bikeEvents = {
  BikeRegistered: z
    .object({
      bikeId,
      color: text(1, 40).describe('Color as the operator wrote it, trimmed.'),
      registeredDate: at.describe('When the bike joined the fleet; may lie before the event.'),
      condition: bikeCondition,
    })
    .describe('An operator added a bike to the fleet.'),
  BikeConditionChanged: z
    .object({
      bikeId,
      condition: bikeCondition,
      previousCondition: bikeCondition,
      reason: text(0, textRules.reason.longest).nullable().describe('Why, in the operator’s words.'),
      changedAt: at,
    })
    .describe('An operator took a bike out of service, or put it back.'),
};
