import { Schema, type Connection } from 'mongoose';
import type { ApprovalEvent } from '../../schema/events/index.ts';
import {
  paginate,
  rowVersion,
  type Connection as Page,
  type JournalDocument,
  type PageRequest,
  type ViewChange,
  type ViewRow,
} from '../../platform/index.ts';
import type { Approval } from './approval.ts';

/** A payment as lists show it. */
export interface ApprovalRow extends ViewRow {
  _id: number;
  confirmId: number;
  userId: string;
  price: number;
  approveDate: string;
  status: 'APPROVED' | 'DECLINED';
}

export interface ApprovalFilter {
  userId?: string | null;
  status?: ApprovalRow['status'] | null;
}

const schema = new Schema<ApprovalRow>(
  {
    _id: Number,
    version: Number,
    confirmId: Number,
    userId: String,
    price: Number,
    approveDate: String,
    status: String,
  },
  { collection: 'approvals', versionKey: false },
);
schema.index({ confirmId: -1 });
schema.index({ userId: 1, confirmId: -1 });

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 1;

export function createApprovalStore(database: Connection) {
  const approvals = database.model<ApprovalRow>('Approval', schema);

  return {
    prepare: () => approvals.createIndexes(),

    changesOf({ state, ...document }: JournalDocument<Approval, ApprovalEvent>): ViewChange<ApprovalRow>[] {
      if (state.status === 'none') return [];
      const { because: _because, ...fields } = state;
      return [
        {
          collection: approvals.collection,
          row: { _id: state.confirmId, version: rowVersion(document), ...fields },
        },
      ];
    },

    async byIds(confirmIds: readonly number[]): Promise<Map<number, ApprovalRow>> {
      const rows = await approvals
        .find({ _id: { $in: confirmIds } })
        .lean<ApprovalRow[]>()
        .exec();
      return new Map(rows.map((row) => [row.confirmId, row]));
    },

    list({ userId, status }: ApprovalFilter, page: PageRequest): Promise<Page<ApprovalRow>> {
      const filter = { ...(userId ? { userId } : {}), ...(status ? { status } : {}) };
      return paginate(approvals, filter, [['confirmId', -1]], page);
    },
  };
}

export type ApprovalStore = ReturnType<typeof createApprovalStore>;
