import type { RiderPointsQuery, RiderRidesQuery } from '../../../../schema/client/generated/graphql.ts';

export type Ride = RiderRidesQuery['reservations']['nodes'][number];
export type Points = NonNullable<RiderPointsQuery['user']>;
