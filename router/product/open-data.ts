import type { IncomingMessage } from 'node:http';
import type { Dispatcher } from 'undici';
import {
  holdWhileWaiting,
  pathOf,
  placeFor,
  sendRefusal,
  type Guest,
  type RequestHandler,
} from '../../platform/server/index.ts';
import { createDashboardPool } from './dashboard-pool.ts';
import { isHost } from './page-headers.ts';

export interface OpenDataOptions {
  /** Where the dashboard answers GraphQL now. */
  dashboard(): URL | undefined;
  /** What clients call this router; the host that they asked, when unset. */
  publicUrl: string | undefined;
  guestOf(request: IncomingMessage): Promise<Guest>;
  /** For the whole answer, in ms: the dashboard has feeds ready, or makes them in a fraction of a second. */
  answerWithinMs?: number;
}

/** Feeds are fetched once and kept by most who read them. */
const connections = 16;
/** Five times the longest feed, `vehicle_status` of 45,000 bikes as it is without compression. */
const longestAnswerBytes = 32 * 1024 * 1024;

interface Question {
  path: string;
  method: 'GET' | 'HEAD';
  headers: Record<string, string>;
}

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  bytes: Uint8Array;
}

const asked = ['accept-encoding', 'if-none-match'] as const;
const answered = [
  'allow',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'etag',
  'retry-after',
  'vary',
] as const;

/** For pages of anybody: nothing here depends on who asks. */
const openToAll = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'etag' };
const preflight = {
  ...openToAll,
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': 'if-none-match',
  'access-control-max-age': '86400',
};

/** Shows the dashboard's open data to everybody, as it comes: no token, and nothing of it is kept here. */
export function createOpenDataRoute(options: OpenDataOptions): RequestHandler {
  const { dashboard, publicUrl, guestOf, answerWithinMs = 5_000 } = options;
  const pool = createDashboardPool(dashboard, { connections, maxResponseSize: longestAnswerBytes });
  /** What is being read now: who asks the same meanwhile gets the same bytes. */
  const reading = new Map<string, Promise<Answer>>();

  async function read(question: Question): Promise<Answer> {
    const { statusCode, headers, body } = await pool.request({
      ...question,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return { statusCode, headers: picked(headers, answered), bytes: await body.bytes() };
  }

  /** Read whole, before its client takes a byte: a connection to the dashboard never waits for a slow reader. */
  function readOnce(question: Question): Promise<Answer> {
    const name = JSON.stringify(question);
    const begun = reading.get(name);
    if (begun) return begun;
    const answer = read(question).finally(() => reading.delete(name));
    reading.set(name, answer);
    return answer;
  }

  return async (request, response) => {
    if (request.method === 'OPTIONS') return void response.writeHead(204, preflight).end();
    for (const [name, value] of Object.entries(openToAll)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, OPTIONS');
      return sendRefusal(request, response, { status: 405, body: { error: 'Open data is read with GET.' } });
    }
    const guest = await guestOf(request);
    const place = placeFor(guest, 'operations');
    let answer: Answer | undefined;
    try {
      const headers = { ...picked(request.headers, asked), 'x-open-data-base': publicUrl ?? baseOf(request) };
      answer = await readOnce({ path: pathOf(request), method: request.method, headers }).catch(() => undefined);
    } finally {
      place.leave();
    }
    if (!answer) {
      const body = { error: 'Open data is not there now. Try again in a second.' };
      return sendRefusal(request, response, { status: 503, body });
    }
    if (response.destroyed) return;
    response.writeHead(answer.statusCode, answer.headers).end(answer.bytes);
    holdWhileWaiting(response, guest);
  };
}

/** Those of the headers that are passed on. */
export function picked(headers: Dispatcher.ResponseData['headers'], names: readonly string[]): Record<string, string> {
  const given = names.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The scheme is the one of this hop: behind a proxy that ends TLS, PUBLIC_URL says the right one. */
function baseOf({ headers: { host } }: IncomingMessage): string {
  return `http://${isHost(host) ? host : 'localhost'}`;
}
