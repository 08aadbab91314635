import { describe, expect, it } from '@jest/globals';
import { reservationEvents } from '../../schema/events/reservation.ts';
import type {
  BikeCondition,
  EventNamed,
  NewEvent,
  ReservationEvent,
  ReserveStatus,
} from '../../schema/events/index.ts';
import { itDecides } from '../../test/support/decision-table.ts';
import { createDice, type Dice } from '../../cli/demo/dice.ts';
import { isRefusal } from '../../platform/event-core/decider.ts';
import { specificationOf } from '../../platform/event-core/specification.ts';
import type { Place } from './place.ts';
import {
  latestIn,
  reservation,
  placeOf,
  type BikeSlot,
  type Reservation,
  type ReservationCommand,
  type ReservationRule,
} from './reservation.ts';

type NewReservationEvent = NewEvent<ReservationEvent>;
type DataOf<Type extends ReservationEvent['type']> = EventNamed<Type>['data'];

const rule: ReservationRule = { fee: 1000, holdMs: 600_000, sagaMs: 30_000 };
const decider = reservation(rule);

const at = '2026-11-23T09:00:00.000Z';
/** When a reservation requested at `at` stops waiting for the points, and when a hold confirmed at `at` ends. */
const sagaEnd = '2026-11-23T09:00:30.000Z';
const holdEnd = '2026-11-23T09:10:00.000Z';
const { given } = specificationOf(decider, at);

const who = { reserveNo: 5, userId: '10', bikeId: 17 };
const because = 'The account has 0.';

const opened = (condition: BikeCondition = 'IN_SERVICE'): NewReservationEvent => ({
  type: 'BikeSlotOpened',
  data: { bikeId: 17, condition, at },
});
const changed = (condition: BikeCondition): NewReservationEvent => ({
  type: 'BikeSlotChanged',
  data: { bikeId: 17, condition, at },
});
const requested: NewReservationEvent = {
  type: 'ReservationRequested',
  data: { ...who, fee: 1000, requestedAt: at, deadline: sagaEnd },
};
const confirmed: NewReservationEvent = {
  type: 'ReservationConfirmed',
  data: { ...who, confirmedAt: at, expiresAt: holdEnd },
};
const rejected: NewReservationEvent = {
  type: 'ReservationRejected',
  data: { ...who, code: 'INSUFFICIENT_POINTS', because, rejectedAt: at },
};
const cancelled = (why: DataOf<'ReservationCancelled'>['because'] = 'BY_RIDER'): NewReservationEvent => ({
  type: 'ReservationCancelled',
  data: { ...who, because: why, cancelledAt: at },
});
const expired = (expiredAt: string): NewReservationEvent => ({
  type: 'ReservationExpired',
  data: { ...who, expiredAt },
});
const started: NewReservationEvent = { type: 'RideStarted', data: { ...who, startedAt: at } };
const returned = (startedAt: string | null): NewReservationEvent => ({
  type: 'BikeReturned',
  data: { ...who, startedAt, returnedAt: at },
});

const request = (reserveNo = 5, userId = '10'): ReservationCommand => ({
  type: 'RequestReservation',
  reserveNo,
  userId,
});
const confirm = (reserveNo = 5): ReservationCommand => ({ type: 'ConfirmReservation', reserveNo });
const reject = (reserveNo = 5): ReservationCommand => ({
  type: 'RejectReservation',
  reserveNo,
  code: 'INSUFFICIENT_POINTS',
  because,
});
const cancel = (reserveNo = 5, why: 'BY_RIDER' | 'BY_OPERATOR' = 'BY_RIDER'): ReservationCommand => ({
  type: 'CancelReservation',
  reserveNo,
  because: why,
});
const expire = (reserveNo = 5): ReservationCommand => ({ type: 'ExpireReservation', reserveNo });
const start = (reserveNo = 5): ReservationCommand => ({ type: 'StartRide', reserveNo });
const giveBack = (reserveNo = 5): ReservationCommand => ({ type: 'ReturnBike', reserveNo });
const open = (condition: BikeCondition = 'IN_SERVICE'): ReservationCommand => ({
  type: 'OpenSlot',
  bikeId: 17,
  condition,
});
const atStation: Place = { stationId: 'ST-102' };
const beside: Place = { position: { latitude: 37.55, longitude: 126.91 } };
const move = (place: Place = {}, reason: string | null = null): ReservationCommand => ({
  type: 'MoveBike',
  place,
  reason,
});
const moved = (place: Place = {}, reason: string | null = null): NewReservationEvent => ({
  type: 'BikeMoved',
  data: { bikeId: 17, ...place, reason, movedAt: at },
});
const reportReturn = (reserveNo = 5, returnedAt = at): ReservationCommand => ({
  type: 'ReportReturn',
  ...{ reserveNo, returnedAt, note: null },
});
const settleReturn = (reserveNo = 5): ReservationCommand => ({ type: 'SettleReturn', reserveNo });
const rejectReturn = (reserveNo = 5): ReservationCommand => ({ type: 'RejectReturn', reserveNo, reason: 'No.' });
const changeTo = (condition: BikeCondition): ReservationCommand => ({ type: 'ChangeSlot', condition });

