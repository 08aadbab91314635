import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { DashboardHistoryDocument } from '../../../../schema/client/generated/graphql.ts';
import { go, useSearch } from '../../app/paths.ts';
import { dashboardPath } from '../../app/links.ts';
import { answerTo, query } from '../../shared/api/answer.ts';
import { useNews } from '../../shared/api/use-news.ts';
import { useActing } from '../../shared/session/acting.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { seoulDay } from '../../shared/i18n/seoul-time.ts';
import type { Picture } from './dashboard-state.ts';
import { type Range, readRange, type Slot, slotsOf, slotsOfMinutes, spanOf, writeRange } from './history.ts';

/** An event changes one bar of up to 168: that often they are asked for again. */
const newsPaceMs = 5_000;

export interface History {
  range: Range;
  choose(range: Range): void;
  /** Oldest first; null until they are known. */
  slots: readonly Slot[] | null;
  /** Why there is nothing newer. */
  error: unknown;
}

/** The bars of the range that the address names: minutes live from the picture, hours and days asked for after events. */
export function useHistory({ series, cursor }: Pick<Picture, 'series' | 'cursor'>): History {
  const range = readRange(useSearch());
  const minute = useClock((now) => Math.floor(now / 60_000));
  const day = useClock(seoulDay);
  const span = useMemo(() => spanOf(range, day), [range, day]);
  const { data: answer, refetch } = useQuery(answerTo(span && query(DashboardHistoryDocument, span), useActing()));
  // Not only after updates: a picture that was taken anew, as after a lost connection, has others in it.
  useNews(cursor, newsPaceMs, () => {
    if (span) void refetch();
  });
  const buckets = answer?.data?.dashboard.history;
  const slots = useMemo(() => {
    if (range === 'minutes') return slotsOfMinutes(series, minute * 60_000);
    return buckets ? slotsOf(range, buckets) : null;
  }, [range, series, minute, buckets]);
  const choose = useCallback(
    (next: Range) => go(dashboardPath + writeRange(next, location.search), { replace: true }),
    [],
  );
  return {
    range,
    choose,
    slots,
    error: answer?.failure?.error ?? null,
  };
}
