import { hashOf } from '../../platform/event-core/canonical-json.ts';
import type { OpenCharge } from '../../subgraphs/approval/charges.ts';
import type { Answer, Charge, PaymentProvider } from '../../subgraphs/approval/payments.ts';
import type { PaymentProvider as HttpProvider } from '../support/payment-provider.ts';
import type { Link } from './network.ts';

/** The provider's misbehaviour. Lost and late answers are the link's job. */
export type Lie =
  | 'none'
  /** Declines riders it does not know, consistently: not a lie, but no purchase either. */
  | 'declines'
  /** Takes one won more than requested, and says so. */
  | 'takes another amount'
  /** Asked again, it denies a charge that it took, and takes one that it had declined. */
  | 'contradicts itself';

/** A payment provider that really charges. It deduplicates by key alone, whatever else the request says. */
export interface SimulatedPayments {
  /** Its behaviour for the next requests. */
  lie: Lie;
  /** The provider as a process sees it. */
  connect(link: Link): PaymentProvider;
  /** Every key that it was ever asked for. */
  ledger(): Entry[];
  /** The same as a provider over HTTP reports. */
  told: Pick<HttpProvider, 'taken' | 'torn' | 'contradicted'>;
}

export interface Entry extends Charge {
  /** Won; 0 when it declined. */
  taken: number;
  contradicted: boolean;
  /** The key came with another body. */
  torn: boolean;
  /** The answers that live processes received: `yes`, `no` or `mismatch`. */
  heard: Set<string>;
}

export function createPayments(): SimulatedPayments {
  const ledger = new Map<string, Entry>();

  function entryOf(charge: Charge): Entry {
    const known = ledger.get(charge.idempotencyKey);
    if (known) {
      known.torn ||= bodyOf(known) !== bodyOf(charge);
      if (payments.lie === 'contradicts itself') known.contradicted = true;
      return known;
    }
    const takes = { none: 0, declines: -charge.amount, 'takes another amount': 1, 'contradicts itself': 0 };
    const taken = charge.amount + takes[payments.lie];
    const entry: Entry = { ...charge, taken, contradicted: false, torn: false, heard: new Set() };
    ledger.set(charge.idempotencyKey, entry);
    return entry;
  }

  function answerTo(charge: Charge): Answer {
    const isRepeated = ledger.has(charge.idempotencyKey);
    const entry = entryOf(charge);
    const turns = isRepeated && payments.lie === 'contradicts itself';
    if (turns && entry.taken > 0) return declined;
    if (turns) entry.taken = entry.amount;
    if (entry.taken === 0) return declined;
    if (entry.taken === charge.amount) return { approved: true };
    return { mismatch: `amount: asked for ${charge.amount}, took ${entry.taken}` };
  }

  const keysOf = (isOne: (entry: Entry) => boolean) =>
    payments
      .ledger()
      .filter(isOne)
      .map(({ idempotencyKey }) => idempotencyKey);

  const payments: SimulatedPayments = {
    lie: 'none',
    connect: (link) => async (charge) => {
      const answer = await link.call(`asks for ${charge.amount} of ${charge.userId}`, () => answerTo(charge));
      const said = 'mismatch' in answer ? 'mismatch' : answer.approved ? 'yes' : 'no';
      ledger.get(charge.idempotencyKey)?.heard.add(said);
      return answer;
    },
    ledger: () => Array.from(ledger.values()),
    told: {
      taken: () =>
        payments
          .ledger()
          .filter(({ taken }) => taken > 0)
          .map(({ taken, amount, ...charge }) => ({ ...charge, amount: taken, asked: amount })),
      torn: () => keysOf(({ torn }) => torn),
      contradicted: () => new Set(keysOf(({ contradicted }) => contradicted)),
    },
  };
  return payments;
}

const declined = { approved: false, because: 'The card was declined.' } as const;
const bodyOf = ({ userId, amount, paymentToken }: Charge) => JSON.stringify([userId, amount, paymentToken]);

/**
 * I11 in addition to the checks of every provider's ledger: no purchase is paid for twice, whatever body comes under
 * its key; every dispute has a reason, and every reason a dispute.
 * @param undisturbed no process of the approval service was interrupted: then none has forgotten an answer.
 */
export function misjudged(ledger: readonly Entry[], rows: readonly OpenCharge[], undisturbed: boolean): string[] {
  const disputes = rows.filter(({ status }) => status === 'disputed');
  const disputed = new Set(disputes.map(({ _id: cause, bodyHash }) => hashOf({ cause, bodyHash })));
  // Each purchase has a payment token of its own.
  const paid = Map.groupBy(
    ledger.filter(({ taken }) => taken > 0),
    ({ paymentToken }) => paymentToken,
  );
  return [
    ...[...paid]
      .filter(([, those]) => those.length > 1)
      .map(([token, those]) => `I11 ${String(token)} was charged ${those.length} times`),
    ...ledger.flatMap(({ idempotencyKey, paymentToken, contradicted, heard, amount, taken }) => {
      const isDisputed = disputed.has(idempotencyKey);
      const hasReason = contradicted || (taken > 0 && taken !== amount);
      if (isDisputed && !hasReason) return [`I11 ${String(paymentToken)} is disputed for no reason`];
      return undisturbed && heard.size > 1 && !isDisputed
        ? [`I11 of ${String(paymentToken)} was heard ${[...heard].join(' and ')}, and it is not disputed`]
        : [];
    }),
  ];
}