const pending = [opened(), requested];
const reserved = [...pending, confirmed];
const inUse = [...reserved, started];

/** How each situation of a slot comes about. */
const histories = {
  unknown: [],
  free: [opened()],
  PENDING: pending,
  RESERVED: reserved,
  IN_USE: inUse,
  RETURNED: [...inUse, returned(at)],
  CANCELLED: [...reserved, cancelled()],
  EXPIRED: [...reserved, expired(holdEnd)],
  REJECTED: [...pending, rejected],
} satisfies Record<Exclude<BikeSlot['status'], 'held'> | ReserveStatus, NewReservationEvent[]>;

const fold = (events: readonly NewReservationEvent[]) =>
  events.reduce((slot, event) => decider.evolve(slot, event), decider.initial);

describe('a bike', () => {
  it('can be reserved once reservation has heard of it', () => {
    given().when(open()).then(opened());
    given().when(request()).refused('BIKE_NOT_FOUND');
    given(opened()).when(request()).then(requested);
  });

  it('is reserved once, by the first who asks', () => {
    for (const history of [pending, reserved, inUse]) {
      given(...history)
        .when(request(6, '11'))
        .refused('BIKE_ALREADY_RESERVED');
      given(...history)
        .when(request(6, '10'))
        .refused('BIKE_ALREADY_RESERVED');
    }
  });

  it('keeps why it was cancelled or returned, where somebody said so', () => {
    given(...reserved)
      .when({ type: 'CancelReservation', reserveNo: 5, because: 'BY_OPERATOR', reason: 'The rider called.' })
      .then({
        type: 'ReservationCancelled',
        data: { ...who, because: 'BY_OPERATOR', cancelledAt: at, reason: 'The rider called.' },
      });
    given(...inUse)
      .when({ type: 'ReturnBike', reserveNo: 5, reason: 'Found locked.' })
      .then({ type: 'BikeReturned', data: { ...who, startedAt: at, returnedAt: at, reason: 'Found locked.' } });
  });

  it('is free again after every end', () => {
    for (const end of [histories.RETURNED, histories.CANCELLED, histories.EXPIRED, histories.REJECTED]) {
      given(...end)
        .when(request(6, '11'))
        .then({
          type: 'ReservationRequested',
          data: { reserveNo: 6, userId: '11', bikeId: 17, fee: 1000, requestedAt: at, deadline: sagaEnd },
        });
    }
  });

  it('that is wanted at a station is reserved only where it stands', () => {
    const wanted = { ...request(), at: 'ST-102' } as ReservationCommand;
    given(opened(), moved(atStation)).when(wanted).then(requested);
    for (const place of [{ stationId: 'ST-7' }, beside, {}]) {
      given(opened(), moved(atStation), moved(place)).when(wanted).refused('NO_BIKE_AT_STATION');
    }
  });

  it('is reserved only while it is in service', () => {
    for (const condition of ['MAINTENANCE', 'LOST', 'RETIRED'] as const) {
      given(opened(condition)).when(request()).refused('BIKE_NOT_IN_SERVICE');
      given(opened(), changed(condition)).when(request()).refused('BIKE_NOT_IN_SERVICE');
    }
    given(opened('MAINTENANCE'), changed('IN_SERVICE')).when(request()).then(requested);
  });

  it('that is withdrawn takes the reservation with it, unless the ride has begun', () => {
    const withdrawn = [changed('MAINTENANCE'), cancelled('BIKE_WITHDRAWN')];
    given(...pending)
      .when(changeTo('MAINTENANCE'))
      .then(...withdrawn);
    given(...reserved)
      .when(changeTo('MAINTENANCE'))
      .then(...withdrawn);
    given(...inUse)
      .when(changeTo('MAINTENANCE'))
      .then(changed('MAINTENANCE'));
    given(opened()).when(changeTo('MAINTENANCE')).then(changed('MAINTENANCE'));
  });

  it('that came back from a ride out of service stays out of service', () => {
    given(...inUse, changed('MAINTENANCE'), returned(at))
      .when(request(6))
      .refused('BIKE_NOT_IN_SERVICE');
  });
});

