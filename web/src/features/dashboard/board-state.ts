import type { BikeConditionsQuery } from '../../../../schema/client/generated/graphql.ts';
import { isLive, type ShownRow } from './dashboard-state.ts';

export type BikeState = 'available' | 'reserved' | 'inUse' | 'outOfService';
type FleetBike = BikeConditionsQuery['bikes']['nodes'][number];

/** What each bike is doing: its condition from the fleet, who holds it from the reservations. */
export function boardOf(
  bikes: readonly FleetBike[],
  rows: readonly ShownRow[],
): { bikeId: number; state: BikeState }[] {
  const held = new Map<number, BikeState>();
  for (const { row } of rows) {
    if (isLive(row.reserveStatus)) held.set(row.bikeId, row.reserveStatus === 'IN_USE' ? 'inUse' : 'reserved');
  }
  return bikes.map(({ bikeId, condition }) => ({ bikeId, state: stateOf(condition, held.get(bikeId)) }));
}

/** A ride goes on when its bike is taken out of service under way. */
function stateOf(condition: FleetBike['condition'], held: BikeState | undefined): BikeState {
  if (held === 'inUse' || condition === 'IN_SERVICE') return held ?? 'available';
  return 'outOfService';
}
