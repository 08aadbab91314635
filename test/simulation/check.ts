import fc from 'fast-check';
import { simulate, type History } from './history.ts';
import { plans, type Plan } from './plan.ts';

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const [plan] = fc.sample(plans, { seed, numRuns: 1 });
  if (!plan) throw new Error(`No plan for seed ${seed}.`);
  return plan;
}

/**
 * Looks for the smallest plan that still fails like the one of this seed, for at most this many ms.
 * @param alsoWrong further conditions under which a history fails.
 */
export async function shrink(
  seed: number,
  withinMs: number,
  alsoWrong: (history: History) => string[] = () => [],
): Promise<{ plan: Plan; history: History } | undefined> {
  let smallest: { plan: Plan; history: History } | undefined;
  const holds = fc.asyncProperty(plans, async (plan) => {
    const history = await simulate(plan);
    history.violations.push(...alsoWrong(history));
    if (history.violations.length === 0) return;
    smallest = { plan, history };
    throw new Error(history.violations[0]);
  });
  await fc.check(holds, { seed, numRuns: 1, interruptAfterTimeLimit: withinMs });
  return smallest;
}
