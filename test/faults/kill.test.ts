import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkInvariants, eventsNamed } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

/**
 * Every service dies by SIGKILL at its worst moments while a rider does everything there is to do, is started again, and
 * goes on as if nothing had happened. `after-insert` and `after-publish` are on the way out of a decision,
 * `before-position` and `before-ack` on the way in.
 */
describe('a service that dies by SIGKILL', () => {
  let system: TestSystem;
  let round = 0;
  beforeAll(async () => {
    system = await startSystem({ mode: 'many', env: { ACK_WAIT_MS: '1000' } });
  });
  afterAll(() => system.close());

  /** Repeats a request with the same key until an answer comes, as every client on an unreliable network does. */
  async function insist<Answer>(say: () => Promise<Answer>): Promise<Answer> {
    let answer: { value: Answer } | undefined;
    await until('the service answers again', async () => {
      answer = await say().then(
        (value) => ({ value }),
        () => undefined,
      );
      return answer !== undefined;
    });
    if (!answer) throw new Error('unreachable');
    return answer.value;
  }

  async function liveOneRide(): Promise<void> {
    round += 1;
    const user = await rider(system, `rider-${round}`);
    const [bikeId = 0] = await insist(() => registerBikes(system));
    await insist(() => user.buys(3000, `buy-${round}`));
    await until('the points are there', async () => (await insist(() => user.points())) === 3000);
    const first = await insist(() => user.reserves(bikeId, `first-${round}`));
    await until('the first reservation is confirmed or over', async () => {
      const { status } = await insist(() => user.reserves(bikeId, `first-${round}`));
      return status !== 'PENDING';
    });
    await insist(() => user.cancels(first.reserveNo));
    await until('the points came back', async () => (await insist(() => user.points())) === 3000);
    const second = await insist(() => user.reserves(bikeId, `second-${round}`));
    await until('the ride can start', async () =>
      ['IN_USE', 'NOT_STARTABLE'].includes(await insist(() => user.starts(second.reserveNo))),
    );
    await until('the bike is back', async () =>
      ['RETURNED', 'NOT_RETURNABLE'].includes(await insist(() => user.returns(second.reserveNo))),
    );
  }

  const outwards = ['after-insert', 'after-publish'] as const;
  const inwards = ['before-position', 'before-ack'] as const;

  it.each([
    ...(['bike', 'approval', 'point', 'reservation'] as const).flatMap((name) =>
      outwards.map((at) => [name, at] as const),
    ),
    ...(['point', 'reservation', 'dashboard'] as const).flatMap((name) => inwards.map((at) => [name, at] as const)),
  ])(
    '%s at %s loses nothing and does nothing twice',
    async (name, at) => {
      const service = system.processes?.[name];
      if (!service) throw new Error('not in many processes');
      await service.kill();
      await service.restart({ CRASH_AT: at });
      const life = liveOneRide();
      await service.ended();
      await service.restart();
      await life;
      const evidence = await checkInvariants(system);
      const mine = (type: 'PointsDeducted' | 'PointsRestored') =>
        eventsNamed(evidence, type).filter(({ data }) => data.userId === `rider-${round}`).length;
      expect([mine('PointsDeducted'), mine('PointsRestored')]).toEqual([2, 1]);
    },
    120_000,
  );
});
