import { z } from 'zod';
import { issuesOf } from '../../schema/events/envelope.ts';
import { ContractError } from '../foundation/errors.ts';

/**
 * What services may ask over the bus. A service that may ask at all can send anything: a question of the wrong form is
 * refused before it gets near a database.
 */

/** More than the longest subject, with the hash that identifies an unreadable message. */
const longestId = 4_096;
/** The usual limit of HTTP servers for a header. */
const longestToken = 16_384;
const version = z.int().min(0);
const text = (longest: number) => z.string().max(longest);

/** `journal.read`: answered with the first events of the stream after that version. */
export const journalQuestion = z.strictObject({ stream: text(longestId).min(1), after: version });
export type JournalQuestion = z.infer<typeof journalQuestion>;

/** `journal.streams`: answered with the first streams after that name (`StreamEvents`). */
export const streamsQuestion = z.strictObject({ after: text(longestId) });
export type StreamsQuestion = z.infer<typeof streamsQuestion>;

/** `health` */
export const healthQuestion = z.null().optional();

/** Who asks, proved by their own token: the word of another service makes no one an operator. */
const signed = { authorization: text(longestToken).optional() };

/** `parked.list` */
export const parkedQuestion = z.strictObject({
  ...signed,
  status: z.enum(['retrying', 'parked', 'redriven', 'discarded']),
  /** The page begins after this one: when it first failed, and its id. */
  after: z.strictObject({ at: z.iso.datetime(), id: text(longestId) }).nullable(),
  limit: z.int().min(1).max(1_000),
});
export type ParkedQuestion = z.infer<typeof parkedQuestion>;

/** `parked.get` */
export const parkedId = z.strictObject({ ...signed, id: text(longestId) });
export type ParkedId = z.infer<typeof parkedId>;

/** `parked.redrive`. A `key` is used once: the same order is carried out once. */
export const redriveOrder = z.strictObject({ ...signed, id: text(longestId), key: text(longestId).min(1) });
export type RedriveOrder = z.infer<typeof redriveOrder>;

/** `parked.discard` */
export const discardOrder = redriveOrder.extend({ reason: text(1_000).min(1) });
export type DiscardOrder = z.infer<typeof discardOrder>;

/** Accepts only questions of this form. @throws {ContractError} that says what does not fit. */
export function answering<Question, Answer>(
  form: z.ZodType<Question>,
  answer: (question: Question) => Promise<Answer>,
): (question: unknown) => Promise<Answer> {
  return async (question) => {
    const parsed = form.safeParse(question);
    if (!parsed.success) throw new ContractError(`The question does not have its form: ${issuesOf(parsed.error)}`);
    return answer(parsed.data);
  };
}

/** As many of the first ones as fit into this many bytes of JSON, and one at least. */
export function fitting<Item>(items: readonly Item[], bytes: number): Item[] {
  let left = bytes;
  const beyond = items.findIndex((item, index) => {
    left -= Buffer.byteLength(JSON.stringify(item)) + 1;
    return left < 0 && index > 0;
  });
  return beyond < 0 ? [...items] : items.slice(0, beyond);
}
