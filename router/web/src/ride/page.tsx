import './ride.css';
import { useState } from 'react';
import { RiderHomeDocument, type RiderHomeQuery } from '../../../../schema/client/generated/graphql.ts';
import { useLiveAnswer } from '../data/use-live-answer.ts';
import { Skeleton } from '../design/controls.tsx';
import { useSubmission } from '../design/submission.tsx';
import { type Acting, useActing } from '../session/acting.ts';
import { useSessionState } from '../session/session-context.ts';
import { clockTime } from '../words/seoul-time.ts';
import { useSharedWords, useWords } from '../words/speech.tsx';
import { Current } from './current.tsx';
import { FindBike } from './find-bike.tsx';
import { History } from './history.tsx';
import { Purse } from './purse.tsx';
import { rideWords } from './words.ts';

export type Rider = NonNullable<RiderHomeQuery['me']>;
export type Ride = NonNullable<Rider['currentReservation']>;

/** Everything a rider does, on a phone first. */
export default function RidePage() {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const acting = useActing();
  const { config } = useSessionState();
  if (!acting) {
    return config ? (
      <p className="card empty">{words.needSignIn}</p>
    ) : (
      <div className="ride">
        <Skeleton label={shared.loading} lines={8} />
      </div>
    );
  }
  return <RiderHome key={acting.session.userId + acting.session.roles.join()} acting={acting} />;
}

function RiderHome({ acting }: { acting: Acting }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { userId } = acting.session;
  const { data, lostSince, refresh } = useLiveAnswer(acting.client, RiderHomeDocument, { userId });
  const [wantsPoints, setWantsPoints] = useState(false);
  // One for both: what ended one of them is told in the other.
  const submission = useSubmission();
  const rider = data?.me;
  const ride = rider?.currentReservation;
  return (
    <div className="ride" data-stale={lostSince !== null}>
      {lostSince !== null && (
        <p className="notice" data-tone="stale" role="status">
          {words.lost(`${clockTime(lostSince)} KST`)}
        </p>
      )}
      {rider ? (
        <>
          <Purse
            rider={rider}
            debt={data.pointAccount?.debt ?? 0}
            isOpen={wantsPoints}
            onOpen={setWantsPoints}
            onDone={refresh}
          />
          {ride ? (
            <Current ride={ride} submission={submission} onDone={refresh} />
          ) : (
            <FindBike
              version={rider.reservations.totalCount}
              submission={submission}
              onDone={refresh}
              onBuy={() => setWantsPoints(true)}
            />
          )}
          <History rider={rider} />
        </>
      ) : (
        <Skeleton label={shared.loading} lines={8} />
      )}
    </div>
  );
}
