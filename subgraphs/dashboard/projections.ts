import type {
  BikeCondition,
  DemandRefusal,
  DomainEvent,
  EventNamed,
  PointsRefusal,
  ReserveStatus,
} from '../../schema/events/index.ts';
import { countsOf, hourAfter, hourOf, sumOf, type Counts, type HourView } from './hours.ts';
import {
  conditionsOf,
  sizesOf,
  standIn,
  standsOf,
  stepped,
  type Condition,
  type Past,
  type Size,
  type Stand,
} from './past.ts';
import { add, subtract, type Sum } from './sums.ts';

/** A reservation as the dashboard saw it in the events. */
export interface ReservationView {
  reserveNo: number;
  userId: string;
  bikeId: number;
  reserveStatus: ReserveStatus;
  reserveDateTime: string;
  expiresAt: string | null;
  startDateTime: string | null;
  returnDateTime: string | null;
  fee: number;
  /** Why it was rejected; null unless it was. Rows from before this field existed lack it. */
  refusalCode?: PointsRefusal | null;
  updatedAt: string;
}

/** Where a bike stands: at a station, or at a position of its own; neither on a ride, or where nobody knows. */
type Place = Pick<EventNamed<'BikeMoved'>['data'], 'stationId' | 'position'>;

/** A bike, by its condition (from bike), its use and its place (from reservation); either may arrive first. */
export interface BikeView extends Place {
  bikeId: number;
  condition: BikeCondition | null;
  use: 'free' | 'reserved' | 'inUse';
  /** The reservation whose ride was its last to end, or with which it was returned elsewhere without a ride. */
  lastRide?: number;
  /** The reservation that holds it, unless it is free; rows from before this was noted lack it, and `since`. */
  holder?: Pick<ReservationView, 'reserveNo' | 'userId'>;
  /** Since when its condition, its use and its place are what they are. */
  since?: string;
  /** Where it stood in its last day, by the events of reservation; rows from before this was noted lack it. */
  stands?: Past<Stand>;
  /** Its conditions of its last day, by the events of bike; likewise. */
  conditions?: Past<Condition>;
}

/** A station as its last event says it. */
export type StationView = Omit<EventNamed<'StationOpened'>['data'], 'at'> & {
  state: 'OPEN' | 'CLOSED';
  /** When its state began. */
  since: string;
  /** How many racks it had in its last day; rows from before this was noted lack it. */
  sizes?: Past<Size>;
};

/** The refusals of one minute for which no number was taken. */
export interface MinuteView {
  /** `YYYY-MM-DDTHH:MM`, UTC. */
  minute: string;
  /** How many, by reason. */
  refused: Partial<Record<DemandRefusal, number>>;
}

export interface AccountView {
  userId: string;
  balance: number;
}

/** Counts over everything; what ends in `Today` is of `day`. */
export interface Totals {
  /** The day in Asia/Seoul that the counts of today belong to, `YYYY-MM-DD`: of those that events had, the last. */
  day: string;
  bikes: number;
  available: number;
  reserved: number;
  inUse: number;
  outOfService: number;
  reservationsToday: number;
  cancelledToday: number;
  returnedToday: number;
  rejectedToday: number;
  /** Rejected, or refused before a number was taken. */
  refusedToday: number;
  expiredToday: number;
  pointsPurchasedToday: Sum;
  pointsSpentToday: Sum;
  pointsRestoredToday: Sum;
  /** Σ of all balances. */
  pointsInCirculation: Sum;
  /** Σ of all movements; the same number, or the ledger is wrong. */
  pointsMoved: Sum;
}

export const noTotals: Totals = {
  day: '',
  bikes: 0,
  available: 0,
  reserved: 0,
  inUse: 0,
  outOfService: 0,
  reservationsToday: 0,
  cancelledToday: 0,
  returnedToday: 0,
  rejectedToday: 0,
  refusedToday: 0,
  expiredToday: 0,
  pointsPurchasedToday: 0,
  pointsSpentToday: 0,
  pointsRestoredToday: 0,
  pointsInCirculation: 0,
  pointsMoved: 0,
};

