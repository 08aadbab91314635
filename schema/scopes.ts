/**
 * What a client of somebody else's, such as a journey planner, may do for a rider who agreed to it: by scope, the fields
 * in which its token counts as the rider's. In all others it counts for nothing (docs/planners.md). Fields for everybody
 * are not listed.
 */
export const scopes = {
  rides: {
    allows: 'reserve, wait for, ride and give back bikes, and see the rider’s reservations',
    fields: [
      'Query.me',
      'Query.user',
      'Query.reservation',
      'Query.reservations',
      'Query.bikeOfVehicle',
      'Mutation.reserveBike',
      'Mutation.cancelReservation',
      'Mutation.startRide',
      'Mutation.returnBike',
      'Mutation.waitForBike',
      'Mutation.stopWaiting',
      'Subscription.reservationChanged',
      'Subscription.waitingChanged',
      'User.__resolveReference',
      'User.currentReservation',
      'User.reservations',
      'User.waiting',
      'Reservation.__resolveReference',
      'Reservation.overtime',
    ],
  },
  balance: {
    allows: 'see how many points the rider has, and owes',
    fields: [
      'Query.me',
      'Query.user',
      'Query.pointAccount',
      'User.__resolveReference',
      'User.totalPoint',
      'PointAccount.__resolveReference',
    ],
  },
} as const;

export type Scope = keyof typeof scopes;

export const scopeFields: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(scopes).map(([scope, { fields }]) => [scope, fields]),
);
