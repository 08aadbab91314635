import type { OvertimeRule } from '../../schema/overtime.ts';
import {
  requireSelfOrStaff,
  requireViewer,
  type PageRequest,
  type RequestContext,
  type Resolvers,
} from '../../platform/index.ts';
import type { PointStore } from './store.ts';

interface Dependencies {
  store: PointStore;
  overtime: OvertimeRule;
}

interface Keyed {
  userId: string;
}

interface OfReservation extends Keyed {
  reserveNo: number;
}

export function createResolvers({ store, overtime }: Dependencies): Resolvers {
  const load = (context: RequestContext, userId: string) =>
    context.load('account', userId, (ids) => store.byUserIds(ids));

  const loadPaid = (context: RequestContext, { reserveNo, userId }: OfReservation) =>
    context.load('overtime', `${reserveNo} ${userId}`, async (keys) => {
      const asked = keys.map((key) => ({ key, reserveNo: parseInt(key, 10), userId: key.slice(key.indexOf(' ') + 1) }));
      const paid = await store.overtimeOf(asked);
      return new Map(asked.map((each) => [each.key, paid.get(each.reserveNo) ?? 0]));
    });

  const entries = ({ userId }: Keyed, page: PageRequest, { viewer }: RequestContext) => {
    requireSelfOrStaff(viewer, userId);
    return store.entriesOf(userId, page);
  };

  const account = async ({ userId }: Keyed, context: RequestContext) => {
    requireSelfOrStaff(context.viewer, userId);
    const row = await load(context, userId);
    return row?.opened ? row : null;
  };

  return {
    Query: {
      user(_root: unknown, { userId }: Keyed, { viewer }: RequestContext) {
        requireSelfOrStaff(viewer, userId);
        return { userId };
      },
      me: (_root: unknown, _arguments: unknown, { viewer }: RequestContext) => viewer && { userId: viewer.userId },
      pointAccount: (_root: unknown, keyed: Keyed, context: RequestContext) => account(keyed, context),
      tariff: () => ({
        overtimeFreeMinutes: overtime.freeMinutes,
        overtimeStepMinutes: overtime.stepMinutes,
        overtimeStepPrice: overtime.stepPrice,
        overtimeCap: overtime.cap,
      }),
    },

    User: {
      // Any userId is a rider; access is checked field by field.
      __resolveReference({ userId }: Keyed, { viewer }: RequestContext) {
        requireViewer(viewer);
        return { userId };
      },
      async totalPoint({ userId }: Keyed, _arguments: unknown, context: RequestContext) {
        requireSelfOrStaff(context.viewer, userId);
        return (await load(context, userId))?.totalPoint ?? 0;
      },
      pointEntries: entries,
    },

    Reservation: {
      __resolveReference: (reservation: OfReservation) => reservation,
      async overtime({ reserveNo, userId }: OfReservation, _arguments: unknown, context: RequestContext) {
        requireSelfOrStaff(context.viewer, userId);
        const [account, paid] = await Promise.all([load(context, userId), loadPaid(context, { reserveNo, userId })]);
        return (paid ?? 0) + (account?.debtOf === reserveNo ? account.debt : 0);
      },
    },

    PointAccount: { __resolveReference: account, entries },
  };
}
