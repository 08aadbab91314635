import { describe, expect, it } from '@jest/globals';
import type { RefusalCode } from '../../../../schema/client/generated/graphql.ts';
import {
  attemptsIn,
  type DashboardState,
  type Row,
  type Snapshot,
  type Totals,
  type Update,
  initialState,
  lastMinutes,
  maxFeedEntries,
  maxRows,
  reduceDashboard,
  refusalsIn,
  shownPicture,
  updatesNotShown,
} from './dashboard-state.ts';

const totals = { bikes: 3, available: 3, ledgerImbalance: 0 } as Totals;

function row(reserveNo: number, changes: Partial<Row> = {}): Row {
  return {
    reserveNo,
    userId: '10',
    bikeId: 1,
    reserveStatus: 'PENDING',
    reserveDateTime: '2026-11-23T09:00:05.000Z',
    expiresAt: null,
    startDateTime: null,
    returnDateTime: null,
    fee: 1000,
    refusalCode: null,
    updatedAt: '2026-11-23T09:00:05.000Z',
    ...changes,
  };
}

function snapshot(nodes: Row[], cursor = 'c0'): Snapshot {
  return {
    at: '2026-11-23T09:00:00.000Z',
    cursor,
    landscape: 'development',
    totals,
    reservations: { totalCount: nodes.length, nodes },
    series: [{ minute: '2026-11-23T09:00:00.000Z', requested: 2, rejected: 0, refused: 0, refusals: [] }],
    recent: [],
    lag: { pendingEvents: 0, parkedEvents: 0 },
  };
}

function update(cursor: string, eventType: string, reservation: Row | null = null): Update {
  const about = { userId: null, bikeId: null, points: null, refusals: [] };
  return { cursor, at: '2026-11-23T09:00:06.000Z', eventType, reservation, totals, ...about };
}

function after(...actions: Parameters<typeof reduceDashboard>[1][]): DashboardState {
  return actions.reduce(reduceDashboard, initialState);
}

const numbers = (state: DashboardState) => shownPicture(state)?.rows.map((shown) => shown.row.reserveNo);

