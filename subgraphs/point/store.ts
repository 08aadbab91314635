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
import { entryOf, type LedgerEntry } from './ledger.ts';
import type { Account } from './point.ts';

export interface AccountRow extends ViewRow {
  _id: string;
  userId: string;
  opened: boolean;
  totalPoint: number;
  debt: number;
}

/** A ledger entry as a list shows it. */
export interface EntryRow extends ViewRow, LedgerEntry {
  /** The cause: one cause moves its points once. */
  _id: string;
  userId: string;
  seq: number;
}

const accountSchema = new Schema<AccountRow>(
  { _id: String, version: Number, userId: String, opened: Boolean, totalPoint: Number, debt: Number },
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

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 2;

export function createPointStore(database: Connection) {
  const accounts = database.model<AccountRow>('Account', accountSchema);
  const entries = database.model<EntryRow>('Entry', entrySchema);

  return {
    prepare: () => Promise.all([accounts.createIndexes(), entries.createIndexes()]),

    changesOf(document: JournalDocument<Account, PointEvent>): ViewChange<AccountRow | EntryRow>[] {
      const { userId, opened, balance, debt, seq } = document.state;
      if (userId === null) return [];
      const version = rowVersion(document);
      const account: AccountRow = { _id: userId, version, userId, opened, totalPoint: balance, debt };
      const booked = document.events.map(entryOf).filter((entry) => entry !== null);
      return [
        ...(booked.length > 0 || document.events.some(owesMore)
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

    entriesOf: (userId: string, page: PageRequest): Promise<Page<EntryRow>> =>
      paginate(entries, { userId }, [['seq', -1]], page),
  };
}

/** A rider can owe overtime without a point moving. */
function owesMore({ type }: PointEvent): boolean {
  return type === 'OvertimeCharged';
}

export type PointStore = ReturnType<typeof createPointStore>;