/** The difference between all balances and all movements; unless 0, the ledger is wrong. */
export function ledgerImbalance({ pointsMoved, pointsInCirculation }: Totals): Sum {
  return subtract(pointsMoved, pointsInCirculation);
}

/** The rows an event touches, before or after it. */
export interface Rows {
  reservation?: ReservationView | undefined;
  bike?: BikeView | undefined;
  account?: AccountView | undefined;
  minute?: MinuteView | undefined;
  hour?: HourView | undefined;
  station?: StationView | undefined;
}

export interface Projected {
  rows: Rows;
  totals: Totals;
  /** Nothing changed for subscribers: not worth a push. */
  quiet: boolean;
}

/** The key of each row that an event touches. */
export interface Touched {
  reservation?: number;
  bike?: number;
  account?: string;
  minute?: string;
  hour?: string;
  station?: string;
}

type TodayCount = Extract<keyof Totals, `${string}Today`>;

export function touchedBy(event: DomainEvent): Touched {
  const touched = toldBy(event);
  return countsOf(event) ? { ...touched, hour: hourOf(event.time) } : touched;
}

function toldBy(event: DomainEvent): Touched {
  switch (event.type) {
    case 'BikeRegistered':
    case 'BikeConditionChanged':
    case 'BikeMoved':
      return { bike: event.data.bikeId };
    case 'StationOpened':
    case 'StationChanged':
    case 'StationClosed':
      return { station: event.data.stationId };
    case 'PointsIncreased':
    case 'PointsDeducted':
    case 'PointsRestored':
    case 'OvertimeCharged':
    case 'OvertimeRestored':
      return { account: event.data.userId };
    case 'ReservationRequested':
    case 'ReservationConfirmed':
    case 'ReservationRejected':
    case 'ReservationCancelled':
    case 'ReservationExpired':
    case 'RideStarted':
    case 'BikeReturned':
      return { reservation: event.data.reserveNo, bike: event.data.bikeId };
    case 'ReservationsRefused':
      return { minute: minuteOf(event.time) };
    case 'BikeSlotOpened':
    case 'BikeSlotChanged':
    case 'WaitingBegan':
    case 'BikeOffered':
    case 'BikeOfferWithdrawn':
    case 'WaitingEnded':
    case 'PointPurchaseApproved':
    case 'PointPurchaseDeclined':
    case 'PointsRefused':
    case 'ReservationSettled':
    case 'FaultReported':
    case 'FaultsClosed':
    case 'ReturnReported':
    case 'ReturnSettled':
    case 'ReturnRejected':
      return {};
  }
}

/** Points that came into the rider's account, or left it; null when none moved. */
export function pointsMovedBy(event: DomainEvent): number | null {
  const { type, data } = event;
  if (type === 'PointsIncreased' || type === 'PointsRestored' || type === 'OvertimeRestored') return data.amount;
  if (type === 'PointsDeducted' || type === 'OvertimeCharged') return -data.amount;
  return null;
}

/** Applies an event to its rows and to the totals. The order of events of different streams does not matter. */
export function project(event: DomainEvent, before: Rows, totals: Totals): Projected {
  const projected = apply(event, before, totals);
  const { bike, station } = projected.rows;
  const hour = hourAfter(before.hour, event);
  const rows = {
    ...projected.rows,
    ...(bike && { bike: remembering(bike, before.bike, event) }),
    ...(station && { station: rememberingSize(station, before.station, event.time) }),
    ...(hour && { hour }),
  };
  return { ...projected, rows };
}

/** The bike with its past. What either of its two streams says goes into a past of its own: one may be ahead of the other. */
function remembering(bike: BikeView, before: BikeView | undefined, { type, time }: DomainEvent): BikeView {
  const at = Date.parse(time);
  if (type !== 'BikeRegistered' && type !== 'BikeConditionChanged') {
    return { ...bike, stands: stepped(before ? standsOf(before) : [], at, standIn(bike)) };
  }
  if (bike.condition === null) return bike;
  return { ...bike, conditions: stepped(before ? conditionsOf(before) : [], at, { condition: bike.condition }) };
}

