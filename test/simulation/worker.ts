/** Runs every n-th history from a seed on, and reports each result to its parent. */
import { planOf } from './check.ts';
import { simulate } from './history.ts';

/** A worker's report of one history. */
export interface Told {
  seed: number;
  violations: string[];
  attempts: number;
  decisions: number;
  lastedMs: number;
  settledMs: number;
  faults: string[];
}

const [from = 0, below = 0, step = 1] = process.argv.slice(2).map(Number);
for (let seed = from; seed < below; seed += step) {
  const plan = planOf(seed);
  const { violations, attempts, decisions, lastedMs, settledMs } = await simulate(plan);
  const faults = plan.faults.map(({ kind }) => kind);
  process.send?.({ seed, violations, attempts, decisions, lastedMs, settledMs, faults } satisfies Told);
}
process.disconnect();
