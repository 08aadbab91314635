import {
  commandOrigin,
  isStaff,
  requireSelfOrOperator,
  requireSelfOrStaff,
  requireViewer,
  type PageRequest,
  type RequestContext,
  type Resolvers,
} from '../../platform/index.ts';
import { whyNot } from './approval.ts';
import type { Purchases } from './purchases.ts';
import type { ApprovalFilter, ApprovalRow, ApprovalStore } from './store.ts';

interface Dependencies {
  store: ApprovalStore;
  purchases: Purchases;
  maxPurchase: number;
  /** Starts to wait for the points to reach the account; false when they did not in time. */
  expectPoints(userId: string): { arrived(confirmId: number): Promise<boolean>; stop(): void };
}

interface BuyPointsArguments {
  input: {
    userId?: string | null;
    price: number | bigint;
    paymentToken?: string | null;
    idempotencyKey?: string | null;
  };
}

export function createResolvers(dependencies: Dependencies): Resolvers {
  const { store } = dependencies;

  async function visible(confirmId: number, context: RequestContext): Promise<ApprovalRow | null> {
    requireViewer(context.viewer);
    const row = await context.load('approval', confirmId, (ids) => store.byIds(ids));
    if (row) requireSelfOrStaff(context.viewer, row.userId);
    return row;
  }

  return {
    Query: {
      approval: (_root: unknown, { confirmId }: { confirmId: number }, context: RequestContext) =>
        visible(confirmId, context),
      approvals(
        _root: unknown,
        { filter, ...page }: { filter?: ApprovalFilter | null } & PageRequest,
        { viewer }: RequestContext,
      ) {
        const own = requireViewer(viewer).userId;
        if (filter?.userId) requireSelfOrStaff(viewer, filter.userId);
        return store.list(isStaff(viewer) ? (filter ?? {}) : { ...filter, userId: own }, page);
      },
      tariff: () => ({ maxPurchase: dependencies.maxPurchase }),
    },

    Approval: {
      __resolveReference: ({ confirmId }: { confirmId: number }, context: RequestContext) =>
        visible(confirmId, context),
      user: ({ userId }: ApprovalRow) => ({ __typename: 'User', userId }),
    },

    User: {
      approvals({ userId }: { userId: string }, page: PageRequest, { viewer }: RequestContext) {
        requireSelfOrStaff(viewer, userId);
        return store.list({ userId }, page);
      },
    },

    Mutation: {
      buyPoints: (_root: unknown, { input }: BuyPointsArguments, context: RequestContext) =>
        buyPoints(dependencies, input, context),
    },
  };
}

async function buyPoints(dependencies: Dependencies, input: BuyPointsArguments['input'], context: RequestContext) {
  const { purchases, maxPurchase, expectPoints } = dependencies;
  const userId = input.userId ?? requireViewer(context.viewer).userId;
  const viewer = requireSelfOrOperator(context.viewer, userId);
  const origin = commandOrigin(context, viewer, 'buyPoints', input);
  const because = whyNot(input.price, maxPurchase);
  if (because && !(await purchases.isBegun(origin)))
    return { approval: null, refusal: { code: 'INVALID_PRICE', because } };

  const purchase = { userId, price: Number(input.price), paymentToken: input.paymentToken ?? null };
  const points = expectPoints(userId);
  try {
    const settled = await purchases.buy(purchase, origin);
    if (settled.kind === 'refused') {
      return { approval: null, refusal: { code: settled.code, because: settled.because } };
    }
    const { approval, replayed } = settled;
    if (approval.status === 'DECLINED') {
      return { approval, refusal: { code: 'PAYMENT_DECLINED', because: approval.because ?? 'Declined.' } };
    }
    if (!replayed) await points.arrived(approval.confirmId);
    return { approval: { ...approval }, refusal: null };
  } finally {
    points.stop();
  }
}
