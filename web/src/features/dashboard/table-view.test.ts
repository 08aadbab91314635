import { describe, expect, it } from '@jest/globals';
import type { Row } from './dashboard-state.ts';
import { countByStatus, defaultView, readView, statuses, viewRows, writeView, type TableView } from './table-view.ts';

const now = Date.parse('2026-11-23T09:00:00.000Z');
const limits = { expiringMs: 2 * 60_000, overdueMs: 60 * 60_000 };

function shown(reserveNo: number, changes: Partial<Row> = {}) {
  const row: Row = {
    reserveNo,
    userId: `rider-${reserveNo}`,
    bikeId: 100 + reserveNo,
    reserveStatus: 'RETURNED',
    reserveDateTime: '2026-11-23T08:00:00.000Z',
    expiresAt: null,
    startDateTime: null,
    returnDateTime: null,
    fee: 1000,
    refusalCode: null,
    updatedAt: '2026-11-23T08:00:00.000Z',
    ...changes,
  };
  return { row, changes: 0 };
}

const rows = [
  shown(4, { reserveStatus: 'IN_USE', startDateTime: '2026-11-23T07:59:00.000Z' }),
  shown(3, { reserveStatus: 'RESERVED', expiresAt: '2026-11-23T09:01:00.000Z', userId: 'Kim' }),
  shown(2, { reserveStatus: 'RESERVED', expiresAt: '2026-11-23T09:09:00.000Z', bikeId: 3 }),
  shown(1, { updatedAt: '2026-11-23T08:30:00.000Z' }),
];

const numbers = (view: Partial<TableView>) =>
  viewRows(rows, { ...defaultView, ...view }, now, limits).map(({ row }) => row.reserveNo);

describe('the view of the table', () => {
  it('shows everything, newest first, when nothing is asked for', () => {
    expect(numbers({ search: '   ' })).toEqual([4, 3, 2, 1]);
  });

  it('finds a number as that number, and a rider by any part of the name, in any case', () => {
    expect(numbers({ search: '3' })).toEqual([3, 2]);
    expect(numbers({ search: 'kIM' })).toEqual([3]);
    expect(numbers({ search: 'kim #3' })).toEqual([3]);
  });

  it('joins statuses with or, and the rest with and', () => {
    expect(numbers({ statuses: ['IN_USE', 'RETURNED'] })).toEqual([4, 1]);
    expect(numbers({ statuses: ['RESERVED'], concern: 'expiring' })).toEqual([3]);
    expect(numbers({ concern: 'overdue' })).toEqual([4]);
  });

  it('counts of each status what a press on it would show', () => {
    const views: Partial<TableView>[] = [
      {},
      { search: '3' },
      { search: 'kim' },
      { concern: 'overdue' },
      { search: 'x' },
    ];
    for (const view of views) {
      for (const pressed of [[], ['RETURNED']] as const) {
        const counts = countByStatus(rows, { ...defaultView, ...view, statuses: pressed }, now, limits);
        for (const status of statuses) {
          expect(counts.get(status) ?? 0).toBe(numbers({ ...view, statuses: [status] }).length);
        }
      }
    }
    expect([...countByStatus(rows, { ...defaultView, search: '3' }, now, limits)]).toEqual([['RESERVED', 2]]);
  });

  it('sorts, and breaks ties by number', () => {
    expect(numbers({ sort: 'updatedAt', descending: true })).toEqual([1, 4, 3, 2]);
    expect(numbers({ sort: 'bikeId', descending: false })).toEqual([2, 1, 3, 4]);
    expect(numbers({ sort: 'reserveNo', descending: false })).toEqual([1, 2, 3, 4]);
  });

  it('comes back from its address as it was', () => {
    const view: TableView = {
      statuses: ['RESERVED', 'IN_USE'],
      concern: 'overdue',
      search: '따릉 & 10',
      sort: 'updatedAt',
      descending: true,
    };
    expect(readView(writeView(view, ''))).toEqual(view);
    expect(writeView(defaultView, '?status=IN_USE&lang=en')).toBe('?lang=en');
  });

  it('takes an address with nonsense for the usual view', () => {
    expect(readView('?status=FLYING&sort=-weight&only=me')).toEqual(defaultView);
  });
});
