import { DashboardDocument, DashboardUpdatedDocument } from '../../../../schema/client/generated/graphql.ts';
import { type Connection, type Staying, stayConnected } from '../../shared/api/reconnect.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import type { DashboardAction, Update } from './dashboard-state.ts';

export interface Following extends Pick<Staying, 'connect' | 'signal' | 'network' | 'retryDelayMs'> {
  dispatch(action: DashboardAction): void;
}

/** Changes that come close together are drawn together; one that comes alone is drawn with the next frame. */
const frameMs = 16;
/** Ten renders a second look live; more would only take CPU from the user's own actions. */
const drawEveryMs = 100;

/**
 * Takes the picture, then follows the feed from its cursor; after a lost connection from the last cursor seen, so that
 * nothing is missed and nothing comes twice. Ends when aborted, or when this user may not see the dashboard.
 */
export function followDashboard({ dispatch, ...staying }: Following): Promise<void> {
  const place: Place = { cursor: null, isRefused: false };
  return stayConnected({
    ...staying,
    run: (connection) => followOnce(connection, place, dispatch),
    onLive() {
      place.isRefused = false;
      dispatch({ type: 'connected' });
    },
    onEnd(code) {
      // The first time the token may only have been too old: the next connection has another.
      const isTokenRefused = code === 'UNAUTHENTICATED' || code === 'TOKEN_EXPIRED';
      const isSignedOut = isTokenRefused && place.isRefused;
      place.isRefused ||= isTokenRefused;
      if (isSignedOut || code === 'FORBIDDEN') {
        dispatch({ type: isSignedOut ? 'signedOut' : 'notAllowed' });
        return 'stop';
      }
      // The server refused the cursor: start again from a new query.
      if (code !== 'CONNECTION_LOST' && code !== 'TOKEN_EXPIRED') place.cursor = null;
      if (code === 'CURSOR_EXPIRED') return 'at once';
      dispatch({ type: 'connectionLost', at: serverClock.now(), code });
      return 'wait';
    },
  });
}

interface Place {
  cursor: string | null;
  /** The server refused the token of the connection before. */
  isRefused: boolean;
}

async function followOnce(
  { client, signal, alive }: Connection,
  place: Place,
  dispatch: Following['dispatch'],
): Promise<void> {
  const frame = createFrame((updates) => dispatch({ type: 'updated', updates }));
  try {
    if (place.cursor === null) {
      const { dashboard } = await client.request(DashboardDocument, {}, { signal });
      dispatch({ type: 'snapshotTaken', snapshot: dashboard });
      place.cursor = dashboard.cursor;
    }
    // The page says itself that it lost the connection, and listens to the network for when to go on.
    const resume = { resume: false };
    const after = place.cursor;
    for await (const { dashboardUpdated } of client.subscribe(DashboardUpdatedDocument, { after }, resume)) {
      alive();
      place.cursor = dashboardUpdated.cursor;
      frame.add(dashboardUpdated);
    }
  } finally {
    frame.flush();
  }
}

/** Collects updates for one frame. A timer, not requestAnimationFrame: a hidden tab has to keep up as well. */
function createFrame(draw: (updates: readonly Update[]) => void) {
  let waiting: Update[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawnAt = -Infinity;
  function flush() {
    clearTimeout(timer);
    timer = undefined;
    drawnAt = performance.now();
    if (waiting.length > 0) draw(waiting);
    waiting = [];
  }
  return {
    add(update: Update) {
      waiting.push(update);
      timer ??= setTimeout(flush, Math.max(frameMs, drawnAt + drawEveryMs - performance.now()));
    },
    flush,
  };
}