describe('a reservation', () => {
  it('waits for the points, then holds the bike for ten minutes', () => {
    given(...pending)
      .when(confirm())
      .then(confirmed);
    expect(latestIn(fold(reserved))).toMatchObject({ reserveStatus: 'RESERVED', deadline: holdEnd });
  });

  it('is rejected with the reason that point gave', () => {
    given(...pending)
      .when(reject())
      .then(rejected);
    expect(latestIn(fold(histories.REJECTED))).toMatchObject({
      reserveStatus: 'REJECTED',
      refusal: { code: 'INSUFFICIENT_POINTS', because },
    });
  });

  it('is cancelled before the ride starts, and says by whom', () => {
    for (const history of [pending, reserved]) {
      given(...history)
        .when(cancel())
        .then(cancelled());
      given(...history)
        .when(cancel(5, 'BY_OPERATOR'))
        .then(cancelled('BY_OPERATOR'));
    }
    given(...inUse)
      .when(cancel())
      .refused('NOT_CANCELLABLE');
  });

  it('is cancelled once, however often it is asked for', () => {
    given(...histories.CANCELLED)
      .when(cancel())
      .refused('NOT_CANCELLABLE');
  });

  it('starts a ride only when it is confirmed', () => {
    given(...reserved)
      .when(start())
      .then(started);
    for (const history of [histories.free, pending, inUse, histories.RETURNED]) {
      given(...history)
        .when(start())
        .refused('NOT_STARTABLE');
    }
  });

  it('ends with the return of the bike, ridden or not', () => {
    given(...inUse)
      .when(giveBack())
      .then(returned(at));
    given(...reserved)
      .when(giveBack())
      .then(returned(null));
    given(...pending)
      .when(giveBack())
      .refused('NOT_RETURNABLE');
  });

  it('expires when its deadline has come, and not a millisecond before', () => {
    const justBefore = (deadline: string) => new Date(Date.parse(deadline) - 1).toISOString();
    for (const [history, deadline] of [
      [pending, sagaEnd],
      [reserved, holdEnd],
    ] as const) {
      specificationOf(decider, justBefore(deadline))
        .given(...history)
        .when(expire())
        .then();
      specificationOf(decider, deadline)
        .given(...history)
        .when(expire())
        .then(expired(deadline));
    }
    specificationOf(decider, '2027-01-01T00:00:00.000Z')
      .given(...inUse)
      .when(expire())
      .then();
  });

  it('keeps what happened to it', () => {
    const whole: Reservation = {
      ...who,
      reserveStatus: 'RETURNED',
      fee: 1000,
      reserveDateTime: at,
      deadline: null,
      startDateTime: at,
      returnDateTime: at,
      refusal: null,
    };
    expect(fold(histories.RETURNED)).toEqual({ status: 'free', bikeId: 17, condition: 'IN_SERVICE', last: whole });
  });

  it('that has ended never changes, whatever event comes', () => {
    const late = [changed('LOST'), confirmed, started, rejected, cancelled(), expired(holdEnd), returned(at)];
    for (const end of ['RETURNED', 'CANCELLED', 'EXPIRED', 'REJECTED'] as const) {
      const before = latestIn(fold(histories[end]));
      expect(before?.reserveStatus).toBe(end);
      for (const event of late) expect(latestIn(fold([...histories[end], event]))).toEqual(before);
    }
  });

  it('does nothing to a slot that was not opened, whatever event comes', () => {
    for (const event of [changed('LOST'), requested, confirmed, started, rejected, cancelled(), expired(at)]) {
      expect(fold([event])).toEqual({ status: 'unknown' });
    }
  });
});

