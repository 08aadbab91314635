import { type FocusEvent, type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { type SortKey, sortKeys } from './table-view.ts';

/** A cell of the table: the column titles are its first row. */
export interface GridCell {
  row: number | 'head';
  column: SortKey;
}

/** Rows that Page Up and Page Down pass over. */
const pageRows = 10;

/**
 * The table as one stop for the Tab key, with the arrow keys inside it (ARIA Authoring Practices: grid). Rows are known
 * by their number, so that the focus stays on its row while others come and go.
 */
export function useGrid(grid: RefObject<HTMLElement | null>, rows: readonly number[]) {
  const [active, setActive] = useState<GridCell>({ row: 'head', column: 'reserveNo' });
  const isMoving = useRef(false);
  // When the row with the tab stop is gone, another one gets it.
  const current: GridCell = active.row === 'head' || rows.includes(active.row) ? active : { ...active, row: 'head' };

  useLayoutEffect(() => {
    if (!isMoving.current) return;
    isMoving.current = false;
    elementOf(grid.current, active)?.focus();
  }, [grid, active]);

  function onKeyDown(event: KeyboardEvent) {
    const next = event.altKey || event.metaKey ? null : nextCell(event, current, rows, shownColumns(grid.current));
    if (!next) return;
    event.preventDefault();
    isMoving.current = true;
    setActive(next);
  }

  /** A click or a screen reader may go to any cell. */
  function onFocus({ target }: FocusEvent) {
    const column = sortKeys.find((key) => key === target.closest('[data-column]')?.getAttribute('data-column'));
    if (!column) return;
    const row = Number(target.closest('[data-reserve-no]')?.getAttribute('data-reserve-no')) || 'head';
    setActive((before) => (before.row === row && before.column === column ? before : { row, column }));
  }
  return { current, onKeyDown, onFocus };
}

function nextCell(
  { key, ctrlKey }: KeyboardEvent,
  { row, column }: GridCell,
  rows: readonly number[],
  columns: readonly SortKey[],
): GridCell | null {
  const place = row === 'head' ? -1 : rows.indexOf(row);
  const toRow = (wanted: number): GridCell => ({
    row: wanted < 0 ? 'head' : (rows[Math.min(wanted, rows.length - 1)] ?? 'head'),
    column,
  });
  const toColumn = (wanted: number): GridCell => ({ row, column: columns.at(Math.max(0, wanted)) ?? column });
  const across = columns.indexOf(column);
  switch (key) {
    case 'ArrowDown':
      return toRow(place + 1);
    case 'ArrowUp':
      return toRow(place - 1);
    case 'PageDown':
      return toRow(place + pageRows);
    case 'PageUp':
      return toRow(Math.max(Math.min(place, 0), place - pageRows));
    case 'ArrowRight':
      return toColumn(Math.min(across + 1, columns.length - 1));
    case 'ArrowLeft':
      return toColumn(across - 1);
    case 'Home':
      return ctrlKey ? { ...toRow(-1), column: columns[0] ?? column } : toColumn(0);
    case 'End':
      return ctrlKey ? { ...toRow(rows.length - 1), column: columns.at(-1) ?? column } : toColumn(columns.length - 1);
    default:
      return null;
  }
}

/** On a phone not every column is there. */
function shownColumns(grid: HTMLElement | null): readonly SortKey[] {
  return sortKeys.filter((key) =>
    [...(grid?.querySelectorAll<HTMLElement>(`.rows [data-column="${key}"]`) ?? [])].every(
      (cell) => cell.offsetParent !== null,
    ),
  );
}

/** What takes the focus in a cell: the link or button in it, or else the cell. */
function elementOf(grid: HTMLElement | null, { row, column }: GridCell): HTMLElement | null {
  const rowSelector = row === 'head' ? '.table-head' : `[data-reserve-no="${row}"]`;
  const cell = grid?.querySelector<HTMLElement>(`${rowSelector} [data-column="${column}"]`) ?? null;
  return cell?.querySelector<HTMLElement>('a, button') ?? cell;
}
