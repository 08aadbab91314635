import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { freePort } from '../../deploy/local/free-port.ts';
import type { Contestant } from './contestants.ts';
import { post } from './load.ts';

const here = import.meta.dirname;
const folder = join(here, '../../.data/bench-gateway');

/** The gateway's core; everything else is on the other. */
const gatewayCore = 0;
const otherCore = 1;

/** Runs alone on its core where the system can say so. */
export function onGatewayCore(command: string, args: string[], env: NodeJS.ProcessEnv, cwd?: string): ChildProcess {
  const pinned = process.platform === 'linux';
  // taskset becomes the command: the pid stays.
  return spawn(pinned ? 'taskset' : command, pinned ? ['-c', String(gatewayCore), command, ...args] : args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** A program of this folder, beside the gateway. */
export function forkBeside(file: string, args: string[] = []): ChildProcess {
  if (process.platform !== 'linux') return fork(join(here, file), args);
  return fork(join(here, file), args, { execPath: 'taskset', execArgv: ['-c', String(otherCore), process.execPath] });
}

export type Subgraphs = Awaited<ReturnType<typeof startSubgraphs>>;

async function startSubgraphs(latencyMs: number) {
  const child = forkBeside('subgraphs.ts', [String(latencyMs)]);
  const supergraphFile = join(folder, 'supergraph.graphql');
  /** Puts the file there as a release does: whole, at once. */
  async function provide(): Promise<void> {
    const [{ supergraphSdl }] = (await once(child, 'message')) as [{ supergraphSdl: string }];
    writeFileSync(`${supergraphFile}.new`, supergraphSdl);
    renameSync(`${supergraphFile}.new`, supergraphFile);
  }
  mkdirSync(folder, { recursive: true });
  await provide();
  return {
    supergraphFile,
    /** Requests since it was asked before. */
    async count(): Promise<number> {
      child.send('count');
      const [{ requests }] = (await once(child, 'message')) as [{ requests: number }];
      return requests;
    },
    /** Changes the price that is watched. @returns when, in ms. */
    async publish(price: number): Promise<number> {
      child.send({ price });
      const [{ publishedAtMs }] = (await once(child, 'message')) as [{ publishedAtMs: number }];
      return publishedAtMs;
    },
    /** Gives the nth subgraph another address, too; the supergraph says only that. */
    async move(index: number): Promise<void> {
      child.send({ move: index });
      await provide();
    },
    /** Ends what listens at addresses that subgraphs moved from, once it has answered what it was asked. */
    async leave(): Promise<void> {
      child.send('leave');
      await once(child, 'message');
    },
    stop: () => child.disconnect(),
  };
}

/** A gateway that answers, and what is behind it. */
export interface Running {
  pid: number;
  url: string;
  subgraphs: Subgraphs;
  /** What it answered first. */
  answer: string;
  stop(): Promise<void>;
}

/** @param body of the first request. */
export async function startGateway(contestant: Contestant, latencyMs: number, body: string): Promise<Running> {
  const subgraphs = await startSubgraphs(latencyMs);
  const port = await freePort();
  const { command, args, env, cwd } = contestant.start({ supergraphFile: subgraphs.supergraphFile, port });
  const gateway = onGatewayCore(command, args, env ?? {}, cwd);
  const exit = once(gateway, 'exit');
  const stop = async () => {
    gateway.kill();
    subgraphs.stop();
    const late = setTimeout(() => gateway.kill('SIGKILL'), stopWithinMs);
    await exit;
    clearTimeout(late);
  };
  const url = `http://127.0.0.1:${port}/graphql`;
  try {
    const answer = await untilAnswered(url, body, () => gateway.exitCode !== null);
    return { pid: gateway.pid ?? 0, url, subgraphs, answer, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const stopWithinMs = 20_000;

async function untilAnswered(url: string, body: string, gone: () => boolean): Promise<string> {
  const { origin, pathname } = new URL(url);
  for (const endAt = performance.now() + 60_000; performance.now() < endAt && !gone(); await delay(200)) {
    const pool = new Pool(origin);
    const answer = await post(pool, pathname, body).catch(() => '');
    await pool.close();
    if (answer.startsWith('{"data":{')) return answer;
    if (answer !== '') console.error(answer.slice(0, 300));
  }
  throw new Error('The gateway does not answer.');
}
