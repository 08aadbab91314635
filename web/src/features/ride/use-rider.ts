import { useEffect, useState } from 'react';
import { createClient, GraphqlRequestError } from '../../../../schema/client/client.ts';
import {
  ReservationChangedDocument,
  RiderPointsDocument,
  type RiderPointsQuery,
  RiderRidesDocument,
  type RiderRidesQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { type Pace, query, type Question, withoutAway } from '../../shared/api/answer.ts';
import { stayConnected } from '../../shared/api/reconnect.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import type { Acting } from '../../shared/session/acting.ts';
import { graphqlUrl } from '../../shared/session/session.ts';

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
const untold: Pace = { soonestMs: 2_000, longestMs: 10_000 };

export function useRider(acting: Acting): Rider {
  const { userId } = acting.session;
  const pace = useReservationNews(acting) ? {} : { pace: untold };
  const rides = useAnswer(ridesOf(userId), pace);
  const points = useAnswer(query(RiderPointsDocument, { userId }), pace);
  const failed = Object.entries({ rides, points }).filter(([, { failure }]) => failure !== null);
  const isLost = failed.length === 2 && failed.every(([, { error }]) => isSilence(error));
  return {
    rides: rides.data,
    points: points.data,
    away: isLost ? [] : failed.map(([part]) => part as RiderPart),
    lostSince: isLost ? Math.min(...failed.map(([, { failure }]) => failure?.since ?? Infinity)) : null,
  };
}

/** With what they cost; while the service that knows it is away, without. */
function ridesOf(userId: string): Question<RiderRidesQuery> {
  return {
    key: ['RiderRides', userId],
    ask: (client, signal) => withoutAway((sums) => client.request(RiderRidesDocument, { userId, sums }, { signal })),
  };
}

function isSilence(error: unknown): boolean {
  return error instanceof GraphqlRequestError && error.code === 'CONNECTION_LOST';
}

/** Asks again each time one of the rider's reservations changes; says whether the subscription runs. */
function useReservationNews({ session, refresh }: Acting): boolean {
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    const leaving = new AbortController();
    const { userId, token } = session;
    let isTold = false;
    let cursor: string | undefined;
    const tell = (told: boolean) => {
      // Also when it ends: what is shown then is not kept up to date any more.
      if (told !== isTold) void refresh();
      isTold = told;
      setLive(told);
    };
    void stayConnected({
      connect: (onConnected) => createClient({ url: graphqlUrl, token, onConnected }),
      async run({ client, alive }) {
        const changes = client.subscribe(ReservationChangedDocument, { userId }, { after: cursor, resume: false });
        for await (const { reservationChanged } of changes) {
          cursor = reservationChanged.cursor ?? undefined;
          alive();
          void refresh();
        }
      },
      onLive: () => tell(true),
      onEnd(code) {
        tell(false);
        // The server refused the cursor: what is asked again now is all that there is to know.
        if (code !== 'CONNECTION_LOST') cursor = undefined;
        return code === 'CURSOR_EXPIRED' ? 'at once' : 'wait';
      },
      signal: leaving.signal,
    });
    return () => {
      leaving.abort();
      setLive(false);
    };
  }, [session, refresh]);
  return isLive;
}
