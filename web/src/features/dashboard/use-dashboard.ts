import { useEffect, useMemo, useReducer, useState } from 'react';
import { type Client, createClient } from '../../../../schema/client/client.ts';
import {
  DashboardLagDocument,
  DashboardRowsDocument,
  type DashboardRowsQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { graphqlUrl, type Session } from '../../shared/session/session.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { seoulDay } from '../../shared/i18n/seoul-time.ts';
import {
  type DashboardAction,
  type DashboardState,
  initialState,
  maxRows,
  reduceDashboard,
} from './dashboard-state.ts';
import { followDashboard } from './follow-dashboard.ts';

const lagEveryMs = 15_000;
/** Jitter, so that not all screens of the city ask in the same second. */
const midnightSpreadMs = 5_000;

export interface LiveDashboard {
  state: DashboardState;
  dispatch: (action: DashboardAction) => void;
  /** Does not wait for the next try. */
  retryNow: () => void;
}

/** The live dashboard of this session; nothing without one. */
export function useDashboard(session: Session | null): LiveDashboard {
  const [state, dispatch] = useReducer(reduceDashboard, initialState);
  const network = useNetwork();
  const day = useDay();
  useEffect(() => dispatch({ type: 'sessionChanged' }), [session]);
  useEffect(() => {
    if (!session) return;
    const leaving = new AbortController();
    const { token } = session;
    void followDashboard({
      connect: (onConnected) => createClient({ url: graphqlUrl, token, onConnected }),
      dispatch(action) {
        dispatch(action);
        if (action.type === 'snapshotTaken') void loadOlderRows(token, dispatch, leaving.signal);
      },
      signal: leaving.signal,
      network,
    });
    return () => leaving.abort();
  }, [session, day, network]);
  useLag(state.connection.status === 'live' ? session : null, dispatch);
  return { state, dispatch, retryNow: () => network.dispatchEvent(new Event('retry')) };
}

/** What the browser knows of the network, before any time-out: it is gone, or it is back. */
function useNetwork(): EventTarget {
  const network = useMemo(() => new EventTarget(), []);
  useEffect(() => {
    const lost = () => network.dispatchEvent(new Event('offline'));
    const back = () => network.dispatchEvent(new Event('retry'));
    addEventListener('offline', lost);
    addEventListener('online', back);
    return () => {
      removeEventListener('offline', lost);
      removeEventListener('online', back);
    };
  }, [network]);
  return network;
}

/** The first query has the latest rows; loads older ones after it, page by page, as many as the screen keeps. */
async function loadOlderRows(
  token: Session['token'],
  dispatch: (action: DashboardAction) => void,
  signal: AbortSignal,
): Promise<void> {
  const client: Client = createClient({ url: graphqlUrl, token });
  let after: string | null = null;
  let loaded = 0;
  try {
    do {
      const answer: DashboardRowsQuery = await client.request(DashboardRowsDocument, { after });
      if (signal.aborted) return;
      const { nodes, pageInfo } = answer.dashboard.reservations;
      loaded += nodes.length;
      dispatch({ type: 'olderRowsLoaded', rows: nodes });
      after = pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null;
    } while (after !== null && loaded < maxRows);
  } catch {
    // The connection state says what is wrong, and the next picture loads them again.
  } finally {
    client.close();
  }
}

/** The day in Seoul: no event says that the counts of "today" restart, so the query runs again. */
function useDay(): number {
  const today = useClock(seoulDay);
  const [day, setDay] = useState(today);
  useEffect(() => {
    if (today === day) return;
    const timer = setTimeout(() => setDay(today), Math.random() * midnightSpreadMs);
    return () => clearTimeout(timer);
  }, [today, day]);
  return day;
}

/** How far the view lags behind, which no event tells either. */
function useLag(session: Session | null, dispatch: (action: DashboardAction) => void): void {
  useEffect(() => {
    if (!session) return;
    const client = createClient({ url: graphqlUrl, token: session.token });
    const measure = async () => {
      try {
        const { dashboard } = await client.request(DashboardLagDocument, {});
        dispatch({ type: 'lagMeasured', lag: dashboard.lag });
      } catch {
        // A failure shows through the feed's own connection.
      }
    };
    const timer = setInterval(() => void measure(), lagEveryMs);
    return () => {
      clearInterval(timer);
      client.close();
    };
  }, [session, dispatch]);
}
