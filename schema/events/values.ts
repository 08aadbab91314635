import { z } from 'zod';
import { districtNames, stationNumberIn } from '../places.ts';
import { charactersIn, textRules } from '../text.ts';

/**
 * Text of at most this many characters, counted as people and JSON Schema do. User input is checked at the edge; an
 * event in a journal must stay readable for ever, so nothing more is required here.
 */
export const text = (shortest: number, longest: number) =>
  z
    .string()
    .refine((value) => value.isWellFormed(), 'has half a character in it')
    .refine(
      (value) => value.length >= shortest && (value.length <= longest || charactersIn(value) <= longest),
      `must have ${shortest} to ${longest} characters`,
    )
    .meta({ ...(shortest > 0 ? { minLength: shortest } : {}), maxLength: longest });

/** Values that more than one publisher's events carry. */
export const bikeId = z.number().int().positive().describe('Number of the bike: 1, 2, 3 …');
export const reserveNo = z.number().int().positive().describe('Number of the reservation.');
export const confirmId = z.number().int().positive().describe('Number of the payment approval.');
export const userId = text(1, textRules.userId.longest).describe('The rider: the `sub` of their token.');
export const stationId = z
  .string()
  .refine((id) => stationNumberIn(id) !== undefined, 'is no station’s id')
  .meta({ pattern: '^ST-[1-9][0-9]{0,5}$' })
  .describe('The station: `ST-` and its number.');
export const position = z
  .object({ latitude: z.number(), longitude: z.number() })
  .describe('Where, in degrees (WGS 84).');
/** Where something stands: at a station, or at a position of its own; neither when nobody said. */
export const place = {
  stationId: stationId.optional(),
  position: position.optional(),
};
export const district = z.enum(districtNames).describe('One of the 25 districts of Seoul.');
export const points = z.number().int().describe('Points; one point is worth one won.');
export const at = z.iso.datetime({ offset: true });
export const bikeCondition = z
  .enum(['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'])
  .describe('Only a bike IN_SERVICE can be reserved.');

export type BikeCondition = z.infer<typeof bikeCondition>;
