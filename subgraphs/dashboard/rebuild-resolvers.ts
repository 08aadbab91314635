import { commandOrigin, pageSize, requireRole, type RequestContext, type Resolvers } from '../../platform/index.ts';
import type { Rebuild, Rebuilds } from './rebuilds.ts';

interface RebuildInput {
  acceptDifference: boolean;
  idempotencyKey?: string | null;
}

/** For operators: has the view rebuilt, and shows the progress. */
export function createRebuildResolvers(rebuilds: Rebuilds): Resolvers {
  return {
    Query: {
      dashboardRebuilds(_root: unknown, { first }: { first: number }, { viewer }: RequestContext) {
        requireRole(viewer, 'operator', 'auditor', 'admin');
        return rebuilds.list(pageSize(first));
      },
    },

    Mutation: {
      rebuildDashboard(_root: unknown, { input }: { input: RebuildInput }, context: RequestContext) {
        const viewer = requireRole(context.viewer, 'admin');
        const { cause } = commandOrigin(context, viewer, 'rebuildDashboard', input);
        return rebuilds.order({ by: viewer.userId, key: cause, acceptDifference: input.acceptDifference });
      },
    },

    DashboardRebuild: {
      number: ({ _id }: Rebuild) => _id,
      liveHash: ({ liveHash }: Rebuild) => liveHash || null,
      rebuiltHash: ({ rebuiltHash }: Rebuild) => rebuiltHash || null,
    },

    // Internally these are spelt as in the database.
    DashboardRebuildStatus: {
      FILLING: 'filling',
      COMPARING: 'comparing',
      SWITCHED: 'switched',
      REFUSED: 'refused',
      FAILED: 'failed',
      ABANDONED: 'abandoned',
    },
  };
}
