import type { NewEvent, PointEvent } from '../../schema/events/index.ts';

/** One line of an entry: points into an account of the ledger (positive) or out of it (negative). */
export interface LedgerLine {
  account: `user:${string}` | 'pool:issued' | 'pool:reservations' | 'pool:overtime';
  amount: number;
}

export type EntryKind = 'PURCHASED' | 'DEDUCTED' | 'RESTORED' | 'OVERTIME' | 'COMPENSATED';

/** One movement of points in double entry: its lines sum to zero. */
export interface LedgerEntry {
  kind: EntryKind;
  /** Unique in the ledger: one cause moves its points once. */
  cause: string;
  amount: number;
  balanceAfter: number;
  at: string;
  reserveNo: number | null;
  confirmId: number | null;
  lines: readonly [LedgerLine, LedgerLine];
}

/** The entry that an event books; null when it moves no points. */
export function entryOf(event: NewEvent<PointEvent>): LedgerEntry | null {
  switch (event.type) {
    case 'PointsIncreased':
      return book('PURCHASED', `buy:${event.data.confirmId}`, 'pool:issued', event.data, event.data.amount);
    case 'PointsDeducted':
      return book('DEDUCTED', `hold:${event.data.reserveNo}`, 'pool:reservations', event.data, -event.data.amount);
    case 'PointsRestored':
      return book('RESTORED', `restore:${event.data.reserveNo}`, 'pool:reservations', event.data, event.data.amount);
    case 'OvertimeCharged': {
      const { reserveNo, owed, amount } = event.data;
      if (amount === 0) return null;
      return book('OVERTIME', `overtime:${reserveNo}:${owed}`, 'pool:overtime', event.data, -amount);
    }
    case 'OvertimeRestored': {
      const { reserveNo, amount } = event.data;
      if (amount === 0) return null;
      return book('COMPENSATED', `overtime-restored:${reserveNo}`, 'pool:overtime', event.data, amount);
    }
    case 'PointsRefused':
    case 'ReservationSettled':
      return null;
  }
}

function book(
  kind: EntryKind,
  cause: string,
  pool: LedgerLine['account'],
  data: { userId: string; balanceAfter: number; at: string; reserveNo?: number; confirmId?: number },
  amount: number,
): LedgerEntry {
  const { userId, balanceAfter, at, reserveNo = null, confirmId = null } = data;
  const lines = [
    { account: `user:${userId}`, amount },
    { account: pool, amount: -amount },
  ] as const;
  return { kind, cause, amount, balanceAfter, at, reserveNo, confirmId, lines };
}
