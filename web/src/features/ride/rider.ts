import type {
  ReserveBikeMutation,
  RiderPointsQuery,
  RiderRidesQuery,
} from '../../../../schema/client/generated/graphql.ts';

export type Ride = RiderRidesQuery['reservations']['nodes'][number];
export type Points = NonNullable<RiderPointsQuery['user']>;

type Reserved = NonNullable<ReserveBikeMutation['reserveBike']['reservation']>;

/** A call may answer before the points are paid: until then the bike is nobody's. */
export function isDecided(reservation: Reserved | null | undefined): reservation is Reserved {
  return !!reservation && reservation.reserveStatus !== 'PENDING';
}
