import { z } from 'zod';
import {
  ConfigError,
  createAggregate,
  expectEvent,
  wholeNumber,
  type Runtime,
  type Subgraph,
} from '../chassis/index.ts';
import { parserOf, type EventNamed } from '../../schema/events/index.ts';
import { approval } from './approval.ts';
import { createHttpPayments, developmentPayments } from './payments.ts';
import { createResolvers } from './resolvers.ts';
import { createApprovalStore, viewsVersion } from './store.ts';

const settingsSchema = z.object({
  MAX_PURCHASE: wholeNumber(1_000_000, 1),
  PAYMENT_PROVIDER_URL: z.url().optional(),
  PAYMENT_TIMEOUT_MS: wholeNumber(5_000, 1),
});

/** Payments for points. It follows nobody. @throws {ConfigError} outside development without PAYMENT_PROVIDER_URL. */
export function createApproval(runtime: Runtime): Subgraph {
  const { database, settings } = runtime;
  const { MAX_PURCHASE, PAYMENT_PROVIDER_URL, PAYMENT_TIMEOUT_MS } = runtime.readSettings(settingsSchema);
  if (!PAYMENT_PROVIDER_URL && settings.LANDSCAPE !== 'development') {
    throw new ConfigError(
      `PAYMENT_PROVIDER_URL must be set in LANDSCAPE=${settings.LANDSCAPE}: nobody would be charged.`,
    );
  }
  const store = createApprovalStore(database);
  const approvals = createAggregate(runtime, {
    decider: approval(MAX_PURCHASE),
    changesOf: store.changesOf,
    parse: parserOf('approval'),
    viewsVersion,
  });

  function expectPoints(userId: string) {
    const reached = new Set<number>();
    let wanted: number | undefined;
    const expected = expectEvent(runtime, 'point', `account-${userId}`, (event) => {
      if (event.type !== 'PointsIncreased') return false;
      const { confirmId } = event.data as EventNamed<'PointsIncreased'>['data'];
      reached.add(confirmId);
      return confirmId === wanted;
    });
    return {
      stop: expected.stop,
      arrived: async (confirmId: number) => {
        wanted = confirmId;
        return reached.has(confirmId) || expected.arrived(settings.OUTCOME_TIMEOUT_MS);
      },
    };
  }

  const charge = PAYMENT_PROVIDER_URL
    ? createHttpPayments(PAYMENT_PROVIDER_URL, PAYMENT_TIMEOUT_MS)
    : developmentPayments;
  const resolvers = createResolvers({ approvals, store, charge, maxPurchase: MAX_PURCHASE, expectPoints });
  return { resolvers, parts: [store, approvals] };
}
