import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import { DashboardDocument, DashboardUpdatedDocument } from '../../../../schema/client/generated/graphql.ts';
import { backoffMs } from '../../shared/api/backoff.ts';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import type { DashboardAction, Update } from './dashboard-state.ts';

export interface Following {
  /** Makes the client of one connection; `onConnected` is to be called when its socket is ready. */
  connect(onConnected: () => void): Client;
  dispatch(action: DashboardAction): void;
  signal: AbortSignal;
  /** Milliseconds before the given retry (1, 2, 3 …). */
  retryDelayMs?: (retry: number) => number;
  /** Tells of the network: `offline` ends the connection at once, `retry` ends the wait for the next one. */
  network?: EventTarget;
}

/** A server may still refuse the subscription on an accepted socket: only after this time the feed counts as live. */
const refusalTimeMs = 300;
/** A connection that lasted so long, or delivered an update, resets the back-off. */
const steadyMs = 10_000;
/** Changes that come close together are drawn together; one that comes alone is drawn with the next frame. */
const frameMs = 16;
/** Ten renders a second look live; more would only take CPU from the user's own actions. */
const drawEveryMs = 100;

/**
 * Takes the picture, then follows the feed from its cursor; after a lost connection from the last cursor seen, so that
 * nothing is missed and nothing comes twice. Ends when aborted, or when this user may not see the dashboard.
 */
export async function followDashboard(following: Following): Promise<void> {
  const { dispatch, signal, retryDelayMs = backoffMs, network = new EventTarget() } = following;
  const place: Place = { cursor: null, retries: 0 };
  while (!signal.aborted) {
    const code = await followOnce(following, place);
    if (isAborted(signal)) return;
    if (code === 'UNAUTHENTICATED' && place.retries > 0) return dispatch({ type: 'signedOut' });
    if (code === 'FORBIDDEN') return dispatch({ type: 'notAllowed' });
    // The server refused the cursor: start again from a new query.
    if (code !== 'CONNECTION_LOST') place.cursor = null;
    if (code === 'CURSOR_EXPIRED') continue;
    dispatch({ type: 'connectionLost', at: serverClock.now(), code });
    place.retries += 1;
    await sleep(retryDelayMs(place.retries), signal, network);
  }
}

interface Place {
  cursor: string | null;
  retries: number;
}

/** @returns the code of the error that ended it */
async function followOnce({ connect, dispatch, signal, network }: Following, place: Place): Promise<string> {
  let believe: ReturnType<typeof setTimeout> | undefined;
  let trust: ReturnType<typeof setTimeout> | undefined;
  const live = () => dispatch({ type: 'connected' });
  const steady = () => {
    place.retries = 0;
  };
  const client = connect(() => {
    believe = setTimeout(live, refusalTimeMs);
    trust = setTimeout(steady, steadyMs);
  });
  const end = () => client.close();
  signal.addEventListener('abort', end);
  network?.addEventListener('offline', end);
  const frame = createFrame((updates) => dispatch({ type: 'updated', updates }));
  try {
    if (place.cursor === null) {
      const { dashboard } = await client.request(DashboardDocument, {});
      dispatch({ type: 'snapshotTaken', snapshot: dashboard });
      place.cursor = dashboard.cursor;
    }
    for await (const { dashboardUpdated } of client.subscribe(DashboardUpdatedDocument, { after: place.cursor })) {
      if (place.retries > 0) {
        clearTimeout(believe);
        steady();
        live();
      }
      place.cursor = dashboardUpdated.cursor;
      frame.add(dashboardUpdated);
    }
    return 'CONNECTION_LOST';
  } catch (error) {
    return error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
  } finally {
    clearTimeout(believe);
    clearTimeout(trust);
    frame.flush();
    signal.removeEventListener('abort', end);
    network?.removeEventListener('offline', end);
    client.close();
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

function sleep(ms: number, signal: AbortSignal, network: EventTarget): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      network.removeEventListener('retry', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    network.addEventListener('retry', wake);
  });
}

/** A function, because the type checker keeps the narrowing of a property across an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
