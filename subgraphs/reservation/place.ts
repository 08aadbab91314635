import type { EventNamed } from '../../schema/events/index.ts';

/** Where a bike stands: at a station, or at a position of its own. */
export type Place = Pick<EventNamed<'BikeMoved'>['data'], 'stationId' | 'position'>;

export const isPlace = ({ stationId, position }: Place) => stationId !== undefined || position !== undefined;

/** The place that an event names, without the rest of it. */
export function placeIn({ stationId, position }: Place): Place {
  if (stationId !== undefined) return { stationId };
  return position === undefined ? {} : { position };
}

export function isSamePlace(one: Place = {}, other: Place = {}): boolean {
  return (
    one.stationId === other.stationId &&
    one.position?.latitude === other.position?.latitude &&
    one.position?.longitude === other.position?.longitude
  );
}
