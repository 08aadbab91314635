import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryMbOf } from './process-usage.ts';
import { ownEnvironment, startAllInOne } from './system-under-test.ts';

/** From the start of the process to its being ready, servers included. */
export interface StartUp {
  /** With an empty data folder, servers installed. */
  firstMs: number;
  /** Again, on the data of the first. */
  warmMs: number[];
  /** Of the Node process without the servers, idle, some seconds after it was ready. */
  idleRssMb: number[];
}

const settleMs = 5_000;

/** Starts what `npm start` starts, on a data folder of its own: once new, then `times` again. */
export async function measureStartUp(engine: string, times: number): Promise<StartUp> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-start-'));
  const env = await ownEnvironment({ MONGODB_ENGINE: engine, BENCH_DIRECTORY: directory });
  const idleRssMb: number[] = [];
  try {
    const start = async () => {
      const startedAt = performance.now();
      const child = startAllInOne(env);
      try {
        await child.ready;
        const ms = Math.round(performance.now() - startedAt);
        await delay(settleMs);
        idleRssMb.push(memoryMbOf(child.pid).rss);
        return ms;
      } finally {
        await child.stop();
      }
    };
    const firstMs = await start();
    const warmMs: number[] = [];
    for (let time = 0; time < times; time += 1) warmMs.push(await start());
    return { firstMs, warmMs, idleRssMb };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
