import './table-toolbar.css';
import { Button } from '../../shared/ui/controls.tsx';
import { StatusIcon } from '../../shared/ui/icons.tsx';
import { serverClock } from '../../shared/i18n/server-clock.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import type { ShownRow } from './dashboard-state.ts';
import { fileName, reservationsAddress } from './export-address.ts';
import { ExportButtons } from './export-buttons.tsx';
import { countByStatus, defaultView, isFiltered, statuses, type TableView, writeView } from './table-view.ts';
import { useLimits } from './use-limits.ts';
import { dashboardWords } from './words.ts';

interface TableToolbarProps {
  rows: readonly ShownRow[];
  /** Reservations that there are, also those that are not among the rows. */
  all: number;
  view: TableView;
  /** The time that the rows are told by. */
  now: number;
  onView: (view: TableView) => void;
}

export function TableToolbar({ rows, all, view, now, onView }: TableToolbarProps) {
  const words = useWords(dashboardWords);
  const limits = useLimits();
  return (
    <div className="toolbar">
      <input
        type="search"
        name="q"
        className="search"
        value={view.search}
        placeholder={words.search}
        aria-label={words.search}
        autoComplete="off"
        onChange={(event) => onView({ ...view, search: event.target.value })}
      />
      <StatusFilter rows={rows} all={all} view={view} now={now} onView={onView} />
      <div className="toolbar-end">
        {isFiltered(view) && (
          <Button
            weight="quiet"
            onPress={() => onView({ ...defaultView, sort: view.sort, descending: view.descending })}
          >
            {words.clear}
          </Button>
        )}
        <ExportButtons
          address={(format) => reservationsAddress(view, limits, serverClock.now(), format)}
          name={(format) => fileName(words.file, writeView(view, '').slice(1), serverClock.now(), format)}
        />
      </div>
    </div>
  );
}

function StatusFilter({ rows, all, view, now, onView }: TableToolbarProps) {
  const words = useWords(dashboardWords);
  const shared = useSharedWords();
  const limits = useLimits();
  const { overdueMs } = limits;
  const counts = countByStatus(rows, view, now, limits);
  const toggle = (status: (typeof statuses)[number]) => {
    const without = view.statuses.filter((name) => name !== status);
    onView({ ...view, statuses: without.length < view.statuses.length ? without : [...without, status] });
  };
  return (
    <div className="filter" role="group" aria-label={words.filterByStatus}>
      {/* Otherwise the filtered counts would pass for totals. */}
      {rows.length < all && <span className="aside">{words.countedAmong(rows.length)}</span>}
      <button
        type="button"
        className="chip"
        aria-pressed={view.statuses.length === 0 && view.concern === null}
        onClick={() => onView({ ...view, statuses: [], concern: null })}
      >
        {words.all}
      </button>
      {view.concern && (
        <button type="button" className="chip" aria-pressed onClick={() => onView({ ...view, concern: null })}>
          {view.concern === 'expiring' ? words.onlyExpiring : words.onlyOverdue(overdueMs)}
        </button>
      )}
      {statuses.map((status) => (
        <button
          key={status}
          type="button"
          className="chip"
          data-status={status}
          aria-pressed={view.statuses.includes(status)}
          onClick={() => toggle(status)}
        >
          <StatusIcon status={status} />
          {shared.statusNames[status]} <span className="number">{formatCount(counts.get(status) ?? 0)}</span>
        </button>
      ))}
    </div>
  );
}
