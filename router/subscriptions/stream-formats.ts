import type { GraphQLFormattedError } from 'graphql';
import { bytesOf, weightsIn, type Form } from '../../platform/server/index.ts';
import type { IncrementalFormat } from '../gateway/incremental/formats.ts';

/** How one response carries the answers of one operation. */
export interface StreamFormat {
  /** As metrics call it. */
  name: 'sse' | 'multipart';
  contentType: string;
  /** Whether queries and mutations are answered in it, too; otherwise their answer is JSON. */
  forAll: boolean;
  /** In which format a query with @defer is answered in parts, where it may be. */
  parts: IncrementalFormat | undefined;
  /** What the stream begins with, and ends with. */
  head: string;
  tail: string;
  /** Sent while nothing else is: proxies cut idle streams. */
  heartbeat: string;
  /** An answer, and the cursor that the client may go on after, as JSON. Gives bytes (serialised.ts). */
  next: Form;
  /** The same as a chunk of an HTTP answer. */
  chunk: Form;
  /** Why the stream ends. */
  errors(errors: readonly GraphQLFormattedError[]): string;
}

/** Of bytes (serialised.ts). */
const chunked =
  (form: Form): Form =>
  (answer, cursor) => {
    const bytes = form(answer, cursor);
    return `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
  };

const event = (answer: string, cursor?: string) =>
  `event: next\n${cursor === undefined ? '' : `id: ${ascii(cursor)}\n`}data: ${answer}\n\n`;

const nextEvent: Form = (answer, cursor) => bytesOf(event(answer, cursor));

/** GraphQL over SSE, "distinct connections" mode: events `next` and `complete`. */
const sse: StreamFormat = {
  name: 'sse',
  contentType: 'text/event-stream',
  forAll: true,
  parts: 'draft',
  head: '',
  tail: 'event: complete\ndata:\n\n',
  heartbeat: ':\n\n',
  next: nextEvent,
  chunk: chunked(nextEvent),
  errors: (errors) => event(JSON.stringify({ errors })),
};

const boundary = 'graphql';
/** A part ends where the next begins, so the line between two parts comes with the first. */
const part = (json: string) => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--${boundary}`;

const nextPart: Form = (answer) => bytesOf(part(`{"payload":${answer}}`));

/** Apollo's protocol for subscriptions over multipart HTTP, `subscriptionSpec=1.0`. */
const multipart: StreamFormat = {
  name: 'multipart',
  contentType: `multipart/mixed;boundary="${boundary}";subscriptionSpec="1.0"`,
  forAll: false,
  parts: undefined,
  head: `\r\n--${boundary}`,
  tail: '--\r\n',
  heartbeat: part('{}'),
  next: nextPart,
  chunk: chunked(nextPart),
  errors: (errors) => part(JSON.stringify({ payload: null, errors })),
};

/** The stream that a client prefers to JSON: urql lists both types after JSON for every query. */
export function streamFormatFor(accept: string | undefined): StreamFormat | undefined {
  const [first = ''] = (accept ?? '').split(',');
  const [type, ...parameters] = first.split(';').map((text) => text.trim().toLowerCase());
  if (weightsIn(first).get(type ?? '') === 0) return undefined;
  if (type === 'text/event-stream') return sse;
  const isSubscription = parameters.some((parameter) => /^subscriptionspec\s*=\s*("?)1\.0\1$/.test(parameter));
  return type === 'multipart/mixed' && isSubscription ? multipart : undefined;
}

/** JSON in the characters that every header takes: it comes back in `Last-Event-ID`. */
function ascii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
