import type {
  BikeCondition,
  EventNamed,
  NewEvent,
  PointsRefusal,
  ReservationEvent,
  ReserveStatus,
} from '../../schema/events/index.ts';
import { refuse, type Decider } from '../../platform/event-core/decider.ts';
import { isPlace, isSamePlace, placeIn, type Place } from './place.ts';
import {
  reject,
  report,
  reportsAfter,
  settle,
  type ReturnReport,
  type ReturnReportCommand,
  type ReturnReportRefusal,
  type Ride,
} from './return-report.ts';

export interface Reservation {
  reserveNo: number;
  userId: string;
  bikeId: number;
  reserveStatus: ReserveStatus;
  fee: number;
  reserveDateTime: string;
  /** The deadline of the present state: the wait for the points, then the hold. Null when it has none. */
  deadline: string | null;
  startDateTime: string | null;
  /** Where the bike stood then; missing where nobody knew, and for rides from before it was remembered. */
  startPlace?: Place;
  returnDateTime: string | null;
  /** Where the bike was left, if the rider said. */
  returnPlace?: Place;
  refusal: { code: PointsRefusal; because: string } | null;
}

/**
 * One bike as reservation sees it: its stream has room for one live reservation at a time, and for one place. `place` is
 * missing while nobody knows where the bike stands, and on a ride. `reports` are of returns on it, of this ride and
 * earlier ones; missing before the first.
 */
export type BikeSlot =
  | { status: 'unknown' }
  /** `last` is the reservation that ended most recently. */
  | ({ status: 'free'; last: Reservation | null } & KnownBike)
  | ({ status: 'held'; reservation: Reservation } & KnownBike);

interface KnownBike {
  bikeId: number;
  condition: BikeCondition;
  place?: Place;
  reports?: readonly ReturnReport[];
}

export type ReservationCommand =
  | { type: 'OpenSlot'; bikeId: number; condition: BikeCondition }
  | { type: 'ChangeSlot'; condition: BikeCondition }
  /** `at`: only while the bike stands at that station. */
  | { type: 'RequestReservation'; reserveNo: number; userId: string; at?: string }
  | { type: 'ConfirmReservation'; reserveNo: number }
  | { type: 'RejectReservation'; reserveNo: number; code: PointsRefusal; because: string }
  | { type: 'CancelReservation'; reserveNo: number; because: 'BY_RIDER' | 'BY_OPERATOR'; reason?: string }
  | { type: 'ExpireReservation'; reserveNo: number }
  | { type: 'StartRide'; reserveNo: number }
  | { type: 'ReturnBike'; reserveNo: number; reason?: string; place?: Place }
  /** To nowhere that is known, without a place; only from one station, if that is said. */
  | { type: 'MoveBike'; place?: Place; reason: string | null; from?: string }
  | ReturnReportCommand;

export type ReservationRefusal =
  | 'BIKE_NOT_FOUND'
  | 'BIKE_NOT_IN_SERVICE'
  | 'BIKE_ALREADY_RESERVED'
  | 'NO_BIKE_AT_STATION'
  | 'NOT_CANCELLABLE'
  | 'NOT_STARTABLE'
  | 'NOT_RETURNABLE'
  | 'BIKE_ON_RIDE'
  | 'BIKE_CHANGED'
  | ReturnReportRefusal;

export interface ReservationRule {
  /** Points. */
  fee: number;
  holdMs: number;
  /** How long to wait for the points before giving up. */
  sagaMs: number;
}

type NewReservationEvent = NewEvent<ReservationEvent>;
type Decision = readonly NewReservationEvent[];

