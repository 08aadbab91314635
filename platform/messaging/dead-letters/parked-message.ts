import type { Envelope } from '../../../schema/events/envelope.ts';

export type ErrorClass = 'contract' | 'unknown' | 'behind';

/** A message that could not be handled, kept until an operator decides. */
export interface ParkedMessage {
  /** `<subject>#<version>`, or a hash of the content where the version is unreadable: the same when it comes again. */
  _id: string;
  subject: string;
  /** Null when it cannot be read: such a message blocks no other. */
  version: number | null;
  /** The event, where its envelope could be read. */
  event: Envelope | null;
  /** As it came. */
  payload: string;
  errorClass: ErrorClass;
  error: string;
  stack: string;
  attempts: number;
  status: 'retrying' | 'parked' | 'redriven' | 'discarded';
  /** Why an operator discarded it. */
  reason: string | null;
  firstAt: Date;
  lastAt: Date;
  /** What operators ordered, the oldest first; absent before the first order. */
  actions?: ParkedAction[];
}

export interface ParkedAction {
  kind: 'redrive' | 'discard';
  /** The same order is carried out once. */
  key: string;
  by: string;
  at: Date;
  reason: string | null;
  /** What came of it; null until it was carried out. */
  answer: Outcome | null;
}

export interface Outcome {
  /** How many messages went through. */
  redriven: number;
  refusal: { code: ParkedRefusal; because: string } | null;
}

export type ParkedRefusal =
  'PARKED_EVENT_NOT_FOUND' | 'NOT_PARKED' | 'NOT_FIRST_IN_LINE' | 'STILL_FAILING' | 'IDEMPOTENCY_KEY_REUSED';
