import { afterAll, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { createDice } from '../../cli/demo/dice.ts';
import { scratchFolder } from '../support/scratch.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { faultKinds, planOf, tell } from './plan.ts';
import { runPlan } from './run.ts';

/**
 * Each seed determines who does what and which faults come when: as many runs as there are kinds of faults cover all of
 * them. `FAULT_RUNS` and `FAULT_SEED` change the number and the first seed; `npm run test:faults` prints more and runs
 * longer.
 */
const runs = Number(process.env['FAULT_RUNS'] ?? Object.keys(faultKinds).length);
const firstSeed = Number(process.env['FAULT_SEED'] ?? 1);
/** The last quarter of the runs has two instances of every subgraph. */
const groups = [
  { instances: 1, seeds: seedsFrom(firstSeed, Math.ceil(runs * 0.75)) },
  { instances: 2, seeds: seedsFrom(firstSeed + Math.ceil(runs * 0.75), Math.floor(runs * 0.25)) },
].filter(({ seeds }) => seeds.length > 0);

function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

describe.each(groups)('a system of $instances instance(s) of each subgraph', ({ instances, seeds }) => {
  let cluster: Cluster | undefined;
  let directory: string | undefined;

  /** One start serves all runs; after a failed one, which may leave something behind, the next starts afresh. */
  async function theCluster(): Promise<Cluster> {
    directory ??= await scratchFolder('faults-');
    cluster ??= await startCluster({ directory, instances, dice: createDice(firstSeed) });
    return cluster;
  }

  async function end(): Promise<void> {
    await cluster?.close();
    cluster = undefined;
  }

  afterAll(async () => {
    await end();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  it.each(seeds.map((seed) => ({ seed, faults: planOf(seed, { instances }).faults.map(tell).join('; ') })))(
    'loses nothing and does nothing twice: seed $seed, $faults',
    async ({ seed }) => {
      const { violations, story, complaints } = await runPlan(await theCluster(), planOf(seed, { instances }));
      if (violations.length > 0) await end();
      expect({ seed, violations, story: violations.length > 0 ? [...story, ...complaints] : [] }).toEqual({
        seed,
        violations: [],
        story: [],
      });
    },
    300_000,
  );
});
