import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useReducer, useState } from 'react';
import { createClient } from '../../../../schema/client/client.ts';
import { DashboardLagDocument, DashboardRowsDocument } from '../../../../schema/client/generated/graphql.ts';
import { allPages, type Pace, query } from '../../shared/api/answer.ts';
import { backoffMs } from '../../../../schema/client/backoff.ts';
import { randomId } from '../../shared/api/random-id.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { type Acting, useActing } from '../../shared/session/acting.ts';
import { graphqlUrl } from '../../shared/session/session.ts';
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

const lagPace: Pace = { soonestMs: 15_000, longestMs: 15_000 };
/** Jitter, so that not all screens of the city ask in the same second. */
const midnightSpreadMs = 5_000;

export interface LiveDashboard {
  state: DashboardState;
  dispatch: (action: DashboardAction) => void;
}

/** The live dashboard of this session; nothing without one. */
export function useDashboard(): LiveDashboard {
  const [state, dispatch] = useReducer(reduceDashboard, initialState);
  const acting = useActing();
  const queries = useQueryClient();
  const day = useDay();
  useEffect(() => dispatch({ type: 'sessionChanged' }), [acting]);
  useEffect(() => {
    if (!acting) return;
    const leaving = new AbortController();
    const { token } = acting.session;
    // Rows of a picture that is no longer shown need not be loaded.
    let older = new AbortController();
    void followDashboard({
      connect: (onConnected) => createClient({ url: graphqlUrl, token, onConnected }),
      dispatch(action) {
        dispatch(action);
        if (action.type !== 'snapshotTaken') return;
        older.abort();
        older = new AbortController();
        void loadOlderRows(acting, queries, dispatch, AbortSignal.any([leaving.signal, older.signal]));
      },
      signal: leaving.signal,
    });
    return () => leaving.abort();
  }, [acting, queries, day]);
  useLag(state.connection.status === 'live', dispatch);
  return { state, dispatch };
}

const olderRows = allPages(
  DashboardRowsDocument,
  (after) => ({ after }),
  ({ dashboard }) => dashboard.reservations,
  maxRows,
);

/** The first query has the latest rows; loads older ones after it, as many as the screen keeps. */
async function loadOlderRows(
  { client }: Acting,
  queries: QueryClient,
  dispatch: (action: DashboardAction) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const rows = await queries.query({
      // Of this picture: another one has others.
      queryKey: [...olderRows.key, randomId()],
      queryFn: () => olderRows.ask(client, signal),
      retry: () => !signal.aborted,
      retryDelay: (failures) => backoffMs(failures + 1),
      gcTime: 0,
    });
    if (!signal.aborted) dispatch({ type: 'olderRowsLoaded', rows });
  } catch {
    // It was left.
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
function useLag(isLive: boolean, dispatch: (action: DashboardAction) => void): void {
  const { data, at } = useAnswer(isLive ? query(DashboardLagDocument, {}) : null, { pace: lagPace });
  // Each time it was measured: a picture that was taken meanwhile has its own.
  useEffect(() => {
    if (data) dispatch({ type: 'lagMeasured', lag: data.dashboard.lag });
  }, [data, at, dispatch]);
}