describe('where a bike stands', () => {
  const startedFrom = (place: Place): NewReservationEvent => ({
    type: 'RideStarted',
    data: { ...who, startedAt: at, ...place },
  });
  const returnedTo = (startedAt: string | null, place: Place): NewReservationEvent => ({
    type: 'BikeReturned',
    data: { ...who, startedAt, returnedAt: at, ...place },
  });
  const placeAfter = (...events: NewReservationEvent[]) => placeOf(fold(events));

  it('is known when an operator says so, and no longer when they say that nobody knows', () => {
    given(opened()).when(move(atStation, 'new bike')).then(moved(atStation, 'new bike'));
    given(opened(), moved(atStation)).when(move(beside)).then(moved(beside));
    given(opened(), moved(beside)).when(move()).then(moved());
    expect(placeAfter(opened(), moved(atStation))).toEqual(atStation);
    expect(placeAfter(opened(), moved(atStation), moved(beside))).toEqual(beside);
    expect(fold([opened(), moved(atStation), moved()])).toEqual(fold([opened()]));
  });

  it('is said once', () => {
    given(opened(), moved(atStation))
      .when(move({ ...atStation }))
      .then();
    given(opened(), moved(beside))
      .when(move({ position: { latitude: 37.55, longitude: 126.91 } }))
      .then();
    given(opened()).when(move()).then();
  });

  it('is left only by who knows it, if they say so', () => {
    const moveFrom = (from: string, place: Place) => ({ ...move(place), from }) as ReservationCommand;
    given(opened(), moved(atStation)).when(moveFrom('ST-102', beside)).then(moved(beside));
    for (const there of [{ stationId: 'ST-7' }, beside, {}]) {
      given(opened(), moved(there))
        .when(moveFrom('ST-102', { stationId: 'ST-8' }))
        .refused('BIKE_CHANGED');
    }
    // Also where somebody else has moved it to the same place, so that nobody takes that back.
    given(opened(), moved(beside)).when(moveFrom('ST-102', beside)).refused('BIKE_CHANGED');
    given(opened(), moved(atStation))
      .when(moveFrom('ST-102', { ...atStation }))
      .then();
  });

  it('is where the rider took it from, until they do', () => {
    const standing = [opened(), moved(atStation), requested, confirmed];
    expect(placeAfter(...standing)).toEqual(atStation);
    given(...standing)
      .when(start())
      .then(startedFrom(atStation));
    expect(placeAfter(...standing, startedFrom(atStation))).toEqual({});
    given(...reserved)
      .when(start())
      .then(started);
  });

  it('is no place on a ride', () => {
    given(...inUse)
      .when(move(atStation))
      .refused('BIKE_ON_RIDE');
  });

  it('is where the rider says that they returned it', () => {
    for (const place of [atStation, beside]) {
      given(...inUse)
        .when({ ...giveBack(), place } as ReservationCommand)
        .then(returnedTo(at, place));
      expect(placeAfter(...inUse, returnedTo(at, place))).toEqual(place);
    }
    expect(placeAfter(...inUse, returned(at))).toEqual({});
  });

  it('is where it stood when it was given back without a ride, unless the rider says otherwise', () => {
    const standing = [opened(), moved(atStation), requested, confirmed];
    expect(placeAfter(...standing, returned(null))).toEqual(atStation);
    expect(placeAfter(...standing, returnedTo(null, beside))).toEqual(beside);
    for (const end of [cancelled(), expired(holdEnd)]) expect(placeAfter(...standing, end)).toEqual(atStation);
  });

  it('stays while its condition changes, and while it is reserved and withdrawn', () => {
    expect(placeAfter(opened(), moved(beside), changed('LOST'))).toEqual(beside);
    expect(placeAfter(opened(), moved(beside), requested, changed('LOST'), cancelled('BIKE_WITHDRAWN'))).toEqual(
      beside,
    );
  });

  it('cannot be said of a bike that nobody has heard of', () => {
    given().when(move(atStation)).refused('BIKE_NOT_FOUND');
    expect(fold([moved(atStation)])).toEqual({ status: 'unknown' });
  });
});

