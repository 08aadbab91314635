import './current.css';
import { useState } from 'react';
import {
  BikeLooksDocument,
  CancelReservationDocument,
  type RefusalFieldsFragment,
  ReturnBikeDocument,
  StartRideDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { useIntention } from '../../shared/api/use-intention.ts';
import { useQuery } from '../../shared/api/use-query.ts';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { Button } from '../../shared/ui/controls.tsx';
import { BikeSwatch } from '../../shared/ui/icons.tsx';
import { good, type Outcome, OutcomeText, refused, type Submission } from '../../shared/ui/submission.tsx';
import { type Acting, useActing } from '../../shared/session/acting.ts';
import { formatCount, useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import type { Ride } from './rider.ts';
import { HoldDial, RideDial } from './dials.tsx';
import { rideWords } from './words.ts';

type Step = 'start' | 'return' | 'cancel';

interface CurrentProps {
  ride: Ride;
  submission: Submission;
  onDone: () => Promise<void>;
}

/** The reservation or ride that the rider has now, and what can be done with it. */
export function Current({ ride, submission, onDone }: CurrentProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const acting = useActing();
  const intention = useIntention();
  const [asking, setAsking] = useState(false);
  const isRiding = ride.reserveStatus === 'IN_USE';
  const isPending = ride.reserveStatus === 'PENDING';
  // Decoration from another service: the ride works without it.
  const color = useQuery(BikeLooksDocument, { bikeId: ride.bikeId }).data?.bike?.color;

  async function take(step: Step): Promise<Outcome> {
    if (!acting) return good(() => '');
    const key = intention.keyFor(`${step} ${ride.reserveNo}`);
    const refusal = await send(step, ride.reserveNo, key, acting);
    intention.settled();
    if (refusal) return refused(refusal);
    const said = { start: 'started', return: 'returned', cancel: 'cancelled' } as const;
    return good(() => rideWords[language][said[step]]);
  }
  async function press(step: Step) {
    setAsking(false);
    await submission.submit(() => take(step));
    await onDone();
  }

  return (
    <section className="card current" aria-labelledby="current-title" data-status={ride.reserveStatus}>
      <h2 id="current-title" tabIndex={-1}>
        <span>{isRiding ? words.riding : isPending ? words.waiting : words.held}</span>
        <span className="aside">{`${shared.reserveNo} ${ride.reserveNo}`}</span>
      </h2>
      <p className="bike-number">
        {color && <BikeSwatch color={color} />}
        <span>{shared.bike}</span>
        <strong className="number">{ride.bikeId}</strong>
      </p>
      {isPending && <p className="aside">{words.waitingHint}</p>}
      {ride.reserveStatus === 'RESERVED' && ride.expiresAt && (
        <HoldDial from={ride.reserveDateTime} until={ride.expiresAt} />
      )}
      {isRiding && ride.startDateTime && <RideDial since={ride.startDateTime} />}
      <div className="big-actions">
        {ride.reserveStatus === 'RESERVED' && (
          <Button onPress={() => void press('start')} isPending={submission.pending}>
            {words.start}
          </Button>
        )}
        {isRiding && (
          <Button onPress={() => void press('return')} isPending={submission.pending}>
            {words.giveBack}
          </Button>
        )}
        {!isRiding && (
          <Button weight="plain" onPress={() => setAsking(true)} isPending={submission.pending}>
            {words.cancel}
          </Button>
        )}
      </div>
      <OutcomeText submission={submission} />
      <ConfirmDialog title={words.cancelTitle(ride.bikeId)} isOpen={asking} onClose={() => setAsking(false)}>
        <p>{words.cancelHint(formatCount(ride.fee))}</p>
        <DialogActions>
          <Button weight="quiet" onPress={() => setAsking(false)}>
            {words.keep}
          </Button>
          <Button weight="danger" onPress={() => void press('cancel')}>
            {words.cancel}
          </Button>
        </DialogActions>
      </ConfirmDialog>
    </section>
  );
}

async function send(
  step: Step,
  reserveNo: number,
  idempotencyKey: string,
  { client }: Acting,
): Promise<RefusalFieldsFragment | null | undefined> {
  const input = { reserveNo, idempotencyKey };
  switch (step) {
    case 'start':
      return (await client.request(StartRideDocument, { input })).startRide.refusal;
    case 'return':
      return (await client.request(ReturnBikeDocument, { input })).returnBike.refusal;
    case 'cancel':
      return (await client.request(CancelReservationDocument, { input })).cancelReservation.refusal;
  }
}