describe('the dashboard', () => {
  it('shows the newest reservation first, whatever order the query gave', () => {
    expect(numbers(after({ type: 'snapshotTaken', snapshot: snapshot([row(2), row(7), row(3)]) }))).toEqual([7, 3, 2]);
  });

  it('changes a row in its place', () => {
    const confirmed = row(2, { reserveStatus: 'RESERVED' });
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([row(3), row(2), row(1)]) },
      { type: 'updated', updates: [update('c1', 'ReservationConfirmed', confirmed)] },
    );
    expect(numbers(state)).toEqual([3, 2, 1]);
    expect(state.picture?.rows[1]).toEqual({ row: confirmed, changes: 1 });
    expect(state.picture?.cursor).toBe('c1');
  });

  it('puts a new reservation on top', () => {
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([row(1)]) },
      { type: 'updated', updates: [update('c1', 'ReservationRequested', row(2))] },
    );
    expect(numbers(state)).toEqual([2, 1]);
  });

  it('counts what is reserved, and not what happens to older ones that are not loaded yet', () => {
    const nodes = [row(5), row(4)];
    const state = after(
      { type: 'snapshotTaken', snapshot: { ...snapshot(nodes), reservations: { totalCount: 5, nodes } } },
      { type: 'updated', updates: [update('c1', 'BikeReturned', row(2, { reserveStatus: 'RETURNED' }))] },
      { type: 'updated', updates: [update('c2', 'ReservationRequested', row(6))] },
      { type: 'olderRowsLoaded', rows: [5, 4, 3, 2, 1].map((reserveNo) => row(reserveNo)) },
    );
    expect(numbers(state)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(state.picture?.reservations).toBe(6);
    expect(state.picture?.rows[4]?.row.reserveStatus).toBe('RETURNED');
  });

  it('counts an update that comes twice once', () => {
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([]) },
      { type: 'updated', updates: [update('c1', 'BikeRegistered')] },
      { type: 'updated', updates: [update('c1', 'BikeRegistered')] },
    );
    expect(state.picture?.feed).toHaveLength(1);
  });

  it('keeps the feed and the count of changes over a new query', () => {
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([row(1)]) },
      { type: 'updated', updates: [update('c1', 'ReservationRequested', row(1))] },
      { type: 'snapshotTaken', snapshot: snapshot([row(1, { updatedAt: '2026-11-23T09:10:00.000Z' })], 'c9') },
    );
    expect(state.picture?.feed).toHaveLength(1);
    expect(state.picture?.rows[0]?.changes).toBe(2);
    expect(state.picture?.cursor).toBe('c9');
  });

  it('keeps a bounded feed, newest first', () => {
    const updates = Array.from({ length: maxFeedEntries + 10 }, (_, n) => update(`c${n + 1}`, 'BikeRegistered'));
    const state = after({ type: 'snapshotTaken', snapshot: snapshot([]) }, { type: 'updated', updates });
    expect(state.picture?.feed).toHaveLength(maxFeedEntries);
    expect(state.picture?.feed[0]?.cursor).toBe(`c${maxFeedEntries + 10}`);
  });

  it('lets ended reservations go before those that hold a bike', () => {
    const ended = Array.from({ length: maxRows - 1 }, (_, n) => row(n + 2, { reserveStatus: 'RETURNED' }));
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([...ended, row(1, { reserveStatus: 'IN_USE' })]) },
      { type: 'updated', updates: [update('c1', 'ReservationRequested', row(maxRows + 999))] },
    );
    expect(numbers(state)).toHaveLength(maxRows);
    expect(numbers(state)).toContain(1);
    expect(numbers(state)).not.toContain(2);
  });

  it('believes the feed rather than an older page that comes behind it', () => {
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([row(9)]) },
      { type: 'updated', updates: [update('c1', 'ReservationCancelled', row(3, { reserveStatus: 'CANCELLED' }))] },
      { type: 'olderRowsLoaded', rows: [row(9), row(4), row(3), row(2)] },
    );
    expect(numbers(state)).toEqual([9, 4, 3, 2]);
    expect(state.picture?.rows[2]?.row.reserveStatus).toBe('CANCELLED');
    expect(state.picture?.reservations).toBe(4);
  });

  it('counts requests and rejections in the minute of the request', () => {
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([]) },
      {
        type: 'updated',
        updates: [
          update('c1', 'ReservationRequested', row(1)),
          update(
            'c2',
            'ReservationRejected',
            row(1, { reserveStatus: 'REJECTED', refusalCode: 'INSUFFICIENT_POINTS' }),
          ),
          update('c3', 'ReservationRequested', row(2, { reserveDateTime: '2026-11-23T09:01:00.000Z' })),
        ],
      },
    );
    expect(state.picture?.series).toEqual([
      {
        minute: '2026-11-23T09:00:00.000Z',
        requested: 3,
        rejected: 1,
        refused: 1,
        refusals: [{ code: 'INSUFFICIENT_POINTS', count: 1 }],
      },
      { minute: '2026-11-23T09:01:00.000Z', requested: 1, rejected: 0, refused: 0, refusals: [] },
    ]);
  });

  it('counts who was refused without a number, in the minute of the attempt', () => {
    const refused = update('c1', 'ReservationsRefused');
    refused.refusals = [
      { code: 'BIKE_ALREADY_RESERVED', count: 3 },
      { code: 'INSUFFICIENT_POINTS', count: 2 },
    ];
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([]) },
      { type: 'updated', updates: [refused, { ...refused, cursor: 'c2' }] },
    );
    const [minute] = state.picture?.series ?? [];
    expect(minute).toMatchObject({ requested: 2, rejected: 0, refused: 10 });
    expect(minute && attemptsIn(minute)).toBe(12);
    expect(refusalsIn(state.picture?.series ?? []).map(({ code, total }) => [code, total])).toEqual([
      ['BIKE_ALREADY_RESERVED', 6],
      ['INSUFFICIENT_POINTS', 4],
    ]);
    expect(state.picture?.feed.map(({ refused: count }) => count)).toEqual([5, 5]);
  });

  it('begins its feed with what happened before, and tells nothing twice', () => {
    const recent = ['c2', 'c1'].map((cursor) => ({
      ...update(cursor, 'PointsDeducted'),
      ...{ userId: '10', points: -1_000 },
    }));
    const state = after(
      { type: 'snapshotTaken', snapshot: { ...snapshot([], 'c2'), recent } },
      { type: 'updated', updates: [update('c3', 'BikeRegistered')] },
      {
        type: 'snapshotTaken',
        snapshot: { ...snapshot([], 'c3'), recent: [update('c3', 'BikeRegistered'), ...recent] },
      },
    );
    expect(state.picture?.feed.map(({ cursor, points }) => [cursor, points])).toEqual([
      ['c3', null],
      ['c2', -1_000],
      ['c1', -1_000],
    ]);
  });

  it('counts each reason for a refusal, the most frequent first', () => {
    const minute = (code: RefusalCode, count: number) => ({
      minute: '2026-11-23T09:00:00.000Z',
      requested: 9,
      rejected: count,
      refused: count,
      refusals: [{ code, count }],
    });
    expect(
      refusalsIn([minute('NO_POINT_ACCOUNT', 1), minute('INSUFFICIENT_POINTS', 2), minute('NO_POINT_ACCOUNT', 4)]),
    ).toEqual([
      { code: 'NO_POINT_ACCOUNT', counts: [1, 0, 4], total: 5 },
      { code: 'INSUFFICIENT_POINTS', counts: [0, 2, 0], total: 2 },
    ]);
  });

  it('draws sixty minutes up to now, empty ones too', () => {
    const minutes = lastMinutes(snapshot([]).series, Date.parse('2026-11-23T09:02:30.000Z'));
    expect(minutes).toHaveLength(60);
    expect(minutes.slice(-3).map(({ requested }) => requested)).toEqual([2, 0, 0]);
  });
});

