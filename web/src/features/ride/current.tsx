import './current.css';
import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  BikeLooksDocument,
  CancelReservationDocument,
  type RefusalFieldsFragment,
  ReturnBikeDocument,
  StartRideDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { BikeSwatch } from '../../shared/ui/icons.tsx';
import { good, type Outcome, OutcomeText, refused, type Submission } from '../../shared/ui/submission.tsx';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import type { Station } from '../../shared/stations/places.ts';
import type { Ride } from './rider.ts';
import { HoldDial, RideDial } from './dials.tsx';
import { FaultReport } from './fault-report.tsx';
import { ReturnReport } from './return-report.tsx';
import { rideWords } from './words.ts';

type Step = 'start' | 'return' | 'cancel';

interface CurrentProps {
  ride: Ride;
  submission: Submission;
  /** Where it can be returned, shown below; null while nobody knows. */
  stations: readonly Station[] | null;
}

/** The reservation or ride that the rider has now, and what can be done with it. */
export function Current({ ride, submission, stations }: CurrentProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const [asking, setAsking] = useState(false);
  const hasStations = stations !== null && stations.length > 0;
  const isRiding = ride.reserveStatus === 'IN_USE';
  const isPending = ride.reserveStatus === 'PENDING';
  // Decoration from another service: the ride works without it.
  const color = useAnswer(query(BikeLooksDocument, { bikeId: ride.bikeId })).data?.bike?.color;

  async function take(step: Step, client: Client, idempotencyKey: string): Promise<Outcome> {
    const refusal = await send(step, { reserveNo: ride.reserveNo, idempotencyKey }, client);
    if (refusal) return refused(refusal);
    const said = { start: 'started', return: 'returned', cancel: 'cancelled' } as const;
    return good(() => rideWords[language][said[step]]);
  }
  async function press(step: Step) {
    setAsking(false);
    await submission.submit(`${step} ${ride.reserveNo}`, (client, key) => take(step, client, key));
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
      {isRiding && ride.startDateTime && <RideDial since={ride.startDateTime} reserveNo={ride.reserveNo} />}
      {isRiding && hasStations && <p className="aside">{words.returnHint}</p>}
      <div className="big-actions">
        {ride.reserveStatus === 'RESERVED' && (
          <Button onPress={() => void press('start')} isPending={submission.pending}>
            {shared.step.start}
          </Button>
        )}
        {isRiding && (
          <Button
            {...(hasStations && { weight: 'plain' })}
            onPress={() => void press('return')}
            isPending={submission.pending}
          >
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
      {isRiding && <ReturnReport ride={ride} stations={stations} />}
      {!isPending && <FaultReport bikeId={ride.bikeId} />}
      <ConfirmDialog title={words.cancelTitle(ride.bikeId)} isOpen={asking} onClose={() => setAsking(false)}>
        <p>{words.cancelHint(ride.fee)}</p>
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
  input: { reserveNo: number; idempotencyKey: string },
  client: Client,
): Promise<RefusalFieldsFragment | null | undefined> {
  switch (step) {
    case 'start':
      return (await client.request(StartRideDocument, { input })).startRide.refusal;
    case 'return':
      return (await client.request(ReturnBikeDocument, { input })).returnBike.refusal;
    case 'cancel':
      return (await client.request(CancelReservationDocument, { input })).cancelReservation.refusal;
  }
}
