import type {
  DashboardQuery,
  DashboardUpdatedSubscription,
  RefusalCode,
  ReserveStatus,
} from '../../../../schema/client/generated/graphql.ts';

/** The picture that the query takes. */
export type Snapshot = DashboardQuery['dashboard'];
/** One change, as the subscription tells it. */
export type Update = DashboardUpdatedSubscription['dashboardUpdated'];
export type Row = Snapshot['reservations']['nodes'][number];
export type Totals = Snapshot['totals'];
export type Minute = Snapshot['series'][number];
export type Lag = Snapshot['lag'];

/** Whether what is on the screen is what is happening. Times are epoch milliseconds of the server. */
export type Connection =
  | { status: 'connecting' }
  | { status: 'live' }
  | { status: 'reconnecting'; since: number; code: string }
  | { status: 'signed-out' }
  | { status: 'not-allowed' };

/** A row as shown; `changes` counts how often it changed before our eyes. */
export interface ShownRow {
  row: Row;
  changes: number;
}

/** What happened, to whom, and how much it was. */
export interface FeedEntry extends Pick<Update, 'cursor' | 'at' | 'eventType' | 'userId' | 'bikeId' | 'points'> {
  reservation: Pick<Row, 'reserveNo' | 'reserveStatus'> | null;
  /** Attempts that were refused without a number. */
  refused: number;
}

/** Everything known at `cursor`. */
export interface Picture {
  landscape: string;
  /** When the newest event in it happened. */
  at: string;
  cursor: string;
  totals: Totals;
  /** Newest reservation first, so that a row that changes keeps its place. */
  rows: readonly ShownRow[];
  /** Newest first. */
  feed: readonly FeedEntry[];
  /** Oldest first. */
  series: readonly Minute[];
  lag: Lag;
  /** Reservations that there are in all, also those older than the rows. */
  reservations: number;
  /** Updates folded in since the query. */
  updates: number;
}

export interface DashboardState {
  connection: Connection;
  /** Always current, also while paused. */
  picture: Picture | null;
  /** What stays on the screen while paused. */
  frozen: Picture | null;
}

export type DashboardAction =
  | { type: 'sessionChanged' }
  | { type: 'signedOut' }
  | { type: 'notAllowed' }
  | { type: 'snapshotTaken'; snapshot: Snapshot }
  | { type: 'connected' }
  | { type: 'connectionLost'; at: number; code: string }
  | { type: 'updated'; updates: readonly Update[] }
  | { type: 'olderRowsLoaded'; rows: readonly Row[] }
  | { type: 'lagMeasured'; lag: Lag }
  | { type: 'paused' }
  | { type: 'resumed' };

/** Older reservations are found on the fleet page. */
export const maxRows = 5_000;
export const maxFeedEntries = 100;
export const seriesMinutes = 60;

export const initialState: DashboardState = { connection: { status: 'connecting' }, picture: null, frozen: null };

/** The state after an action. Pure: times come in. */
export function reduceDashboard(state: DashboardState, action: DashboardAction): DashboardState {
  switch (action.type) {
    case 'sessionChanged':
      return initialState;
    case 'signedOut':
      return { ...state, connection: { status: 'signed-out' } };
    case 'notAllowed':
      return { ...initialState, connection: { status: 'not-allowed' } };
    case 'snapshotTaken':
      return { ...state, picture: toPicture(action.snapshot, state.picture) };
    case 'connected':
      return { ...state, connection: { status: 'live' } };
    case 'connectionLost':
      return { ...state, connection: toReconnecting(state.connection, action.at, action.code) };
    case 'updated':
      return { ...state, picture: state.picture && foldUpdates(state.picture, action.updates) };
    case 'olderRowsLoaded':
      return { ...state, picture: state.picture && withOlderRows(state.picture, action.rows) };
    case 'lagMeasured':
      return { ...state, picture: state.picture && { ...state.picture, lag: action.lag } };
    case 'paused':
      return { ...state, frozen: state.picture };
    case 'resumed':
      return { ...state, frozen: null };
  }
}

/** What the screen shows. */
export function shownPicture(state: DashboardState): Picture | null {
  return state.frozen ?? state.picture;
}

