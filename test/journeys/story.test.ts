import { afterAll, describe, expect, it } from '@jest/globals';
import {
  DashboardUpdatedAcrossDocument,
  type DashboardUpdatedAcrossSubscription,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

type Update = DashboardUpdatedAcrossSubscription['dashboardUpdated'];

/** Opens a subscription and waits until it is live: a change of its own is the proof. */
async function watchDashboard(system: TestSystem): Promise<Update[]> {
  const operator = await system.client('watcher', 'operator');
  const seen: Update[] = [];
  void (async () => {
    for await (const { dashboardUpdated } of operator.subscribe(DashboardUpdatedAcrossDocument, {}))
      seen.push(dashboardUpdated);
  })().catch(() => undefined);
  const canary = await rider(system, 'canary');
  let bought = 0;
  await until('the subscription is live', async () => {
    await canary.buys(1);
    bought += 1;
    return seen.length > 0;
  });
  await until('all of the canary was told', () => Number(seen.at(-1)?.totals.pointsInCirculation) === bought);
  seen.length = 0;
  return seen;
}

describe.each(['one', 'many'] as const)('the story, with %s process(es)', (mode) => {
  let system: TestSystem | undefined;
  afterAll(() => system?.close());

  it('goes from registration to return, live on the dashboard, and on after a restart', async () => {
    system = await startSystem({ mode });
    const seen = await watchDashboard(system);

    // Between services only what one causes in another has an order.
    const told = (count: number) => until(`${count} events were told`, () => seen.length >= count);

    expect(await registerBikes(system)).toEqual([1]);
    await told(1);
    const user10 = await rider(system, '10');
    expect(await user10.buys(3000)).toBe('APPROVED');
    expect(await user10.buys(5000)).toBe('APPROVED');
    expect(await user10.points()).toBe(8000);
    await told(3);

    const first = await user10.reserves(1);
    expect(first.status).toBe('RESERVED');
    expect(await user10.points()).toBe(7000);
    expect(await user10.cancels(first.reserveNo)).toBe('CANCELLED');
    expect(await user10.points()).toBe(8000);
    await told(8);

    const second = await user10.reserves(1);
    expect(second.status).toBe('RESERVED');
    expect(await user10.starts(second.reserveNo)).toBe('IN_USE');
    expect(await user10.returns(second.reserveNo)).toBe('RETURNED');
    expect(await user10.points()).toBe(7000);

    const events = [
      'BikeRegistered',
      'PointsIncreased',
      'PointsIncreased',
      'ReservationRequested',
      'PointsDeducted',
      'ReservationConfirmed',
      'ReservationCancelled',
      'PointsRestored',
      'ReservationRequested',
      'PointsDeducted',
      'ReservationConfirmed',
      'RideStarted',
      'BikeReturned',
    ];
    await told(events.length);
    expect(seen.map(({ eventType }) => eventType)).toEqual(events);
    const rows = seen.map(({ reservation }) => reservation).flatMap((row) => row ?? []);
    expect(rows.map((row) => row.reserveStatus)).toEqual([
      'PENDING',
      'RESERVED',
      'CANCELLED',
      'PENDING',
      'RESERVED',
      'IN_USE',
      'RETURNED',
    ]);
    // Fields of bike (the fleet), reservation (the saga) and user (the ledger), resolved for each event.
    expect(rows.every((row) => row.bike.color === 'green')).toBe(true);
    expect(rows.map((row) => row.reservation.user.userId)).toEqual(rows.map(() => '10'));
    expect(rows.at(-1)).toMatchObject({
      returnDateTime: expect.any(String),
      reservation: { reserveStatus: 'RETURNED' },
    });
    expect(seen.at(-1)?.totals).toMatchObject({ bikes: 1, available: 1, ledgerImbalance: 0 });
    await checkInvariants(system);

    const { name, env } = system;
    await system.close();
    system = await startSystem({ mode, name, env });
    expect(await registerBikes(system)).toEqual([2]);
    expect(await (await rider(system, '10')).points()).toBe(7000);
    await checkInvariants(system);
  }, 240_000);
});
