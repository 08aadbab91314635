import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import {
  correlationIdFrom,
  HttpRefusal,
  placeFor,
  refuseGraphql,
  routerSecretHeader,
  type Guest,
  type Logger,
  type RequestHandler,
} from '../../platform/server/index.ts';
import { createDashboardPool } from './dashboard-pool.ts';
import { picked } from './open-data.ts';

export interface ExportsOptions {
  /** Where the dashboard answers GraphQL now. */
  dashboard(): URL | undefined;
  /** Proves to the dashboard that the router asks. */
  secret: string | undefined;
  guestOf(request: IncomingMessage): Promise<Guest>;
  logger: Pick<Logger, 'debug'>;
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
export function createExportRoute({ dashboard, secret, guestOf, logger }: ExportsOptions): RequestHandler {
  const pool = createDashboardPool(dashboard, {
    connections,
    headersTimeout: 0,
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
    // Undici counts from when it has sent the request, which waits while all connections are taken.
    const late = setTimeout(() => leaving.abort(), beginsWithinMs);
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
      clearTimeout(late);
      const given = picked(answer.headers, answered);
      response.writeHead(answer.statusCode, { ...given, 'x-content-type-options': 'nosniff' });
      await pipeline(answer.body, response);
    } catch (error) {
      if (!response.destroyed) logger.debug({ err: error }, 'an export broke off');
      if (response.headersSent || response.destroyed) return void response.destroy();
      const because = 'Exports are not there now. Try again in a second.';
      refuseGraphql(request, response, new HttpRefusal(503, 'SERVICE_UNAVAILABLE', because));
    } finally {
      clearTimeout(late);
      place.leave();
    }
  };
}