export const reservation = (
  rule: ReservationRule,
): Decider<BikeSlot, ReservationCommand, NewReservationEvent, ReservationRefusal> => ({
  initial: { status: 'unknown' },

  decide(command, slot, at) {
    switch (command.type) {
      case 'OpenSlot': {
        const { bikeId, condition } = command;
        return slot.status === 'unknown' ? [{ type: 'BikeSlotOpened', data: { bikeId, condition, at } }] : [];
      }
      case 'ChangeSlot':
        return changeSlot(slot, command.condition, at);
      case 'RequestReservation':
        if (slot.status === 'unknown') return refuse('BIKE_NOT_FOUND', 'No bike has this number.');
        if (slot.condition !== 'IN_SERVICE') return refuse('BIKE_NOT_IN_SERVICE', 'The bike is out of service.');
        if (slot.status === 'held') return refuse('BIKE_ALREADY_RESERVED', 'Another reservation holds the bike.');
        if (command.at !== undefined && command.at !== slot.place?.stationId) {
          return refuse('NO_BIKE_AT_STATION', 'The bike does not stand at this station.');
        }
        return request(command, slot.bikeId, rule, at);
      case 'ConfirmReservation': {
        const live = liveIn(slot, command.reserveNo, 'PENDING');
        const data = { confirmedAt: at, expiresAt: later(at, rule.holdMs) };
        return live ? [{ type: 'ReservationConfirmed', data: { ...named(live), ...data } }] : [];
      }
      case 'RejectReservation': {
        const live = liveIn(slot, command.reserveNo, 'PENDING');
        const { code, because } = command;
        return live ? [{ type: 'ReservationRejected', data: { ...named(live), code, because, rejectedAt: at } }] : [];
      }
      case 'ExpireReservation': {
        const live = liveIn(slot, command.reserveNo, 'PENDING', 'RESERVED');
        const due = live?.deadline !== null && live !== undefined && Date.parse(live.deadline) <= Date.parse(at);
        return due ? [{ type: 'ReservationExpired', data: { ...named(live), expiredAt: at } }] : [];
      }
      case 'CancelReservation': {
        const live = liveIn(slot, command.reserveNo, 'PENDING', 'RESERVED');
        if (!live) return refuse('NOT_CANCELLABLE', 'Only a reservation whose ride has not started can be cancelled.');
        const data = { ...named(live), because: command.because, cancelledAt: at, ...reasonIn(command) };
        return [{ type: 'ReservationCancelled', data }];
      }
      case 'StartRide': {
        const live = liveIn(slot, command.reserveNo, 'RESERVED');
        if (!live) return refuse('NOT_STARTABLE', 'Only a confirmed reservation can be started.');
        return [{ type: 'RideStarted', data: { ...named(live), startedAt: at, ...placeOf(slot) } }];
      }
      case 'ReturnBike': {
        const live = liveIn(slot, command.reserveNo, 'RESERVED', 'IN_USE');
        if (!live) return refuse('NOT_RETURNABLE', 'Only a confirmed reservation or a ride can be returned.');
        const data = { ...named(live), startedAt: live.startDateTime, returnedAt: at, ...reasonIn(command) };
        return [{ type: 'BikeReturned', data: { ...data, ...command.place } }];
      }
      case 'MoveBike': {
        if (slot.status === 'unknown') return refuse('BIKE_NOT_FOUND', 'No bike has this number.');
        if (slot.status === 'held' && slot.reservation.reserveStatus === 'IN_USE') {
          return refuse('BIKE_ON_RIDE', 'A rider is riding the bike.');
        }
        // First: what somebody else made so is not what this command did, and must not be taken back for it.
        if (command.from !== undefined && slot.place?.stationId !== command.from) {
          return refuse('BIKE_CHANGED', `The bike does not stand at ${command.from} any more.`);
        }
        if (isSamePlace(slot.place, command.place)) return [];
        const { bikeId } = slot;
        return [{ type: 'BikeMoved', data: { bikeId, ...command.place, reason: command.reason, movedAt: at } }];
      }
      case 'ReportReturn':
        return report(command, rideIn(slot, command.reserveNo) ?? command.ended, reportsIn(slot), at);
      case 'SettleReturn':
        return settle(command, reportsIn(slot), liveIn(slot, command.reserveNo, 'IN_USE') !== undefined, at);
      case 'RejectReturn':
        return reject(command, reportsIn(slot), at);
    }
  },

  evolve(slot, event) {
    const after = slotAfter(slot, event);
    return after.status === 'unknown' ? after : { ...after, ...reportsAfter(after.reports, event) };
  },
});

