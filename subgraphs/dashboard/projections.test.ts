import { describe, expect, it } from '@jest/globals';
import {
  catalogue,
  parseEvent,
  sourceOf,
  type DomainEvent,
  type EventNamed,
  type EventType,
  type Publisher,
} from '../../schema/events/index.ts';
import { sampleOf } from '../../schema/events/samples.ts';
import { createDice, type Dice } from '../../cli/demo/dice.ts';
import { Long } from '../../platform/server/scalars.ts';
import { applyEvent } from './fold.ts';
import { hoursOn, type HourCount } from './hours.ts';
import { dayOf, ledgerImbalance, noTotals, onDay, upgraded, type ReservationView, type Totals } from './projections.ts';
import { namedRows, writtenFrom, type View } from './row-keys.ts';
import { add, type Sum } from './sums.ts';

/** What the feed and a rebuild make of the events, without a database. */
function worldOf(events: readonly DomainEvent[]) {
  const rows = new Map<string, View>();
  let totals = noTotals;
  for (const event of events) ({ totals } = applyEvent(event, rows, totals));
  return { ...writtenFrom(rows), totals };
}

const sample = <Type extends EventType>(type: Type) => parseEvent(sampleOf(type)) as EventNamed<Type>;
/** The same event at another time. */
const atTime = <Event extends DomainEvent>(event: Event, time: string): Event => ({ ...event, time });

const midnight = '2026-11-23T15:00:00.000Z';
const beforeMidnight = '2026-11-23T14:59:59.999Z';

