import type { GraphQLFormattedError } from 'graphql';
import { z } from 'zod';
import { clientError } from '../foundation/errors.ts';

/** The subprotocol's name in `Sec-WebSocket-Protocol`. */
export const subprotocol = 'graphql-transport-ws';

/** Why a socket is closed (router/subscriptions/PROTOCOL.md). */
export const closeCodes = {
  goingAway: 1001,
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  subprotocolNotAcceptable: 4406,
  connectionInitTimeout: 4408,
  subscriberAlreadyExists: 4409,
  tooManyInitRequests: 4429,
  tooManyPings: 1008,
  /** Of ours: a client may come back with a new token, which 4403 does not say. */
  tokenExpired: 4498,
  internalError: 4500,
} as const;

const record = z.record(z.string(), z.unknown());
const optionalRecord = record.nullish().transform((value) => value ?? undefined);
const id = z.string().min(1).max(256);

const subscribePayload = z
  .object({
    query: z.string().nullish(),
    /** Of a document that a router knows. */
    documentId: z
      .string()
      .nullable()
      .transform((value) => value ?? undefined)
      .optional(),
    operationName: z.string().nullish(),
    variables: optionalRecord,
    extensions: optionalRecord,
  })
  .refine(
    ({ query, documentId, extensions }) =>
      typeof query === 'string' || documentId !== undefined || extensions?.['persistedQuery'],
    'query is missing',
  )
  .transform(({ query, ...payload }) => ({ ...payload, query: query ?? '' }));

const clientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connection_init'), payload: optionalRecord }),
  z.object({ type: z.literal('ping'), payload: optionalRecord }),
  z.object({ type: z.literal('pong'), payload: optionalRecord }),
  z.object({ type: z.literal('complete'), id }),
  z.object({ type: z.literal('subscribe'), id, payload: subscribePayload }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;
export type SubscribePayload = z.infer<typeof subscribePayload>;

/** The message, or what is wrong with it. */
export function parseClientMessage(text: string): ClientMessage | { type: 'invalid'; reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { type: 'invalid', reason: 'The message is not JSON.' };
  }
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return { type: 'invalid', reason: `Invalid message: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
}

export const connectionAck = '{"type":"connection_ack"}';

/** A pong returns the ping's payload, as the protocol allows, up to this size: it is a client's text in our memory. */
const maxPongBytes = 1_024;

export function pongMessage(payload: Record<string, unknown> | undefined): string {
  const message = JSON.stringify({ type: 'pong', ...(payload ? { payload } : {}) });
  return Buffer.byteLength(message) <= maxPongBytes ? message : '{"type":"pong"}';
}

/** What precedes the payload in this client's `next` messages; the payload is serialised once for all clients. */
export function nextPrefix(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":`;
}

export function errorMessage(id: string, errors: readonly GraphQLFormattedError[]): string {
  return JSON.stringify({ id, type: 'error', payload: errors });
}

export function completeMessage(id: string): string {
  return JSON.stringify({ id, type: 'complete' });
}

/** The reason as WebSocket allows it: at most 123 bytes. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= 123
    ? text
    : bytes
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\uFFFD$/, '');
}

/**
 * The token in the payload of a message, at the top or below `headers`, its name in any case.
 * @throws a client error UNAUTHENTICATED for one that is not text, and for two that differ: treating either as
 * anonymous would let a client believe that it is signed in.
 */
export function authorizationOf(
  message: 'connection_init' | 'ping',
  payload: Record<string, unknown> | undefined,
): string | undefined {
  const headers = record.safeParse(payload?.['headers']).data;
  const given = [payload, headers].flatMap((holder = {}) =>
    Object.entries(holder).flatMap(([name, value]) => (name.toLowerCase() === 'authorization' ? [value] : [])),
  );
  const [first, ...others] = given;
  if (!given.every((value) => typeof value === 'string')) {
    throw clientError('UNAUTHENTICATED', `The "authorization" of ${message} must be text: "Bearer <token>".`);
  }
  if (others.some((other) => other !== first)) {
    throw clientError('UNAUTHENTICATED', `${message} has more than one "authorization".`);
  }
  return first as string | undefined;
}
