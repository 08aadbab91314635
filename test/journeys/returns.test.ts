import { randomUUID } from 'node:crypto';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { parse } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../schema/client/client.ts';
import {
  BuyPointsDocument,
  FleetReservationDocument,
  FleetRiderReportsDocument,
  OpenReturnReportsDocument,
  OpenStationsDocument,
  RejectReturnDocument,
  type RejectReturnInput,
  ReportReturnDocument,
  type ReportReturnInput,
  ReturnReportChangedDocument,
  RiderPointsDocument,
  RiderRidesDocument,
  SettleReturnDocument,
  type SettleReturnInput,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants, eventsNamed } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const reservationChanged = parse(
  'subscription ($userId: ID!) { reservationChanged(userId: $userId) { reserveNo returnReport { status } } }',
) as TypedDocumentNode<
  { reservationChanged: { reserveNo: number; returnReport: { status: string } } },
  { userId: string }
>;

describe('a return that was not recognised', () => {
  let system: TestSystem;
  let operator: Client;
  beforeAll(async () => {
    // A ride costs overtime from its first millisecond on, and none when it ended as it began.
    system = await startSystem({ env: { OVERTIME_FREE_MINUTES: '0', OVERTIME_STEP_PRICE: '200' } });
    operator = await system.client('boss', 'operator');
    const position = { latitude: 37.5556488, longitude: 126.91062927 };
    const stations = [{ number: 1, nameKo: '대여소', district: 'MAPO' as const, position, racks: 2 }];
    await operator.request(OpenStationsDocument, { input: { stations } });
  }, 240_000);
  afterEach(() => checkInvariants(system));
  afterAll(() => system.close());

  const newRider = async (price = 10_000): Promise<Rider> => {
    const person = await rider(system, randomUUID());
    await person.buys(price);
    return person;
  };

  /** A ride that has begun, and when. */
  async function rides(person: Rider) {
    const [bikeId = 0] = await registerBikes(system);
    let reserveNo = 0;
    await until('the bike is reserved', async () => {
      const reserved = await person.reserves(bikeId);
      reserveNo = reserved.reserveNo;
      return reserved.status === 'RESERVED';
    });
    await person.starts(reserveNo);
    return { bikeId, reserveNo, began: (await rideOf(person, reserveNo))?.startDateTime ?? '' };
  }

  const rideOf = async ({ client, userId }: Rider, reserveNo: number) => {
    const { reservations } = await client.request(RiderRidesDocument, { userId });
    return reservations.nodes.find((each) => each.reserveNo === reserveNo);
  };
  const report = async (client: Client, input: ReportReturnInput) => {
    const { reservation, refusal } = (await client.request(ReportReturnDocument, { input })).reportReturn;
    return refusal?.code ?? reservation?.returnReport?.status;
  };
  const settle = async (input: SettleReturnInput) => {
    const { reservation, refusal } = (await operator.request(SettleReturnDocument, { input })).settleReturn;
    return refusal?.code ?? reservation?.returnReport?.status;
  };
  const reject = async (input: RejectReturnInput) => {
    const { reservation, refusal } = (await operator.request(RejectReturnDocument, { input })).rejectReturn;
    return refusal?.code ?? reservation?.returnReport?.status;
  };
  const openNow = async () => {
    const { openReturnReports } = await operator.request(OpenReturnReportsDocument, {});
    return openReturnReports.nodes.map(({ reserveNo }) => reserveNo);
  };

  it('of a ride that goes on ends it at the time said, at the place said, at the price of that time', async () => {
    const person = await newRider();
    const { reserveNo, began, bikeId } = await rides(person);
    const said = { reserveNo, returnedAt: began, stationId: 'ST-1', note: '초록불이\n안 켜졌어요' };
    expect(await report(person.client, said)).toBe('OPEN');
    expect(await report(person.client, said)).toBe('ALREADY_REPORTED');
    expect(await openNow()).toContain(reserveNo);
    expect(await settle({ reserveNo, reason: '거치대 고장' })).toBe('SETTLED');
    expect(await settle({ reserveNo })).toBe('NO_OPEN_REPORT');
    expect(await openNow()).not.toContain(reserveNo);
    // Point has let the rider go by then: they can reserve the bike, which stands there, at once.
    expect(await person.points()).toBe(9_000);
    expect(await rideOf(person, reserveNo)).toMatchObject({
      ...{
        reserveStatus: 'RETURNED',
        returnDateTime: began,
        returnPlace: { station: { stationId: 'ST-1' } },
        overtime: 0,
      },
      returnReport: { status: 'SETTLED', settledAs: began, reason: '거치대 고장', note: said.note },
      isReturnReportable: false,
    });
    const { reservation } = await operator.request(FleetReservationDocument, { reserveNo });
    const newestFirst = ['ReturnSettled', 'BikeReturned', 'ReturnReported', 'RideStarted'];
    expect(reservation?.history.slice(0, 4).map(({ eventType }) => eventType)).toEqual(newestFirst);
    expect((await person.reserves(bikeId)).status).toBe('RESERVED');
  });

  it('is found under its rider, the newest first, by staff and by them', async () => {
    const person = await newRider();
    const first = await rides(person);
    expect(await report(person.client, { reserveNo: first.reserveNo, returnedAt: first.began })).toBe('OPEN');
    expect(await settle({ reserveNo: first.reserveNo })).toBe('SETTLED');
    const second = await rides(person);
    expect(await report(person.client, { reserveNo: second.reserveNo, returnedAt: second.began })).toBe('OPEN');
    const variables = { userId: person.userId, faults: false };
    for (const { request } of [operator, person.client]) {
      const { user } = await request(FleetRiderReportsDocument, variables);
      expect(user?.returnReports).toMatchObject({
        totalCount: 2,
        nodes: [
          { reserveNo: second.reserveNo, status: 'OPEN' },
          { reserveNo: first.reserveNo, status: 'SETTLED' },
        ],
      });
    }
    const { client } = await newRider();
    await expect(client.request(FleetRiderReportsDocument, variables)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await settle({ reserveNo: second.reserveNo })).toBe('SETTLED');
  });

  it('of a ride that has ended gives back what it cost too much, however many have ridden the bike since', async () => {
    const person = await newRider();
    const { reserveNo, began, bikeId } = await rides(person);
    expect(await person.returns(reserveNo)).toBe('RETURNED');
    await until('overtime is charged', async () => (await person.points()) === 8_800);
    const later = await newRider();
    const next = await later.reserves(bikeId);
    await later.starts(next.reserveNo);
    expect(await report(person.client, { reserveNo, returnedAt: began })).toBe('OPEN');
    expect(await settle({ reserveNo })).toBe('SETTLED');
    await until('overtime comes back', async () => (await person.points()) === 9_000);
    const ride = await rideOf(person, reserveNo);
    expect(ride).toMatchObject({ overtime: 0, returnReport: { status: 'SETTLED', settledAs: began } });
    expect(ride?.returnDateTime).not.toBe(began);
    expect(await rideOf(later, next.reserveNo)).toMatchObject({ reserveStatus: 'IN_USE', returnReport: null });
    const { user } = await person.client.request(RiderPointsDocument, { userId: person.userId });
    expect(user?.pointEntries.nodes[0]).toMatchObject({ kind: 'COMPENSATED', amount: 200, reserveNo });
    const { reservation } = await operator.request(FleetReservationDocument, { reserveNo });
    expect(reservation?.history.slice(0, 3)).toMatchObject([
      { eventType: 'ReturnSettled', reserveStatus: 'RETURNED', by: 'boss' },
      { eventType: 'ReturnReported', reserveStatus: 'RETURNED', by: person.userId },
      { eventType: 'BikeReturned', reserveStatus: 'RETURNED', by: person.userId },
    ]);
  });

  it('takes a debt away before it gives points back', async () => {
    const person = await newRider(1_000);
    const { reserveNo, began } = await rides(person);
    await person.returns(reserveNo);
    const debtOf = async () =>
      (await person.client.request(RiderPointsDocument, { userId: person.userId })).pointAccount?.debt;
    await until('overtime is owed', async () => (await debtOf()) === 200);
    await person.client.request(BuyPointsDocument, { input: { price: 50 } });
    await until('some of it is paid', async () => (await debtOf()) === 150);
    await report(person.client, { reserveNo, returnedAt: began });
    await settle({ reserveNo });
    await until('nothing is owed', async () => (await debtOf()) === 0);
    expect(await person.points()).toBe(50);
  });

  it('is rejected with a reason, may be reported again, and is settled once, whoever is first', async () => {
    const person = await newRider();
    const { reserveNo, began } = await rides(person);
    await person.returns(reserveNo);
    expect(await report(person.client, { reserveNo, returnedAt: began })).toBe('OPEN');
    await expect(reject({ reserveNo, reason: ' ' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await reject({ reserveNo, reason: 'It was seen on its way.' })).toBe('REJECTED');
    expect(await rideOf(person, reserveNo)).toMatchObject({
      returnReport: { status: 'REJECTED', reason: 'It was seen on its way.' },
      isReturnReportable: true,
    });
    const idempotencyKey = randomUUID();
    const again = { reserveNo, returnedAt: began, note: 'Look at the camera.', idempotencyKey };
    expect(await report(person.client, again)).toBe('OPEN');
    const outcomes = await Promise.all([
      settle({ reserveNo }),
      settle({ reserveNo }),
      reject({ reserveNo, reason: 'no' }),
    ]);
    expect(outcomes.filter((outcome) => outcome === 'NO_OPEN_REPORT')).toHaveLength(2);
    // The same key again: the answer of then, and nothing is opened.
    expect(await report(person.client, again)).not.toBe('ALREADY_REPORTED');
    expect(await openNow()).not.toContain(reserveNo);
  });

  it('is settled too when the bike came back by itself meanwhile', async () => {
    const person = await newRider();
    const { reserveNo, began } = await rides(person);
    expect(await report(person.client, { reserveNo, returnedAt: began })).toBe('OPEN');
    expect(await person.returns(reserveNo)).toBe('RETURNED');
    await until('overtime is charged', async () => (await person.points()) === 8_800);
    expect(await settle({ reserveNo })).toBe('SETTLED');
    await until('overtime comes back', async () => (await person.points()) === 9_000);
  });

  it('is refused for what it cannot be', async () => {
    const person = await newRider();
    const { reserveNo, began } = await rides(person);
    const earlier = new Date(Date.parse(began) - 1).toISOString();
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    expect(await report(person.client, { reserveNo, returnedAt: earlier })).toBe('INVALID_RETURN_TIME');
    expect(await report(person.client, { reserveNo, returnedAt: inAnHour })).toBe('INVALID_RETURN_TIME');
    expect(await report(person.client, { reserveNo, returnedAt: began, stationId: 'ST-999' })).toBe(
      'STATION_NOT_FOUND',
    );
    expect(await report(person.client, { reserveNo: 999_999, returnedAt: began })).toBe('RESERVATION_NOT_FOUND');
    const [bikeId = 0] = await registerBikes(system);
    const other = await newRider();
    const held = await other.reserves(bikeId);
    expect(await report(other.client, { reserveNo: held.reserveNo, returnedAt: began })).toBe('NOT_REPORTABLE');
    expect(await settle({ reserveNo })).toBe('NO_OPEN_REPORT');
    await expect(report(other.client, { reserveNo, returnedAt: began })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await report(person.client, { reserveNo, returnedAt: began });
    const own = { input: { reserveNo } };
    await expect(person.client.request(SettleReturnDocument, own)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await settle({ reserveNo, returnedAt: inAnHour })).toBe('INVALID_RETURN_TIME');
    expect(await settle({ reserveNo })).toBe('SETTLED');
  });

  it('is heard by its rider and by operators, each step of it', async () => {
    const person = await newRider();
    const { reserveNo, began, bikeId } = await rides(person);
    await person.returns(reserveNo);
    const other = await newRider();
    await until('the bike is free', async () => (await other.reserves(bikeId)).status === 'RESERVED');
    const heard = { rider: [] as string[], operator: [] as string[] };
    const toRider = person.client.subscribe(reservationChanged, { userId: person.userId });
    const toOperator = operator.subscribe(ReturnReportChangedDocument, {});
    const listens = [
      (async () => {
        for await (const { reservationChanged: change } of toRider) {
          heard.rider.push(`${change.reserveNo} ${change.returnReport.status}`);
          if (change.returnReport.status === 'SETTLED') break;
        }
      })(),
      (async () => {
        for await (const { returnReportChanged: change } of toOperator) {
          heard.operator.push(`${change.reserveNo} ${change.status}`);
          if (change.status === 'SETTLED') break;
        }
      })(),
    ];
    // Subscriptions tell from now on: what is reported before both stand, they do not hear.
    await until('both listen', async () => {
      await report(person.client, { reserveNo, returnedAt: began });
      await reject({ reserveNo, reason: 'no' });
      return heard.rider.length > 0 && heard.operator.length > 0;
    });
    await report(person.client, { reserveNo, returnedAt: began });
    await settle({ reserveNo });
    await Promise.all(listens);
    const last = ['REJECTED', 'OPEN', 'SETTLED'].map((status) => `${reserveNo} ${status}`);
    expect([heard.rider.slice(-3), heard.operator.slice(-3)]).toEqual([last, last]);
    const evidence = await checkInvariants(system);
    expect(eventsNamed(evidence, 'OvertimeRestored').length).toBeGreaterThan(0);
  });
});
