import { randomBytes, randomUUID } from 'node:crypto';
/** Safe to log, to forward as a header, and to keep with events. */
const correlationIdForm = /^[\w.:-]{1,128}$/;
/** W3C Trace Context, version 00; all zeros name nothing. */
const traceparentForm = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The correlation id of a request if it is safe to forward, otherwise a new one. */
export function correlationIdFrom(given: unknown): string {
  return typeof given === 'string' && correlationIdForm.test(given) ? given : randomUUID();
}

/** A span, as `traceparent` names it. */
export interface TraceContext {
  traceId: string;
  spanId: string;
  traceFlags: number;
}

export function readTraceparent(traceparent: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = traceparentForm.exec(traceparent ?? '') ?? [];
  return traceId && spanId && flags ? { traceId, spanId, traceFlags: parseInt(flags, 16) } : undefined;
}

/** Of the flags only `sampled` is passed on. */
export function toTraceparent({ traceId, spanId, traceFlags }: TraceContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}

/** The trace context of a request; undefined when it is invalid. */
export function traceparentFrom(given: unknown): string | undefined {
  return typeof given === 'string' && traceparentForm.test(given) ? given : undefined;
}

/** Names a trace that begins here. */
export function newTraceparent(): string {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return toTraceparent({ traceId, spanId, traceFlags: 1 });
}