type InService = keyof typeof histories;
type OutOfService = `${Exclude<InService, 'unknown'>} out of service`;
type Situation = InService | OutOfService;
type AboutOne = Extract<ReservationCommand, { reserveNo: number }>['type'];
type Name =
  | Exclude<ReservationCommand['type'], 'ChangeSlot'>
  | 'RequestReservation elsewhere'
  | 'MoveBike from a station'
  | 'ChangeSlot to MAINTENANCE'
  | 'ChangeSlot to IN_SERVICE'
  | 'ExpireReservation too early'
  | `${Exclude<AboutOne, 'RequestReservation'>} of another`;

describe('a slot decides on', () => {
  const out = (...situations: Exclude<InService, 'unknown'>[]) =>
    situations.map((situation): OutOfService => `${situation} out of service`);
  const both = (...situations: Exclude<InService, 'unknown'>[]): Situation[] => [...situations, ...out(...situations)];
  const known = ['free', 'PENDING', 'RESERVED', 'IN_USE', 'RETURNED', 'CANCELLED', 'EXPIRED', 'REJECTED'] as const;
  const over = ['free', 'RETURNED', 'CANCELLED', 'EXPIRED', 'REJECTED'] as const;
  const everywhere: Situation[] = ['unknown', ...both(...known)];
  const without = (...left: Situation[]) => everywhere.filter((situation) => !left.includes(situation));

  itDecides<BikeSlot, ReservationCommand, NewReservationEvent, Situation, Name>({
    decider,
    situations: {
      ...histories,
      'free out of service': [opened('MAINTENANCE')],
      // Withdrawing a bike cancels these two in the same decision, but the rules define them all the same.
      'PENDING out of service': [...histories.PENDING, changed('MAINTENANCE')],
      'RESERVED out of service': [...histories.RESERVED, changed('MAINTENANCE')],
      'IN_USE out of service': [...histories.IN_USE, changed('MAINTENANCE')],
      'RETURNED out of service': [...histories.RETURNED, changed('MAINTENANCE')],
      'CANCELLED out of service': [...histories.CANCELLED, changed('MAINTENANCE')],
      'EXPIRED out of service': [...histories.EXPIRED, changed('MAINTENANCE')],
      'REJECTED out of service': [...histories.REJECTED, changed('MAINTENANCE')],
    },
    commands: {
      OpenSlot: { command: open(), at },
      'ChangeSlot to MAINTENANCE': { command: changeTo('MAINTENANCE'), at },
      'ChangeSlot to IN_SERVICE': { command: changeTo('IN_SERVICE'), at },
      RequestReservation: { command: request(6), at },
      'RequestReservation elsewhere': { command: { ...request(6), at: 'ST-7' } as ReservationCommand, at },
      ConfirmReservation: { command: confirm(), at },
      RejectReservation: { command: reject(), at },
      CancelReservation: { command: cancel(), at },
      ExpireReservation: { command: expire(), at: holdEnd },
      'ExpireReservation too early': { command: expire(), at },
      StartRide: { command: start(), at },
      ReturnBike: { command: giveBack(), at },
      MoveBike: { command: move(atStation), at },
      'MoveBike from a station': { command: { ...move(beside), from: 'ST-102' } as ReservationCommand, at },
      ReportReturn: { command: reportReturn(), at },
      SettleReturn: { command: settleReturn(), at },
      RejectReturn: { command: rejectReturn(), at },
      'ReportReturn of another': { command: reportReturn(99), at },
      'SettleReturn of another': { command: settleReturn(99), at },
      'RejectReturn of another': { command: rejectReturn(99), at },
      'ConfirmReservation of another': { command: confirm(99), at },
      'RejectReservation of another': { command: reject(99), at },
      'CancelReservation of another': { command: cancel(99), at },
      'ExpireReservation of another': { command: expire(99), at: holdEnd },
      'StartRide of another': { command: start(99), at },
      'ReturnBike of another': { command: giveBack(99), at },
    },
    outcomes: {
      OpenSlot: { BikeSlotOpened: ['unknown'], nothing: without('unknown') },
      'ChangeSlot to MAINTENANCE': {
        nothing: ['unknown', ...out(...known)],
        BikeSlotChanged: [...over, 'IN_USE'],
        'BikeSlotChanged + ReservationCancelled': ['PENDING', 'RESERVED'],
      },
      'ChangeSlot to IN_SERVICE': { nothing: ['unknown', ...known], BikeSlotChanged: out(...known) },
      RequestReservation: {
        BIKE_NOT_FOUND: ['unknown'],
        BIKE_NOT_IN_SERVICE: out(...known),
        BIKE_ALREADY_RESERVED: ['PENDING', 'RESERVED', 'IN_USE'],
        ReservationRequested: over,
      },
      'RequestReservation elsewhere': {
        BIKE_NOT_FOUND: ['unknown'],
        BIKE_NOT_IN_SERVICE: out(...known),
        BIKE_ALREADY_RESERVED: ['PENDING', 'RESERVED', 'IN_USE'],
        NO_BIKE_AT_STATION: over,
      },
      ConfirmReservation: {
        ReservationConfirmed: both('PENDING'),
        nothing: without(...both('PENDING')),
      },
      RejectReservation: {
        ReservationRejected: both('PENDING'),
        nothing: without(...both('PENDING')),
      },
      CancelReservation: {
        ReservationCancelled: both('PENDING', 'RESERVED'),
        NOT_CANCELLABLE: without(...both('PENDING', 'RESERVED')),
      },
      ExpireReservation: {
        ReservationExpired: both('PENDING', 'RESERVED'),
        nothing: without(...both('PENDING', 'RESERVED')),
      },
      'ExpireReservation too early': { nothing: everywhere },
      StartRide: { RideStarted: both('RESERVED'), NOT_STARTABLE: without(...both('RESERVED')) },
      ReturnBike: {
        BikeReturned: both('RESERVED', 'IN_USE'),
        NOT_RETURNABLE: without(...both('RESERVED', 'IN_USE')),
      },
      MoveBike: {
        BIKE_NOT_FOUND: ['unknown'],
        BIKE_ON_RIDE: both('IN_USE'),
        BikeMoved: without('unknown', ...both('IN_USE')),
      },
      // None of them stands anywhere.
      'MoveBike from a station': {
        BIKE_NOT_FOUND: ['unknown'],
        BIKE_ON_RIDE: both('IN_USE'),
        BIKE_CHANGED: without('unknown', ...both('IN_USE')),
      },
      ReportReturn: {
        ReturnReported: both('IN_USE'),
        // The return was recorded at the same moment.
        INVALID_RETURN_TIME: both('RETURNED'),
        NOT_REPORTABLE: without(...both('IN_USE', 'RETURNED')),
      },
      // Nobody has reported anything; what becomes of a report: return-report.test.ts.
      SettleReturn: { NO_OPEN_REPORT: everywhere },
      RejectReturn: { NO_OPEN_REPORT: everywhere },
      'ReportReturn of another': { NOT_REPORTABLE: everywhere },
      'SettleReturn of another': { NO_OPEN_REPORT: everywhere },
      'RejectReturn of another': { NO_OPEN_REPORT: everywhere },
      'ConfirmReservation of another': { nothing: everywhere },
      'RejectReservation of another': { nothing: everywhere },
      'CancelReservation of another': { NOT_CANCELLABLE: everywhere },
      'ExpireReservation of another': { nothing: everywhere },
      'StartRide of another': { NOT_STARTABLE: everywhere },
      'ReturnBike of another': { NOT_RETURNABLE: everywhere },
    },
  });
});

