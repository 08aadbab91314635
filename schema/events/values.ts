import { z } from 'zod';

/** Values that more than one publisher's events carry. */
export const bikeId = z.number().int().positive().describe('Number of the bike: 1, 2, 3 …');
export const reserveNo = z.number().int().positive().describe('Number of the reservation.');
export const confirmId = z.number().int().positive().describe('Number of the payment approval.');
export const userId = z.string().min(1).max(255).describe('The rider: the `sub` of their token.');
export const points = z.number().int().describe('Points; one point is worth one won.');
export const at = z.iso.datetime({ offset: true });
export const bikeCondition = z
  .enum(['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'])
  .describe('Only a bike IN_SERVICE can be reserved.');

export type BikeCondition = z.infer<typeof bikeCondition>;
