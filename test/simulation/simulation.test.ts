import { describe, expect, it } from '@jest/globals';
import { planOf, shrink } from './check.ts';
import { simulate } from './history.ts';

describe('a simulated history', () => {
  it('is the same every time for a seed, and another for another', async () => {
    const plan = planOf(7);
    const [first, again] = [await simulate(plan), await simulate(planOf(7))];
    expect(again.hash).toBe(first.hash);
    expect(first.trace.length).toBeGreaterThan(100);
    expect((await simulate({ ...plan, dice: plan.dice + 1 })).hash).not.toBe(first.hash);
  });

  it('fails where a promise is broken, and is shrunk to little more than that', async () => {
    const failing = await shrink(7, 40_000, ({ decisions }) => (decisions > 3 ? ['more than three decisions'] : []));
    expect(failing?.history.violations).toContain('more than three decisions');
    expect(failing?.plan.faults).toEqual([]);
    expect(failing?.plan.riders).toHaveLength(1);
  });

  it('keeps every promise, whatever goes wrong', async () => {
    const failed: Record<number, string[]> = {};
    // The same number on every machine: coverage must not depend on its speed.
    for (let seed = 1; seed <= 100; seed += 1) {
      const { violations } = await simulate(planOf(seed));
      if (violations.length > 0) failed[seed] = violations;
    }
    expect(failed).toEqual({});
  });
});
