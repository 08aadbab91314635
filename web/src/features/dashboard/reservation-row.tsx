import './reservation-row.css';
import { memo } from 'react';
import { StatusIcon } from '../../shared/ui/icons.tsx';
import { linkTo } from '../../app/links.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { clockTimeOn, timeLeft, timePassed } from '../../shared/i18n/seoul-time.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import type { Row, ShownRow } from './dashboard-state.ts';
import { isExpiring, isOverdue, type SortKey } from './table-view.ts';
import { Time } from './time.tsx';
import { useLimits } from './use-limits.ts';
import { dashboardWords } from './words.ts';

interface ReservationRowProps extends ShownRow {
  /** Which one from the top. */
  place: number;
  rowHeight: number;
  /** The column that is the table's stop for the Tab key, if one of this row is. */
  stop: SortKey | null;
}

/** The previous system's names for these states, for people who know them. */
const formerNames: Partial<Record<Row['reserveStatus'], string>> = {
  RETURNED: '사용완료',
  CANCELLED: '예약취소',
};

export const ReservationRow = memo(function ReservationRow(props: ReservationRowProps) {
  const { row, changes, place, rowHeight, stop } = props;
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const cell = (column: SortKey) =>
    ({ role: 'gridcell', 'data-column': column, tabIndex: column === stop ? 0 : -1 }) as const;
  return (
    <div
      role="row"
      className="row reservation-row"
      aria-rowindex={place + 2}
      style={{ transform: `translateY(${place * rowHeight}px)`, height: rowHeight }}
      data-reserve-no={row.reserveNo}
      data-status={row.reserveStatus}
      // Two names for one animation: only a changed name restarts it.
      data-flash={changes === 0 ? undefined : changes % 2 ? 'odd' : 'even'}
    >
      <div role="rowheader" data-column="reserveNo" className="number">
        <a
          href={linkTo('reservation', row.reserveNo)}
          aria-label={words.openReservation(row.reserveNo)}
          tabIndex={stop === 'reserveNo' ? 0 : -1}
        >
          {row.reserveNo}
        </a>
      </div>
      <div {...cell('reserveStatus')}>
        <span className="status" data-status={row.reserveStatus} title={formerNames[row.reserveStatus]}>
          <StatusIcon status={row.reserveStatus} />
          <span>{shared.statusNames[row.reserveStatus]}</span>
        </span>
        <Countdown row={row} />
      </div>
      <div {...cell('bikeId')} className="number" data-label={shared.bike} translate="no">
        {row.bikeId}
      </div>
      <div {...cell('userId')} data-label={shared.rider} title={row.userId} translate="no">
        {row.userId}
      </div>
      <div {...cell('reserveDateTime')}>
        <Time at={row.reserveDateTime} />
      </div>
      <div {...cell('returnDateTime')}>
        {row.returnDateTime ? <Time at={row.returnDateTime} /> : <span className="nothing">–</span>}
      </div>
      <div {...cell('updatedAt')}>
        <Ago at={row.updatedAt} />
      </div>
    </div>
  );
});

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
  const limits = useLimits();
  const left = useClock((now) => timeLeft(until, now));
  const soon = useClock((now) => isExpiring(row, now, limits));
  return (
    <span className="countdown number" data-soon={soon}>
      {words.holdEndsIn(left)}
    </span>
  );
}

function RidingFor({ row, since }: { row: Row; since: string }) {
  const words = useWords(dashboardWords);
  const limits = useLimits();
  const time = useClock((now) => timePassed(since, now));
  const late = useClock((now) => isOverdue(row, now, limits));
  return (
    <span className="countdown number" data-soon={late}>
      {words.ridingFor(time)}
    </span>
  );
}