describe('whatever happens to a bike', () => {
  type Status = ReserveStatus | 'never';
  const apart = [
    ...(['BikeSlotOpened', 'BikeSlotChanged', 'BikeMoved'] as const),
    ...(['ReturnReported', 'ReturnSettled', 'ReturnRejected'] as const),
  ];
  type Apart = (typeof apart)[number];
  type Step = Exclude<ReservationEvent['type'], Apart>;
  const isApart = (event: NewReservationEvent): event is Extract<NewReservationEvent, { type: Apart }> =>
    (apart as readonly string[]).includes(event.type);
  /** Which situations of a reservation follow which. */
  const allowed: Record<Step, { from: readonly Status[]; to: ReserveStatus }> = {
    ReservationRequested: { from: ['never'], to: 'PENDING' },
    ReservationConfirmed: { from: ['PENDING'], to: 'RESERVED' },
    ReservationRejected: { from: ['PENDING'], to: 'REJECTED' },
    ReservationCancelled: { from: ['PENDING', 'RESERVED'], to: 'CANCELLED' },
    ReservationExpired: { from: ['PENDING', 'RESERVED'], to: 'EXPIRED' },
    RideStarted: { from: ['RESERVED'], to: 'IN_USE' },
    BikeReturned: { from: ['RESERVED', 'IN_USE'], to: 'RETURNED' },
  };
  const live: readonly Status[] = ['PENDING', 'RESERVED', 'IN_USE'];

  /** Requests carry fresh numbers, as the counter gives them; everything else is about the newest, or any before it. */
  function anyCommand(dice: Dice, step: number, now: number, slot: BikeSlot): ReservationCommand {
    const before = () => new Date(now - dice.pick([0, 500, 30_000, 900_000])).toISOString();
    const any = dice.pick([latestIn(slot)?.reserveNo ?? step, Math.max(1, step - dice.below(9))]);
    const condition = dice.pick<BikeCondition>(['IN_SERVICE', 'IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED']);
    return dice.pick<() => ReservationCommand>([
      () => open(condition),
      () => changeTo(condition),
      () => request(step, dice.pick(['10', '11', '12'])),
      () => request(step, dice.pick(['10', '11', '12'])),
      () => confirm(any),
      () => confirm(any),
      () => reject(any),
      () => cancel(any),
      () => expire(any),
      () => start(any),
      () => start(any),
      () =>
        ({
          ...giveBack(any),
          place: dice.pick<Place>([{}, atStation, { stationId: 'ST-7' }, beside]),
        }) as ReservationCommand,
      () => move(dice.pick<Place>([{}, atStation, { stationId: 'ST-7' }, beside])),
      () => reportReturn(any, before()),
      () => reportReturn(any, before()),
      () => ({ ...settleReturn(any), ...dice.pick([{}, { returnedAt: before(), place: atStation }]) }),
      () => rejectReturn(any),
    ])();
  }

  function story(seed: number) {
    const dice = createDice(seed);
    const told: { event: NewReservationEvent; slot: BikeSlot }[] = [];
    let slot = decider.initial;
    let now = Date.parse(at);
    for (let step = 1; step <= 60; step += 1) {
      now += dice.pick([1, 1_000, 40_000, 700_000]);
      const decision = decider.decide(anyCommand(dice, step, now, slot), slot, new Date(now).toISOString());
      if (isRefusal(decision)) continue;
      for (const event of decision) {
        slot = decider.evolve(slot, event);
        told.push({ event, slot });
      }
    }
    return { seed, told };
  }

  const stories = Array.from({ length: 2000 }, (_, seed) => story(seed));

  /** The reservations of a story as its events tell them, apart from the slot; what is not allowed is named. */
  function audit({ seed, told }: ReturnType<typeof story>): string[] {
    const statuses = new Map<number, Status>();
    return told.flatMap(({ event, slot }) => {
      if (isApart(event)) return [];
      const { reserveNo } = event.data;
      const before = statuses.get(reserveNo) ?? 'never';
      const { from, to } = allowed[event.type];
      statuses.set(reserveNo, to);
      const holding = [...statuses.values()].filter((status) => live.includes(status)).length;
      const wrong = [];
      if (!from.includes(before)) wrong.push(`${seed}: ${event.type} of ${reserveNo}, which was ${before}`);
      if (holding > 1) wrong.push(`${seed}: ${holding} live reservations`);
      if (latestIn(slot)?.reserveStatus !== to) wrong.push(`${seed}: the slot does not show ${to}`);
      if ((slot.status === 'held') !== (holding === 1)) wrong.push(`${seed}: the slot is ${slot.status}`);
      return wrong;
    });
  }

  it('2,000 stories touch every kind of event', () => {
    const types = new Set(stories.flatMap(({ told }) => told.map(({ event }) => event.type)));
    expect([...types].toSorted()).toEqual(Object.keys(reservationEvents).toSorted());
  });

  it('it has one live reservation at most, and each goes its way to one end', () => {
    expect(stories.flatMap(audit)).toEqual([]);
  });

  it('a ride has one open report at most, and is settled once, within itself', () => {
    const wrong = stories.flatMap(({ seed, told }) => {
      const reports = new Map<number, 'open' | 'rejected' | 'settled'>();
      return told.flatMap(({ event: { type, data } }) => {
        if (type !== 'ReturnReported' && type !== 'ReturnSettled' && type !== 'ReturnRejected') return [];
        const before = reports.get(data.reserveNo) ?? 'none';
        reports.set(
          data.reserveNo,
          type === 'ReturnReported' ? 'open' : type === 'ReturnSettled' ? 'settled' : 'rejected',
        );
        const fits = type === 'ReturnReported' ? ['none', 'rejected'].includes(before) : before === 'open';
        const isWithin = type === 'ReturnRejected' || Date.parse(data.returnedAt) >= Date.parse(data.startedAt);
        return fits && isWithin ? [] : [`${seed}: ${type} of ${data.reserveNo}, which was ${before}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('it stands in one place, or is on a ride, or nobody knows: as its events tell it, the newest first', () => {
    const wrong = stories.flatMap(({ seed, told }) =>
      told.flatMap(({ slot }, last) => {
        const shown = placeOf(slot);
        const isRiding = slot.status === 'held' && slot.reservation.reserveStatus === 'IN_USE';
        const expected = toldPlace(told.slice(0, last + 1).map(({ event }) => event));
        if (shown.stationId === expected.stationId && shown.position === expected.position) {
          return isRiding && (shown.stationId ?? shown.position)
            ? [`${seed}@${last}: stands although it is ridden`]
            : [];
        }
        return [`${seed}@${last}: is ${JSON.stringify(shown)}, told ${JSON.stringify(expected)}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('a ride remembers where it began and where it was left, as its events tell it', () => {
    const wrong = stories.flatMap(({ seed, told }) =>
      told.flatMap(({ slot }, last) => {
        const latest = latestIn(slot);
        const events = told.slice(0, last + 1).map(({ event }) => event);
        const toldBy = (wanted: 'RideStarted' | 'BikeReturned') => {
          const event = events.find(({ type, data }) => {
            return type === wanted && (data as { reserveNo: number }).reserveNo === latest?.reserveNo;
          });
          const { stationId, position } = (event?.data ?? {}) as Place;
          return stationId ?? position;
        };
        const ends = [latest?.startPlace, latest?.returnPlace].map((place) => place?.stationId ?? place?.position);
        const expected = [toldBy('RideStarted'), toldBy('BikeReturned')];
        return JSON.stringify(ends) === JSON.stringify(expected) ? [] : [`${seed}@${last}: ${JSON.stringify(ends)}`];
      }),
    );
    expect(wrong).toEqual([]);
    const ends = stories.flatMap(({ told }) => told.map(({ slot }) => latestIn(slot)));
    expect(ends.some((latest) => latest?.startPlace)).toBe(true);
    expect(ends.some((latest) => latest?.returnPlace)).toBe(true);
  });

  /** By rules of its own: the newest event that says anything of the place. */
  function toldPlace(events: NewReservationEvent[]): Place {
    const newest = events.findLast(
      ({ type, data }) =>
        type === 'BikeMoved' ||
        type === 'RideStarted' ||
        (type === 'BikeReturned' && (data.startedAt !== null || 'stationId' in data || 'position' in data)),
    );
    if (!newest || newest.type === 'RideStarted') return {};
    const { stationId, position } = newest.data as Place;
    return { ...(stationId && { stationId }), ...(position && { position }) };
  }

  it('only what waits or is held has a deadline', () => {
    const wrong = stories.flatMap(({ told }) =>
      told.filter(({ slot }) => {
        const latest = latestIn(slot);
        const canRunOut = latest?.reserveStatus === 'PENDING' || latest?.reserveStatus === 'RESERVED';
        return latest !== null && (latest.deadline !== null) !== canRunOut;
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('no rider holds a bike that is out of service, except on a ride', () => {
    const wrong = stories.flatMap(({ seed, told }) =>
      told.flatMap(({ slot }, index) => {
        // A withdrawal is two events of one decision.
        const isCancelledNext = told[index + 1]?.event.type === 'ReservationCancelled';
        const isHeld = slot.status === 'held' && slot.reservation.reserveStatus !== 'IN_USE';
        return isHeld && slot.condition !== 'IN_SERVICE' && !isCancelledNext ? [seed] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('every event is one that its contract takes', () => {
    const wrong = stories
      .flatMap(({ told }) => told.map(({ event }) => event))
      .filter(({ type, data }) => !reservationEvents[type].safeParse(data).success);
    expect(wrong).toEqual([]);
  });
});
