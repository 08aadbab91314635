/** Which bikes came to a station and left it in the last day, worked out from what their rows say of it; pure. */
import { dayMs, mostSteps, standsOf } from './past.ts';
import type { BikeView } from './projections.ts';

export interface Movement {
  /** In ms since 1970. */
  at: number;
  bikeId: number;
  /** It came; otherwise it left. */
  hasArrived: boolean;
}

/** @param now in ms since 1970. */
export function* movementsOf(bike: BikeView, stationId: string, now: number): Iterable<Movement> {
  const { bikeId, condition, stands } = bike;
  // Heard of by its reservations only, it counts once it is registered.
  if (condition === null) return;
  // Of 45,000 bikes few have been here.
  if (bike.stationId !== stationId && !stands?.some((stand) => stand.stationId === stationId)) return;
  const past = standsOf(bike);
  // Of a full past the beginning is forgotten: the bike may have stood there before.
  let before = past.length < mostSteps ? undefined : past[0]?.stationId;
  for (const { at, stationId: here } of past) {
    if (here !== before && at > now - dayMs && (before === stationId || here === stationId)) {
      yield { at, bikeId, hasArrived: here === stationId };
    }
    before = here;
  }
}
