import './return-report.css';
import { type SubmitEvent, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { ReportReturnDocument } from '../../../../schema/client/generated/graphql.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinuteOn, momentOf, seoulMinute } from '../../shared/i18n/seoul-time.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, type Station } from '../../shared/stations/places.ts';
import { ConfirmDialog, DialogActions } from '../../shared/ui/confirm.tsx';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import type { PastRide, Ride } from './rider.ts';
import { rideWords } from './words.ts';

interface ReturnReportProps {
  ride: Ride | PastRide;
  stations: readonly Station[] | null;
}

/** A rider says that a return was not recognised, and sees what became of it. */
export function ReturnReport({ ride, stations }: ReturnReportProps) {
  const words = useWords(rideWords);
  const [isOpen, setOpen] = useState(false);
  const label = ride.returnDateTime ? words.wrongReturn : words.notRecognised;
  return (
    <>
      {ride.returnReport && <State report={ride.returnReport} />}
      {ride.isReturnReportable && (
        <Button
          weight="quiet"
          className="report-button"
          aria-label={`${label} (${words.rideOf(ride.bikeId)})`}
          onPress={() => setOpen(true)}
        >
          {label}
        </Button>
      )}
      <ConfirmDialog title={words.reportTitle(ride.bikeId)} isOpen={isOpen} onClose={() => setOpen(false)}>
        <ReportForm ride={ride} stations={stations} onClose={() => setOpen(false)} />
      </ConfirmDialog>
    </>
  );
}

function State({ report }: { report: NonNullable<PastRide['returnReport']> }) {
  const words = useWords(rideWords);
  const { status, returnedAt, settledAs, reason } = report;
  const time = useClock((now) => hourAndMinuteOn(settledAs ?? returnedAt, now));
  return (
    <span className="report-state" data-report={status}>
      <span>{words.reportState[status](time)}</span>
      {reason && <q>{reason}</q>}
    </span>
  );
}

function ReportForm({ ride, stations, onClose }: ReturnReportProps & { onClose: () => void }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const submission = useSubmission();
  const began = ride.startDateTime ?? '';
  const [time, setTime] = useState(() => seoulMinute(ride.returnDateTime ?? serverClock.now()));
  const [number, setNumber] = useState('');
  const [note, setNote] = useState('');
  const stationId = number.trim() === '' ? null : `ST-${Number(number)}`;
  const station = stations?.find((each) => each.stationId === stationId);

  async function report(client: Client, idempotencyKey: string): Promise<Outcome> {
    const returnedAt = momentOf(time, began) ?? began;
    const input = { reserveNo: ride.reserveNo, returnedAt, stationId, note: note.trim(), idempotencyKey };
    const { refusal } = (await client.request(ReportReturnDocument, { input })).reportReturn;
    return refusal ? refused(refusal) : good(() => rideWords[language].reported);
  }
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const wish = `report ${JSON.stringify([ride.reserveNo, time, stationId, note.trim()])}`;
    const outcome = await submission.submit(wish, report);
    if (outcome?.tone === 'good') onClose();
  }

  return (
    <form className="dialog-form" onSubmit={(event) => void submit(event)}>
      <p>{words.reportHint}</p>
      <Field label={words.reportTime}>
        {(ids) => (
          <input
            {...ids}
            name="time"
            type="datetime-local"
            required
            value={time}
            onChange={(event) => setTime(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.reportStation} hint={station ? nameOf(station, language) : words.reportStationHint}>
        {(ids) => (
          <input
            {...ids}
            name="station"
            inputMode="numeric"
            autoComplete="off"
            pattern="[0-9]{1,6}"
            maxLength={6}
            value={number}
            onChange={(event) => setNumber(event.target.value.replace(/\D/g, ''))}
          />
        )}
      </Field>
      <Field label={words.reportNote}>
        {(ids) => (
          <textarea
            {...ids}
            name="note"
            rows={2}
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Field>
      <OutcomeText submission={submission} />
      <DialogActions>
        <Button weight="quiet" onPress={onClose}>
          {shared.close}
        </Button>
        <Button type="submit" isPending={submission.pending}>
          {words.report}
        </Button>
      </DialogActions>
    </form>
  );
}