function slotAfter(slot: BikeSlot, event: NewReservationEvent): BikeSlot {
  switch (event.type) {
    case 'BikeSlotOpened':
      return { status: 'free', bikeId: event.data.bikeId, condition: event.data.condition, last: null };
    case 'BikeSlotChanged':
      return slot.status === 'unknown' ? slot : { ...slot, condition: event.data.condition };
    case 'BikeMoved':
      return placed(slot, event.data);
    case 'ReservationRequested':
      return slot.status === 'unknown' ? slot : hold(slot, requested(event.data));
    case 'ReservationConfirmed':
      return update(slot, { reserveStatus: 'RESERVED', deadline: event.data.expiresAt });
    case 'RideStarted':
      return update(
        slot,
        {
          reserveStatus: 'IN_USE',
          startDateTime: event.data.startedAt,
          deadline: null,
          ...(isPlace(event.data) && { startPlace: placeIn(event.data) }),
        },
        {},
      );
    case 'ReservationRejected': {
      const { code, because } = event.data;
      return end(slot, { reserveStatus: 'REJECTED', refusal: { code, because } });
    }
    case 'ReservationCancelled':
      return end(slot, { reserveStatus: 'CANCELLED' });
    case 'ReservationExpired':
      return end(slot, { reserveStatus: 'EXPIRED' });
    case 'BikeReturned':
      return end(
        slot,
        {
          reserveStatus: 'RETURNED',
          returnDateTime: event.data.returnedAt,
          ...(isPlace(event.data) && { returnPlace: placeIn(event.data) }),
        },
        event.data,
      );
    case 'ReturnReported':
    case 'ReturnSettled':
    case 'ReturnRejected':
      return slot;
  }
}

/** The reservation that the slot's last decision was about. */
export function latestIn(slot: BikeSlot): Reservation | null {
  if (slot.status === 'unknown') return null;
  return slot.status === 'held' ? slot.reservation : slot.last;
}

/** What a decision changed: the newest reservation, the report of a return; undefined when neither. */
export function changeIn({
  events,
  state,
}: {
  events: readonly { type: string; data: unknown }[];
  state: BikeSlot;
}): { reservation?: Reservation; report?: ReturnReport } | undefined {
  const latest = latestIn(state);
  const named = events.map(({ data }) => (data as { reserveNo?: number }).reserveNo);
  const reservation = latest && named.includes(latest.reserveNo) ? latest : undefined;
  const report = reportsIn(state)?.find(({ reserveNo }) => named.includes(reserveNo));
  return reservation || report ? { ...(reservation && { reservation }), ...(report && { report }) } : undefined;
}

/** A bike taken out of service loses a reservation whose ride has not started; a ride goes on. */
function changeSlot(slot: BikeSlot, condition: BikeCondition, at: string): Decision {
  if (slot.status === 'unknown' || slot.condition === condition) return [];
  const changed: NewReservationEvent = { type: 'BikeSlotChanged', data: { bikeId: slot.bikeId, condition, at } };
  if (condition === 'IN_SERVICE' || slot.status === 'free' || slot.reservation.reserveStatus === 'IN_USE') {
    return [changed];
  }
  const data = { ...named(slot.reservation), because: 'BIKE_WITHDRAWN' as const, cancelledAt: at };
  return [changed, { type: 'ReservationCancelled', data }];
}