const rememberingSize = (station: StationView, before: StationView | undefined, time: string): StationView => ({
  ...station,
  sizes: stepped(before ? sizesOf(before) : [], Date.parse(time), { racks: station.racks }),
});

function apply(event: DomainEvent, before: Rows, totals: Totals): Projected {
  const today = turnDay(totals, event.time);
  switch (event.type) {
    case 'BikeRegistered':
    case 'BikeConditionChanged': {
      const { bikeId, condition } = event.data;
      const bike = asOf({ ...(before.bike ?? { bikeId, use: 'free' }), condition }, event.time);
      return loud({ bike }, recount(today, before.bike, bike));
    }
    case 'PointsIncreased':
      return movement(event, before, today, 'pointsPurchasedToday', 1);
    case 'PointsDeducted':
    case 'OvertimeCharged':
      return movement(event, before, today, 'pointsSpentToday', -1);
    case 'PointsRestored':
    case 'OvertimeRestored':
      return movement(event, before, today, 'pointsRestoredToday', 1);
    case 'ReservationRequested':
      return step(event, before, today, 'reserved', null);
    case 'ReservationConfirmed':
      return step(event, before, today, 'reserved', 'reservationsToday');
    case 'RideStarted':
      return step(event, before, today, 'inUse', null);
    case 'ReservationRejected':
      return step(event, before, countToday(today, event.time, 'refusedToday', 1), 'free', 'rejectedToday');
    case 'ReservationCancelled':
      return step(event, before, today, 'free', 'cancelledToday');
    case 'ReservationExpired':
      return step(event, before, today, 'free', 'expiredToday');
    case 'BikeReturned':
      return step(event, before, today, 'free', 'returnedToday');
    case 'ReservationsRefused':
      return refusals(event, before, today);
    case 'BikeSlotOpened':
    case 'BikeSlotChanged':
    case 'WaitingBegan':
    case 'BikeOffered':
    case 'BikeOfferWithdrawn':
    case 'WaitingEnded':
    case 'PointPurchaseApproved':
    case 'PointPurchaseDeclined':
    case 'PointsRefused':
    case 'ReservationSettled':
    case 'FaultReported':
    case 'FaultsClosed':
    case 'ReturnReported':
    case 'ReturnSettled':
    case 'ReturnRejected':
      return { rows: {}, totals: today, quiet: true };
    case 'BikeMoved': {
      const { bikeId } = event.data;
      const bike = before.bike ?? { bikeId, condition: null, use: 'free' };
      return { rows: { bike: asOf(standing(bike, event.data), event.time) }, totals: today, quiet: true };
    }
    case 'StationOpened':
    case 'StationChanged':
    case 'StationClosed': {
      const station = stationAfter(before.station, event);
      return { rows: station ? { station } : {}, totals: today, quiet: true };
    }
  }
}

function loud(rows: Rows, totals: Totals): Projected {
  return { rows, totals, quiet: false };
}

type PointMovement = 'PointsIncreased' | 'PointsDeducted' | 'PointsRestored' | 'OvertimeCharged' | 'OvertimeRestored';

function movement(
  event: EventNamed<PointMovement>,
  before: Rows,
  totals: Totals,
  count: TodayCount,
  sign: 1 | -1,
): Projected {
  const { userId, amount, balanceAfter } = event.data;
  const counted = countToday(totals, event.time, count, amount);
  const difference = balanceAfter - (before.account?.balance ?? 0);
  return loud(
    { account: { userId, balance: balanceAfter } },
    {
      ...counted,
      pointsInCirculation: add(counted.pointsInCirculation, difference),
      pointsMoved: add(counted.pointsMoved, sign * amount),
    },
  );
}

function refusals(event: EventNamed<'ReservationsRefused'>, before: Rows, totals: Totals): Projected {
  const minute = before.minute ?? { minute: minuteOf(event.time), refused: {} };
  const refused = { ...minute.refused };
  let sum = 0;
  for (const { code, count } of event.data.refusals) {
    refused[code] = (refused[code] ?? 0) + count;
    sum += count;
  }
  return loud({ minute: { ...minute, refused } }, countToday(totals, event.time, 'refusedToday', sum));
}

