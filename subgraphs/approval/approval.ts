import type { ApprovalEvent, NewEvent } from '../../schema/events/index.ts';
import type { Decider } from '../../platform/event-core/decider.ts';

export type Approval =
  | { status: 'none' }
  | {
      status: 'APPROVED' | 'DECLINED';
      confirmId: number;
      userId: string;
      price: number;
      approveDate: string;
      /** What the payment provider said when it declined. */
      because: string | null;
    };

/** What the payment provider answered. */
export type Payment = { approved: true } | { approved: false; because: string };

export interface BuyPoints {
  type: 'BuyPoints';
  confirmId: number;
  userId: string;
  price: number;
  payment: Payment;
}

/** Why a price cannot be bought; null when it can. Checked before a purchase begins, and never after. */
export function whyNot(price: number | bigint, maxPurchase: number): string | null {
  if (typeof price === 'number' && Number.isInteger(price) && price >= 1 && price <= maxPurchase) return null;
  return `A purchase is a whole number of points from 1 to ${maxPurchase}.`;
}

/** No refusal here: the provider has answered, and what it charged is owed. */
export const approval: Decider<Approval, BuyPoints, NewEvent<ApprovalEvent>, never> = {
  initial: { status: 'none' },

  decide({ confirmId, userId, price, payment }, state, at) {
    if (state.status !== 'none') return [];
    const data = { confirmId, userId, price };
    return payment.approved
      ? [{ type: 'PointPurchaseApproved', data: { ...data, approvedAt: at } }]
      : [{ type: 'PointPurchaseDeclined', data: { ...data, because: payment.because, declinedAt: at } }];
  },

  evolve(_state, event) {
    switch (event.type) {
      case 'PointPurchaseApproved': {
        const { approvedAt: approveDate, ...payment } = event.data;
        return { status: 'APPROVED', ...payment, approveDate, because: null };
      }
      case 'PointPurchaseDeclined': {
        const { declinedAt: approveDate, ...payment } = event.data;
        return { status: 'DECLINED', ...payment, approveDate };
      }
    }
  },
};
