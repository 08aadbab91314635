import type { DomainEvent } from '../../schema/events/index.ts';
import { project, touchedBy, type Projected, type Rows, type Totals } from './projections.ts';
import { keyOfView, rowKey, type Key, type Kind, type PositionView, type View } from './row-keys.ts';

/** Rows in memory, by their names; a Map is one. */
export interface RowsByName {
  get(rowName: string): View | undefined;
  set(rowName: string, view: View): unknown;
}

/** Names of the rows that an event is applied to. */
export function rowNamesOf(event: DomainEvent): string[] {
  return keysOf(event).map(([kind, key]) => rowKey(kind, key));
}

const keysOf = (event: DomainEvent) => Object.entries(touchedBy(event)) as [keyof Rows, Key][];

export const positionName = (subject: string) => rowKey('position', subject);

/** How far the rows have come on a subject. */
export const versionIn = (rows: Pick<RowsByName, 'get'>, subject: string) =>
  (rows.get(positionName(subject)) as PositionView | undefined)?.version ?? 0;

/** Applies an event to rows: the live view and the rebuilt one are both made by this. */
export function applyEvent(event: DomainEvent, rows: RowsByName, totals: Totals): Projected {
  const before = keysOf(event).map(([kind, key]) => [kind, rows.get(rowKey(kind, key))]);
  const projected = project(event, Object.fromEntries(before) as Rows, totals);
  for (const [kind, view] of Object.entries(projected.rows) as [Kind, View][]) {
    rows.set(rowKey(kind, keyOfView(kind, view as never)), view);
  }
  return projected;
}

/** An event at its place in a stream; null when an operator discarded it: only the position moves. */
export interface Placed {
  event: DomainEvent | null;
  subject: string;
  version: number;
}

/** Applies an event and moves the position; undefined when the rows have it already. */
export function fold({ event, subject, version }: Placed, rows: RowsByName, totals: Totals): Projected | undefined {
  if (version <= versionIn(rows, subject)) return undefined;
  const projected = event ? applyEvent(event, rows, totals) : { rows: {}, totals, quiet: true };
  rows.set(positionName(subject), { subject, version });
  return projected;
}
