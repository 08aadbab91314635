/** What an export's address asks for, and which rows that are; pure. */
import { ContractError, DateTime } from '../../../platform/index.ts';
import type { ReserveStatus } from '../../../schema/events/index.ts';
import { sanitizeText } from '../../../schema/text.ts';
import type { BucketSize } from '../history.ts';
import type { ReservationView } from '../projections.ts';

export type ExportFormat = 'csv' | 'json';

interface Asked {
  format: ExportFormat;
  /** The query as it was sent: it stands in the file, so that it survives renaming and pasting. */
  filter: string;
}

export interface ReservationsAsked extends Asked {
  of: 'reservations';
  matches(row: ReservationView): boolean;
}

export interface HistoryAsked extends Asked {
  of: 'history';
  from: string;
  to: string;
  by: BucketSize;
}

const statuses: readonly string[] = [
  'PENDING',
  'RESERVED',
  'IN_USE',
  'RETURNED',
  'CANCELLED',
  'EXPIRED',
  'REJECTED',
] satisfies ReserveStatus[];

const parameters = {
  reservations: ['status', 'q', 'from', 'to', 'expiresBefore', 'startedBefore'],
  history: ['from', 'to', 'by'],
} as const;

/** Null when nothing is there under the path. @throws {ContractError} for a query that it does not understand. */
export function readExport(address: string): ReservationsAsked | HistoryAsked | null {
  const [path = '', filter = ''] = address.split(/\?(.*)/s, 2);
  const [, of, format] = /^\/exports\/(reservations|history)\.(csv|json)$/.exec(path) ?? [];
  if ((of !== 'reservations' && of !== 'history') || (format !== 'csv' && format !== 'json')) return null;
  const query = new URLSearchParams(filter);
  const known: readonly string[] = parameters[of];
  for (const name of query.keys()) {
    if (!known.includes(name))
      throw new ContractError(`"${quoted(name)}" is no parameter here; these are: ${known.join(', ')}.`);
    if (query.getAll(name).length > 1) throw new ContractError(`"${name}" may be given once.`);
  }
  const readable = readableOf(filter);
  if (of === 'reservations') return { of, format, filter: readable, matches: matcherOf(query) };
  const [from, to, by] = [timeIn(query, 'from'), timeIn(query, 'to'), query.get('by') ?? 'HOUR'];
  if (!from || !to) throw new ContractError('A history has a "from" and a "to".');
  if (by !== 'HOUR' && by !== 'DAY') throw new ContractError('"by" is HOUR or DAY.');
  return { of, format, filter: readable, from, to, by };
}

/** As an error may quote it: an address may hold anything, at any length. */
const quoted = (text: string) => sanitizeText(text, 40);

/** As people read it; as it is where that is no UTF-8. */
function readableOf(filter: string): string {
  try {
    return decodeURIComponent(filter);
  } catch {
    return filter;
  }
}

function timeIn(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  try {
    return DateTime.parseValue(text);
  } catch {
    throw new ContractError(
      `"${name}" is a time like 2026-11-23T00:00:00%2B09:00 (RFC 3339 with its offset, of which + is %2B in an address).`,
    );
  }
}

/** Words are found as in the table of the page: a number as it is, a rider's name in part. */
function matcherOf(query: URLSearchParams): (row: ReservationView) => boolean {
  const listed = query.get('status') ?? '';
  const wanted = listed === '' ? [] : listed.split(',');
  const unknown = wanted.find((status) => !statuses.includes(status));
  if (unknown !== undefined)
    throw new ContractError(`"${quoted(unknown)}" is no status; these are: ${statuses.join(', ')}.`);
  const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const [from, to] = [timeIn(query, 'from'), timeIn(query, 'to')];
  const [expiresBefore, startedBefore] = [timeIn(query, 'expiresBefore'), timeIn(query, 'startedBefore')];
  // All are RFC 3339 in UTC to the millisecond: the order of the letters is the order of the times.
  return (row) =>
    (wanted.length === 0 || wanted.includes(row.reserveStatus)) &&
    (from === undefined || row.reserveDateTime >= from) &&
    (to === undefined || row.reserveDateTime < to) &&
    (expiresBefore === undefined || (row.expiresAt !== null && row.expiresAt < expiresBefore)) &&
    (startedBefore === undefined || isRidingSince(row, startedBefore)) &&
    words.every((word) => isIn(row, word));
}

/** Whether it is a ride that goes on, and began before then. */
function isRidingSince({ reserveStatus, startDateTime }: ReservationView, before: string): boolean {
  return reserveStatus === 'IN_USE' && startDateTime !== null && startDateTime < before;
}

function isIn({ reserveNo, bikeId, userId }: ReservationView, word: string): boolean {
  const number = word.replace(/^#/, '');
  return String(reserveNo) === number || String(bikeId) === number || userId.toLowerCase().includes(word);
}
