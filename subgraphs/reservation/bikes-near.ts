import { whyNotThere, type Position } from '../../schema/places.ts';
import { ContractError, pageSize } from '../../platform/index.ts';
import type { From, Stations } from './stations.ts';
import { nearestFirst, type NearBike, type ReservationStore } from './store.ts';

export interface BikesNearArguments {
  near: Position;
  withinMeters?: number | null;
  available?: boolean | null;
  first?: number | null;
}

export interface Around {
  store: Pick<ReservationStore, 'slotsByIds' | 'nearAt' | 'nearBeside'>;
  stations: Pick<Stations, 'near'>;
}

/** As far as anybody walks for a bike; station answers no further. */
export const farthestMeters = 5_000;
/** The schema's default, for a null too. */
const usualMeters = 1_000;
/**
 * Stations whose bikes are read first: with half as many bikes as stand at one in Seoul they have what most people look at.
 * Each further look reads twice as many as all before: where few bikes match, the looks stay few.
 */
const stationsAtFirst = 8;

/** The nearest bikes. @throws {ContractError} when it is no distance from a place in Korea. */
export async function bikesNear(
  around: Around,
  { near, withinMeters: asked, available, first }: BikesNearArguments,
): Promise<NearBike[]> {
  const withinMeters = asked ?? usualMeters;
  const because = whyNotThere(near);
  if (because !== null) throw new ContractError(`"near": ${because}`);
  if (withinMeters < 1 || withinMeters > farthestMeters) {
    throw new ContractError(`"withinMeters" must be 1 to ${farthestMeters}, not ${withinMeters}.`);
  }
  const position = { latitude: near.latitude, longitude: near.longitude };
  return bikesAround(around, { position }, withinMeters, available ?? undefined, pageSize(first));
}

/** The nearest bikes, at stations and beside; none around a station that there is not. */
export async function bikesAround(
  { store, stations }: Around,
  from: From,
  meters: number,
  isAvailable: boolean | undefined,
  size: number,
): Promise<NearBike[]> {
  const asked = stations.near(from, meters);
  const position = 'position' in from ? from.position : (await asked).position;
  if (!position) return [];
  const [{ near }, beside] = await Promise.all([asked, store.nearBeside(position, meters, isAvailable, size)]);
  const parked: NearBike[] = [];
  for (let start = 0, end = stationsAtFirst; start < near.length && parked.length < size; start = end, end *= 3) {
    // Stations come by distance, so that each look adds only what is further: those equally far are read together.
    while (end < near.length && near[end]?.meters === near[end - 1]?.meters) end += 1;
    parked.push(...(await store.nearAt(near.slice(start, end), isAvailable)));
  }
  // One that was moved between two looks is in both.
  const found = new Map([...beside, ...parked].map((bike) => [bike.bikeId, bike]));
  return [...found.values()].sort(nearestFirst).slice(0, size);
}