describe('the dashboard', () => {
  /** The effect of each event alone on the totals; null when no subscriber sees what it changes. */
  const expected: Record<EventType, Partial<Totals> | null> = {
    BikeRegistered: { bikes: 1, available: 1 },
    BikeConditionChanged: { bikes: 1, outOfService: 1 },
    PointPurchaseApproved: null,
    PointPurchaseDeclined: null,
    PointsIncreased: { pointsPurchasedToday: 5000, pointsInCirculation: 5000, pointsMoved: 5000 },
    // The balance is as the event says; the earlier events are missing.
    PointsDeducted: { pointsSpentToday: 1000, pointsInCirculation: 4000, pointsMoved: -1000 },
    PointsRestored: { pointsRestoredToday: 1000, pointsInCirculation: 5000, pointsMoved: 1000 },
    OvertimeCharged: { pointsSpentToday: 600, pointsInCirculation: 3400, pointsMoved: -600 },
    OvertimeRestored: { pointsRestoredToday: 600, pointsInCirculation: 4000, pointsMoved: 600 },
    PointsRefused: null,
    ReservationSettled: null,
    FaultReported: null,
    FaultsClosed: null,
    ReturnReported: null,
    ReturnSettled: null,
    ReturnRejected: null,
    BikeSlotOpened: null,
    BikeSlotChanged: null,
    BikeMoved: null,
    ReservationRequested: {},
    ReservationConfirmed: { reservationsToday: 1 },
    ReservationRejected: { rejectedToday: 1, refusedToday: 1 },
    ReservationCancelled: { cancelledToday: 1 },
    ReservationExpired: { expiredToday: 1 },
    RideStarted: {},
    BikeReturned: { returnedToday: 1 },
    ReservationsRefused: { refusedToday: 6 },
    WaitingBegan: null,
    BikeOffered: null,
    BikeOfferWithdrawn: null,
    WaitingEnded: null,
    StationOpened: null,
    StationChanged: null,
    StationClosed: null,
  };

  it.each([...catalogue.keys()] as EventType[])('counts %s', (type) => {
    const counted = expected[type];
    const { totals, quiet } = applyEvent(sample(type), new Map(), noTotals);
    expect(totals).toEqual({ ...noTotals, day: '2026-11-23', ...counted });
    expect(quiet).toBe(counted === null);
  });

  it('shows a bike where its condition and its use put it', () => {
    const registered = sample('BikeRegistered');
    const withdrawn = sample('BikeConditionChanged');
    const requested = sample('ReservationRequested');
    const counts = (...events: DomainEvent[]) => {
      const { bikes, available, reserved, inUse, outOfService } = worldOf(events).totals;
      return { bikes, available, reserved, inUse, outOfService };
    };
    const none = { bikes: 1, available: 0, reserved: 0, inUse: 0, outOfService: 0 };
    expect(counts(registered)).toEqual({ ...none, available: 1 });
    expect(counts(registered, withdrawn)).toEqual({ ...none, outOfService: 1 });
    expect(counts(registered, requested)).toEqual({ ...none, reserved: 1 });
    expect(counts(registered, requested, sample('ReservationConfirmed'))).toEqual({ ...none, reserved: 1 });
    expect(counts(registered, requested, sample('ReservationCancelled'))).toEqual({ ...none, available: 1 });
    expect(counts(registered, sample('RideStarted'))).toEqual({ ...none, inUse: 1 });
    expect(counts(registered, sample('RideStarted'), withdrawn)).toEqual({ ...none, inUse: 1 });
    expect(counts(registered, withdrawn, sample('BikeReturned'))).toEqual({ ...none, outOfService: 1 });
  });

  it('counts a bike that it heard of by its reservation first only once it is registered', () => {
    const [requested, registered] = [sample('ReservationRequested'), sample('BikeRegistered')];
    expect(worldOf([requested]).totals).toMatchObject({ bikes: 0, reserved: 0 });
    expect(worldOf([requested, registered]).totals).toMatchObject({ bikes: 1, reserved: 1, available: 0 });
  });

  it('knows where a bike stands, which ride was its last, and nothing of the place of a ridden one', () => {
    const [moved, started, returned] = [sample('BikeMoved'), sample('RideStarted'), sample('BikeReturned')];
    const bikeAfter = (...events: DomainEvent[]) => {
      const {
        since: _since,
        holder: _holder,
        stands: _stands,
        conditions: _conditions,
        ...bike
      } = worldOf(events).bikes[0] ?? {};
      return bike;
    };
    const backAt = (place: object, startedAt = returned.data.startedAt): DomainEvent => ({
      ...returned,
      data: { ...returned.data, ...place, startedAt },
    });
    const { reserveNo } = returned.data;
    const [there, beside] = [{ stationId: 'ST-102' }, { position: { latitude: 37.5, longitude: 127 } }];
    const bike = { bikeId: 17, condition: null };
    expect(bikeAfter(moved)).toEqual({ ...bike, use: 'free', ...there });
    expect(bikeAfter(moved, started)).toEqual({ ...bike, use: 'inUse' });
    expect(bikeAfter(moved, started, backAt(beside))).toEqual({ ...bike, use: 'free', ...beside, lastRide: reserveNo });
    expect(bikeAfter(moved, started, backAt({}))).toEqual({ ...bike, use: 'free', lastRide: reserveNo });
    // Without a ride it stands where it stood, under the same name, unless somebody says otherwise.
    expect(bikeAfter(moved, backAt({}, null))).toEqual({ ...bike, use: 'free', ...there });
    expect(bikeAfter(moved, backAt(there, null))).toEqual({ ...bike, use: 'free', ...there });
    // Elsewhere it was taken there, and its name would tell by whom.
    expect(bikeAfter(moved, backAt(beside, null))).toEqual({ ...bike, use: 'free', ...beside, lastRide: reserveNo });
    expect(bikeAfter(sample('BikeRegistered'), moved)).toMatchObject({ condition: 'IN_SERVICE', ...there });
    expect(bikeAfter(moved, sample('BikeRegistered'))).toMatchObject({ condition: 'IN_SERVICE', ...there });
  });

  it('knows who holds a bike, and since when it is as it is, in whatever order its streams arrive', () => {
    const at = (minute: number) => `2026-11-27T00:0${minute}:00.000Z`;
    const registered = atTime(sample('BikeRegistered'), at(0));
    const [requested, confirmed] = [sample('ReservationRequested'), sample('ReservationConfirmed')];
    const { reserveNo, userId } = requested.data;
    const held = [atTime(requested, at(1)), atTime(confirmed, at(2))];
    const withdrawn = atTime(sample('BikeConditionChanged'), at(3));
    const cancelled = atTime(sample('ReservationCancelled'), at(4));
    const bikeAfter = (...events: DomainEvent[]) => worldOf(events).bikes[0];
    expect(bikeAfter(registered)).toMatchObject({ since: at(0) });
    // The confirmation changes nothing of the bike.
    expect(bikeAfter(registered, ...held)).toMatchObject({ holder: { reserveNo, userId }, since: at(1) });
    expect(bikeAfter(registered, ...held, withdrawn)).toMatchObject({ holder: { reserveNo, userId }, since: at(3) });
    const ended = bikeAfter(registered, ...held, withdrawn, cancelled);
    expect(ended).toMatchObject({ use: 'free', since: at(4) });
    expect(ended).not.toHaveProperty('holder');
    expect(bikeAfter(...held, cancelled, registered, withdrawn)).toEqual(ended);
    expect(bikeAfter(registered, atTime(sample('BikeMoved'), at(5)), withdrawn)).toMatchObject({ since: at(5) });
  });

  it('knows each station as its last event says it', () => {
    const [opened, closed] = [sample('StationOpened'), sample('StationClosed')];
    const changed = atTime(sample('StationChanged'), '2026-11-30T00:00:00.000Z');
    const stationAfter = (...events: DomainEvent[]) => worldOf(events).stations[0];
    expect(stationAfter(opened)).toMatchObject({ stationId: 'ST-102', racks: opened.data.racks, state: 'OPEN' });
    expect(stationAfter(opened)).not.toHaveProperty('at');
    const { reason: _reason, changedAt: _changedAt, ...said } = changed.data;
    expect(stationAfter(opened, changed)).toEqual({
      ...{ ...said, state: 'OPEN', since: opened.time },
      sizes: [opened, changed].map(({ time, data: { racks } }) => ({ at: Date.parse(time), racks })),
    });
    expect(stationAfter(opened, closed)).toMatchObject({
      racks: opened.data.racks,
      state: 'CLOSED',
      since: closed.time,
    });
    expect(stationAfter(opened, closed, changed)).toMatchObject({ state: 'CLOSED', since: closed.time });
    expect(stationAfter(changed)).toMatchObject({ state: 'OPEN', since: changed.time });
    expect(stationAfter(opened, closed, opened)).toMatchObject({ state: 'OPEN' });
    expect(stationAfter(closed)).toBeUndefined();
  });

  it('adds up what was refused in a minute, from all instances', () => {
    const refused = sample('ReservationsRefused');
    const fromAnother: typeof refused = {
      ...refused,
      data: { ...refused.data, refusals: [{ code: 'BIKE_ALREADY_RESERVED', count: 2 }] },
    };
    const later = atTime(refused, '2026-11-23T00:31:00.000Z');
    const { minutes, totals } = worldOf([refused, fromAnother, later]);
    expect(minutes).toEqual([
      { minute: '2026-11-23T00:30', refused: { BIKE_ALREADY_RESERVED: 7, NO_POINT_ACCOUNT: 1 } },
      { minute: '2026-11-23T00:31', refused: { BIKE_ALREADY_RESERVED: 5, NO_POINT_ACCOUNT: 1 } },
    ]);
    expect(totals.refusedToday).toBe(14);
  });

  it('counts each event in the hour of its time, however late it comes', () => {
    const [started, returned] = [sample('RideStarted'), sample('BikeReturned')];
    const ridden: typeof returned = {
      ...atTime(returned, '2026-11-23T01:00:00.000Z'),
      data: { ...returned.data, startedAt: '2026-11-23T00:20:30.000Z', returnedAt: '2026-11-23T01:00:00.000Z' },
    };
    const { hours } = worldOf([
      ridden,
      atTime(sample('OvertimeCharged'), '2026-11-23T01:59:59.999Z'),
      atTime(started, '2026-11-23T00:20:30.000Z'),
      atTime(sample('ReservationRejected'), '2026-11-23T09:59:59.999+09:00'),
      atTime(sample('ReservationsRefused'), '2026-11-23T00:00:00.000Z'),
      // Of another day, which the totals leave out.
      atTime(sample('PointsIncreased'), beforeMidnight),
      atTime(sample('PointsRestored'), midnight),
      atTime(sample('PointsDeducted'), beforeMidnight),
      sample('BikeRegistered'),
    ]);
    expect(hours).toEqual([
      {
        hour: '2026-11-23T01',
        counts: { returned: 1, riddenMs: 2_370_000, pointsSpent: 600, overtimeCharged: 600 },
        refused: {},
      },
      {
        hour: '2026-11-23T00',
        counts: { ridesStarted: 1, rejected: 1 },
        refused: { BIKE_ALREADY_RESERVED: 5, NO_POINT_ACCOUNT: 2 },
      },
      { hour: '2026-11-23T14', counts: { pointsPurchased: 5000, pointsSpent: 1000 }, refused: {} },
      { hour: '2026-11-23T15', counts: { pointsRestored: 1000 }, refused: {} },
    ]);
  });

  it('takes totals of before refusals without a number were counted', () => {
    const { refusedToday: _unknown, ...old } = { ...noTotals, rejectedToday: 3 };
    expect(upgraded(old)).toEqual({ ...noTotals, rejectedToday: 3, refusedToday: 3 });
    expect(upgraded({ ...old, refusedToday: 8 })).toMatchObject({ refusedToday: 8 });
  });

  it('tells the whole story of a reservation', () => {
    const { reserveNo } = sample('ReservationRequested').data;
    const told = <Event extends EventNamed<'RideStarted' | 'BikeReturned'>>(event: Event): Event => ({
      ...event,
      data: { ...event.data, reserveNo },
    });
    const [requested, confirmed] = [sample('ReservationRequested'), sample('ReservationConfirmed')];
    const [started, returned] = [told(sample('RideStarted')), told(sample('BikeReturned'))];
    const rowAfter = (...events: DomainEvent[]) =>
      worldOf(events).reservations.find((row) => row.reserveNo === reserveNo);
    const row: ReservationView = {
      reserveNo,
      userId: '10',
      bikeId: 17,
      reserveStatus: 'PENDING',
      reserveDateTime: requested.data.requestedAt,
      expiresAt: null,
      startDateTime: null,
      returnDateTime: null,
      fee: 1000,
      updatedAt: requested.time,
    };
    expect(rowAfter(requested)).toEqual(row);
    const held = {
      ...row,
      reserveStatus: 'RESERVED',
      expiresAt: confirmed.data.expiresAt,
      updatedAt: confirmed.time,
    };
    expect(rowAfter(requested, confirmed)).toEqual(held);
    const ridden = {
      ...held,
      reserveStatus: 'IN_USE',
      startDateTime: started.data.startedAt,
      expiresAt: null,
      updatedAt: started.time,
    };
    expect(rowAfter(requested, confirmed, started)).toEqual(ridden);
    expect(rowAfter(requested, confirmed, started, returned)).toEqual({
      ...ridden,
      reserveStatus: 'RETURNED',
      returnDateTime: returned.data.returnedAt,
      updatedAt: returned.time,
    });
    const cancelled = sample('ReservationCancelled');
    const ended = { ...held, expiresAt: null };
    expect(rowAfter(requested, confirmed, cancelled)).toEqual({
      ...ended,
      reserveStatus: 'CANCELLED',
      updatedAt: cancelled.time,
    });
    const late = sample('ReservationExpired');
    const expired: EventNamed<'ReservationExpired'> = { ...late, data: { ...late.data, reserveNo } };
    expect(rowAfter(requested, confirmed, expired)).toEqual({
      ...ended,
      reserveStatus: 'EXPIRED',
      updatedAt: expired.time,
    });
    const refused = sample('ReservationRejected');
    const rejected: EventNamed<'ReservationRejected'> = { ...refused, data: { ...refused.data, reserveNo } };
    expect(rowAfter(requested, rejected)).toEqual({
      ...row,
      reserveStatus: 'REJECTED',
      refusalCode: rejected.data.code,
      updatedAt: rejected.time,
    });
  });

  it('shows a reservation whose beginning was discarded, as far as the later events tell', () => {
    expect(worldOf([sample('BikeReturned')]).reservations[0]).toMatchObject({
      reserveNo: 45,
      userId: '10',
      bikeId: 17,
      reserveStatus: 'RETURNED',
      fee: 0,
    });
  });
});

