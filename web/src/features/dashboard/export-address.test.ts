import { describe, expect, it } from '@jest/globals';
import { fileName, historyAddress, reservationsAddress } from './export-address.ts';
import { defaultView, type TableView } from './table-view.ts';

const at = Date.parse('2026-11-23T09:00:05.000Z');
const limits = { expiringMs: 120_000, overdueMs: 3_600_000 };
const askedFor = (view: Partial<TableView>, overdueMs: number | null = limits.overdueMs) =>
  decodeURIComponent(reservationsAddress({ ...defaultView, ...view }, { ...limits, overdueMs }, at, 'csv'));

describe('a file of what the page shows', () => {
  it('is asked for by the filter of the table', () => {
    expect(askedFor({})).toBe('/exports/reservations.csv?');
    expect(askedFor({ statuses: ['IN_USE', 'EXPIRED'], search: ' 따릉 7 ' })).toBe(
      '/exports/reservations.csv?status=IN_USE,EXPIRED&q=따릉+7',
    );
    expect(askedFor({ concern: 'expiring' })).toContain('?expiresBefore=2026-11-23T09:02:05.000Z');
    expect(askedFor({ concern: 'overdue' })).toContain('?startedBefore=2026-11-23T08:00:05.000Z');
    expect(askedFor({ concern: 'overdue' }, null)).toContain('?startedBefore=1970-01-01T00:00:00.000Z');
  });

  it('is asked for by the range of the chart', () => {
    const span = { from: '2026-11-22T15:00:00.000Z', to: '2026-11-23T15:00:00.000Z', by: 'DAY' } as const;
    expect(decodeURIComponent(historyAddress(span, 'json'))).toBe(
      '/exports/history.json?from=2026-11-22T15:00:00.000Z&to=2026-11-23T15:00:00.000Z&by=DAY',
    );
  });

  it('carries time and filter in its name', () => {
    expect(fileName('reservations', 'status=IN_USE&q=demo', at, 'csv')).toBe(
      'reservations-20261123T180005+0900-status-IN_USE-q-demo.csv',
    );
    expect(fileName('이용기록', 'week', at, 'json')).toBe('이용기록-20261123T180005+0900-week.json');
  });
});
