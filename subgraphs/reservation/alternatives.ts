import { isUnavailable } from '../../platform/index.ts';
import { bikesAround, farthestMeters, type Around } from './bikes-near.ts';
import type { From } from './stations.ts';
import type { NearBike } from './store.ts';

/** What a rider asked for: one of the two. */
export type Asked = { bikeId: number } | { stationId: string };

/** As many as a rider looks at with a refusal before them. */
const most = 5;
/** In a city most riders have as many within a walk of some minutes; only the others cost a look as far as anybody walks. */
const looksMeters = [1_000, farthestMeters];

/** Why a rider who could have had another bike got none. */
const helpedByAnother: ReadonlySet<string> = new Set([
  'BIKE_ALREADY_RESERVED',
  'BIKE_NOT_IN_SERVICE',
  'NO_BIKE_AT_STATION',
  'STATION_CLOSED',
]);

/**
 * The nearest bikes that can be reserved instead, counted from where the bike or station stands. None where nobody knows
 * that, and none while a server is silent that would know: the refusal is told all the same.
 */
export async function alternativesTo(around: Around, asked: Asked, refusal: string | undefined): Promise<NearBike[]> {
  if (refusal === undefined || !helpedByAnother.has(refusal)) return [];
  try {
    const from = 'stationId' in asked ? asked : await placeOf(around, asked.bikeId);
    if (!from) return [];
    // The refused bike may be among them: its row can be older than the refusal.
    const isAnother = ({ bikeId }: NearBike) => !('bikeId' in asked && bikeId === asked.bikeId);
    let found: NearBike[] = [];
    for (const meters of looksMeters) {
      found = (await bikesAround(around, from, meters, true, most + 1)).filter(isAnother).slice(0, most);
      if (found.length === most) break;
    }
    return found;
  } catch (error) {
    if (isUnavailable(error)) return [];
    throw error;
  }
}

async function placeOf({ store }: Around, bikeId: number): Promise<From | undefined> {
  const slot = (await store.slotsByIds([bikeId])).get(bikeId);
  if (slot?.stationId !== undefined) return { stationId: slot.stationId };
  return slot?.position && { position: slot.position };
}
