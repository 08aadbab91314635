import { randomUUID } from 'node:crypto';

/** Safe to log, to send on as a header, and to keep with events. */
const correlationIdForm = /^[\w.:-]{1,128}$/;
/** W3C Trace Context, version 00; all zeros name nothing. */
const traceparentForm = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The correlation id that came with a request when it is fit to travel on, otherwise a new one. */
export function correlationIdFrom(given: unknown): string {
  return typeof given === 'string' && correlationIdForm.test(given) ? given : randomUUID();
}

/** The place in a trace that came with a request; undefined when it is none. */
export function traceparentFrom(given: unknown): string | undefined {
  return typeof given === 'string' && traceparentForm.test(given) ? given : undefined;
}
