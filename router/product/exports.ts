import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'undici';
import {
  correlationIdFrom,
  HttpRefusal,
  keepWhileMaking,
  placeFor,
  refuseGraphql,
  routerSecretHeader,
  type Guest,
  type RequestHandler,
} from '../../platform/server/index.ts';

export interface ExportsOptions {
  /** Where the dashboard answers. */
  dashboard: string;
  /** Proves to the dashboard that the router asks. */
  secret: string | undefined;
  guestOf(request: IncomingMessage): Promise<Guest>;
}

/** As many as the dashboard makes at once, and those that it refuses. */
const connections = 8;
/** Until a file begins, in ms: the dashboard looks for its highest number first. */
const beginsWithinMs = 10_000;
/** Between two pieces of a file, of millions of rows in which few match; a client that takes nothing is cut before. */
const continuesWithinMs = 600_000;

const answered = ['allow', 'cache-control', 'content-disposition', 'content-type', 'retry-after'] as const;

/**
 * Passes the dashboard's exports on as they come: a slow client holds the dashboard up, one that leaves ends its
 * reading. The dashboard checks the token. An export is an operation of its client until it has ended.
 */
export function createExportRoute({ dashboard, secret, guestOf }: ExportsOptions): RequestHandler {
  const pool = new Pool(new URL(dashboard).origin, {
    connections,
    headersTimeout: beginsWithinMs,
    bodyTimeout: continuesWithinMs,
  });

  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return refuseGraphql(request, response, new HttpRefusal(405, 'BAD_REQUEST', 'Exports are read with GET.'));
    }
    const place = placeFor(await guestOf(request), 'operations');
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    try {
      const { authorization } = request.headers;
      const answer = await pool.request({
        path: request.url ?? '/',
        method: request.method,
        headers: {
          'x-correlation-id': correlationIdFrom(request.headers['x-correlation-id']),
          ...(authorization === undefined ? {} : { authorization }),
          ...(secret === undefined ? {} : { [routerSecretHeader]: secret }),
        },
        signal: leaving.signal,
      });
      const given = answered.flatMap((name) => (name in answer.headers ? [[name, answer.headers[name]] as const] : []));
      response.writeHead(answer.statusCode, { ...Object.fromEntries(given), 'x-content-type-options': 'nosniff' });
      keepWhileMaking(request, response);
      await pipeline(answer.body, response);
    } catch {
      if (response.headersSent || response.destroyed) return void response.destroy();
      const because = 'Exports are not there now. Try again in a second.';
      refuseGraphql(request, response, new HttpRefusal(503, 'SERVICE_UNAVAILABLE', because));
    } finally {
      place.leave();
    }
  };
}
