import { z } from 'zod';
import { UnavailableError } from '../chassis/index.ts';
import type { Payment } from './approval.ts';

export interface Charge {
  /** The provider charges once per key, however often it is asked. */
  idempotencyKey: string;
  userId: string;
  /** Won; one point costs one won. */
  amount: number;
  /** What the provider's page gave the client. */
  paymentToken: string | null;
}

/** Who takes the money. @throws {UnavailableError} when the provider does not answer; the charge may stand. */
export type PaymentProvider = (charge: Charge) => Promise<Payment>;

/** The token that the development provider declines; every other payment goes through. */
export const declinedToken = 'tok_declined';

/** For development: nobody is charged. */
export const developmentPayments: PaymentProvider = async ({ paymentToken }) =>
  paymentToken === declinedToken ? { approved: false, because: 'The card was declined.' } : { approved: true };

const answerSchema = z.object({ approved: z.boolean(), because: z.string().default('The payment was declined.') });

/**
 * A provider behind HTTP: `POST <url>` with the charge as JSON and an `Idempotency-Key` header, answered by
 * `{"approved": true}` or `{"approved": false, "because": "…"}`.
 */
export function createHttpPayments(url: string, timeoutMs: number): PaymentProvider {
  return async ({ idempotencyKey, ...charge }) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(charge),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const { approved, because } = answerSchema.parse(await response.json());
      return approved ? { approved } : { approved, because };
    } catch (error) {
      throw new UnavailableError('The payment provider does not answer.', { cause: error });
    }
  };
}
