import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createCounters, type Counters } from './counters.ts';
import { createStage, type Stage } from '../service/testing.ts';

let stage: Stage;
let one: Counters;
let other: Counters;

beforeAll(async () => {
  stage = await createStage();
  one = createCounters((await stage.runtime('owner')).database);
  other = createCounters((await stage.runtime('owner')).database);
});
afterAll(() => stage.close());

describe('counters', () => {
  it('give no number twice, from two instances and from the very first one', async () => {
    const taken = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => (index % 2 ? one : other).next('bikeId')),
    );
    expect(new Set(taken).size).toBe(1_000);
    expect(Math.min(...taken.map(Number))).toBe(1);
    // An engine may count without answering: numbers may be missing, none comes twice.
    expect(Math.max(...taken.map(Number))).toBeLessThanOrEqual(2_000);
  });

  it('count each name for itself, and one caller one by one', async () => {
    expect(await one.next('a')).toBe(1);
    expect(await one.next('a')).toBe(2);
    expect(await other.next('b')).toBe(1);
    expect(await other.next('a')).toBe(3);
  });
});
