import './page.css';
import { useEffect } from 'react';
import { Skeleton } from '../../shared/ui/controls.tsx';
import { retryNow } from '../../shared/api/reconnect.ts';
import { useSessionState } from '../../shared/session/session-context.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { Announcer } from './announcer.tsx';
import { Attention } from './attention.tsx';
import { BikeBoard } from './bike-board.tsx';
import { type Connection, type Picture, shownPicture } from './dashboard-state.ts';
import { DashboardStations } from './dashboard-stations.tsx';
import { Demand } from './demand.tsx';
import { EventFeed } from './event-feed.tsx';
import { FleetTile, PointsTile } from './tiles.tsx';
import { Notices } from './notices.tsx';
import { Refusals } from './refusals.tsx';
import { ReservationTable } from './reservation-table.tsx';
import { StatusStrip } from './status-strip.tsx';
import { useDashboard } from './use-dashboard.ts';
import { useHistory } from './use-history.ts';
import { dashboardWords } from './words.ts';

/** What is happening, as it happens. */
export default function DashboardPage() {
  const { config, session } = useSessionState();
  const { state, dispatch } = useDashboard();
  const connection: Connection = !config
    ? { status: 'connecting' }
    : session
      ? state.connection
      : { status: 'signed-out' };
  const picture = shownPicture(state);
  const isStale = picture !== null && connection.status !== 'live' && connection.status !== 'connecting';
  useStaleTitle(isStale);
  return (
    <div className="dashboard">
      <StatusStrip connection={connection} state={state} dispatch={dispatch} />
      <Notices connection={connection} isStale={isStale} state={state} dispatch={dispatch} onRetry={retryNow} />
      <Announcer connection={connection} updates={state.frozen ? 0 : (state.picture?.updates ?? 0)} />
      {picture ? (
        <div className="board" data-stale={isStale}>
          <FleetTile totals={picture.totals} />
          <Attention picture={picture} />
          <PointsTile totals={picture.totals} />
          <DashboardStations updates={picture.updates} />
          <HistoryCards picture={picture} />
          <BikeBoard rows={picture.rows} totals={picture.totals} />
          <ReservationTable rows={picture.rows} all={picture.reservations} hasBikes={picture.totals.bikes > 0} />
          <EventFeed feed={picture.feed} />
        </div>
      ) : (
        <Waiting connection={connection} />
      )}
    </div>
  );
}

/** Both show the same range. */
function HistoryCards({ picture }: { picture: Picture }) {
  const history = useHistory(picture);
  return (
    <>
      <Demand {...history} totals={picture.totals} />
      <Refusals range={history.range} slots={history.slots} />
    </>
  );
}

/** Marks a stale picture in the title too, for tabs in the background. */
function useStaleTitle(stale: boolean): void {
  useEffect(() => {
    if (!stale) return;
    const title = document.title;
    document.title = `⚠ ${title}`;
    return () => {
      document.title = title;
    };
  }, [stale]);
}

function Waiting({ connection }: { connection: Connection }) {
  const words = useWords(dashboardWords);
  switch (connection.status) {
    case 'connecting':
    case 'live':
    case 'reconnecting':
      return <BoardSkeleton />;
    case 'signed-out':
      return <p className="card empty">{words.needSignIn}</p>;
    case 'not-allowed':
      return <p className="card empty">{words.notAllowed}</p>;
  }
}

function BoardSkeleton() {
  const words = useWords(dashboardWords);
  return (
    <div className="board">
      {['fleet', 'attention', 'points', 'demand', 'refusals', 'bikes', 'reservations', 'feed'].map((part, place) => (
        <div key={part} className={`card ${part}`}>
          <Skeleton label={place === 0 ? words.reservations : ''} lines={place > 5 ? 8 : 3} />
        </div>
      ))}
    </div>
  );
}