describe('a day', () => {
  it('turns at midnight in Seoul', () => {
    expect(dayOf(beforeMidnight)).toBe('2026-11-23');
    expect(dayOf(midnight)).toBe('2026-11-24');
    expect(dayOf('2026-11-24T00:00:00+09:00')).toBe('2026-11-24');
    expect(dayOf('2026-12-31T15:00:00Z')).toBe('2027-01-01');
  });

  it('begins at 0 with its first event, and keeps what is not of a day', () => {
    const { totals } = worldOf([
      atTime(sample('BikeRegistered'), beforeMidnight),
      atTime(sample('PointsIncreased'), beforeMidnight),
      atTime(sample('ReservationConfirmed'), beforeMidnight),
      atTime(sample('ReservationCancelled'), midnight),
    ]);
    expect(totals).toEqual({
      ...noTotals,
      day: '2026-11-24',
      bikes: 1,
      available: 1,
      cancelledToday: 1,
      pointsInCirculation: 5000,
      pointsMoved: 5000,
    });
  });

  it('does not count what arrives late from the day before, yet the rows and the ledger do', () => {
    const world = worldOf([
      atTime(sample('ReservationConfirmed'), midnight),
      atTime(sample('PointsIncreased'), beforeMidnight),
    ]);
    expect(world.totals).toMatchObject({
      day: '2026-11-24',
      reservationsToday: 1,
      pointsPurchasedToday: 0,
      pointsInCirculation: 5000,
      pointsMoved: 5000,
    });
    expect(world.accounts).toEqual([{ userId: '10', balance: 5000 }]);
  });

  it('turns by an event that changes no row, too', () => {
    const { totals } = worldOf([
      atTime(sample('ReservationConfirmed'), beforeMidnight),
      atTime(sample('BikeSlotOpened'), midnight),
    ]);
    expect(totals).toMatchObject({ day: '2026-11-24', reservationsToday: 0 });
  });

  it('is counted beside an event from a clock that is a year ahead', () => {
    const [here, ahead] = ['2026-11-27T15:00:00.000Z', '2027-11-27T15:00:00.000Z'];
    const refused = sample('ReservationsRefused');
    const { totals, hours } = worldOf([
      ...[here, ahead, here].map((time) => atTime(sample('ReservationConfirmed'), time)),
      ...[here, ahead].map((time) => atTime(sample('PointsDeducted'), time)),
      ...[here, here].flatMap((time) => [atTime(refused, time), atTime(sample('ReservationRejected'), time)]),
      atTime(sample('ReservationConfirmed'), '2026-11-28T15:00:00.000Z'),
    ]);
    const on = (day: string) => {
      const names = hoursOn(day);
      expect(names).toHaveLength(24);
      return onDay(
        totals,
        day,
        hours.filter(({ hour }) => names.includes(hour)),
      );
    };
    expect(on('2026-11-28')).toMatchObject({
      ...{ day: '2026-11-28', reservationsToday: 2, pointsSpentToday: 1000, rejectedToday: 2, refusedToday: 14 },
      pointsMoved: totals.pointsMoved,
    });
    expect(on('2026-11-29')).toMatchObject({ day: '2026-11-29', reservationsToday: 1, pointsSpentToday: 0 });
    expect(on('2027-11-28')).toMatchObject({ day: '2027-11-28', reservationsToday: 1, pointsSpentToday: 1000 });
  });

  it('without any event counts nothing', () => {
    const { totals } = worldOf([sample('ReservationConfirmed'), sample('PointsIncreased')]);
    expect(onDay(totals, totals.day, [])).toBe(totals);
    expect(onDay(totals, '2026-11-24', [])).toEqual({
      ...noTotals,
      day: '2026-11-24',
      pointsInCirculation: 5000,
      pointsMoved: 5000,
    });
  });
});

