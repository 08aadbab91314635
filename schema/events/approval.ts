import { z } from 'zod';
import { at, confirmId, points, userId } from './values.ts';

const payment = {
  confirmId,
  userId,
  price: points.positive().describe('Points bought.'),
};

/** What the approval subgraph publishes, on the streams `approval-<confirmId>`. */
export const approvalEvents = {
  PointPurchaseApproved: z
    .object({ ...payment, approvedAt: at })
    .describe('The payment went through: the rider is owed these points.'),
  PointPurchaseDeclined: z
    .object({ ...payment, because: z.string().describe('What the payment provider said.'), declinedAt: at })
    .describe('The payment provider said no: nothing is owed.'),
};
