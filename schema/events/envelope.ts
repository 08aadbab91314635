import { z } from 'zod';

/**
 * The envelope of every event: CloudEvents 1.0 with the extensions `sequence`, `correlation` and `distributed tracing`.
 * On NATS it travels in binary mode: attributes are `ce-…` headers, `data` is the JSON payload.
 * Source: github.com/cloudevents/spec, `spec.md`, `bindings/nats-protocol-binding.md`, `extensions/`.
 */
export const envelopeSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).describe('Unique: `<service>.<stream>@<sequence>`. Also the `Nats-Msg-Id`.'),
  source: z.string().min(1).describe('The publishing service, e.g. `/ttareungi/point`.'),
  type: z.string().min(1).describe('Name of the event, e.g. `ReservationConfirmed`.'),
  subject: z.string().min(1).describe('The stream that decided it, e.g. `bike-17`.'),
  time: z.iso.datetime({ offset: true }).describe('When it was decided (RFC 3339).'),
  sequence: z
    .number()
    .int()
    .positive()
    .describe('Its version: counts the events of its stream 1, 2, 3 … without gaps.'),
  correlationid: z.string().min(1).describe('The request that began all this; the same through the whole story.'),
  causationid: z.string().min(1).describe('The command or event that led to this one.'),
  traceparent: z.string().optional().describe('W3C Trace Context of the decision.'),
  data: z.unknown(),
});

export type Envelope = z.infer<typeof envelopeSchema>;

/** An event as a publisher's catalogue types it: the envelope with its `type` and `data` known. */
export type EventOf<Type extends string, Data> = Omit<Envelope, 'type' | 'data'> & { type: Type; data: Data };

const headerAttributes = [
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'sequence',
  'correlationid',
  'causationid',
  'traceparent',
] as const;

/**
 * Header values percent-encode space, `"`, `%` and everything outside printable ASCII (NATS binding §3.1.3). Half a
 * surrogate pair, which UTF-8 cannot carry, becomes U+FFFD.
 */
export function toHeaderValue(value: string): string {
  return value.toWellFormed().replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
}

/** The event as NATS headers and payload (binary mode). */
export function toBinaryMode(event: Envelope): { headers: [string, string][]; payload: string } {
  const headers: [string, string][] = [['ce-datacontenttype', 'application/json']];
  for (const attribute of headerAttributes) {
    const value = event[attribute];
    if (value !== undefined) headers.push([`ce-${attribute}`, toHeaderValue(String(value))]);
  }
  return { headers, payload: JSON.stringify(event.data) };
}

/**
 * The event that a NATS message carries.
 * @throws {Error} when an attribute is missing or malformed, or the payload is no JSON; the message names it.
 */
export function fromBinaryMode(header: (name: string) => string | undefined, payload: string): Envelope {
  const attributes: Record<string, unknown> = {};
  for (const attribute of headerAttributes) {
    const value = header(`ce-${attribute}`);
    if (value) attributes[attribute] = attribute === 'sequence' ? Number(value) : fromHeaderValue(attribute, value);
  }
  const parsed = envelopeSchema.safeParse({ ...attributes, data: dataOf(payload) });
  if (parsed.success) return parsed.data;
  throw new Error(issuesOf(parsed.error));
}

function fromHeaderValue(attribute: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new Error(`${attribute}: not percent-encoded UTF-8`, { cause });
  }
}

function dataOf(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch (cause) {
    throw new Error('data: the payload is not JSON', { cause });
  }
}

/** What is wrong, and where, in one line. */
export function issuesOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
