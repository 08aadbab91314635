import { z } from 'zod';
import { sanitizeText } from '../../schema/text.ts';
import { UnavailableError } from '../../platform/index.ts';
import type { Payment } from './approval.ts';

export interface Charge {
  /** One per purchase and body: ASCII, 64 characters. The provider charges once per key, however often it is asked. */
  idempotencyKey: string;
  userId: string;
  /** Won; one point costs one won. */
  amount: number;
  /** What the provider's page gave the client. */
  paymentToken: string | null;
}

/** What the provider said: yes, no, or yes to something else than it was asked for. */
export type Answer = Payment | { mismatch: string };

/**
 * The payment provider.
 * @throws {UnavailableError} when there is no intelligible answer: the rider may be charged, and only asking again with
 * the same key can tell.
 */
export type PaymentProvider = (charge: Charge) => Promise<Answer>;

/** The token that the development provider declines; every other payment goes through. */
export const declinedToken = 'tok_declined';

/** For development: charges no money. */
export const developmentPayments: PaymentProvider = async ({ paymentToken }) =>
  paymentToken === declinedToken ? { approved: false, because: 'The card was declined.' } : { approved: true };

const currency = 'KRW';

/** An answer has a few hundred bytes; an endless one must not fill the memory. */
const longestAnswer = 65_536;
/** How much of the provider's reason riders are shown. */
const longestReason = 500;

const answerSchema = z.discriminatedUnion('approved', [
  z.object({
    approved: z.literal(true),
    // Echoes of the charge; those present must match it.
    amount: z.unknown().optional(),
    currency: z.unknown().optional(),
    idempotencyKey: z.unknown().optional(),
  }),
  z.object({ approved: z.literal(false), because: z.string().optional() }),
]);

/**
 * A provider behind HTTP: `POST <url>` with the charge as JSON and an `Idempotency-Key` header, answered by
 * `{"approved": true, "amount": 3000, "currency": "KRW"}` or `{"approved": false, "because": "…"}`.
 */
export function createHttpPayments(url: string, timeoutMs: number): PaymentProvider {
  return async (charge) => {
    const { idempotencyKey, ...body } = charge;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify({ ...body, currency }),
        // The rider's payment token must not go anywhere else.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readText(response);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return toAnswer(answerSchema.parse(JSON.parse(text)), charge);
    } catch (error) {
      throw new UnavailableError('The payment provider does not answer.', { cause: error });
    }
  };
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early ends the response.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > longestAnswer) throw new Error(`The answer has more than ${longestAnswer} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function toAnswer(answer: z.infer<typeof answerSchema>, charge: Charge): Answer {
  if (!answer.approved) {
    const because = sanitizeText(answer.because ?? '', longestReason) || 'The payment was declined.';
    return { approved: false, because };
  }
  const echoes = [
    ['amount', answer.amount, charge.amount],
    ['currency', answer.currency, currency],
    ['idempotencyKey', answer.idempotencyKey, charge.idempotencyKey],
  ] as const;
  for (const [name, said, asked] of echoes) {
    const isSame =
      said === undefined || said === null || said === asked || (typeof said === 'string' && said === String(asked));
    if (!isSame)
      return { mismatch: sanitizeText(`${name}: asked for ${asked}, took ${JSON.stringify(said)}`, longestReason) };
  }
  return { approved: true };
}
