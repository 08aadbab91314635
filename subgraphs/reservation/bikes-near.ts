import { whyNotThere, type Position } from '../../schema/places.ts';
import { ContractError, pageSize } from '../../platform/index.ts';
import type { Stations } from './stations.ts';
import { nearestFirst, type NearBike, type ReservationStore } from './store.ts';

export interface BikesNearArguments {
  near: Position;
  withinMeters: number;
  available?: boolean | null;
  first?: number | null;
}

/** As far as anybody walks for a bike; station answers no further. */
const farthestMeters = 5_000;
/**
 * Stations whose bikes are read first: the nearest few have as many bikes as most people look at. Each further look reads
 * as many as all before: where few bikes match, the looks stay few.
 */
const stationsAtFirst = 20;

/** The nearest bikes, at stations and beside. @throws {ContractError} when it is no distance from a place in Korea. */
export async function bikesNear(
  { store, stations }: { store: ReservationStore; stations: Stations },
  { near, withinMeters, available, first }: BikesNearArguments,
): Promise<NearBike[]> {
  const because = whyNotThere(near);
  if (because !== null) throw new ContractError(`"near": ${because}`);
  if (withinMeters < 1 || withinMeters > farthestMeters) {
    throw new ContractError(`"withinMeters" must be 1 to ${farthestMeters}, not ${withinMeters}.`);
  }
  const size = pageSize(first);
  const position = { latitude: near.latitude, longitude: near.longitude };
  const isAvailable = available ?? undefined;
  const [around, beside] = await Promise.all([
    stations.near(position, withinMeters),
    store.nearBeside(position, withinMeters, isAvailable, size),
  ]);
  const parked: NearBike[] = [];
  for (let from = 0, to = stationsAtFirst; from < around.length && parked.length < size; from = to, to *= 2) {
    // Stations come by distance, so that each look adds only what is as far or further.
    parked.push(...(await store.nearAt(around.slice(from, to), isAvailable)));
  }
  return [...parked, ...beside].sort(nearestFirst).slice(0, size);
}
