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

export function createResolvers({ store, overtime }: Dependencies): Resolvers {
  const load = (context: RequestContext, userId: string) =>
    context.load('account', userId, (ids) => store.byUserIds(ids));

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

    PointAccount: { __resolveReference: account, entries },
  };
}
