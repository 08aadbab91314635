import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../schema/client/client.ts';
import {
  CancelReservationDocument,
  ChangeBikeConditionDocument,
  DashboardDocument,
  FleetBikeDocument,
  FleetReservationDocument,
  ReturnBikeDocument,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

/** A name that must not be confused with the idempotency key behind it. */
const boss = 'boss:한강';

describe('the audit trail', () => {
  let system: TestSystem;
  let operator: Client;
  beforeAll(async () => {
    system = await startSystem();
    operator = await system.client(boss, 'operator');
  }, 240_000);
  afterAll(async () => {
    await checkInvariants(system);
    await system.close();
  }, 240_000);

  const trailOf = async (reserveNo: number) =>
    (await operator.request(FleetReservationDocument, { reserveNo })).reservation?.history ?? [];

  it('names who cancelled a reservation, and why', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const someone = await rider(system, 'someone');
    await someone.buys(2000);
    const { reserveNo } = await someone.reserves(bikeId);
    const input = { reserveNo, reason: ' The rider called. ' };
    await operator.request(CancelReservationDocument, { input });
    expect(
      (await trailOf(reserveNo)).map(({ eventType, reserveStatus, by, reason }) => [
        eventType,
        reserveStatus,
        by,
        reason,
      ]),
    ).toEqual([
      ['ReservationCancelled', 'CANCELLED', boss, 'The rider called.'],
      ['ReservationConfirmed', 'RESERVED', null, null],
      ['ReservationRequested', 'PENDING', 'someone', null],
    ]);

    const again = await someone.reserves(bikeId);
    await someone.starts(again.reserveNo);
    await operator.request(ReturnBikeDocument, { input: { reserveNo: again.reserveNo, reason: 'Found locked.' } });
    expect(await trailOf(again.reserveNo)).toMatchObject([
      { eventType: 'BikeReturned', by: boss, reason: 'Found locked.' },
      { eventType: 'RideStarted', by: 'someone', reason: null },
      {},
      {},
    ]);
    expect(await trailOf(reserveNo)).toHaveLength(3);
  });

  it('tells of every condition of a bike, and of the reservation that one ended', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const unlucky = await rider(system, 'unlucky');
    await unlucky.buys(1000);
    const { reserveNo } = await unlucky.reserves(bikeId);
    const change = { bikeId, condition: 'MAINTENANCE' as const, reason: 'Flat tire.' };
    await operator.request(ChangeBikeConditionDocument, { input: change });
    const { bike } = await operator.request(FleetBikeDocument, { bikeId });
    expect(bike?.history).toMatchObject([
      { eventType: 'BikeConditionChanged', condition: 'MAINTENANCE', by: boss, reason: 'Flat tire.' },
      { eventType: 'BikeRegistered', condition: 'IN_SERVICE', reason: null },
    ]);
    await until('the reservation ended with it', async () => (await trailOf(reserveNo)).length === 3);
    expect((await trailOf(reserveNo))[0]).toMatchObject({
      eventType: 'ReservationCancelled',
      by: null,
      bikeWithdrawn: true,
    });
  });

  it('is not for riders', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const curious = await system.client('curious', 'rider');
    await expect(curious.request(FleetBikeDocument, { bikeId })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('counts refusals by their reason on the dashboard', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const poor = await rider(system, 'poor');
    expect((await poor.reserves(bikeId)).status).toBe('NO_POINT_ACCOUNT');
    await poor.buys(999);
    for (let time = 0; time < 2; time += 1) expect((await poor.reserves(bikeId)).status).toBe('INSUFFICIENT_POINTS');
    const rejected = async () => {
      const { series, reservations } = (await operator.request(DashboardDocument, {})).dashboard;
      const counts = new Map<string, number>();
      for (const { refusals } of series) {
        for (const { code, count } of refusals) counts.set(code, (counts.get(code) ?? 0) + count);
      }
      const rows = reservations.nodes.filter(({ userId }) => userId === 'poor').map(({ refusalCode }) => refusalCode);
      return { counts: Object.fromEntries(counts), rows };
    };
    const all = ({ counts }: Awaited<ReturnType<typeof rejected>>) =>
      Object.values(counts).reduce((sum, count) => sum + count, 0);
    await until('the dashboard has the three', async () => all(await rejected()) === 3);
    // Only the first took a number: after a refusal, point is asked before the rider's next claim.
    expect(await rejected()).toEqual({
      counts: { NO_POINT_ACCOUNT: 1, INSUFFICIENT_POINTS: 2 },
      rows: ['NO_POINT_ACCOUNT'],
    });
  });
});
