import { setTimeout as delay } from 'node:timers/promises';
import { percentile, round } from '../statistics.ts';
import type { Contestant } from './contestants.ts';
import { runGatewayLoad } from './load.ts';
import { startGateway } from './processes.ts';
import { smallQuery } from './shop.ts';

/** Users in a closed loop, none of whose requests equals another. */
const connections = 50;
/** Between two moves, and after the last one. */
const pauseMs = 500;
const takenWithinMs = 30_000;

const taken = /^supergraph_reloads_total\{.*outcome="taken".*\} (\d+)$/m;

/**
 * Subgraphs move to another address under load, one after the other: the gateway is given a new supergraph, and the old
 * address closes as soon as it is taken. Every answer is compared; `wrong` are those that failed.
 */
export async function measureMoves(contestant: Contestant, moves: number) {
  const bodyOf = (request: number) => JSON.stringify({ query: smallQuery, variables: { tag: String(request) } });
  const { pid, url, subgraphs, answer: expected, stop } = await startGateway(contestant, 0, bodyOf(0));

  async function reloads(): Promise<number> {
    const text = await (await fetch(new URL('/metrics', url))).text();
    return Number(taken.exec(text)?.[1] ?? 0);
  }

  async function untilTaken(count: number): Promise<void> {
    for (const endAt = performance.now() + takenWithinMs; performance.now() < endAt; await delay(20)) {
      if ((await reloads()) >= count) return;
    }
    throw new Error(`${contestant.name} does not take the supergraph.`);
  }

  try {
    let isMoving = true;
    const load = runGatewayLoad({ url, connections, bodyOf, expected, while: () => isMoving });
    try {
      for (let move = 0; move < moves; move += 1) {
        await delay(pauseMs);
        await subgraphs.move(move);
        process.kill(pid, 'SIGHUP');
        await untilTaken(move + 1);
        await subgraphs.leave();
      }
      await delay(pauseMs);
    } finally {
      isMoving = false;
    }
    const { answers, wrong, perSecond, latenciesMs } = await load;
    return { moves, answers, wrong, perSecond: round(perSecond), p99Ms: round(percentile(latenciesMs, 0.99)) };
  } finally {
    await stop();
  }
}
