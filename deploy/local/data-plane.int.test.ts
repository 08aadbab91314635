import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import mongoose from 'mongoose';
import { until } from '../../test/support/until.ts';
import { DATA_DIRECTORY, startDataPlane, type DataPlane, type DataPlaneOptions } from './data-plane.ts';
import { startTime } from './processes.ts';
import { reset } from './reset.ts';

const TIMEOUT_MS = 60_000;
let directory: string;
let planes: DataPlane[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'data-plane-'));
  planes = [];
});
afterEach(async () => {
  await Promise.all(planes.map((plane) => plane.close()));
  rmSync(directory, { recursive: true, force: true });
}, TIMEOUT_MS);

const options = (): DataPlaneOptions => ({
  directory,
  installDirectory: join(DATA_DIRECTORY, 'python'),
  env: { ...process.env, MONGODB_URI: '', NATS_URL: '' },
  mongodbPort: 0,
  natsPort: 0,
  report: () => undefined,
});

async function start(more: Partial<DataPlaneOptions> = {}): Promise<DataPlane> {
  const plane = await startDataPlane({ ...options(), ...more });
  planes.push(plane);
  return plane;
}

async function use<T>(plane: DataPlane, work: (on: Awaited<ReturnType<typeof clients>>) => Promise<T>): Promise<T> {
  const on = await clients(plane);
  try {
    return await work(on);
  } finally {
    await Promise.all([on.mongodb.close(), on.nats.close()]);
  }
}

async function clients(plane: DataPlane) {
  const mongodb = await new mongoose.mongo.MongoClient(plane.mongodbUri).connect();
  const nats = await connect({ servers: plane.natsUrl });
  return { mongodb, bikes: mongodb.db('test').collection('bikes'), nats, streams: await jetstreamManager(nats) };
}

const runningOf = (pids: number[]) => pids.filter((pid) => startTime(pid) !== undefined);

/** A process of its own that brings the servers up, says their pids and goes on as `then` has it. */
async function startElsewhere(then: string) {
  const { report: _, ...rest } = options();
  const program = `
    import { startDataPlane } from ${JSON.stringify(join(import.meta.dirname, 'data-plane.ts'))};
    const plane = await startDataPlane({ ...${JSON.stringify(rest)}, report() {} });
    ${then}
    console.log(JSON.stringify(plane.servers.map((server) => server.pid)));
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    detached: true, // a process group of its own, as a terminal gives
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  const pids = JSON.parse(output.join('')) as number[];
  expect(runningOf(pids)).toHaveLength(2);
  return { group: -(child.pid ?? 0), pid: child.pid ?? 0, pids, exited, output };
}

describe('the data plane', () => {
  it(
    'brings both servers up, keeps their data over a restart and leaves nothing running',
    async () => {
      const first = await start();
      await use(first, async ({ bikes, streams, nats }) => {
        await bikes.insertOne({ number: 'SPB-1' }, { writeConcern: { w: 'majority', journal: true } });
        await streams.streams.add({ name: 'RIDES', subjects: ['rides.>'] });
        await jetstream(nats).publish('rides.started', 'SPB-1');
      });
      const pids = first.servers.map((server) => server.pid);
      expect(first.servers.map((server) => server.name).sort()).toEqual(['mongodb', 'nats']);
      await expect(startDataPlane(options())).rejects.toThrow(/in use by process/);
      await expect(reset(directory, false)).rejects.toThrow(/in use by process/);

      await first.close();
      await first.close();
      expect(runningOf(pids)).toEqual([]);

      await use(await start(), async ({ bikes, streams }) => {
        expect(await bikes.countDocuments({ number: 'SPB-1' })).toBe(1);
        expect((await streams.streams.info('RIDES')).state.messages).toBe(1);
      });
    },
    TIMEOUT_MS,
  );

  it(
    'starts only what is not given, and starts it again with its data when it ends by itself',
    async () => {
      const env = { ...process.env, MONGODB_URI: 'mongodb://elsewhere', NATS_URL: '' };
      const told: string[] = [];
      const plane = await start({ env, report: (line) => told.push(line) });
      expect(plane).toMatchObject({ mongodbUri: 'mongodb://elsewhere', servers: [{ name: 'nats' }] });
      const streams = async <T>(work: (on: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>) => {
        const nats = await connect({ servers: plane.natsUrl });
        return work(await jetstreamManager(nats)).finally(() => nats.close());
      };
      await streams((on) => on.streams.add({ name: 'RIDES', subjects: ['rides.>'] }));
      process.kill(plane.servers[0]?.pid ?? NaN, 'SIGKILL');
      await until('it is up again', () => told.some((line) => line.includes('is up again')));
      expect(told.join('\n')).toMatch(/nats-server \S+ was ended by SIGKILL/);
      expect(await streams((on) => on.streams.info('RIDES'))).toMatchObject({ config: { name: 'RIDES' } });
    },
    TIMEOUT_MS,
  );

  it(
    'ends its servers within five seconds of a kill -9, and starts again on the same data',
    async () => {
      const { pid, pids, exited } = await startElsewhere('');
      process.kill(pid, 'SIGKILL');
      await exited;
      const deadline = Date.now() + 5_000;
      while (runningOf(pids).length > 0 && Date.now() < deadline) await delay(50);
      expect(runningOf(pids)).toEqual([]);
      expect((await start()).servers).toHaveLength(2);
    },
    TIMEOUT_MS,
  );

  it(
    'keeps its servers through a Ctrl-C until it is closed',
    async () => {
      const { group, pids, exited, output } = await startElsewhere(`
        process.once('SIGINT', async () => {
          await new Promise((resolve) => setTimeout(resolve, 500));
          console.log('up:' + plane.servers.filter(({ pid }) => { try { return process.kill(pid, 0); } catch { return false; } }).length);
          await plane.close();
        });
      `);
      process.kill(group, 'SIGINT');
      await exited;
      expect(output.join('')).toContain('up:2');
      expect(runningOf(pids)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
