import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createBreaker, type Attempt } from './breaker.ts';
import { BrokenConnection, createRetry } from './retry.ts';

function createTimed(failures: number, openMs = 1_000) {
  let time = 0;
  const changes: boolean[] = [];
  const breaker = createBreaker({ failures, openMs, onChange: (isOpen) => changes.push(isOpen), now: () => time });
  return { breaker, changes, wait: (ms: number) => (time += ms), now: () => time };
}

const enter = ({ breaker }: ReturnType<typeof createTimed>) => {
  const attempt = breaker.enter();
  if (!attempt) throw new Error('It is open.');
  return attempt;
};

describe('a subgraph’s breaker', () => {
  it('opens when half of the last requests failed, and lets one through to see whether it may close', () => {
    const timed = createTimed(2);
    for (const outcome of [
      'failed',
      'answered',
      'answered',
      'answered',
      'failed',
      'answered',
      'answered',
      'answered',
    ] as const) {
      enter(timed)(outcome);
    }
    enter(timed)('failed');
    expect(timed.breaker.isOpen()).toBe(false);
    enter(timed)('failed');
    expect(timed.breaker.enter()).toBeUndefined();
    timed.wait(999);
    expect(timed.breaker.enter()).toBeUndefined();
    timed.wait(1);
    const probe = enter(timed);
    expect(timed.breaker.enter()).toBeUndefined();
    probe('failed');
    expect(timed.breaker.enter()).toBeUndefined();
    timed.wait(1_000);
    enter(timed)('given up');
    enter(timed)('answered');
    enter(timed)('failed');
    expect(timed.breaker.isOpen()).toBe(false);
    expect(timed.changes).toEqual([true, false]);
  });

  it('never opens when told so', () => {
    const timed = createTimed(0);
    for (let count = 0; count < 100; count += 1) enter(timed)('failed');
    expect(timed.changes).toEqual([]);
  });

  it('does what it should, whatever happens in which order', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('enter' as const) }),
      fc.record({
        kind: fc.constant('end' as const),
        which: fc.nat(20),
        outcome: fc.constantFrom(
          'failed' as const,
          'failed' as const,
          'failed' as const,
          'answered' as const,
          'given up' as const,
        ),
      }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
    );
    let opened = 0;
    let closed = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { minLength: 80, maxLength: 200 }),
        (failures, steps) => {
          const timed = createTimed(failures);
          const underway: { attempt: Attempt; isProbe: boolean }[] = [];
          // The rules once more, as plainly as can be.
          let outcomes: string[] = [];
          let openSince: number | undefined;
          for (const each of steps) {
            if (each.kind === 'wait') timed.wait(each.ms);
            if (each.kind === 'enter') {
              const probing = underway.some(({ isProbe }) => isProbe);
              const attempt = timed.breaker.enter();
              const may = openSince === undefined || (!probing && timed.now() >= openSince + 1_000);
              expect(attempt !== undefined).toBe(may);
              if (attempt) underway.push({ attempt, isProbe: openSince !== undefined });
            }
            if (each.kind === 'end') {
              const [ended] = underway.splice(each.which % Math.max(1, underway.length), 1);
              if (!ended) continue;
              ended.attempt(each.outcome);
              ended.attempt('failed');
              if (ended.isProbe && each.outcome === 'failed') openSince = timed.now();
              if (ended.isProbe && each.outcome === 'answered') [openSince, outcomes] = [undefined, []];
              else if (!ended.isProbe && openSince === undefined && each.outcome !== 'given up') {
                outcomes.push(each.outcome);
                const failed = outcomes.slice(-failures * 2).filter((outcome) => outcome === 'failed').length;
                if (each.outcome === 'failed' && failed >= failures) openSince = timed.now();
              }
            }
            expect(timed.breaker.isOpen()).toBe(openSince !== undefined);
          }
          opened += timed.changes.filter(Boolean).length;
          closed += timed.changes.filter((isOpen) => !isOpen).length;
          expect(timed.changes).toEqual(timed.changes.map((_change, index) => index % 2 === 0));
        },
      ),
      { numRuns: 1_000 },
    );
    expect(opened).toBeGreaterThan(500);
    expect(closed).toBeGreaterThan(50);
  });
});

describe('what a broken connection lost', () => {
  const broken = () => Promise.reject(new BrokenConnection('closed'));

  it('is sent again once', async () => {
    let calls = 0;
    const retry = createRetry(() => undefined);
    await expect(retry(() => ((calls += 1) === 1 ? broken() : Promise.resolve('here')))).resolves.toBe('here');
    await expect(retry(broken)).rejects.toThrow('closed');
    expect(calls).toBe(2);
  });

  it('is not sent again for another reason', async () => {
    let calls = 0;
    const retry = createRetry(() => undefined);
    const late = () => Promise.reject(new Error(`late ${(calls += 1)}`));
    await expect(retry(late)).rejects.toThrow('late 1');
    expect(calls).toBe(1);
  });

  it('adds at most a tenth to the load of an outage', async () => {
    let retries = 0;
    const retry = createRetry(() => (retries += 1));
    for (let count = 0; count < 1_000; count += 1) await retry(broken).catch(() => undefined);
    expect(retries).toBeGreaterThan(100);
    expect(retries).toBeLessThan(120);
  });
});