type ReservationStep =
  | 'ReservationRequested'
  | 'ReservationConfirmed'
  | 'ReservationRejected'
  | 'ReservationCancelled'
  | 'ReservationExpired'
  | 'RideStarted'
  | 'BikeReturned';

function step(
  event: EventNamed<ReservationStep>,
  before: Rows,
  totals: Totals,
  use: BikeView['use'],
  count: TodayCount | null,
): Projected {
  const { bikeId } = event.data;
  const { holder: _holder, ...after } = moved(before.bike ?? { bikeId, condition: null, use }, event);
  const { reserveNo, userId } = event.data;
  const bike: BikeView = { ...after, use, ...(use === 'free' ? {} : { holder: { reserveNo, userId } }) };
  const counted = count ? countToday(totals, event.time, count, 1) : totals;
  // A confirmed reservation holds the bike as it did since it was requested.
  const changed = event.type === 'ReservationConfirmed' ? bike : asOf(bike, event.time);
  return loud({ reservation: evolve(before.reservation, event), bike: changed }, recount(counted, before.bike, bike));
}

/** The bike, which changed at a time; events of different streams come in any order. */
function asOf(bike: BikeView, time: string): BikeView {
  return { ...bike, since: bike.since !== undefined && bike.since > time ? bike.since : time };
}

/** The bike, where it stands after the event. */
function moved(bike: BikeView, event: EventNamed<ReservationStep>): BikeView {
  if (event.type === 'RideStarted') return standing(bike, {});
  if (event.type !== 'BikeReturned') return bike;
  const { startedAt, reserveNo, ...said } = event.data;
  if (startedAt !== null) return { ...standing(bike, said), lastRide: reserveNo };
  // A bike that was not ridden stands where it stood, unless somebody says otherwise: then somebody took it there.
  if (said.stationId === undefined && said.position === undefined) return bike;
  const after = standing(bike, said);
  return isSamePlace(after, bike) ? bike : { ...after, lastRide: reserveNo };
}

const isSamePlace = (one: BikeView, other: BikeView) =>
  one.stationId === other.stationId &&
  one.position?.latitude === other.position?.latitude &&
  one.position?.longitude === other.position?.longitude;

function standing({ stationId: _station, position: _position, ...bike }: BikeView, place: Place): BikeView {
  const { stationId, position } = place;
  return {
    ...bike,
    ...(stationId === undefined ? {} : { stationId }),
    ...(position === undefined ? {} : { position }),
  };
}

type StationEvent = EventNamed<'StationOpened' | 'StationChanged' | 'StationClosed'>;

/** The station after the event; a closing says nothing but that, so that without the events before there is none. */
function stationAfter(before: StationView | undefined, event: StationEvent): StationView | undefined {
  if (event.type === 'StationClosed') return before && { ...before, state: 'CLOSED', since: event.time };
  const { stationId, number, nameKo, nameEn, district, address, position, racks, openedDate } = event.data;
  const said = { stationId, number, nameKo, nameEn, district, address, position, racks, openedDate };
  // A station that is described anew is open or closed as before, and since then.
  const known = event.type === 'StationOpened' ? undefined : before;
  return { ...said, state: known?.state ?? 'OPEN', since: known?.since ?? event.time };
}