function request(
  { reserveNo, userId }: { reserveNo: number; userId: string },
  bikeId: number,
  rule: ReservationRule,
  at: string,
): Decision {
  const data = { reserveNo, userId, bikeId, fee: rule.fee, requestedAt: at, deadline: later(at, rule.sagaMs) };
  return [{ type: 'ReservationRequested', data }];
}

function liveIn(slot: BikeSlot, reserveNo: number, ...statuses: ReserveStatus[]): Reservation | undefined {
  if (slot.status !== 'held' || slot.reservation.reserveNo !== reserveNo) return undefined;
  return statuses.includes(slot.reservation.reserveStatus) ? slot.reservation : undefined;
}

/** The bike's newest ride, if it is this one. */
function rideIn(slot: BikeSlot, reserveNo: number): Ride | undefined {
  const latest = latestIn(slot);
  return latest?.reserveNo === reserveNo ? rideOf(latest) : undefined;
}

/** The ride of a reservation; undefined where none goes on, or was. */
export function rideOf({ startDateTime, returnDateTime, reserveStatus, ...of }: Reservation): Ride | undefined {
  const isRide = startDateTime !== null && (reserveStatus === 'IN_USE' || reserveStatus === 'RETURNED');
  return isRide ? { ...named(of), startedAt: startDateTime, recordedAt: returnDateTime } : undefined;
}

export const reportsIn = (slot: BikeSlot) => (slot.status === 'unknown' ? undefined : slot.reports);

function named({ reserveNo, userId, bikeId }: Pick<Reservation, 'reserveNo' | 'userId' | 'bikeId'>) {
  return { reserveNo, userId, bikeId };
}

/** Only where one was given: an event without it stays as it always was. */
function reasonIn({ reason }: { reason?: string }): { reason?: string } {
  return reason === undefined ? {} : { reason };
}

function requested(data: EventNamed<'ReservationRequested'>['data']): Reservation {
  const { reserveNo, userId, bikeId, fee, requestedAt, deadline } = data;
  return {
    reserveNo,
    userId,
    bikeId,
    reserveStatus: 'PENDING',
    fee,
    reserveDateTime: requestedAt,
    deadline,
    startDateTime: null,
    returnDateTime: null,
    refusal: null,
  };
}

type KnownSlot = Exclude<BikeSlot, { status: 'unknown' }>;

/** What of a slot is so whoever holds the bike. */
function bikeIn({ bikeId, condition, place, reports }: KnownSlot): KnownBike {
  return { bikeId, condition, ...(place && { place }), ...(reports && { reports }) };
}

function hold(slot: KnownSlot, held: Reservation): BikeSlot {
  return { status: 'held', ...bikeIn(slot), reservation: held };
}

/** @param place where it stands from now on; where it stood, when left out. */
function update(slot: BikeSlot, change: Partial<Reservation>, place = placeOf(slot)): BikeSlot {
  return slot.status === 'held' ? placed(hold(slot, { ...slot.reservation, ...change }), place) : slot;
}

/** @param said where the bike stands, if somebody said so: a bike that was not ridden stands where it stood. */
function end(slot: BikeSlot, change: Partial<Reservation>, said: Place = {}): BikeSlot {
  if (slot.status !== 'held') return slot;
  const last = { ...slot.reservation, deadline: null, ...change };
  const free: BikeSlot = { status: 'free', ...bikeIn(slot), last };
  return placed(free, isPlace(said) ? said : placeOf(slot));
}

/** The bike, standing where it is said to; where nobody said so, nobody knows. */
function placed(slot: BikeSlot, said: Place): BikeSlot {
  if (slot.status === 'unknown') return slot;
  const { place: _place, ...elsewhere } = slot;
  return isPlace(said) ? { ...elsewhere, place: placeIn(said) } : elsewhere;
}

/** Where the bike stands, as events say it. */
export function placeOf(slot: BikeSlot): Place {
  return slot.status === 'unknown' ? {} : (slot.place ?? {});
}

function later(at: string, ms: number): string {
  return new Date(Date.parse(at) + ms).toISOString();
}