describe('the ledger on the dashboard', () => {
  const imbalance = ledgerImbalance;
  const increased = sample('PointsIncreased');
  const deducted = sample('PointsDeducted');

  it('is even while every amount matches its balance', () => {
    expect(imbalance(worldOf([increased, deducted]).totals)).toBe(0);
  });

  it('is out by what an amount and its balance differ', () => {
    const wrong = { ...deducted, data: { ...deducted.data, amount: 900 } };
    expect(imbalance(worldOf([increased, wrong]).totals)).toBe(100);
  });

  it('stays out when later movements are right', () => {
    const wrong = { ...increased, data: { ...increased.data, balanceAfter: 5001 } };
    const next = { ...deducted, data: { ...deducted.data, balanceAfter: 4001 } };
    expect(imbalance(worldOf([wrong, next]).totals)).toBe(-1);
  });
});

describe('sums of points', () => {
  it.each([2, 1_025, 3_000])('of %d purchases of the largest amount that an event carries are exact', (riders) => {
    const amount = Number.MAX_SAFE_INTEGER;
    const purchases = Array.from({ length: riders }, (_, index) => {
      const increased = sample('PointsIncreased');
      return { ...increased, data: { ...increased.data, userId: `u${index}`, amount, balanceAfter: amount } };
    });
    const { totals } = worldOf(purchases);
    const sum = String(BigInt(amount) * BigInt(riders));
    expect([totals.pointsPurchasedToday, totals.pointsInCirculation, totals.pointsMoved]).toEqual([sum, sum, sum]);
    expect(ledgerImbalance(totals)).toBe(0);
    expect([totals.pointsPurchasedToday, ledgerImbalance(totals)].map((each) => Long.serialize(each))).toEqual([
      sum,
      0,
    ]);
  });
});

