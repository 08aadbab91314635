import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../deploy/local/free-port.ts';
import { createClient, type Client } from '../../schema/client/client.ts';
import {
  DashboardDocument,
  DashboardRebuildsDocument,
  DashboardUpdatedDocument,
  RebuildDashboardDocument,
  type DashboardUpdatedSubscription,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { createServiceProcess, startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

describe('the dashboard, while its view is rebuilt,', () => {
  let system: TestSystem;
  let admin: Client;
  beforeAll(async () => {
    system = await startSystem({ env: { REBUILD_LEASE_MS: '1500', REBUILD_KEEP_MS: '1000' } });
    admin = await system.client('admin', 'admin');
  }, 240_000);
  afterAll(() => system.close());

  const rebuilds = async () => (await admin.request(DashboardRebuildsDocument, {})).dashboardRebuilds;
  const ended = (number: number) =>
    until(
      `rebuild ${number} has ended`,
      async () => (await rebuilds()).some((one) => one.number === number && one.finishedAt),
      60_000,
    );

  it('answers only those who may', async () => {
    const codeOf = (client: Client) =>
      client.request(RebuildDashboardDocument, { input: {} }).then(
        () => 'none',
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await codeOf(await system.client('operator', 'operator'))).toBe('FORBIDDEN');
    expect(await codeOf(await system.client('rider', 'rider'))).toBe('FORBIDDEN');
  });

  it('shows every change once and in order, and is begun again where its process is killed', async () => {
    const [first = 0, second = 0] = await registerBikes(system, 2);
    const [one, two] = [await rider(system, 'one'), await rider(system, 'two')];
    for (const each of [one, two]) await each.buys(10_000);
    const { dashboard } = await admin.request(DashboardDocument, {});
    const seen: DashboardUpdatedSubscription['dashboardUpdated'][] = [];
    const following = (async () => {
      for await (const { dashboardUpdated } of admin.subscribe(DashboardUpdatedDocument, { after: dashboard.cursor })) {
        seen.push(dashboardUpdated);
      }
    })().catch(() => undefined);

    // A second instance, which dies by SIGKILL with the rebuilt view complete and not live.
    const port = await freePort();
    const instance = createServiceProcess('dashboard', port, { ...system.env, DASHBOARD_PORT: String(port) });
    await instance.restart({ CRASH_AT: 'before-switch' });
    const direct = createClient({
      url: `http://127.0.0.1:${port}/graphql`,
      token: await system.token('admin', ['admin']),
    });
    const order = { input: { idempotencyKey: 'once' } };
    const { rebuildDashboard } = await direct.request(RebuildDashboardDocument, order);
    direct.close();
    expect(rebuildDashboard).toMatchObject({ refusal: null, rebuild: { number: 1, by: 'admin', attempt: 1 } });
    const made: string[] = [];
    for (const bike of [first, second, first]) {
      const held = await one.reserves(bike);
      made.push(held.status, await one.cancels(held.reserveNo));
    }
    await instance.ended();

    // The instance in this process starts it again.
    await ended(1);
    await until('it was begun again', async () => (await rebuilds()).length === 2);
    await ended(2);
    expect(await rebuilds()).toMatchObject([
      { number: 2, status: 'SWITCHED', attempt: 2, by: 'admin', differences: 0, problem: null },
      { number: 1, status: 'ABANDONED', attempt: 1 },
    ]);
    const [done] = await rebuilds();
    expect(done?.rebuiltHash).toBe(done?.liveHash);
    expect(done?.rebuiltHash).toHaveLength(32);
    // Repeating the order returns the same rebuild.
    const again = await admin.request(RebuildDashboardDocument, order);
    expect(again.rebuildDashboard).toMatchObject({ rebuild: { number: 2, status: 'SWITCHED' }, refusal: null });

    const held = await two.reserves(second);
    made.push(held.status, await two.starts(held.reserveNo), await two.returns(held.reserveNo));
    expect(made).toEqual([
      ...Array<string[]>(3).fill(['RESERVED', 'CANCELLED']).flat(),
      'RESERVED',
      'IN_USE',
      'RETURNED',
    ]);
    // Events that the killed instance was handling are redelivered.
    await until('every step was seen', () => seen.filter(({ reservation }) => reservation).length >= 13);
    const steps = (number: number) =>
      seen.flatMap(({ reservation }) => (reservation?.reserveNo === number ? [reservation.reserveStatus] : []));
    for (const number of [1, 2, 3]) expect(steps(number)).toEqual(['PENDING', 'RESERVED', 'CANCELLED']);
    expect(steps(4)).toEqual(['PENDING', 'RESERVED', 'IN_USE', 'RETURNED']);
    await checkInvariants(system);
    admin.close();
    await following;
  }, 240_000);
});
