import type { ApprovalEvent } from '../../schema/events/index.ts';
import {
  commandOrigin,
  isStaff,
  refusalOf,
  requireSelfOrOperator,
  requireSelfOrStaff,
  requireViewer,
  type Aggregate,
  type PageRequest,
  type RequestContext,
  type Resolvers,
} from '../chassis/index.ts';
import { whyNot, type Approval, type ApprovalRefusal, type BuyPoints } from './approval.ts';
import type { PaymentProvider } from './payments.ts';
import type { ApprovalFilter, ApprovalRow, ApprovalStore } from './store.ts';

interface Dependencies {
  approvals: Aggregate<Approval, BuyPoints, ApprovalEvent, ApprovalRefusal>;
  store: ApprovalStore;
  charge: PaymentProvider;
  maxPurchase: number;
  /** Begins to wait for the points to reach the account; false when they did not in time. */
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
  const { approvals, charge, maxPurchase, expectPoints } = dependencies;
  const userId = input.userId ?? requireViewer(context.viewer).userId;
  const viewer = requireSelfOrOperator(context.viewer, userId);
  const origin = commandOrigin(context, viewer, 'buyPoints', input);
  const because = whyNot(input.price, maxPurchase);
  if (because) return { approval: null, refusal: { code: 'INVALID_PRICE', because } };

  // A repetition must not be charged before it is recognised as one. A provider asked twice for one key charges once.
  const earlier = origin.isNew ? null : await approvals.journal.byCause(origin.cause);
  const price = Number(input.price);
  const payment =
    earlier === null
      ? await charge({ idempotencyKey: origin.cause, userId, amount: price, paymentToken: input.paymentToken ?? null })
      : { approved: true as const };
  const confirmId = await approvals.counters.next('approval');
  const points = expectPoints(userId);
  try {
    const command: BuyPoints = { type: 'BuyPoints', confirmId, userId, price, payment };
    const outcome = await approvals.handle(`approval-${confirmId}`, command, origin);
    if (outcome.kind !== 'decided') return { approval: null, refusal: refusalOf(outcome) };
    const { state } = outcome.document;
    if (state.status === 'none') return { approval: null, refusal: null };
    if (state.status === 'DECLINED') {
      return { approval: state, refusal: { code: 'PAYMENT_DECLINED', because: state.because ?? 'Declined.' } };
    }
    if (!outcome.replayed) await points.arrived(state.confirmId);
    return { approval: { ...state }, refusal: null };
  } finally {
    points.stop();
  }
}
