import { memo } from 'react';
import { StatusIcon } from '../design/icons.tsx';
import { useClock } from '../words/clock.ts';
import { clockTimeOn, timeLeft, timePassed } from '../words/seoul-time.ts';
import { useSharedWords, useWords } from '../words/speech.tsx';
import type { Row, ShownRow } from './dashboard-state.ts';
import { isExpiring, isOverdue } from './table-view.ts';
import { dashboardWords } from './words.ts';

interface ReservationRowProps extends ShownRow {
  /** Which one from the top. */
  place: number;
  rowHeight: number;
}

export const ReservationRow = memo(function ReservationRow({ row, changes, place, rowHeight }: ReservationRowProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={place + 2}
      style={{ transform: `translateY(${place * rowHeight}px)`, height: rowHeight }}
      data-reserve-no={row.reserveNo}
      data-status={row.reserveStatus}
      // Two names for one animation: changing the name is what starts it anew.
      data-flash={changes === 0 ? undefined : changes % 2 ? 'odd' : 'even'}
    >
      <div role="rowheader" data-column="reserveNo" className="number">
        <a href={`/fleet?reservation=${row.reserveNo}`} aria-label={words.openReservation(row.reserveNo)}>
          {row.reserveNo}
        </a>
      </div>
      <div role="cell" data-column="reserveStatus">
        <span className="status" data-status={row.reserveStatus}>
          <StatusIcon status={row.reserveStatus} />
          {shared.statusNames[row.reserveStatus]}
        </span>
        <Countdown row={row} />
      </div>
      <div role="cell" data-column="bikeId" className="number" data-label={shared.bike}>
        {row.bikeId}
      </div>
      <div role="cell" data-column="userId" data-label={shared.rider} title={row.userId}>
        {row.userId}
      </div>
      <div role="cell" data-column="reserveDateTime">
        <Time at={row.reserveDateTime} />
      </div>
      <div role="cell" data-column="returnDateTime">
        {row.returnDateTime ? <Time at={row.returnDateTime} /> : <span className="nothing">–</span>}
      </div>
      <div role="cell" data-column="updatedAt">
        <Ago at={row.updatedAt} />
      </div>
    </div>
  );
});

function Time({ at }: { at: string }) {
  const text = useClock((now) => clockTimeOn(at, now));
  return (
    <time dateTime={at} className="number">
      {text}
    </time>
  );
}

function Ago({ at }: { at: string }) {
  const words = useSharedWords();
  const text = useClock((now) => words.ago(now - Date.parse(at)));
  return (
    <time dateTime={at} title={clockTimeOn(at, 0)}>
      {text}
    </time>
  );
}

/** How long the hold lasts, or the ride has lasted. */
function Countdown({ row }: { row: Row }) {
  const { reserveStatus, expiresAt, startDateTime } = row;
  if (reserveStatus === 'RESERVED' && expiresAt) return <HoldEnds row={row} until={expiresAt} />;
  return reserveStatus === 'IN_USE' && startDateTime ? <RidingFor row={row} since={startDateTime} /> : null;
}

function HoldEnds({ row, until }: { row: Row; until: string }) {
  const words = useWords(dashboardWords);
  const left = useClock((now) => timeLeft(until, now));
  const soon = useClock((now) => isExpiring(row, now));
  return (
    <span className="countdown number" data-soon={soon}>
      {words.holdEndsIn(left)}
    </span>
  );
}

function RidingFor({ row, since }: { row: Row; since: string }) {
  const words = useWords(dashboardWords);
  const time = useClock((now) => timePassed(since, now));
  const late = useClock((now) => isOverdue(row, now));
  return (
    <span className="countdown number" data-soon={late}>
      {words.ridingFor(time)}
    </span>
  );
}
