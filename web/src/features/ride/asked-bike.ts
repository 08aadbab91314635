/** What a bike's state means for a rider who asks about it. */
import type { RefusalCode, WantedBikeQuery } from '../../../../schema/client/generated/graphql.ts';

/** Why the bike would be refused now; null when it can be had. */
export function hindranceOf({ bike }: WantedBikeQuery): RefusalCode | null {
  if (!bike) return 'BIKE_NOT_FOUND';
  if (bike.condition !== 'IN_SERVICE') return 'BIKE_NOT_IN_SERVICE';
  return bike.isAvailable ? null : 'BIKE_ALREADY_RESERVED';
}

/** It cannot be had now, and may be again. */
export function isWorthWaiting(asked: WantedBikeQuery): boolean {
  const mayComeBack = asked.bike?.condition === 'IN_SERVICE' || asked.bike?.condition === 'MAINTENANCE';
  return mayComeBack && hindranceOf(asked) !== null;
}
