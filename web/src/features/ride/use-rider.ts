import { useMemo } from 'react';
import { GraphqlRequestError, isSilence } from '../../../../schema/client/client.ts';
import {
  ReservationChangedDocument,
  type ReservationChangedSubscription,
  RiderPointsDocument,
  type RiderPointsQuery,
  RiderRidesDocument,
  type RiderRidesQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { type Pace, query, type Question, withoutAway } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useChanges } from '../../shared/api/use-changes.ts';
import type { Acting } from '../../shared/session/acting.ts';

export type RiderPart = 'rides' | 'points';

/** What the page knows of its rider: a service that is down takes no other's part along. */
export interface Rider {
  rides: RiderRidesQuery | null;
  points: RiderPointsQuery | null;
  /** Parts whose last attempt failed although the server answered. */
  away: readonly RiderPart[];
  /** Since when the server does not answer at all, in epoch milliseconds by its clock. */
  lostSince: number | null;
}

/** While no subscription tells what changes. */
export const untold: Pace = { soonestMs: 2_000, longestMs: 10_000 };

export function useRider(acting: Acting): Rider {
  const { userId } = acting.session;
  const own = useMemo(() => ({ userId }), [userId]);
  const pace = useChanges(acting, ReservationChangedDocument, own, cursorIn) ? {} : { pace: untold };
  const rides = useAnswer(ridesOf(userId), pace);
  const points = useAnswer(query(RiderPointsDocument, { userId }), pace);
  const failed = Object.entries({ rides, points }).filter(([, { failure }]) => failure !== null);
  const isLost =
    failed.length === 2 &&
    failed.every(([, { error }]) => error instanceof GraphqlRequestError && isSilence(error.code));
  return {
    rides: rides.data,
    points: points.data,
    away: isLost ? [] : failed.map(([part]) => part as RiderPart),
    lostSince: isLost ? Math.min(...failed.map(([, { failure }]) => failure?.since ?? Infinity)) : null,
  };
}

const cursorIn = ({ reservationChanged }: ReservationChangedSubscription) => reservationChanged.cursor;

/** With what they cost; while the service that knows it is away, without. */
function ridesOf(userId: string): Question<RiderRidesQuery> {
  return {
    key: ['RiderRides', userId],
    ask: (client, signal) => withoutAway((sums) => client.request(RiderRidesDocument, { userId, sums }, { signal })),
  };
}
