import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GraphQLError } from 'graphql';
import {
  ContractError,
  httpStatus,
  HttpRefusal,
  isUnavailable,
  refuseGraphql,
  requireRole,
  type ErrorCode,
  type RequestHandler,
  type TokenVerifier,
} from '../../../platform/index.ts';
import { beginsOf, bucketsOf, hoursIn, partsOf } from '../history.ts';
import type { HourView } from '../hours.ts';
import type { ReservationView } from '../projections.ts';
import { readExport, type HistoryAsked, type ReservationsAsked } from './asked.ts';
import { historyColumns, historyLine, reservationColumns, reservationLine, textOf } from './texts.ts';

/** The rows that exports are made of. */
export interface ExportRows {
  /** The highest number there is; 0 for none. */
  newestReservation(): Promise<number>;
  /** Those with numbers from `first` to `last`, in order. */
  reservationsBetween(first: number, last: number): Promise<ReservationView[]>;
  hours(names: readonly string[]): Promise<Map<unknown, HourView>>;
}

export interface ExportsOptions {
  rows: ExportRows;
  verifyToken: TokenVerifier;
  isRouter(headers: IncomingHttpHeaders): boolean;
  clock(): Date;
}

/** Numbers that are read at once, few of which are missing: some 150 kB, of which a slow reader holds one or two. */
const rowsPerRead = 1_000;
/** Each reads without a pause: more at once would take the database from the dashboards. */
const mostAtOnce = 4;
/** So that nobody keeps all the others from theirs. */
const mostPerCaller = 2;

/**
 * Reservations and history as files, for staff: `/exports/reservations.csv?status=IN_USE`. A file has every reservation
 * that there was when it was begun, once, each as it is when its turn comes; no cursor of the database stays open for a
 * slow reader, and none of it waits in memory.
 */
export function createExports({ rows, verifyToken, isRouter, clock }: ExportsOptions): Record<string, RequestHandler> {
  /** Who is reading, as often as they are. */
  const reading: string[] = [];

  async function* reservations({ matches }: ReservationsAsked, newest: number) {
    for (let first = 1; first <= newest; first += rowsPerRead) {
      const some = await rows.reservationsBetween(first, Math.min(newest, first + rowsPerRead - 1));
      yield some.filter(matches).map(reservationLine);
    }
  }

  async function* history(asked: HistoryAsked) {
    for (const range of partsOf(asked)) {
      const begins = beginsOf(range);
      const found = await rows.hours(hoursIn(begins, range.by));
      yield bucketsOf(begins, range.by, found.values()).map(historyLine);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      throw new HttpRefusal(405, 'BAD_REQUEST', 'Exports are read with GET.');
    }
    const viewer = await verifyToken(request.headers.authorization);
    const { userId } = requireRole(viewer, 'operator', 'auditor', 'admin');
    const asked = readExport(request.url ?? '');
    if (!asked) {
      const known = 'Exports are /exports/reservations.csv, .json, /exports/history.csv and .json.';
      throw new HttpRefusal(404, 'BAD_REQUEST', known);
    }
    // Only of those who may: others must not keep staff from theirs.
    if (reading.filter((reader) => reader === userId).length >= mostPerCaller) {
      const because = `You are reading ${mostPerCaller} exports, which is as many as you may at once. Try again later.`;
      throw new HttpRefusal(429, 'TOO_MANY_REQUESTS', because);
    }
    if (reading.length >= mostAtOnce) {
      const because = `${mostAtOnce} exports are being read, which is as many as there may be. Try again later.`;
      throw new HttpRefusal(503, 'SERVICE_UNAVAILABLE', because);
    }
    reading.push(userId);
    try {
      await send(asked, request, response);
    } finally {
      reading.splice(reading.indexOf(userId), 1);
    }
  }

  async function send(
    asked: ReservationsAsked | HistoryAsked,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const exportedAt = clock().toISOString();
    const isReservations = asked.of === 'reservations';
    // What can fail, fails before the file begins.
    const newest = isReservations ? await rows.newestReservation() : 0;
    if (!isReservations) partsOf(asked);
    response.writeHead(200, {
      'content-type': asked.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="${asked.of}-${exportedAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z.${asked.format}"`,
      'cache-control': 'no-store',
    });
    if (request.method === 'HEAD') return void response.end();
    const lines = isReservations ? reservations(asked, newest) : history(asked);
    const columns = isReservations ? reservationColumns : historyColumns;
    const { format, filter } = asked;
    // A client that leaves ends the reading; one that is slow holds it up.
    await pipeline(
      Readable.from(textOf({ format, columns, exportedAt, filter }, lines), { highWaterMark: 1 }),
      response,
    );
  }

  const exportFile: RequestHandler = async (request, response) => {
    if (!isRouter(request.headers)) {
      return refuseGraphql(request, response, new HttpRefusal(403, 'FORBIDDEN', 'A subgraph answers the router only.'));
    }
    try {
      await answer(request, response);
    } catch (error) {
      // Half a file must not pass for a whole one: its client sees that the connection broke.
      if (response.headersSent || response.destroyed) return void response.destroy();
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      refuseGraphql(request, response, refusal);
    }
  };

  return { '/exports/': exportFile };
}

function refusalOf(error: unknown): HttpRefusal | null {
  if (error instanceof HttpRefusal) return error;
  if (error instanceof ContractError) return new HttpRefusal(400, 'BAD_USER_INPUT', error.message);
  if (error instanceof GraphQLError) {
    const code = error.extensions['code'] as ErrorCode;
    return new HttpRefusal(httpStatus[code] ?? 403, code, error.message);
  }
  if (!isUnavailable(error)) return null;
  return new HttpRefusal(503, 'SERVICE_UNAVAILABLE', 'A server that is needed does not answer. Try again in a second.');
}
