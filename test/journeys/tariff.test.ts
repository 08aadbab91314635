import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '../../schema/client/client.ts';
import { ReservationDocument, ServerTimeDocument, TariffDocument } from '../../schema/client/generated/graphql.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

describe('the tariff, as set for an installation,', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({
      env: {
        RESERVATION_FEE: '500',
        HOLD_MINUTES: '3',
        OVERTIME_FREE_MINUTES: '30',
        OVERTIME_STEP_MINUTES: '10',
        OVERTIME_STEP_PRICE: '150',
        OVERTIME_CAP: '4500',
        MAX_PURCHASE: '20000',
      },
    });
  }, 240_000);
  afterAll(() => system.close(), 240_000);

  it('is told to everybody, by those who apply it', async () => {
    const anonymous = createClient({ url: `${system.routerUrl}/graphql` });
    expect((await anonymous.request(TariffDocument, {})).tariff).toEqual({
      reservationFee: 500,
      holdMinutes: 3,
      overtimeFreeMinutes: 30,
      overtimeStepMinutes: 10,
      overtimeStepPrice: 150,
      overtimeCap: 4500,
      maxPurchase: 20_000,
    });
    anonymous.close();
  });

  it('is the one that is applied', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const user = await rider(system, 'saver');
    expect(await user.buys(20_001)).toBe('INVALID_PRICE');
    expect(await user.buys(499)).toBe('APPROVED');
    expect((await user.reserves(bikeId)).status).toBe('INSUFFICIENT_POINTS');
    expect(await user.buys(1)).toBe('APPROVED');
    const { reserveNo, status } = await user.reserves(bikeId);
    expect([status, await user.points()]).toEqual(['RESERVED', 0]);
    const { reservation } = await user.client.request(ReservationDocument, { reserveNo });
    const heldMs = Date.parse(reservation?.expiresAt ?? '') - Date.parse(reservation?.reserveDateTime ?? '');
    expect(heldMs / 60_000).toBeCloseTo(3, 0);
  });

  it('comes with the server’s time, which a client with a wrong clock counts from', async () => {
    const anonymous = createClient({ url: `${system.routerUrl}/graphql` });
    const before = Date.now();
    const { serverTime } = await anonymous.request(ServerTimeDocument, {});
    expect(Date.parse(serverTime)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(serverTime)).toBeLessThanOrEqual(Date.now());
    anonymous.close();
  });
});
