/** Which rows of the table are shown, and in which order; kept in the address, so that a view can be bookmarked and sent. */
import type { ReserveStatus } from '../../../../schema/client/generated/graphql.ts';
import { dashboardPath } from '../../app/links.ts';
import type { Row, ShownRow } from './dashboard-state.ts';

export const statuses: readonly ReserveStatus[] = [
  'PENDING',
  'RESERVED',
  'IN_USE',
  'RETURNED',
  'CANCELLED',
  'EXPIRED',
  'REJECTED',
];

export const sortKeys = [
  'reserveNo',
  'reserveStatus',
  'bikeId',
  'userId',
  'reserveDateTime',
  'returnDateTime',
  'updatedAt',
] as const;
export type SortKey = (typeof sortKeys)[number];

export const concerns = ['expiring', 'overdue'] as const;
/** A tile's question: holds that are about to end, rides that take long. */
export type Concern = (typeof concerns)[number];

export interface TableView {
  /** None means all. */
  statuses: readonly ReserveStatus[];
  concern: Concern | null;
  /** Words that each have to be in the reservation's, bike's or rider's number. */
  search: string;
  sort: SortKey;
  descending: boolean;
}

export const defaultView: TableView = {
  statuses: [],
  concern: null,
  search: '',
  sort: 'reserveNo',
  descending: true,
};

export function readView(address: string): TableView {
  const query = new URLSearchParams(address);
  const wanted = query.get('status')?.split(',') ?? [];
  const [, minus, key] = /^(-?)(.*)$/.exec(query.get('sort') ?? '') ?? [];
  const sort = sortKeys.find((name) => name === key);
  return {
    statuses: statuses.filter((status) => wanted.includes(status)),
    concern: concerns.find((name) => name === query.get('only')) ?? null,
    search: query.get('q') ?? '',
    sort: sort ?? defaultView.sort,
    descending: sort ? minus === '-' : defaultView.descending,
  };
}

export const linkToConcern = (concern: Concern) => dashboardPath + writeView({ ...defaultView, concern }, '');

/** The address of a view: only what differs from the usual one, and what else is in it stays. */
export function writeView(view: TableView, address: string): string {
  const query = new URLSearchParams(address);
  const isUsualOrder = view.sort === defaultView.sort && view.descending === defaultView.descending;
  const values = {
    status: view.statuses.join(','),
    only: view.concern ?? '',
    q: view.search,
    sort: isUsualOrder ? '' : `${view.descending ? '-' : ''}${view.sort}`,
  };
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}

export function isFiltered({ statuses: wanted, concern, search }: TableView): boolean {
  return wanted.length > 0 || concern !== null || search.trim() !== '';
}

/** The rows that match, in order. Rows come in with the newest first, which is the usual order already. */
export function viewRows(rows: readonly ShownRow[], view: TableView, now: number, limits: Limits): readonly ShownRow[] {
  const shown = isFiltered(view) ? rows.filter(matcher(view, now, limits)) : rows;
  if (view.sort === 'reserveNo') return view.descending ? shown : [...shown].reverse();
  const direction = view.descending ? -1 : 1;
  return [...shown].sort((a, b) => direction * compare(a.row, b.row, view.sort) || b.row.reserveNo - a.row.reserveNo);
}

/** How many rows of each status the rest of the filter leaves: what a press on that status would show. */
export function countByStatus(
  rows: readonly ShownRow[],
  view: TableView,
  now: number,
  limits: Limits,
): ReadonlyMap<ReserveStatus, number> {
  const counts = new Map<ReserveStatus, number>();
  for (const { row } of rows.filter(matcher({ ...view, statuses: [] }, now, limits))) {
    counts.set(row.reserveStatus, (counts.get(row.reserveStatus) ?? 0) + 1);
  }
  return counts;
}

function matcher({ statuses: wanted, concern, search }: TableView, now: number, limits: Limits) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ row }: ShownRow): boolean => {
    if (wanted.length > 0 && !wanted.includes(row.reserveStatus)) return false;
    if (concern === 'expiring' && !isExpiring(row, now, limits)) return false;
    if (concern === 'overdue' && !isOverdue(row, now, limits)) return false;
    return words.every((word) => {
      const number = word.replace(/^#/, '');
      return (
        String(row.reserveNo) === number || String(row.bikeId) === number || row.userId.toLowerCase().includes(word)
      );
    });
  };
}

function compare(a: Row, b: Row, key: SortKey): number {
  switch (key) {
    case 'reserveNo':
    case 'bikeId':
      return a[key] - b[key];
    case 'reserveStatus':
      return statuses.indexOf(a.reserveStatus) - statuses.indexOf(b.reserveStatus);
    case 'userId':
      return a.userId.localeCompare(b.userId, 'en', { numeric: true });
    case 'reserveDateTime':
    case 'returnDateTime':
    case 'updatedAt':
      // RFC 3339 in one zone: the order of the letters is the order of the times. What has none comes last.
      return (a[key] ?? '') < (b[key] ?? '') ? -1 : Number(a[key] !== b[key]);
  }
}

/** From when on something is worth a look. */
export interface Limits {
  /** Holds that end so soon. */
  expiringMs: number;
  /** A ride costs extra from here on; null until the tariff is known. */
  overdueMs: number | null;
}

export function isExpiring({ reserveStatus, expiresAt }: Row, now: number, { expiringMs }: Limits): boolean {
  return reserveStatus === 'RESERVED' && !!expiresAt && Date.parse(expiresAt) - now < expiringMs;
}

export function isOverdue({ reserveStatus, startDateTime }: Row, now: number, { overdueMs }: Limits): boolean {
  if (overdueMs === null || reserveStatus !== 'IN_USE' || !startDateTime) return false;
  return now - Date.parse(startDateTime) > overdueMs;
}
