import { z } from 'zod';
import { textRules } from '../text.ts';
import { at, district, position, stationId, text } from './values.ts';

const reason = text(0, textRules.reason.longest).nullable().describe('Why, in the operator’s words.');

/** The whole station, so that a reader needs no earlier event. */
const station = {
  stationId,
  number: z.number().int().positive().describe('Number of the station, as on its sign.'),
  nameKo: text(1, 100).describe('Name in Korean, trimmed.'),
  nameEn: text(1, 100).nullable().describe('Name in English, trimmed; null when it has none.'),
  district,
  address: text(1, 200).nullable(),
  position,
  racks: z.number().int().nonnegative().describe('Bikes that have a place; more may stand beside.'),
  openedDate: at.nullable().describe('When it was set up; may lie before the event. Null when that is not known.'),
};

/** What the station subgraph publishes, on the streams `station-<number>`. */
export const stationEvents = {
  StationOpened: z
    .object({ ...station, at })
    .describe('An operator opened a station, for the first time or again after it was closed.'),
  StationChanged: z
    .object({ ...station, reason, changedAt: at })
    .describe('An operator changed what is said of a station; this is how it is now.'),
  StationClosed: z
    .object({ stationId, reason, closedAt: at })
    .describe('An operator closed a station; bikes may still stand there.'),
};
