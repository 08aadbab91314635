import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ChangeBikeConditionDocument,
  ReservationChangedDocument,
  ReservationDocument,
  type BikeCondition,
} from '../../schema/client/generated/graphql.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider, type Rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

const holdMs = 10_000;
const env = { HOLD_MINUTES: String(holdMs / 60_000), EXPIRY_EVERY_MS: '100' };

describe('a hold', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ env });
  });
  afterAll(() => system.close());

  const statusOf = async ({ client }: Rider, reserveNo: number) =>
    (await client.request(ReservationDocument, { reserveNo })).reservation?.reserveStatus;

  async function changeCondition(bikeId: number, condition: BikeCondition): Promise<void> {
    const operator = await system.client('operator', 'operator');
    await operator.request(ChangeBikeConditionDocument, { input: { bikeId, condition, reason: 'flat tyre' } });
  }

  it('runs out: EXPIRED, the points come back, the bike can be had again', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const forgetful = await rider(system, 'forgetful');
    await forgetful.buys(1000);
    const { reserveNo } = await forgetful.reserves(bikeId);
    await until('the hold ran out', async () => (await statusOf(forgetful, reserveNo)) === 'EXPIRED');
    await until('the points are back', async () => (await forgetful.points()) === 1000);
    expect(await forgetful.starts(reserveNo)).toBe('NOT_STARTABLE');
    expect((await forgetful.reserves(bikeId)).status).toBe('RESERVED');
    await checkInvariants(system);
  });

  it('runs out while the whole system is down', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const unlucky = await rider(system, 'unlucky');
    await unlucky.buys(1000);
    const { reserveNo } = await unlucky.reserves(bikeId);
    await system.close();
    await new Promise((resolve) => setTimeout(resolve, holdMs));
    system = await startSystem({ name: system.name, env: system.env });
    const back = await rider(system, 'unlucky');
    await until('the hold ran out', async () => (await statusOf(back, reserveNo)) === 'EXPIRED');
    await until('the points are back', async () => (await back.points()) === 1000);
    await checkInvariants(system);
  });

  it('ends when the bike is taken out of service, but a ride goes on', async () => {
    const [held = 0, ridden = 0] = await registerBikes(system, 2);
    const waiting = await rider(system, 'waiting');
    const riding = await rider(system, 'riding');
    await Promise.all([waiting.buys(1000), riding.buys(1000)]);
    const hold = await waiting.reserves(held);
    const ride = await riding.reserves(ridden);
    expect(await riding.starts(ride.reserveNo)).toBe('IN_USE');
    await changeCondition(held, 'MAINTENANCE');
    await changeCondition(ridden, 'LOST');
    await until('the hold is cancelled', async () => (await statusOf(waiting, hold.reserveNo)) === 'CANCELLED');
    await until('the points are back', async () => (await waiting.points()) === 1000);
    expect((await waiting.reserves(held)).status).toBe('BIKE_NOT_IN_SERVICE');
    expect(await riding.returns(ride.reserveNo)).toBe('RETURNED');
    await checkInvariants(system);
  });

  it('is told to its rider as it changes, and to no other', async () => {
    const [bikeId = 0] = await registerBikes(system);
    const [mine, other] = await Promise.all([rider(system, 'mine'), rider(system, 'other')]);
    await Promise.all([mine.buys(5000), other.buys(5000)]);
    const seen: Record<string, string[]> = { mine: [], other: [] };
    let cursor = '';
    let told = 0;
    for (const one of [mine, other]) {
      void (async () => {
        for await (const { reservationChanged } of one.client.subscribe(ReservationChangedDocument, {})) {
          seen[one.userId]?.push(reservationChanged.reserveStatus);
          cursor = reservationChanged.cursor ?? '';
          told = reservationChanged.reserveNo;
        }
      })().catch(() => undefined);
    }
    for (const one of [mine, other]) {
      let last = 0;
      await until(`the subscription of ${one.userId} is live`, async () => {
        const { reserveNo, status } = await one.reserves(bikeId);
        if (status === 'RESERVED') await one.cancels((last = reserveNo));
        return (seen[one.userId]?.length ?? 0) > 0;
      });
      await until('it was told the last', () => told === last && seen[one.userId]?.at(-1) === 'CANCELLED');
    }
    seen['other'] = [];
    const { reserveNo } = await mine.reserves(bikeId);
    await mine.starts(reserveNo);
    await mine.returns(reserveNo);
    await until('the ride was told', () => seen['mine']?.at(-1) === 'RETURNED');
    expect(seen['mine']?.slice(-2)).toEqual(['IN_USE', 'RETURNED']);
    expect(seen['other']).toEqual([]);
    const theirs = other.client.subscribe(ReservationChangedDocument, {}, { after: cursor });
    await expect(theirs[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const stranger = other.client.subscribe(ReservationChangedDocument, { reserveNo });
    await expect(stranger[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
