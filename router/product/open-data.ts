import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Pool, type Dispatcher } from 'undici';
import { pathOf, placeFor, sendRefusal, type Guest, type RequestHandler } from '../../platform/server/index.ts';
import { isHost } from './page-headers.ts';

export interface OpenDataOptions {
  /** Where the dashboard answers. */
  dashboard: string;
  /** What clients call this router; the host that they asked, when unset. */
  publicUrl: string | undefined;
  guestOf(request: IncomingMessage): Promise<Guest>;
}

/** The dashboard has feeds ready, or makes them in a fraction of a second. */
const answerWithinMs = 5_000;
/** Between two pieces of an answer: a client that takes none for longer is cut by ANSWER_TIMEOUT_MS. */
const pieceWithinMs = 60_000;
/** Feeds are fetched once and kept by most who read them. */
const connections = 16;

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
export function createOpenDataRoute({ dashboard, publicUrl, guestOf }: OpenDataOptions): RequestHandler {
  const pool = new Pool(new URL(dashboard).origin, {
    connections,
    headersTimeout: answerWithinMs,
    bodyTimeout: pieceWithinMs,
  });

  return async (request, response) => {
    if (request.method === 'OPTIONS') return void response.writeHead(204, preflight).end();
    for (const [name, value] of Object.entries(openToAll)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, OPTIONS');
      return sendRefusal(request, response, { status: 405, body: { error: 'Open data is read with GET.' } });
    }
    const place = placeFor(await guestOf(request), 'operations');
    try {
      const headers = { ...picked(request.headers, asked), 'x-open-data-base': publicUrl ?? baseOf(request) };
      const { method } = request;
      const answer = await pool.request({ path: pathOf(request), method, headers }).catch(() => undefined);
      if (!answer) {
        const body = { error: 'Open data is not there now. Try again in a second.' };
        return sendRefusal(request, response, { status: 503, body });
      }
      response.writeHead(answer.statusCode, picked(answer.headers, answered));
      // A client that leaves ends the answer of the dashboard too, and is no mistake.
      await pipeline(answer.body, response).catch(() => response.destroy());
    } finally {
      place.leave();
    }
  };
}

function picked(headers: Dispatcher.ResponseData['headers'], names: readonly string[]): Record<string, string> {
  const given = names.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The scheme is the one of this hop: behind a proxy that ends TLS, PUBLIC_URL says the right one. */
function baseOf({ headers: { host } }: IncomingMessage): string {
  return `http://${isHost(host) ? host : 'localhost'}`;
}
