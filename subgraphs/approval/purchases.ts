import { streams, type ApprovalEvent } from '../../schema/events/index.ts';
import { approvalEvents } from '../../schema/events/approval.ts';
import { issuesOf } from '../../schema/events/envelope.ts';
import {
  assertLasting,
  ContractError,
  hashOf,
  isUnavailable,
  type Aggregate,
  type Origin,
  type Runtime,
} from '../../platform/index.ts';
import type { Approval, BuyPoints, Payment } from './approval.ts';
import type { Charges, OpenCharge } from './charges.ts';
import type { PaymentProvider } from './payments.ts';

export interface Purchase {
  userId: string;
  price: number;
  paymentToken: string | null;
}

export type Settled =
  | { kind: 'answered'; approval: Exclude<Approval, { status: 'none' }>; replayed: boolean }
  | { kind: 'refused'; code: 'IDEMPOTENCY_KEY_REUSED' | 'PAYMENT_MISMATCH'; because: string };

export interface Purchases {
  /**
   * Has the provider charge for a purchase once, and the journal keep its answer.
   * @throws {ContractError} when no event could carry it: there was no charge.
   * @throws {UnavailableError} when the answer is unknown: `settleDue` goes on until it is known, and the same key
   * finds it.
   */
  buy(purchase: Purchase, origin: Origin): Promise<Settled>;
  /** Whether this very purchase was begun before: its answer stands, or is due, whatever may be bought by now. */
  isBegun(origin: Origin): Promise<boolean>;
  /**
   * Retries the purchases whose wait for an answer is over. Every instance does it; nothing is charged or credited
   * twice. One that fails, unless by an outage, is logged.
   */
  settleDue(): Promise<void>;
}

interface Dependencies extends Pick<Runtime, 'logger' | 'clock'> {
  approvals: Pick<Aggregate<Approval, BuyPoints, ApprovalEvent, never>, 'handle' | 'journal' | 'counters'>;
  charges: Charges;
  charge: PaymentProvider;
  /** The first retry comes after this time, the next after twice as long, and so on … */
  retryMs: number;
  /** … but at least this often. */
  retryMaxMs: number;
}

/** Charges per sweep; the others are due in the next. */
const chargesPerSweep = 50;

const disputed = 'The payment provider and this service disagree about the payment; an operator will look at it.';

/**
 * Rider and amount are fixed under the purchase's key before the provider is asked:
 *
 * 1. A row for the key and this body, in `charges`. There is one row a key.
 * 2. No answer in the journal under this key. A row is removed only after the answer, so at most one body gets this
 * far.
 * 3. The provider is asked, with a key of its own made of key and body.
 * 4. Its answer goes into the journal, once by its cause; then the row goes.
 *
 * After an interruption anywhere behind 1 the row is still there: the next client or sweep resumes at 2.
 */