/** How many changes a paused screen does not show. */
export function updatesNotShown(state: DashboardState): number {
  if (!state.frozen || !state.picture) return 0;
  return Math.max(0, state.picture.updates - state.frozen.updates);
}

/** A second failure does not move the moment since which the picture is stale. */
function toReconnecting(before: Connection, at: number, code: string): Connection {
  return { status: 'reconnecting', since: before.status === 'reconnecting' ? before.since : at, code };
}

/** A new query replaces the rows; the feed keeps the events already seen, behind the query's own. */
function toPicture(snapshot: Snapshot, before: Picture | null): Picture {
  const known = new Map(before?.rows.map((shown) => [shown.row.reserveNo, shown]));
  const rows = snapshot.reservations.nodes.map((row) => {
    const shown = known.get(row.reserveNo);
    return { row, changes: shown ? shown.changes + Number(shown.row.updatedAt !== row.updatedAt) : 0 };
  });
  const { landscape, at, cursor, totals, series, lag } = snapshot;
  return {
    ...{ landscape, at, cursor, totals, series, lag },
    rows: rows.sort(byReserveNoDescending),
    feed: joinFeeds(snapshot.recent.map(toFeedEntry), before?.feed ?? []),
    reservations: snapshot.reservations.totalCount,
    updates: before?.updates ?? 0,
  };
}

/** Folds a batch of updates, so that rows are copied once per batch and not once per update. */
function foldUpdates(picture: Picture, updates: readonly Update[]): Picture {
  const news = updates.filter(({ cursor }, place) => cursor !== (updates[place - 1]?.cursor ?? picture.cursor));
  const last = news.at(-1);
  if (!last) return picture;
  const rows = [...picture.rows];
  let added = 0;
  for (const { reservation, eventType } of news) {
    // A row that was not there may be an old one that is not loaded yet.
    if (reservation && putRow(rows, reservation) && eventType === 'ReservationRequested') added += 1;
  }
  while (rows.length > maxRows) dropOldest(rows);
  return {
    ...picture,
    at: last.at,
    cursor: last.cursor,
    totals: last.totals,
    rows,
    feed: [...news.map(toFeedEntry).reverse(), ...picture.feed].slice(0, maxFeedEntries),
    series: news.reduce(withEvent, picture.series),
    reservations: picture.reservations + added,
    updates: picture.updates + news.length,
  };
}

function toFeedEntry(change: Update | Snapshot['recent'][number]): FeedEntry {
  const { cursor, at, eventType, userId, bikeId, points, reservation, refusals } = change;
  const refused = refusals.reduce((sum, { count }) => sum + count, 0);
  return { cursor, at, eventType, userId, bikeId, points, reservation, refused };
}

/** The newer entries, and of the older ones those that are not among them. */
function joinFeeds(newer: readonly FeedEntry[], older: readonly FeedEntry[]): readonly FeedEntry[] {
  const known = new Set(newer.map(({ cursor }) => cursor));
  return [...newer, ...older.filter(({ cursor }) => !known.has(cursor))].slice(0, maxFeedEntries);
}

/** Puts a row in its place among rows in descending order; true when it was not there before. */
function putRow(rows: ShownRow[], row: Row): boolean {
  const place = placeOf(rows, row.reserveNo);
  const shown = rows[place];
  if (shown?.row.reserveNo === row.reserveNo) {
    rows[place] = { row, changes: shown.changes + 1 };
    return false;
  }
  rows.splice(place, 0, { row, changes: 1 });
  return true;
}

/** Where the number stands, or would stand, in descending order. */
function placeOf(rows: readonly ShownRow[], reserveNo: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.row.reserveNo ?? 0) > reserveNo) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows from the feed win, because they are newer than the query's. */
function withOlderRows(picture: Picture, loaded: readonly Row[]): Picture {
  const known = new Set(picture.rows.map(({ row }) => row.reserveNo));
  const older = loaded.filter(({ reserveNo }) => !known.has(reserveNo)).map((row) => ({ row, changes: 0 }));
  const rows = [...picture.rows, ...older].sort(byReserveNoDescending);
  const reservations = Math.max(picture.reservations, rows.length);
  while (rows.length > maxRows) dropOldest(rows);
  return { ...picture, rows, reservations };
}

