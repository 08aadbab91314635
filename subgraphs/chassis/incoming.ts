import { fromBinaryMode, type Envelope } from '../../schema/events/envelope.ts';
import { hashOf } from './canonical-json.ts';
import { publisherOf, type Delivery } from './event-stream.ts';
import { assertLasting } from './lasting.ts';
import type { ErrorClass, FailedMessage, ParkedMessage } from './parking.ts';

/** One message on its way through a consumer, as far as it could be read. */
export interface Incoming {
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

export function readDelivery({ subject, payload, header }: Delivery, subjectPrefix: string): Incoming {
  const sequence = Number(header('ce-sequence') ?? NaN);
  const version = Number.isInteger(sequence) && sequence > 0 ? sequence : null;
  const incoming = { subject, ...publisherOf(subjectPrefix, subject), version, payload, stored: [] };
  try {
    const event = fromBinaryMode(header, payload);
    // What no database keeps as it is could not even be parked.
    assertLasting(event);
    return { ...incoming, event, unreadable: null };
  } catch (error) {
    return { ...incoming, event: null, unreadable: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** A parked message as if it had just come. */
export function readParked(
  { subject, version, event, payload, error }: ParkedMessage,
  subjectPrefix: string,
): Incoming {
  const unreadable = event ? null : new Error(error);
  return { subject, ...publisherOf(subjectPrefix, subject), version, event, payload, unreadable, stored: [] };
}

/** The message as the parking keeps it: under the same id however often it comes. */
export function toFailed(incoming: Incoming, errorClass: ErrorClass, error: Error): FailedMessage {
  const { subject, version, event, payload } = incoming;
  const place = version === null ? `?${hashOf({ event, payload })}` : version;
  return { id: `${subject}#${place}`, subject, version, event, payload, errorClass, error };
}
