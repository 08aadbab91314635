import { z } from 'zod';
import { textRules } from '../text.ts';
import { at, bikeCondition, bikeId, text, userId } from './values.ts';

export const faultKind = z
  .enum(['BRAKES', 'CHAIN', 'TIRE', 'SADDLE', 'LIGHT', 'LOCK', 'OTHER'])
  .describe('What is broken, as a rider sees it.');
export type FaultKind = z.infer<typeof faultKind>;

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
    .describe('An operator took a bike out of service, or put it back; then its faults have been seen to.'),
  FaultReported: z
    .object({
      bikeId,
      userId,
      kind: faultKind,
      note: text(0, textRules.note.longest).nullable().describe('What else the rider says.'),
      reportedAt: at,
    })
    .describe('A rider says that the bike is broken.'),
  FaultsClosed: z
    .object({
      bikeId,
      reason: text(0, textRules.reason.longest).nullable().describe('Why, in the operator’s words.'),
      closedAt: at,
    })
    .describe('An operator has seen to all faults that were reported of the bike.'),
};
