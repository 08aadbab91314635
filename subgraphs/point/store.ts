import { Schema, type Connection } from 'mongoose';
import type { PointEvent } from '../../schema/events/index.ts';
import {
  paginate,
  rowVersion,
  type Connection as Page,
  type JournalDocument,
  type PageRequest,
  type ViewChange,
  type ViewRow,
} from '../../platform/index.ts';
import { entryOf, type EntryKind, type LedgerEntry } from './ledger.ts';
import type { Account } from './point.ts';

export interface AccountRow extends ViewRow {
  _id: string;
  userId: string;
  opened: boolean;
  totalPoint: number;
  debt: number;
  /** The reservation whose overtime the debt is for. */
  debtOf: number | null;
}

/** A ledger entry as a list shows it. */
export interface EntryRow extends ViewRow, LedgerEntry {
  /** The cause: one cause moves its points once. */
  _id: string;
  userId: string;
  seq: number;
}

const accountSchema = new Schema<AccountRow>(
  { _id: String, version: Number, userId: String, opened: Boolean, totalPoint: Number, debt: Number, debtOf: Number },
  { collection: 'accounts', versionKey: false },
);

const entrySchema = new Schema<EntryRow>(
  {
    _id: String,
    version: Number,
    userId: String,
    seq: Number,
    kind: String,
    cause: String,
    amount: Number,
    balanceAfter: Number,
    at: String,
    reserveNo: Number,
    confirmId: Number,
    lines: Schema.Types.Mixed,
  },
  { collection: 'entries', versionKey: false },
);
entrySchema.index({ userId: 1, seq: -1 });

/** Kinds of movements that make up what a ride cost in overtime. */
const ofOvertime: readonly EntryKind[] = ['OVERTIME', 'COMPENSATED'];

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 3;

export function createPointStore(database: Connection) {
  const accounts = database.model<AccountRow>('Account', accountSchema);
  const entries = database.model<EntryRow>('Entry', entrySchema);

  return {
    prepare: () => Promise.all([accounts.createIndexes(), entries.createIndexes()]),

    changesOf(document: JournalDocument<Account, PointEvent>): ViewChange<AccountRow | EntryRow>[] {
      const { userId, opened, balance, debt, debtOf, seq } = document.state;
      if (userId === null) return [];
      const version = rowVersion(document);
      const account: AccountRow = { _id: userId, version, userId, opened, totalPoint: balance, debt, debtOf };
      const booked = document.events.map(entryOf).filter((entry) => entry !== null);
      return [
        ...(booked.length > 0 || document.events.some(changesDebt)
          ? [{ collection: accounts.collection, row: account }]
          : []),
        ...booked.map((entry, index) => {
          const number = seq - booked.length + index + 1;
          const row: EntryRow = { _id: entry.cause, version, userId, seq: number, ...entry };
          return { collection: entries.collection, row, isNew: true };
        }),
      ];
    },

    async byUserIds(userIds: readonly string[]): Promise<Map<string, AccountRow>> {
      const rows = await accounts
        .find({ _id: { $in: userIds } })
        .lean<AccountRow[]>()
        .exec();
      return new Map(rows.map((row) => [row.userId, row]));
    },

    /** What these reservations have paid of their overtime, and did not get back; those that paid nothing are left out. */
    async overtimeOf(reservations: readonly { userId: string; reserveNo: number }[]): Promise<Map<number, number>> {
      const userIds = [...new Set(reservations.map(({ userId }) => userId))];
      const reserveNos = reservations.map(({ reserveNo }) => reserveNo);
      const rows = await entries
        .find({ userId: { $in: userIds }, kind: { $in: ofOvertime }, reserveNo: { $in: reserveNos } })
        .lean<EntryRow[]>()
        .exec();
      const paid = new Map<number, number>();
      for (const { reserveNo, amount } of rows) {
        if (reserveNo !== null) paid.set(reserveNo, (paid.get(reserveNo) ?? 0) - amount);
      }
      return paid;
    },

    entriesOf: (userId: string, page: PageRequest): Promise<Page<EntryRow>> =>
      paginate(entries, { userId }, [['seq', -1]], page),
  };
}

/** A rider can owe more overtime, or less, without a point moving. */
function changesDebt({ type }: PointEvent): boolean {
  return type === 'OvertimeCharged' || type === 'OvertimeRestored';
}

export type PointStore = ReturnType<typeof createPointStore>;
