import './return-report.css';
import { useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import { ReportReturnDocument } from '../../../../schema/client/generated/graphql.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { hourAndMinuteOn, momentOf, seoulMinute } from '../../shared/i18n/seoul-time.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, type Station } from '../../shared/stations/places.ts';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button, Field } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { NoteField, TimeField } from '../../shared/ui/fields.tsx';
import { good, type Outcome, refused, useSubmission } from '../../shared/ui/submission.tsx';
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
    const returnedAt = momentOf(time, began);
    if (returnedAt === null) return { tone: 'refused', say: ({ timeWithin }) => timeWithin };
    const input = { reserveNo: ride.reserveNo, returnedAt, stationId, note: note.trim(), idempotencyKey };
    const { refusal } = (await client.request(ReportReturnDocument, { input })).reportReturn;
    return refusal ? refused(refusal) : good(() => rideWords[language].reported);
  }
  const wish = `report ${JSON.stringify([ride.reserveNo, time, stationId, note.trim()])}`;

  return (
    <DialogForm
      {...{ action: words.report, keep: shared.close, submission, onClose }}
      onSubmit={() => submission.submit(wish, report)}
    >
      <p>{words.reportHint}</p>
      <TimeField
        label={words.reportTime}
        {...{ from: began, until: ride.returnDateTime, value: time, onChange: setTime }}
      />
      <Field label={shared.stationNumber} hint={station ? nameOf(station, language) : words.reportStationHint}>
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
      <NoteField name="note" label={words.reportNote} value={note} onChange={setNote} />
    </DialogForm>
  );
}
