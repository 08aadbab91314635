import { cut } from '../../../schema/text.ts';
import type { Consumer } from '../consumer.ts';
import type { Logger } from '../../server/logger.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Outcome, ParkedAction, ParkedMessage, ParkedRefusal } from './parked-message.ts';
import { fitting, type ParkedQuestion, type RedriveOrder } from '../questions.ts';

/** Where operators list a service's parked messages and decide on them; what they did is kept with the message. */
export interface DeadLetterAdmin {
  /** The one that waits longest first. */
  list(question: Omit<ParkedQuestion, 'authorization'>): Promise<ParkedList>;
  get(id: string): Promise<ParkedView | null>;
  redrive(order: ParkedOrder): Promise<ParkedAnswer>;
  discard(order: ParkedOrder & { reason: string }): Promise<ParkedAnswer>;
}

export interface ParkedList {
  /** At most `parkedPerAnswer`, and no more than fit into an answer. */
  rows: ParkedView[];
  /** Whether more follow. */
  more: boolean;
  /** How many there are in all. */
  total: number;
}

/** What an operator wants done, and who that is. */
export interface ParkedOrder extends Omit<RedriveOrder, 'authorization'> {
  /** The operator. */
  by: string;
  reason?: string;
}

export interface ParkedAnswer extends Outcome {
  /** The message after it; null when there is none with the id. */
  parked: ParkedView | null;
}

/** A parked message as it travels to who asks: short enough for one NATS message, moments as RFC 3339. */
export interface ParkedView {
  id: string;
  subject: string;
  version: number | null;
  eventType: string | null;
  correlationId: string | null;
  payload: string;
  errorClass: ParkedMessage['errorClass'];
  error: string;
  stack: string;
  attempts: number;
  status: ParkedMessage['status'];
  reason: string | null;
  firstAt: string;
  lastAt: string;
  actions: { kind: ParkedAction['kind']; by: string; at: string; reason: string | null }[];
}

export const parkedPerAnswer = 25;
const longestText = 4_096;
/** The last ones; all of them stay with the message. */
const actionsShown = 20;

export interface DeadLetterAdminOptions {
  deadLetters: DeadLetters;
  consumer: Pick<Consumer, 'redrive' | 'discard'>;
  clock(): Date;
  logger: Logger;
  /** How long a list may be, as JSON. */
  longestAnswerBytes(): number;
}

export function createDeadLetterAdmin(options: DeadLetterAdminOptions): DeadLetterAdmin {
  const { deadLetters, consumer, clock, logger } = options;

  /** Carries an order out, once: the order is recorded before, its result after. */
  async function carryOut(
    kind: ParkedAction['kind'],
    order: ParkedOrder,
    work: (record: ParkedMessage) => Promise<number>,
  ): Promise<ParkedAnswer> {
    const record = await deadLetters.get(order.id);
    if (!record) return noParkedEvent;
    const earlier = record.actions?.find(({ key }) => key === order.key);
    const known = earlier ? repeated(earlier, kind, order) : null;
    const answer = known ?? (await objection(kind, record));
    if (answer) return { parked: viewOf(record), ...answer };

    const action: ParkedAction = {
      kind,
      key: order.key,
      by: order.by,
      at: clock(),
      reason: order.reason ?? null,
      answer: null,
    };
    await deadLetters.ordered(order.id, action);
    logger.warn({ id: order.id, by: order.by, kind, reason: order.reason }, 'an operator decides on a parked event');
    const redriven = await work(record);
    const after = (await deadLetters.get(order.id)) ?? record;
    const failed = kind === 'redrive' && after.status === 'parked';
    const outcome = failed ? refuse('STILL_FAILING', shorten(after.error), redriven) : done(redriven);
    await deadLetters.carriedOut(order.id, order.key, outcome);
    return { parked: viewOf((await deadLetters.get(order.id)) ?? after), ...outcome };
  }

  /** Why the order cannot be carried out, or that it already was; null when it can. */
  async function objection(kind: ParkedAction['kind'], record: ParkedMessage): Promise<Outcome | null> {
    if (record.status === (kind === 'redrive' ? 'redriven' : 'discarded')) return done(0);
    if (record.status !== 'parked') return refuse('NOT_PARKED', notParked[record.status]);
    if (record.version === null) {
      return kind === 'discard'
        ? null
        : refuse('STILL_FAILING', 'It cannot be read: all that can be done is discard it.');
    }
    const [first] = await deadLetters.inLine(record.subject);
    if (!first || first._id === record._id) return null;
    return refuse('NOT_FIRST_IN_LINE', `Version ${first.version} of ${record.subject} is parked before it.`);
  }

  async function giveUp(record: ParkedMessage, reason: string): Promise<number> {
    const waiting = await deadLetters.inLine(record.subject);
    await consumer.discard(record._id, reason);
    const left = new Set((await deadLetters.inLine(record.subject)).map(({ _id }) => _id));
    return waiting.filter(({ _id }) => _id !== record._id && !left.has(_id)).length;
  }

  return {
    async list({ status, after, limit }) {
      const most = Math.min(limit, parkedPerAnswer);
      const [records, total] = await Promise.all([
        deadLetters.list(status, after && { at: new Date(after.at), id: after.id }, most),
        deadLetters.count(status),
      ]);
      const rows = fitting(records.map(viewOf), options.longestAnswerBytes());
      return { rows, more: records.length === most || rows.length < records.length, total };
    },
    async get(id) {
      const record = await deadLetters.get(id);
      return record && viewOf(record);
    },
    redrive: (order) => carryOut('redrive', order, ({ subject }) => consumer.redrive(subject)),
    discard: (order) => carryOut('discard', order, (record) => giveUp(record, order.reason)),
  };
}

const notParked = {
  retrying: 'The service still tries by itself.',
  redriven: 'It was handled in the meantime.',
  discarded: 'It was discarded in the meantime.',
};

function repeated(earlier: ParkedAction, kind: ParkedAction['kind'], order: ParkedOrder): Outcome | null {
  if (earlier.kind === kind && earlier.reason === (order.reason ?? null)) return earlier.answer;
  return refuse('IDEMPOTENCY_KEY_REUSED', 'The key was used before, with another body.');
}

const done = (redriven: number): Outcome => ({ redriven, refusal: null });

const refuse = (code: ParkedRefusal, because: string, redriven = 0): Outcome => ({
  redriven,
  refusal: { code, because },
});

/** The answer to an order about a message that the service does not have. */
export const noParkedEvent: ParkedAnswer = {
  parked: null,
  ...refuse('PARKED_EVENT_NOT_FOUND', 'No parked event has this id.'),
};

function shorten(text: string): string {
  return cut(text, longestText);
}

function viewOf(record: ParkedMessage): ParkedView {
  const { _id, event, payload, error, stack, firstAt, lastAt, actions = [], ...rest } = record;
  const { subject, version, errorClass, attempts, status, reason } = rest;
  return {
    id: _id,
    subject,
    version,
    eventType: event?.type ?? null,
    correlationId: event?.correlationid ?? null,
    payload: shorten(payload),
    errorClass,
    error: shorten(error),
    stack: shorten(stack),
    attempts,
    status,
    reason,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    actions: actions
      .slice(-actionsShown)
      .map(({ kind, by, at, reason: why }) => ({ kind, by, at: at.toISOString(), reason: why })),
  };
}
