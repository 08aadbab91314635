import { z } from 'zod';
import {
  createAggregate,
  expectEvent,
  milliseconds,
  optionalHttpAddress,
  wholeNumber,
  type Contradictions,
  type Runtime,
  type Subgraph,
} from '../../platform/index.ts';
import { parserOf, streams, type EventNamed } from '../../schema/events/index.ts';
import { approval } from './approval.ts';
import { createCharges } from './charges.ts';
import { createHttpPayments, developmentPayments, type PaymentProvider } from './payments.ts';
import { createPurchases } from './purchases.ts';
import { createResolvers } from './resolvers.ts';
import { createApprovalStore, viewsVersion } from './store.ts';

/** Nine million purchases of this size fit into one account, and into the sum of all (2⁵³ − 1). */
const largestPurchase = 1_000_000_000;

export const settingsSchema = z.object({
  MAX_PURCHASE: wholeNumber(1_000_000, 1, largestPurchase).describe(
    'points in one purchase; at most 1000000000, so that sums of them stay exact',
  ),
  PAYMENT_PROVIDER_URL: optionalHttpAddress().describe(
    'who charges; without one nothing is charged in development, and nothing starts elsewhere',
  ),
  PAYMENT_TIMEOUT_MS: milliseconds(5_000, 1).describe(
    'how long the provider may take; then SERVICE_UNAVAILABLE, and the same key asks again; less than the router’s SUBGRAPH_TIMEOUT_MS',
  ),
  PAYMENT_RETRY_MS: milliseconds(15_000, 1).describe(
    'a payment without an answer is asked for again after so long, then after twice as long …',
  ),
  PAYMENT_RETRY_MAX_MS: milliseconds(600_000, 1).describe(
    '… but at least this often, until the provider says yes or no',
  ),
  SETTLE_EVERY_MS: milliseconds(1_000, 1).describe('how often each instance looks for those'),
});

export const contradictions: Contradictions = {
  PAYMENT_PROVIDER_URL: ({ LANDSCAPE = 'development', PAYMENT_PROVIDER_URL }) =>
    PAYMENT_PROVIDER_URL === undefined && LANDSCAPE !== 'development'
      ? `must be set where LANDSCAPE is ${JSON.stringify(LANDSCAPE)}: nothing is charged in "development" only.`
      : undefined,
};

/**
 * Payments for points. It follows no other service.
 * @param payments the payment provider, if not the one in the settings.
 * @throws {ConfigError} outside development without PAYMENT_PROVIDER_URL.
 */
export function createApproval(runtime: Runtime, payments?: PaymentProvider): Subgraph {
  const { database, settings } = runtime;
  const own = runtime.readSettings(settingsSchema, contradictions);
  const { MAX_PURCHASE, PAYMENT_PROVIDER_URL } = own;
  const store = createApprovalStore(database);
  const approvals = createAggregate(runtime, {
    decider: approval,
    changesOf: store.changesOf,
    parse: parserOf('approval'),
    viewsVersion,
  });

  function expectPoints(userId: string) {
    const reached = new Set<number>();
    let wanted: number | undefined;
    const expected = expectEvent(runtime, 'point', streams.account(userId), (event) => {
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

  const named = PAYMENT_PROVIDER_URL
    ? createHttpPayments(PAYMENT_PROVIDER_URL, own.PAYMENT_TIMEOUT_MS)
    : developmentPayments;
  const charge = payments ?? named;
  const charges = createCharges(database);
  const purchases = createPurchases({
    ...{ approvals, charges, charge, logger: runtime.logger, clock: runtime.clock },
    retryMs: own.PAYMENT_RETRY_MS,
    retryMaxMs: own.PAYMENT_RETRY_MAX_MS,
  });
  runtime.metrics.gauge(
    'ttareungi_payments_unanswered',
    'Payments that the provider was asked for again, and has not answered.',
    () => charges.countUnanswered(),
  );
  runtime.metrics.gauge(
    'ttareungi_payments_disputed',
    'Payments of another amount than asked for, or with two answers: an operator must look.',
    () => charges.countDisputed(),
  );
  return {
    resolvers: createResolvers({ store, purchases, maxPurchase: MAX_PURCHASE, expectPoints }),
    parts: [store, charges, approvals],
    sweeps: [{ name: 'settlement', everyMs: own.SETTLE_EVERY_MS, run: () => purchases.settleDue() }],
  };
}
