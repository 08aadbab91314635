import type { Envelope } from '../../schema/events/envelope.ts';
import { ContractError } from '../foundation/errors.ts';

/**
 * What the parts need of the broker's stream of events, in their own words: JetStream's is in jetstream.ts, a simulated
 * one in test/simulation. It may lose, repeat and reorder: the journals are the truth.
 */
export interface EventStream {
  /** The prefix of subjects. */
  readonly subjectPrefix: string;
  /**
   * Opens a durable consumer, and creates it when the broker has none.
   * @throws {UnavailableError} while the broker is away.
   */
  consume(consumer: DurableConsumer): Promise<Deliveries>;
  /** Messages that a durable consumer has not acknowledged yet. */
  pending(name: string): Promise<number>;
  /** What the broker holds; creates its stream if missing. @throws {UnavailableError} while the broker is away. */
  holdings(): Promise<Holdings>;
  /** How many messages the broker has, by subject: of all streams of a service, or of one. */
  countMessages(service: string, stream?: string): Promise<ReadonlyMap<string, number>>;
  /** The version of a stream's newest message; 0 without one. */
  newestVersion(service: string, stream: string): Promise<number>;
  /** The versions of a stream that the broker has; a request each. */
  versions(service: string, stream: string): Promise<ReadonlySet<number>>;
  /**
   * The first message of a stream, or of all of a service, at this place or after it; null when there is none.
   * @throws {UnavailableError} while the broker is away.
   */
  nextStored(service: string, stream: string | null, sequence: number): Promise<StoredMessage | null>;
  /** The newest message of a service; null without one. @throws {UnavailableError} while the broker is away. */
  lastStored(service: string): Promise<StoredMessage | null>;
  /**
   * Resolves when the broker has it, with whether it lacked it: also where it still remembers the id of what it lost.
   * @throws {UnavailableError} when that is not known; repeat, it is harmless.
   * @throws {Error} when the broker has said that it does not store it.
   */
  publish(service: string, event: Envelope): Promise<boolean>;
  /** Calls the listener when the broker has no such stream: all that it held is lost. */
  onLost(listener: () => void): void;
}

export interface DurableConsumer {
  name: string;
  /** Whose events. */
  publishers: readonly string[];
  /** A message is redelivered when nothing was heard of it for this long. */
  ackWaitMs: number;
  /** Most messages that may be delivered and not acknowledged. */
  maxAckPending: number;
}

/** Messages as they come. Ends when it is stopped, or when the consumer is gone or silent for long. */
export interface Deliveries extends AsyncIterable<Delivery> {
  stop(): void;
}

export interface Delivery {
  subject: string;
  header(name: string): string | undefined;
  payload: string;
  ack(): void;
  /** Redelivers it after this time. */
  nak(delayMs: number): void;
  /** It is being worked on: not to be redelivered yet. */
  working(): void;
}

/** A message in its place among all that the broker has stored: the same place for everybody. */
export interface StoredMessage {
  sequence: number;
  /** By the broker's clock, RFC 3339. */
  storedAt: string;
  /** Null when it is none of ours. */
  event: Envelope | null;
}

/** Comparing two of them shows whether anything was lost in between: nothing is ever deleted. */
export interface Holdings {
  /** When the stream was made. */
  created: string;
  /** Number of the newest message. */
  lastSequence: number;
  messages: number;
  /** Whether the broker still has what it last confirmed to this process. Answers no once per loss. */
  keepsLast: boolean;
}

/**
 * A stream's name as one token of a subject: `account-a.b` would be two. Half a surrogate pair becomes U+FFFD, as in the
 * database.
 */
export function subjectToken(stream: string): string {
  const token = encodeURIComponent(stream.toWellFormed());
  return token.replace(/[.*!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

/**
 * The broker cuts a connection whose command lines are longer than 4,096 bytes (its default), and with it everybody's
 * events: a subject shares its line with the address of the answer and two lengths.
 */
const longestSubject = 3_500;

/** Where a stream's events travel. @throws {ContractError} when its name is too long for that. */
export function eventSubject(prefix: string, service: string, stream: string): string {
  const subject = `${prefix}.${service}.${subjectToken(stream)}`;
  if (subject.length <= longestSubject) return subject;
  throw new ContractError(
    `A stream's name is too long: its subject has ${subject.length} bytes, ${longestSubject} fit.`,
  );
}

/** Where those of all streams of a service travel. */
export const allSubjects = (prefix: string, service: string) => `${prefix}.${service}.>`;

/** Whose event travels on a subject, and of which stream. */
export function publisherOf(prefix: string, subject: string): { publisher: string; stream: string } {
  const [publisher = '', token = ''] = subject.slice(prefix.length + 1).split('.');
  try {
    return { publisher, stream: decodeURIComponent(token) };
  } catch {
    return { publisher, stream: token };
  }
}