export function createPurchases(dependencies: Dependencies): Purchases {
  const { approvals, charges, charge, clock, logger, retryMs, retryMaxMs } = dependencies;
  const underWay = new Map<string, Promise<Settled>>();

  async function buy(purchase: Purchase, origin: Origin): Promise<Settled> {
    checkContract(purchase, origin, clock().toISOString());
    const wanted = toRow(purchase, origin);
    const opened = await charges.open(wanted);
    // Read after the row: an existing row is removed only when the journal has the answer.
    const standing = opened ? wanted : await charges.find(wanted._id);
    const earlier = origin.isNew ? null : await approvals.journal.byCause(origin.cause);
    if (earlier) {
      if (opened) await forget(wanted);
      return settle(wanted, { approved: true }, numberIn(earlier.state));
    }
    // The row was removed between the two reads: the answer is in the journal now.
    if (!standing) return buy(purchase, origin);
    if (standing.bodyHash !== wanted.bodyHash) return reused;
    return ask(standing);
  }

  /** One request at a time per purchase, in this process. */
  function ask(row: OpenCharge): Promise<Settled> {
    const running = underWay.get(row._id) ?? askProvider(row).finally(() => underWay.delete(row._id));
    underWay.set(row._id, running);
    return running;
  }

  async function askProvider(row: OpenCharge): Promise<Settled> {
    if (row.status === 'disputed') return mismatch;
    const { _id: cause, bodyHash, userId, price: amount, paymentToken } = row;
    const answer = await charge({ idempotencyKey: hashOf({ cause, bodyHash }), userId, amount, paymentToken });
    if ('mismatch' in answer) return dispute(row, answer.mismatch);
    const settled = await settle(row, answer);
    const status = answer.approved ? 'APPROVED' : 'DECLINED';
    if (settled.kind !== 'answered' || settled.approval.status !== status) {
      return dispute(row, `the provider says ${status}, and the journal something else`);
    }
    await forget(row);
    return settled;
  }

  /** Writes the answer into the journal; or finds the existing one. */
  async function settle(row: OpenCharge, payment: Payment, known?: number): Promise<Settled> {
    const confirmId = known ?? (await approvals.counters.next('approval'));
    const { userId, price } = row;
    const outcome = await approvals.handle(
      streams.approval(confirmId),
      { type: 'BuyPoints', confirmId, userId, price, payment },
      { ...originOf(row), opens: known === undefined },
    );
    const state = outcome.kind === 'decided' ? outcome.document.state : null;
    if (outcome.kind !== 'decided' || !state || state.status === 'none') return reused;
    return { kind: 'answered', approval: state, replayed: outcome.replayed };
  }

  /** The answer stands: the sweep finds a row that could not be removed. */
  async function forget(row: OpenCharge): Promise<void> {
    await charges.forget(row).catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
    });
  }

  async function dispute(row: OpenCharge, because: string): Promise<Settled> {
    const { _id: cause, userId, price, correlationId } = row;
    logger.error(
      { cause, userId, price, correlationId, because },
      'a payment is disputed: an operator must look at it',
    );
    await charges.dispute(row, because);
    return mismatch;
  }

  async function settleAgain(row: OpenCharge): Promise<void> {
    const now = clock();
    const waitMs = Math.min(retryMaxMs, retryMs * 2 ** row.attempts);
    if (!(await charges.take(row, new Date(now.getTime() + waitMs)))) return;
    // The writer of the answer was interrupted before it removed the row; or the key has another body's answer.
    if (await approvals.journal.byCause(row._id)) return forget(row);
    await ask(row);
    logger.info({ correlationId: row.correlationId, attempts: row.attempts + 1 }, 'a payment was settled after all');
  }

  /** One does not keep the others back. An outage is known, and ends by itself. */
  function failed({ _id: cause, correlationId }: OpenCharge, error: unknown): void {
    if (isUnavailable(error)) return;
    logger.error({ err: error, cause, correlationId }, 'a payment could not be settled; it will be tried again');
  }

  return {
    buy,
    async isBegun({ isNew, cause, body }) {
      if (isNew) return false;
      const bodyHash = hashOf(body);
      // The row first: it is removed only once the journal has the answer.
      if ((await charges.find(cause))?.bodyHash === bodyHash) return true;
      return (await approvals.journal.byCause(cause))?.commandHash === bodyHash;
    },
    async settleDue() {
      const due = await charges.due(clock(), Math.max(retryMs, retryMaxMs), chargesPerSweep);
      await Promise.all(due.map((row) => settleAgain(row).catch((error: unknown) => failed(row, error))));
    },
  };

  function toRow({ userId, price, paymentToken }: Purchase, origin: Origin): OpenCharge {
    const openedAt = clock();
    return {
      _id: origin.cause,
      bodyHash: hashOf(origin.body),
      body: origin.body as Record<string, unknown>,
      userId,
      price,
      paymentToken,
      correlationId: origin.correlationId,
      traceparent: origin.traceparent ?? null,
      status: 'open',
      because: null,
      openedAt,
      attempts: 0,
      dueAt: new Date(openedAt.getTime() + retryMs),
    };
  }
}

function originOf({ _id: cause, body, correlationId, traceparent }: OpenCharge): Origin {
  return {
    cause,
    correlationId,
    causationId: correlationId,
    ...(traceparent === null ? {} : { traceparent }),
    body,
  };
}

const numberIn = (state: Approval) => (state.status === 'none' ? undefined : state.confirmId);

/** What no event can carry, or no database gives back as it is, must not be charged: it could never be credited. */
function checkContract({ userId, price }: Purchase, origin: Origin, approvedAt: string): void {
  const { cause, correlationId, causationId, traceparent, body } = origin;
  assertLasting({ cause, correlationId, causationId, traceparent, body });
  const checked = approvalEvents.PointPurchaseApproved.safeParse({ confirmId: 1, userId, price, approvedAt });
  if (!checked.success) throw new ContractError(issuesOf(checked.error));
}

const reused = {
  kind: 'refused',
  code: 'IDEMPOTENCY_KEY_REUSED',
  because: 'This idempotency key was used before, with another body.',
} as const satisfies Settled;

const mismatch = { kind: 'refused', code: 'PAYMENT_MISMATCH', because: disputed } as const satisfies Settled;
