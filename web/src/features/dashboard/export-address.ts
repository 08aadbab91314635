/** Where the router has what the page shows as a file, and what the file is called. */
import type { DashboardHistoryQueryVariables } from '../../../../schema/client/generated/graphql.ts';
import { seoulStamp } from '../../shared/i18n/seoul-time.ts';
import type { Limits, TableView } from './table-view.ts';

export const exportFormats = ['csv', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** All reservations that the view finds, also those too old for the screen. */
export function reservationsAddress(view: TableView, limits: Limits, now: number, format: ExportFormat): string {
  const { concern, statuses, search } = view;
  const query = new URLSearchParams();
  if (statuses.length > 0) query.set('status', statuses.join(','));
  if (search.trim()) query.set('q', search.trim());
  if (concern === 'expiring') query.set('expiresBefore', new Date(now + limits.expiringMs).toISOString());
  // Until the tariff is known no ride is overdue.
  if (concern === 'overdue') query.set('startedBefore', new Date(now - (limits.overdueMs ?? now)).toISOString());
  return `/exports/reservations.${format}?${query}`;
}

/** Every bar of a chart, with all that is counted. */
export function historyAddress({ from, to, by }: DashboardHistoryQueryVariables, format: ExportFormat): string {
  return `/exports/history.${format}?${new URLSearchParams({ from, to, by: by ?? 'HOUR' })}`;
}

/** `reservations-20261123T180005+0900-status-IN_USE.csv` */
export function fileName(name: string, filter: string, at: number, format: ExportFormat): string {
  const taken = seoulStamp(at).replaceAll(/[-:]/g, '');
  const asked = filter.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-').replaceAll(/^-+|-+$/g, '');
  return `${[name, taken, asked].filter(Boolean).join('-')}.${format}`;
}
