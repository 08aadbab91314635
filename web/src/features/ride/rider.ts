import type {
  ReserveBikeMutation,
  ReserveStatus,
  RiderPointsQuery,
  RiderRidesQuery,
} from '../../../../schema/client/generated/graphql.ts';

/** One of now. */
export type Ride = RiderRidesQuery['live']['nodes'][number];
/** One of all, with where it went and what it cost. */
export type PastRide = RiderRidesQuery['reservations']['nodes'][number];
export type Points = NonNullable<RiderPointsQuery['user']>;

type Reserved = NonNullable<ReserveBikeMutation['reserveBike']['reservation']>;

const over: ReadonlySet<ReserveStatus | undefined> = new Set(['RETURNED', 'CANCELLED', 'EXPIRED', 'REJECTED']);

/** The answer to a call that is repeated tells of the reservation of the first time as it is by now. */
export function isOver(reservation: Reserved | null | undefined): boolean {
  return over.has(reservation?.reserveStatus);
}

/** A call may answer before the points are paid: until then the bike is nobody's. */
export function isDecided(reservation: Reserved | null | undefined): reservation is Reserved {
  return !!reservation && reservation.reserveStatus !== 'PENDING';
}
