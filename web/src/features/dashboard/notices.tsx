import { Button } from '../../shared/ui/controls.tsx';
import { useClock } from '../../shared/i18n/clock.ts';
import { clockTimeOn } from '../../shared/i18n/seoul-time.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import {
  type Connection,
  type DashboardAction,
  type DashboardState,
  type Picture,
  shownPicture,
  updatesNotShown,
} from './dashboard-state.ts';
import { dashboardWords } from './words.ts';

interface NoticesProps {
  connection: Connection;
  isStale: boolean;
  state: DashboardState;
  dispatch: (action: DashboardAction) => void;
  onRetry: () => void;
}

/** What a reader has to know before believing the figures. */
export function Notices({ connection, isStale, state, dispatch, onRetry }: NoticesProps) {
  const words = useWords(dashboardWords);
  const picture = shownPicture(state);
  return (
    <>
      {isStale && picture && (
        <Stale asOf={asOf(connection, picture)} canRetry={connection.status === 'reconnecting'} onRetry={onRetry} />
      )}
      {state.frozen && (
        <div className="notice" data-tone="paused">
          <p>
            {words.paused} <span className="number">{words.waiting(updatesNotShown(state))}</span>
          </p>
          <Button weight="plain" onPress={() => dispatch({ type: 'resumed' })}>
            {words.resume}
          </Button>
        </div>
      )}
    </>
  );
}

function Stale({ asOf, canRetry, onRetry }: { asOf: string | number; canRetry: boolean; onRetry: () => void }) {
  const words = useWords(dashboardWords);
  const time = useClock((now) => clockTimeOn(asOf, now));
  return (
    <div className="notice" data-tone="stale">
      <p>
        <strong>{words.stale(`${time} KST`)}</strong> {canRetry && <span>{words.retrying}</span>}
      </p>
      {canRetry && (
        <Button weight="plain" onPress={onRetry}>
          {words.retryNow}
        </Button>
      )}
    </div>
  );
}

/** Until when the picture is known to be the truth. */
function asOf(connection: Connection, picture: Picture): string | number {
  return connection.status === 'reconnecting' ? connection.since : picture.at;
}
