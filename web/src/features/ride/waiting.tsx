import './waiting.css';
import { useCallback, useMemo, useState } from 'react';
import {
  RiderWaitingDocument,
  StopWaitingDocument,
  WaitingChangedDocument,
  type WaitingChangedSubscription,
  type WaitingEnd,
  type WaitingFieldsFragment,
} from '../../../../schema/client/generated/graphql.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useChanges } from '../../shared/api/use-changes.ts';
import type { Acting } from '../../shared/session/acting.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinute, timeLeft } from '../../shared/i18n/seoul-time.ts';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, type Station } from '../../shared/stations/places.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { good, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { NextStep, useReserving } from './reserving.tsx';
import { untold } from './use-rider.ts';
import { rideWords } from './words.ts';

interface RiderWaiting {
  waiting: WaitingFieldsFragment | null;
  /** Why the last wait ended, if that needs to be said. */
  ended: WaitingEnd | null;
  /** The rider gave it up here. */
  stopped(): void;
}

/** Ends that the rider brought about by something else, which tells them. */
const expected: ReadonlySet<WaitingEnd> = new Set<WaitingEnd>(['RESERVED', 'ELSEWHERE']);

/** Where the rider waits for a bike. Only who waits follows what changes. */
function useWaiting(acting: Acting): RiderWaiting {
  const { userId } = acting.session;
  const [ended, setEnded] = useState<WaitingEnd | null>(null);
  const question = query(RiderWaitingDocument, { userId });
  const waiting = useAnswer(question).data?.user?.waiting ?? null;
  const isWaiting = waiting !== null;
  const [wasWaiting, setWasWaiting] = useState(isWaiting);
  if (isWaiting !== wasWaiting) {
    setWasWaiting(isWaiting);
    // Another wait may end unheard: then why the one before ended is not said again.
    if (isWaiting) setEnded(null);
  }
  const heard = useCallback(({ waitingChanged: { ended: because, cursor } }: WaitingChangedSubscription) => {
    setEnded(because && !expected.has(because) ? because : null);
    return cursor;
  }, []);
  const own = useMemo(() => ({ userId }), [userId]);
  const isLive = useChanges(acting, isWaiting ? WaitingChangedDocument : null, own, heard);
  useAnswer(question, isWaiting && !isLive ? { pace: untold } : {});
  return { waiting, ended: isWaiting ? null : ended, stopped: () => setEnded('BY_RIDER') };
}

interface WaitingCardProps {
  acting: Acting;
  stations: readonly Station[] | null;
  onBuy: () => void;
}

/** The rider's place in a list, and the bike that they were told of. */
export function WaitingCard({ acting, stations, onBuy }: WaitingCardProps) {
  const words = useWords(rideWords);
  const { waiting, ended, stopped } = useWaiting(acting);
  if (!waiting) {
    // Always there, so that screen readers hear why it ended.
    return (
      <p className={ended === null ? 'visually-hidden' : 'notice'} role="status">
        {ended && words.waitEnded[ended]}
      </p>
    );
  }
  return <Place key={waiting.since} waiting={waiting} stations={stations} onStop={stopped} onBuy={onBuy} />;
}

interface PlaceProps extends Pick<WaitingCardProps, 'stations' | 'onBuy'> {
  waiting: WaitingFieldsFragment;
  onStop: () => void;
}

function Place({ waiting, stations, onStop, onBuy }: PlaceProps) {
  const words = useWords(rideWords);
  const { language } = useSpeech();
  const submission = useSubmission();
  const reserving = useReserving(submission);
  const { bike, station, place, since, until, offer } = waiting;
  const at = stations?.find(({ stationId }) => stationId === station?.stationId);
  const what = bike
    ? words.rideOf(bike.bikeId)
    : words.anyBikeAt(at ? nameOf(at, language) : (station?.stationId ?? ''));
  const stop = () =>
    submission.submit(`stop waiting since ${since}`, async (client, idempotencyKey) => {
      const { refusal } = (await client.request(StopWaitingDocument, { input: { idempotencyKey } })).stopWaiting;
      if (refusal) return refused(refusal);
      onStop();
      return good(() => rideWords[language].waitStopped);
    });
  return (
    <section className="card waiting" aria-labelledby="waiting-title">
      <h2 id="waiting-title">
        <span>{words.waitTitle}</span>
        <span className="aside">{what}</span>
      </h2>
      <p role="status">{offer ? words.isFree(offer.bike.bikeId) : words.waitPlace(place ?? 1)}</p>
      {offer ? <OfferLeft until={offer.until} /> : <p className="aside">{words.waitUntil(hourAndMinute(until))}</p>}
      <div className="waiting-actions">
        {offer && (
          <Button isPending={submission.pending} onPress={() => void reserving.reserve({ bikeId: offer.bike.bikeId })}>
            {words.reserveBike(offer.bike.bikeId)}
          </Button>
        )}
        <Button weight="plain" isPending={submission.pending} onPress={() => void stop()}>
          {words.stopWaiting}
        </Button>
      </div>
      <OutcomeText submission={submission} />
      <NextStep
        reserving={reserving}
        isWaiting
        onBuy={onBuy}
        onReserve={(bikeId) => void reserving.reserve({ bikeId })}
      />
    </section>
  );
}

/** How long until the next one is told; read by who looks, not said each second. */
function OfferLeft({ until }: { until: string }) {
  const words = useWords(rideWords);
  const left = useClock((now) => timeLeft(until, now));
  return (
    <p className="offer-left">
      <span>{words.offerLeft}</span>
      <strong className="number">{left}</strong>
    </p>
  );
}