/** The reservation after the event; where an earlier event was discarded, it starts from what this one says. */
function evolve(before: ReservationView | undefined, event: EventNamed<ReservationStep>): ReservationView {
  const { reserveNo, userId, bikeId } = event.data;
  const begun: ReservationView = before ?? {
    reserveNo,
    userId,
    bikeId,
    reserveStatus: 'PENDING',
    reserveDateTime: event.time,
    expiresAt: null,
    startDateTime: null,
    returnDateTime: null,
    fee: 0,
    updatedAt: event.time,
  };
  const row = { ...begun, updatedAt: event.time };
  switch (event.type) {
    case 'ReservationRequested':
      return { ...row, reserveDateTime: event.data.requestedAt, fee: event.data.fee };
    case 'ReservationConfirmed':
      return { ...row, reserveStatus: 'RESERVED', expiresAt: event.data.expiresAt };
    case 'ReservationRejected':
      return { ...row, reserveStatus: 'REJECTED', refusalCode: event.data.code };
    case 'ReservationCancelled':
      return { ...row, reserveStatus: 'CANCELLED', expiresAt: null };
    case 'ReservationExpired':
      return { ...row, reserveStatus: 'EXPIRED', expiresAt: null };
    case 'RideStarted':
      return { ...row, reserveStatus: 'IN_USE', startDateTime: event.data.startedAt, expiresAt: null };
    case 'BikeReturned':
      return { ...row, reserveStatus: 'RETURNED', returnDateTime: event.data.returnedAt, expiresAt: null };
  }
}

/** Nothing happens to it any more. */
export const hasEnded = ({ reserveStatus }: ReservationView): boolean => ended.has(reserveStatus);

const ended: ReadonlySet<ReserveStatus> = new Set(['RETURNED', 'CANCELLED', 'EXPIRED', 'REJECTED']);

type BikeCount = 'available' | 'reserved' | 'inUse' | 'outOfService';

/** Which total a bike counts in; none before its registration arrived. */
function countOf(bike: BikeView | undefined): BikeCount | null {
  if (!bike || bike.condition === null) return null;
  if (bike.use !== 'free') return bike.use;
  return bike.condition === 'IN_SERVICE' ? 'available' : 'outOfService';
}

function recount(totals: Totals, before: BikeView | undefined, after: BikeView): Totals {
  const counted = { ...totals };
  const [left, entered] = [countOf(before), countOf(after)];
  if (left) counted[left] -= 1;
  if (entered) counted[entered] += 1;
  if (!left && entered) counted.bikes += 1;
  return counted;
}

function countToday(totals: Totals, time: string, count: TodayCount, by: number): Totals {
  return dayOf(time) === totals.day ? { ...totals, [count]: add(totals[count], by) } : totals;
}

/** The day starts with its first event. A late one from the day before counts for its hour only. */
function turnDay(totals: Totals, time: string): Totals {
  const day = dayOf(time);
  return day > totals.day ? onDay(totals, day, []) : totals;
}

/**
 * The totals as they are on a day: another day's counts are what its hours add up to. These totals may be of the day
 * before, or of one to come: an event from a clock that is ahead turns the day early.
 */
export function onDay(totals: Totals, day: string, hours: Iterable<Counts>): Totals {
  if (totals.day === day) return totals;
  let sum: Counts = { counts: {}, refused: {} };
  for (const hour of hours) sum = sumOf(sum, hour);
  const { counts, refused } = sum;
  return {
    ...totals,
    day,
    reservationsToday: Number(counts.confirmed ?? 0),
    cancelledToday: Number(counts.cancelled ?? 0),
    returnedToday: Number(counts.returned ?? 0),
    rejectedToday: Number(counts.rejected ?? 0),
    refusedToday: Object.values(refused).reduce((all, count) => all + count, 0),
    expiredToday: Number(counts.expired ?? 0),
    pointsPurchasedToday: counts.pointsPurchased ?? 0,
    pointsSpentToday: counts.pointsSpent ?? 0,
    pointsRestoredToday: counts.pointsRestored ?? 0,
  };
}

/** Totals as stored by code from before refusals without a number were counted. */
export function upgraded(totals: Omit<Totals, 'refusedToday'> & { refusedToday?: number }): Totals {
  return { ...totals, refusedToday: totals.refusedToday ?? totals.rejectedToday };
}

/** The minute of a time (RFC 3339), `YYYY-MM-DDTHH:MM`, UTC. */
export function minuteOf(time: string): string {
  return new Date(time).toISOString().slice(0, 16);
}

const seoulOffsetMs = 9 * 3_600_000;

/** The day in Asia/Seoul (UTC+9, no daylight saving time), `YYYY-MM-DD`. */
export function dayOf(time: string): string {
  return new Date(Date.parse(time) + seoulOffsetMs).toISOString().slice(0, 10);
}
