import './reports.css';
import { type ReactNode, useState } from 'react';
import type { Client } from '../../../../schema/client/client.ts';
import {
  OpenReturnReportsDocument,
  type OpenReturnReportsQuery,
  RejectReturnDocument,
  ReturnReportChangedDocument,
  type ReturnReportChangedSubscription,
  SettleReturnDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { linkTo } from '../../app/links.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useChanges } from '../../shared/api/use-changes.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { momentOf, seoulMinute } from '../../shared/i18n/seoul-time.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { type Acting, actsForOthers, useActing } from '../../shared/session/acting.ts';
import { nameOf } from '../../shared/stations/places.ts';
import { useStationNames } from '../../shared/stations/use-stations.ts';
import { ConfirmDialog } from '../../shared/ui/confirm.tsx';
import { Button, Empty, Skeleton } from '../../shared/ui/controls.tsx';
import { DialogForm } from '../../shared/ui/dialog-form.tsx';
import { NoteField, TimeField } from '../../shared/ui/fields.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { AsOf } from './as-of.tsx';
import { At } from './at.tsx';
import { Faults } from './faults.tsx';
import { Reason } from './reason.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

type Report = OpenReturnReportsQuery['openReturnReports']['nodes'][number];

const everything = {};
const cursorIn = ({ returnReportChanged }: ReturnReportChangedSubscription) => returnReportChanged.cursor;

/** Returns that riders report as not recognised, the oldest first, until somebody settles them. */
export default function Reports() {
  const acting = useActing();
  return acting && <OpenReports acting={acting} />;
}

function OpenReports({ acting }: { acting: Acting }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const isLive = useChanges(acting, ReturnReportChangedDocument, everything, cursorIn);
  const reports = useAnswer(query(OpenReturnReportsDocument, {}), isLive ? {} : { pace: watched });
  // Of all of them: what became of one shows when it has left the list.
  const submission = useSubmission();
  const list = reports.data?.openReturnReports;
  return (
    <>
      <AsOf answer={reports} />
      <section className="card cases" aria-labelledby="reports-title">
        <h2 id="reports-title">
          {words.reports.title} {list && <span className="aside number">{formatCount(list.totalCount)}</span>}
        </h2>
        <p className="aside">{words.reports.hint}</p>
        <OutcomeText submission={submission} />
        {reports.isWaiting && <Skeleton label={shared.loading} lines={4} />}
        {list?.nodes.length === 0 && <Empty title={words.reports.none} />}
        {list?.nodes.map((report) => (
          <OpenReport key={report.reserveNo} report={report} submission={submission} acting={acting} />
        ))}
        {list && list.nodes.length < list.totalCount && (
          <p className="aside">{words.reports.newest(list.nodes.length, list.totalCount)}</p>
        )}
      </section>
      <Faults />
    </>
  );
}

interface OpenReportProps {
  report: Report;
  submission: ReturnType<typeof useSubmission>;
  acting: Acting;
}

function OpenReport({ report, submission, acting }: OpenReportProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const stations = useStationNames();
  const [asked, setAsked] = useState<'settle' | 'reject' | null>(null);
  const { reserveNo, reservation, place, note, returnedAt, reportedAt } = report;
  const station = stations?.find(({ stationId }) => stationId === place?.station?.stationId);
  const close = () => setAsked(null);
  return (
    <article className="open-case" data-reserve-no={reserveNo} aria-label={`${shared.reserveNo} ${reserveNo}`}>
      <dl className="facts">
        <Fact label={shared.reserveNo}>
          <a href={linkTo('reservation', reserveNo)}>{reserveNo}</a>
        </Fact>
        <Fact label={words.reports.rider}>
          <a href={linkTo('rider', reservation.userId)}>{reservation.userId}</a>
        </Fact>
        <Fact label={words.reports.bike}>
          <a href={linkTo('bike', reservation.bikeId)}>{reservation.bikeId}</a>
        </Fact>
        <Fact label={words.startedAt}>{reservation.startDateTime && <At time={reservation.startDateTime} />}</Fact>
        <Fact label={words.reports.said}>
          <At time={returnedAt} />
        </Fact>
        <Fact label={words.reports.recorded}>
          {reservation.returnDateTime ? <At time={reservation.returnDateTime} /> : words.reports.goesOn}
        </Fact>
        {place && (
          <Fact label={words.reports.place}>
            {place.position
              ? `${place.position.latitude.toFixed(4)}, ${place.position.longitude.toFixed(4)}`
              : station
                ? nameOf(station, language)
                : place.station?.stationId}
          </Fact>
        )}
        <Fact label={words.reports.reportedAt}>
          <At time={reportedAt} />
        </Fact>
      </dl>
      {note && (
        <p className="case-note">
          <span className="aside">{words.reports.note}</span> <q>{note}</q>
        </p>
      )}
      {actsForOthers(acting.session) && (
        <div className="act">
          <Button
            aria-label={words.reports.settleTitle(reserveNo)}
            onPress={() => setAsked('settle')}
            isPending={submission.pending}
          >
            {words.reports.settle}
          </Button>
          <Button
            weight="danger"
            aria-label={words.reports.rejectTitle(reserveNo)}
            onPress={() => setAsked('reject')}
            isPending={submission.pending}
          >
            {words.reports.reject}
          </Button>
        </div>
      )}
      <ConfirmDialog
        title={words.reports[asked === 'reject' ? 'rejectTitle' : 'settleTitle'](reserveNo)}
        isOpen={asked !== null}
        onClose={close}
      >
        {asked === 'settle' && <SettleForm report={report} submission={submission} onClose={close} />}
        {asked === 'reject' && <RejectForm report={report} submission={submission} onClose={close} />}
      </ConfirmDialog>
    </article>
  );
}

interface FormProps extends Pick<OpenReportProps, 'report' | 'submission'> {
  onClose: () => void;
}

function SettleForm({ report: { reserveNo, returnedAt, reservation }, submission, onClose }: FormProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const said = seoulMinute(returnedAt);
  const [time, setTime] = useState(said);
  const [reason, setReason] = useState('');
  const began = reservation.startDateTime ?? '';
  // To the second as it was reported, unless somebody changed it.
  const settledAs = time === said ? returnedAt : momentOf(time, began);

  async function settle(client: Client, idempotencyKey: string): Promise<Outcome> {
    if (settledAs === null) return { tone: 'refused', say: ({ timeWithin }) => timeWithin };
    // Always said: the report may be another one by the time that this arrives.
    const input = { reserveNo, returnedAt: settledAs, reason: reason.trim(), idempotencyKey };
    const { refusal } = (await client.request(SettleReturnDocument, { input })).settleReturn;
    return refusal ? refused(refusal) : good(() => fleetWords[language].reports.settled(reserveNo));
  }
  const wish = `settle ${JSON.stringify([reserveNo, settledAs, reason.trim()])}`;

  return (
    <DialogForm
      {...{ action: words.reports.settle, keep: shared.close, submission, onClose }}
      onSubmit={() => submission.submit(wish, settle)}
    >
      <p>{words.reports.settleHint}</p>
      <TimeField
        label={words.reports.settleTime}
        {...{ from: began, until: reservation.returnDateTime, value: time, onChange: setTime }}
      />
      <NoteField
        {...{ name: 'reason', label: words.reports.settleReason, hint: words.reasonHint }}
        {...{ value: reason, onChange: setReason }}
      />
    </DialogForm>
  );
}

function RejectForm({ report: { reserveNo }, submission, onClose }: FormProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const [reason, setReason] = useState('');

  async function reject(client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { reserveNo, reason: reason.trim(), idempotencyKey };
    const { refusal } = (await client.request(RejectReturnDocument, { input })).rejectReturn;
    return refusal ? refused(refusal) : good(() => fleetWords[language].reports.rejected(reserveNo));
  }
  const wish = `reject ${JSON.stringify([reserveNo, reason.trim()])}`;

  return (
    <DialogForm
      {...{ action: words.reports.reject, keep: shared.close, weight: 'danger', submission, onClose }}
      onSubmit={() => submission.submit(wish, reject)}
    >
      <p>{words.reports.rejectHint}</p>
      <Reason value={reason} onChange={setReason} />
    </DialogForm>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
