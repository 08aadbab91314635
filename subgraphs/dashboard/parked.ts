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

/** What stands at each station, of the bikes that it was told of: kept up with each of them, because there are 45,000. */
export function createParked() {
  const counts = new Map<string, Parked>();

  function add({ stationId, condition, use }: BikeView, one: 1 | -1): void {
    if (stationId === undefined || condition === null) return;
    const count = counts.get(stationId) ?? { ...nothing };
    counts.set(stationId, count);
    count.bikes += one;
    if (condition === 'MAINTENANCE') count.disabled += one;
    else if (condition === 'IN_SERVICE' && use === 'free') count.available += one;
  }

  return {
    at: (stationId: string): Readonly<Parked> => counts.get(stationId) ?? nothing,
    /** A bike is so now. */
    change(before: BikeView | undefined, now: BikeView): void {
      if (before) add(before, -1);
      add(now, 1);
    },
  };
}