describe('a paused dashboard', () => {
  it('stands still, counts what it hides, and catches up', () => {
    const paused = after(
      { type: 'snapshotTaken', snapshot: snapshot([row(1)]) },
      { type: 'paused' },
      { type: 'updated', updates: [update('c1', 'ReservationRequested', row(2)), update('c2', 'BikeRegistered')] },
    );
    expect(numbers(paused)).toEqual([1]);
    expect(updatesNotShown(paused)).toBe(2);
    const resumed = reduceDashboard(paused, { type: 'resumed' });
    expect(numbers(resumed)).toEqual([2, 1]);
    expect(updatesNotShown(resumed)).toBe(0);
  });
});

describe('the connection', () => {
  it('is stale since the first failure, not the last', () => {
    const state = after(
      { type: 'connected' },
      { type: 'connectionLost', at: 1_000, code: 'CONNECTION_LOST' },
      { type: 'connectionLost', at: 5_000, code: 'HTTP_502' },
    );
    expect(state.connection).toEqual({ status: 'reconnecting', since: 1_000, code: 'HTTP_502' });
  });

  it('keeps the last picture while it is lost', () => {
    const state = after(
      { type: 'snapshotTaken', snapshot: snapshot([row(1)]) },
      { type: 'connectionLost', at: 1_000, code: 'CONNECTION_LOST' },
    );
    expect(numbers(state)).toEqual([1]);
  });

  it('shows nothing to a role that may not see it', () => {
    const state = after({ type: 'snapshotTaken', snapshot: snapshot([row(1)]) }, { type: 'notAllowed' });
    expect(shownPicture(state)).toBeNull();
  });
});