describe('in whatever order the streams arrive', () => {
  /** A day's life of a small fleet, as its services would publish it: each stream in order, over midnight. */
  function story(seed: number): DomainEvent[] {
    const dice = createDice(seed);
    const events: DomainEvent[] = [];
    const versions = new Map<string, number>();
    let now = Date.parse('2026-11-23T14:52:00.000Z');
    let numbers = 0;

    function tell<Type extends EventType>(
      publisher: Publisher,
      subject: string,
      type: Type,
      dataAt: (at: string) => EventNamed<Type>['data'],
    ): void {
      now += dice.below(20_000);
      const time = new Date(now).toISOString();
      const sequence = (versions.get(`${publisher}.${subject}`) ?? 0) + 1;
      versions.set(`${publisher}.${subject}`, sequence);
      const id = `${publisher}.${subject}@${sequence}`;
      events.push(
        parseEvent({
          ...{ specversion: '1.0', id, source: sourceOf(publisher), type, subject, time, sequence },
          ...{ correlationid: id, causationid: id, data: dataAt(time) },
        }),
      );
    }

    const balances = new Map<string, number>();
    function move(userId: string, by: number) {
      const balanceAfter = (balances.get(userId) ?? 0) + by;
      balances.set(userId, balanceAfter);
      return { userId, amount: Math.abs(by), balanceAfter };
    }

    function buy(userId: string): void {
      const confirmId = (numbers += 1);
      const price = dice.pick([1000, 3000]);
      tell('approval', `approval-${confirmId}`, 'PointPurchaseApproved', (approvedAt) => ({
        ...{ confirmId, userId, price, approvedAt },
      }));
      tell('point', `account-${userId}`, 'PointsIncreased', (at) => ({ ...move(userId, price), confirmId, at }));
    }

    /** From the request to one of the ends, or to where the story stops. */
    function reserve(userId: string, bikeId: number): void {
      const who = { reserveNo: (numbers += 1), userId, bikeId };
      const [slot, account] = [`bike-${bikeId}`, `account-${userId}`];
      tell('reservation', slot, 'ReservationRequested', (at) => ({
        ...{ ...who, fee: 1000, requestedAt: at, deadline: at },
      }));
      if ((balances.get(userId) ?? 0) < 1000) {
        const refusal = { code: 'INSUFFICIENT_POINTS' as const, because: 'Too few.' };
        tell('point', account, 'PointsRefused', (at) => ({ ...who, ...refusal, at }));
        tell('reservation', slot, 'ReservationRejected', (rejectedAt) => ({ ...who, ...refusal, rejectedAt }));
        return;
      }
      tell('point', account, 'PointsDeducted', (at) => ({ ...who, ...move(userId, -1000), at }));
      tell('reservation', slot, 'ReservationConfirmed', (at) => ({ ...who, confirmedAt: at, expiresAt: at }));
      const restore = () => {
        const { reserveNo } = who;
        tell('point', account, 'PointsRestored', (at) => ({ ...move(userId, 1000), reserveNo, at }));
      };
      const end = dice.pick(['cancelled', 'expired', 'ridden', 'given back', 'kept', 'riding']);
      if (end === 'cancelled') {
        tell('reservation', slot, 'ReservationCancelled', (at) => ({ ...who, because: 'BY_RIDER', cancelledAt: at }));
        restore();
      }
      if (end === 'expired') {
        tell('reservation', slot, 'ReservationExpired', (expiredAt) => ({ ...who, expiredAt }));
        restore();
      }
      if (end === 'ridden' || end === 'riding') {
        tell('reservation', slot, 'RideStarted', (startedAt) => ({ ...who, startedAt }));
      }
      if (end === 'ridden' || end === 'given back') {
        tell('reservation', slot, 'BikeReturned', (at) => ({ ...who, startedAt: null, returnedAt: at }));
        tell('point', account, 'ReservationSettled', (at) => ({ userId, reserveNo: who.reserveNo, at }));
        const amount = Math.min(200, balances.get(userId) ?? 0);
        tell('point', account, 'OvertimeCharged', (at) => ({
          ...{ ...move(userId, -amount), reserveNo: who.reserveNo, owed: 200 - amount, at },
        }));
      }
      if (end === 'kept' || end === 'riding') taken.add(bikeId);
    }

    const taken = new Set<number>();
    const bikes = [1, 2, 3, 4, 5];
    for (const bikeId of bikes) {
      tell('bike', `bike-${bikeId}`, 'BikeRegistered', (at) => ({
        ...{ bikeId, color: 'green', registeredDate: at, condition: 'IN_SERVICE' },
      }));
      tell('reservation', `bike-${bikeId}`, 'BikeSlotOpened', (at) => ({ bikeId, condition: 'IN_SERVICE', at }));
    }
    for (let step = 0; step < 30; step += 1) {
      const bikeId = 1 + dice.below(bikes.length);
      const userId = String(10 + dice.below(4));
      const action = dice.pick(['buy', 'reserve', 'reserve', 'withdraw']);
      if (action === 'buy') buy(userId);
      if (action === 'reserve' && !taken.has(bikeId)) reserve(userId, bikeId);
      if (action === 'withdraw') {
        const condition = dice.pick(['IN_SERVICE', 'MAINTENANCE', 'LOST'] as const);
        tell('bike', `bike-${bikeId}`, 'BikeConditionChanged', (at) => ({
          ...{ bikeId, condition, previousCondition: 'IN_SERVICE', reason: null, changedAt: at },
        }));
      }
    }
    return events;
  }

  function shuffled(events: readonly DomainEvent[], dice: Dice): DomainEvent[] {
    const streams = Map.groupBy(events, ({ source, subject }) => `${source}/${subject}`);
    return dice.interleave([...streams.values()]);
  }

  const stories = Array.from({ length: 100 }, (_, seed) => ({ seed, events: story(seed) }));

  it('100 stories touch every kind of count and both days', () => {
    const days = new Set(stories.flatMap(({ events }) => events.map(({ time }) => dayOf(time))));
    expect([...days].toSorted()).toEqual(['2026-11-23', '2026-11-24']);
    const never = Object.keys(noTotals).filter((count) =>
      stories.every(({ events }) => worldOf(events).totals[count as keyof Totals] === noTotals[count as keyof Totals]),
    );
    expect(never).toEqual([]);
  });

  const inOrder = (world: ReturnType<typeof worldOf>) => ({ totals: world.totals, rows: new Map(namedRows(world)) });

  it('the rows and the totals end the same', () => {
    for (const { seed, events } of stories) {
      const told = inOrder(worldOf(events));
      const dice = createDice(seed);
      for (let turn = 0; turn < 10; turn += 1) expect(inOrder(worldOf(shuffled(events, dice)))).toEqual(told);
    }
  });

  it('the totals are what the rows add up to', () => {
    for (const { events } of stories) {
      const { totals, bikes, accounts } = worldOf(events);
      const free = bikes.filter(({ use }) => use === 'free');
      const circulating = accounts.reduce((sum, { balance }) => sum + balance, 0);
      expect(totals).toMatchObject({
        bikes: bikes.length,
        available: free.filter(({ condition }) => condition === 'IN_SERVICE').length,
        outOfService: free.filter(({ condition }) => condition !== 'IN_SERVICE').length,
        reserved: bikes.filter(({ use }) => use === 'reserved').length,
        inUse: bikes.filter(({ use }) => use === 'inUse').length,
        pointsInCirculation: circulating,
        pointsMoved: circulating,
      });
    }
  });

  it('the hours of today add up to the counts of today', () => {
    for (const { events } of stories) {
      const { totals, hours } = worldOf(events);
      const of = hours.filter(({ hour }) => dayOf(`${hour}:00:00Z`) === totals.day);
      const sum = (name: HourCount) => of.reduce<Sum>((all, { counts }) => add(all, counts[name] ?? 0), 0);
      expect(totals).toMatchObject({
        reservationsToday: sum('confirmed'),
        cancelledToday: sum('cancelled'),
        returnedToday: sum('returned'),
        rejectedToday: sum('rejected'),
        expiredToday: sum('expired'),
        pointsPurchasedToday: sum('pointsPurchased'),
        pointsSpentToday: sum('pointsSpent'),
        pointsRestoredToday: sum('pointsRestored'),
      });
    }
  });

  it('each day’s hours add up to what is counted of it', () => {
    for (const { events } of stories) {
      const { totals, hours } = worldOf(events);
      const names = hoursOn(totals.day);
      const ofDay = hours.filter(({ hour }) => names.includes(hour));
      expect(onDay({ ...totals, day: 'another' }, totals.day, ofDay)).toEqual(totals);
    }
  });

  it('what ended today is counted by the event of its end, once', () => {
    for (const { events } of stories) {
      const { totals } = worldOf(events);
      const today = (type: EventType) =>
        events.filter((event) => event.type === type && dayOf(event.time) === totals.day).length;
      expect(totals).toMatchObject({
        reservationsToday: today('ReservationConfirmed'),
        cancelledToday: today('ReservationCancelled'),
        expiredToday: today('ReservationExpired'),
        returnedToday: today('BikeReturned'),
        rejectedToday: today('ReservationRejected'),
      });
    }
  });
});
