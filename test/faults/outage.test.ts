import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATA_DIRECTORY, startDataPlane, type DataPlane } from '../../deploy/local/data-plane.ts';
import { freePort } from '../../deploy/local/free-port.ts';
import { checkInvariants } from '../support/invariants.ts';
import { registerBikes, rider } from '../support/people.ts';
import { scratchFolder } from '../support/scratch.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { until } from '../support/until.ts';

/** A server of its own that a test can stop and start again, with its data. */
async function createServer(which: 'mongodb' | 'nats') {
  const directory = await scratchFolder(`outage-${which}-`);
  const port = await freePort();
  const elsewhere = which === 'mongodb' ? { NATS_URL: 'nats://unused' } : { MONGODB_URI: 'mongodb://unused' };
  let plane: DataPlane | undefined;
  const server = {
    uri: which === 'mongodb' ? `mongodb://127.0.0.1:${port}/?directConnection=true` : `nats://127.0.0.1:${port}`,
    async start() {
      plane = await startDataPlane({
        directory,
        installDirectory: join(DATA_DIRECTORY, 'python'),
        env: { ...process.env, MONGODB_URI: '', NATS_URL: '', ...elsewhere },
        ...(which === 'mongodb' ? { mongodbPort: port } : { natsPort: port }),
        report: () => undefined,
      });
    },
    async stop() {
      await plane?.close();
      plane = undefined;
    },
    /** Loses all its data. */
    async wipe() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

type Server = Awaited<ReturnType<typeof createServer>>;

describe('an outage of', () => {
  let mongodb: Server;
  let nats: Server;
  let system: TestSystem;
  beforeAll(async () => {
    [mongodb, nats] = await Promise.all([createServer('mongodb'), createServer('nats')]);
    system = await startSystem({
      env: { MONGODB_URI: mongodb.uri, NATS_URL: nats.uri, DATABASE_TIMEOUT_MS: '1000', RECONCILE_EVERY_MS: '2000' },
    });
  });
  afterAll(async () => {
    await system.close();
    await Promise.all([mongodb.wipe(), nats.wipe()]);
  });

  it('the broker lets every command in, and delivers when it is back', async () => {
    const user = await rider(system, 'patient');
    const [bikeId = 0] = await registerBikes(system);
    await user.buys(2000);
    await nats.stop();

    expect(await registerBikes(system, 3)).toHaveLength(3);
    expect(await user.buys(500)).toBe('APPROVED');
    const { reserveNo, status } = await user.reserves(bikeId);
    expect(status).toBe('PENDING');

    await nats.start();
    await until('the reservation is confirmed', async () => (await user.starts(reserveNo)) === 'IN_USE');
    await until('the points arrived', async () => (await user.points()) === 1500);
    expect(await user.returns(reserveNo)).toBe('RETURNED');
    await checkInvariants(system);
  }, 240_000);

  it('the broker that loses its whole store costs nothing: it is filled again from the journals', async () => {
    const user = await rider(system, 'unmoved');
    await user.buys(2000);
    await nats.wipe();
    const bikes = await registerBikes(system, 2);
    await nats.start();
    await until('bikes of the outage can be reserved', async () => {
      const { reserveNo, status } = await user.reserves(bikes[0] ?? 0);
      if (status === 'RESERVED') await user.returns(reserveNo);
      return status === 'RESERVED';
    });
    await checkInvariants(system);
  }, 240_000);

  it('the database answers 503 with a code, loses nothing, and ends by itself', async () => {
    const user = await rider(system, 'careful');
    await user.buys(2000);
    const [bikeId = 0] = await registerBikes(system);
    const token = await system.token('careful', ['rider']);
    await mongodb.stop();

    const response = await fetch(`${system.routerUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: `mutation { reserveBike(input: { bikeId: ${bikeId}, idempotencyKey: "again" }) { refusal { code } } }`,
      }),
    });
    const answer = (await response.json()) as { errors?: { extensions: { code: string } }[] };
    expect([response.status, answer.errors?.[0]?.extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect((await fetch(`${system.routerUrl}/readyz`)).status).toBe(503);

    await mongodb.start();
    await until('the system is ready again', async () => (await fetch(`${system.routerUrl}/readyz`)).ok);
    await until('the same command with the same key succeeds', async () => {
      const outcome = await user.reserves(bikeId, 'again').catch(() => undefined);
      return outcome?.status === 'RESERVED';
    });
    expect(await user.points()).toBe(1000);
    await checkInvariants(system);
  }, 240_000);
});
