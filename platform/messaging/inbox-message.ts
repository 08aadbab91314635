import { fromBinaryMode, type Envelope } from '../../schema/events/envelope.ts';
import { hashOf } from '../event-core/canonical-json.ts';
import { sourceOf } from '../../schema/events/source.ts';
import { ContractError } from '../foundation/errors.ts';
import { eventSubject, publisherOf, type Delivery } from './event-stream.ts';
import { eventId } from '../foundation/event-id.ts';
import { assertLasting } from '../event-core/lasting.ts';
import type { FailedMessage } from './dead-letters/dead-letters.ts';
import type { ErrorClass, ParkedMessage } from './dead-letters/parked-message.ts';

/** One message on its way through a consumer, as far as it could be read. */
export interface InboxMessage {
  subject: string;
  publisher: string;
  stream: string;
  version: number | null;
  event: Envelope | null;
  payload: string;
  unreadable: Error | null;
  /** Positions that are being written; the message is acknowledged after them. */
  stored: Promise<void>[];
}

export function readDelivery({ subject, payload, header }: Delivery, subjectPrefix: string): InboxMessage {
  const place = publisherOf(subjectPrefix, subject);
  const incoming = { subject, ...place, version: versionIn(header('ce-sequence')), payload, stored: [] };
  try {
    const event = fromBinaryMode(header, payload);
    // An event that no database stores as it is could not even be parked.
    assertLasting(event);
    const isOurs = subject === eventSubject(subjectPrefix, place.publisher, place.stream);
    const fault = isOurs ? whyForeign(event, place) : 'No event of ours travels on this subject.';
    // It blocks no other message: the true event of that version, if there is one, comes too, or is in its owner's
    // journal.
    if (fault !== null) return { ...incoming, version: null, event, unreadable: new ContractError(fault) };
    return { ...incoming, event, unreadable: null };
  } catch (error) {
    return { ...incoming, event: null, unreadable: error instanceof Error ? error : new Error(String(error)) };
  }
}

function versionIn(sequence: string | undefined): number | null {
  const version = Number(sequence);
  return sequence !== undefined && /^[1-9]\d*$/.test(sequence) && Number.isSafeInteger(version) ? version : null;
}

/**
 * Why an event does not belong to this stream; null when it does. The broker lets a service publish on its own subjects
 * only: the subject proves the sender, and what the event says of itself must match.
 */
export function whyForeign(
  { id, source, subject, sequence }: Envelope,
  { publisher, stream }: { publisher: string; stream: string },
): string | null {
  if (source !== sourceOf(publisher)) return `It comes from ${publisher}, and says that it comes from ${source}.`;
  if (subject !== stream) return `It came as one of ${stream}, and says that it is one of ${subject}.`;
  if (id !== eventId(publisher, stream, sequence)) return `Version ${sequence} of ${stream} has another id than ${id}.`;
  return null;
}

/** A parked message as if it had just come. */
export function readParked(
  { subject, version, event, payload, error }: ParkedMessage,
  subjectPrefix: string,
): InboxMessage {
  const unreadable = event ? null : new Error(error);
  return { subject, ...publisherOf(subjectPrefix, subject), version, event, payload, unreadable, stored: [] };
}

/** The message as the dead letters keep it: under the same id however often it comes. */
export function toFailed(incoming: InboxMessage, errorClass: ErrorClass, error: Error): FailedMessage {
  const { subject, version, event, payload } = incoming;
  const place = version === null ? `?${hashOf({ event, payload })}` : version;
  return { id: `${subject}#${place}`, subject, version, event, payload, errorClass, error };
}
