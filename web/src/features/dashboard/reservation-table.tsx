import './reservation-table.css';
import { memo, useLayoutEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { Empty, LinkButton } from '../../shared/ui/controls.tsx';
import { ridePath } from '../../app/links.ts';
import { go, useSearch } from '../../app/paths.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { type SharedWords, useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { maxRows, type ShownRow } from './dashboard-state.ts';
import { ReservationRow } from './reservation-row.tsx';
import { TableHead } from './table-head.tsx';
import { TableToolbar } from './table-toolbar.tsx';
import { defaultView, isFiltered, readView, sortKeys, type TableView, viewRows, writeView } from './table-view.ts';
import { useGrid } from './use-grid.ts';
import { useLimits } from './use-limits.ts';
import { useSteadyScroll } from './use-steady-scroll.ts';
import { dashboardWords, type DashboardWords } from './words.ts';

interface ReservationTableProps {
  rows: readonly ShownRow[];
  /** Reservations that there are, also those too old to be among the rows. */
  all: number;
  hasBikes: boolean;
}

const viewEveryMs = 5_000;

/** Who has what: thousands of rows, of which only those in sight are drawn. */
export const ReservationTable = memo(function ReservationTable({ rows, all, hasBikes }: ReservationTableProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const search = useSearch();
  const view = useMemo(() => readView(search), [search]);
  const setView = (next: TableView) => go(location.pathname + writeView(next, location.search), { replace: true });
  const moment = useClock((now) => (view.concern ? Math.floor(now / viewEveryMs) * viewEveryMs : 0));
  const limits = useLimits();
  const shown = useMemo(() => viewRows(rows, view, moment, limits), [rows, view, moment, limits]);
  return (
    <section className="card reservations" aria-labelledby="reservations-title">
      <h2 id="reservations-title">
        {words.reservations}{' '}
        <span className="aside number">{countText(shown.length, rows.length, all, words, shared)}</span>
      </h2>
      {rows.length === 0 ? (
        <Empty title={words.noReservations}>
          <p>{words.noReservationsHint}</p>
          {hasBikes && <LinkButton href={ridePath}>{words.toRide}</LinkButton>}
        </Empty>
      ) : (
        <>
          <TableToolbar rows={rows} all={all} view={view} now={moment} onView={setView} />
          <Rows shown={shown} view={view} onView={setView} />
          {shown.length === 0 && isFiltered(view) && (
            <Empty title={words.noneInFilter}>
              <button type="button" className="link" onClick={() => setView(defaultView)}>
                {words.clear}
              </button>
            </Empty>
          )}
        </>
      )}
    </section>
  );
});

/** How many reservations there are in all, and whether the others are still loading or too old to show. */
function countText(shown: number, loaded: number, all: number, words: DashboardWords, shared: SharedWords): string {
  const counted = words.rowsShown(shown, all);
  if (loaded >= all) return counted;
  return `${counted} · ${all > maxRows ? shared.newest(loaded) : words.loadingOlder}`;
}

interface RowsProps {
  shown: readonly ShownRow[];
  view: TableView;
  onView: (view: TableView) => void;
}

/** Rows drawn beyond the visible ones, so that fast scrolling does not show gaps. */
const overscan = 8;

/** The row with the stop stays drawn when it is scrolled out of sight: the focus would be lost with it. */
function withPlace(places: number[], stop: number): number[] {
  return stop < 0 || places.includes(stop) ? places : [...places, stop].sort((a, b) => a - b);
}

/** The roles are explicit because a layout other than `table` removes the implicit ones. */
function Rows({ shown, view, onView }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const keys = useMemo(() => shown.map(({ row }) => row.reserveNo), [shown]);
  useSteadyScroll(scroller, keys, rowHeight);
  const { current, onKeyDown, onFocus } = useGrid(scroller, keys);
  const stopPlace = current.row === 'head' ? -1 : keys.indexOf(current.row);
  // eslint-disable-next-line react-hooks/incompatible-library -- It is about the React Compiler, which is not used.
  const drawn = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (place) => keys[place] ?? place,
    overscan,
    rangeExtractor: (range) => withPlace(defaultRangeExtractor(range), stopPlace),
  });
  useLayoutEffect(() => drawn.measure(), [drawn, rowHeight]);
  return (
    <div
      className="table"
      role="grid"
      aria-readonly
      aria-labelledby="reservations-title"
      aria-rowcount={shown.length + 1}
      aria-colcount={sortKeys.length}
      ref={scroller}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      <TableHead view={view} onView={onView} stop={current.row === 'head' ? current.column : null} />
      <div role="rowgroup" className="rows" style={{ height: drawn.getTotalSize() }}>
        {drawn.getVirtualItems().map(({ index: place }) => {
          const entry = shown[place];
          const stop = entry?.row.reserveNo === current.row ? current.column : null;
          return (
            entry && (
              <ReservationRow key={entry.row.reserveNo} {...entry} place={place} rowHeight={rowHeight} stop={stop} />
            )
          );
        })}
      </div>
    </div>
  );
}

const narrow = '(max-width: 719px)';

/** As in reservation-row.css: on a phone a row is a card of two lines. */
function useRowHeight(): number {
  return useSyncExternalStore(
    (notify) => {
      const query = matchMedia(narrow);
      query.addEventListener('change', notify);
      return () => query.removeEventListener('change', notify);
    },
    () => (matchMedia(narrow).matches ? 66 : 42),
  );
}
