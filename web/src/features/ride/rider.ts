import type { RiderPointsQuery, RiderRidesQuery } from '../../../../schema/client/generated/graphql.ts';

/** What the page knows of its rider, by question. */
export interface RiderAnswers {
  rides: RiderRidesQuery;
  points: RiderPointsQuery;
}
export type Ride = RiderRidesQuery['reservations']['nodes'][number];
export type Points = NonNullable<RiderPointsQuery['user']>;
