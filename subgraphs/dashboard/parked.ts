import type { BikeView } from './projections.ts';

/** What stands at a station. */
export interface Parked {
  /** All of them: what is left of the racks. */
  bikes: number;
  /** Of those, which can be reserved now. */
  available: number;
  /** Of those, which are out of service and meant to come back. */
  disabled: number;
}

const nothing: Parked = { bikes: 0, available: 0, disabled: 0 };

/** What stands at each station. */
export function parkedAt(bikes: Iterable<BikeView>): (stationId: string) => Parked {
  const counts = new Map<string, Parked>();
  for (const { stationId, condition, use } of bikes) {
    if (stationId === undefined || condition === null) continue;
    const count = counts.get(stationId) ?? { ...nothing };
    counts.set(stationId, count);
    count.bikes += 1;
    if (condition === 'MAINTENANCE') count.disabled += 1;
    else if (condition === 'IN_SERVICE' && use === 'free') count.available += 1;
  }
  return (stationId) => counts.get(stationId) ?? nothing;
}