/** Drops ended reservations first: those that still hold a bike stay on the screen. */
function dropOldest(rows: ShownRow[]): void {
  const ended = rows.findLastIndex(({ row }) => !isLive(row.reserveStatus));
  rows.splice(ended >= 0 ? ended : rows.length - 1, 1);
}

function byReserveNoDescending(a: ShownRow, b: ShownRow): number {
  return b.row.reserveNo - a.row.reserveNo;
}

/**
 * Requests and rejections count in the minute in which the reservation was asked for, refused attempts in their own.
 */
function withEvent(series: readonly Minute[], { eventType, at, reservation, refusals }: Update): readonly Minute[] {
  if (eventType === 'ReservationsRefused') return withCounts(series, at, { requested: 0, rejected: 0, refusals });
  const requested = Number(eventType === 'ReservationRequested');
  const rejected = Number(eventType === 'ReservationRejected');
  if (!reservation || !(requested || rejected)) return series;
  const code = rejected ? reservation.refusalCode : null;
  const reasons = code ? [{ code, count: 1 }] : [];
  return withCounts(series, reservation.reserveDateTime, { requested, rejected, refusals: reasons });
}

function withCounts(
  series: readonly Minute[],
  at: string,
  { requested, rejected, refusals }: Pick<Minute, 'requested' | 'rejected' | 'refusals'>,
): readonly Minute[] {
  const start = minuteOf(Date.parse(at));
  const place = series.findLastIndex(({ minute }) => Date.parse(minute) === start);
  const counted = series[place] ?? emptyMinute(start);
  const refused = Math.max(
    rejected,
    refusals.reduce((sum, { count }) => sum + count, 0),
  );
  const grown = {
    minute: counted.minute,
    requested: counted.requested + requested,
    rejected: counted.rejected + rejected,
    refused: counted.refused + refused,
    refusals: refusals.reduce(withRefusal, counted.refusals),
  };
  return place >= 0 ? series.with(place, grown) : [...series, grown].slice(-2 * seriesMinutes);
}

function withRefusal(refusals: Minute['refusals'], { code, count }: Minute['refusals'][number]): Minute['refusals'] {
  const before = refusals.find((refusal) => refusal.code === code)?.count ?? 0;
  return [...refusals.filter((refusal) => refusal.code !== code), { code, count: before + count }];
}

/** Everybody who wanted a bike in some time, whether or not a number was taken for them. */
export function attemptsIn({
  requested,
  rejected,
  refused,
}: Pick<Minute, 'requested' | 'rejected' | 'refused'>): number {
  return requested + refused - rejected;
}

function emptyMinute(start: number): Minute {
  return { minute: new Date(start).toISOString(), requested: 0, rejected: 0, refused: 0, refusals: [] };
}

export interface RefusalCounts {
  code: RefusalCode;
  /** One for each minute, hour or day, oldest first. */
  counts: readonly number[];
  total: number;
}

/** How often each reason was given in these minutes, hours or days, the most frequent first. */
export function refusalsIn(slots: readonly Pick<Minute, 'refusals'>[]): readonly RefusalCounts[] {
  const codes = new Set(slots.flatMap(({ refusals }) => refusals.map(({ code }) => code)));
  const reasons = [...codes].map((code) => {
    const counts = slots.map(({ refusals }) => refusals.find((refusal) => refusal.code === code)?.count ?? 0);
    return { code, counts, total: counts.reduce((sum, count) => sum + count, 0) };
  });
  return reasons.sort((a, b) => b.total - a.total || a.code.localeCompare(b.code));
}

/** The last minutes up to now, with zeros where nothing was asked for. */
export function lastMinutes(series: readonly Minute[], now: number): readonly Minute[] {
  const known = new Map(series.map((entry) => [Date.parse(entry.minute), entry]));
  return Array.from({ length: seriesMinutes }, (_, place) => {
    const start = minuteOf(now) - (seriesMinutes - 1 - place) * 60_000;
    return known.get(start) ?? emptyMinute(start);
  });
}

function minuteOf(time: number): number {
  return Math.floor(time / 60_000) * 60_000;
}

/** Whether the reservation still holds its bike. */
export function isLive(status: ReserveStatus): boolean {
  return status === 'PENDING' || status === 'RESERVED' || status === 'IN_USE';
}
