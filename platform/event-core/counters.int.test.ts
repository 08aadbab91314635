import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createCounters, type Counters } from './counters.ts';
import { until } from '../../test/support/until.ts';
import { realTime } from '../foundation/time.ts';
import { createStage, type Stage } from '../service/testing.ts';

let stage: Stage;
let one: Counters;
let other: Counters;

beforeAll(async () => {
  stage = await createStage();
  one = createCounters((await stage.runtime('owner')).database);
  other = createCounters((await stage.runtime('owner')).database);
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await stage.close();
});

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

  it('take numbers ahead for those who ask often, and give back what is left over', async () => {
    const { database } = await stage.runtime('owner');
    let now = 0;
    const timers = new Set<() => void>();
    const time = {
      ...realTime,
      now: () => now,
      after(_ms: number, call: () => void) {
        timers.add(call);
        return () => timers.delete(call);
      },
    };
    const busy = createCounters(database, time);
    const stored = async (): Promise<unknown> =>
      (await database.collection('counters').findOne({ _id: 'busy' as never }))?.['value'];
    const take = async (count: number) => {
      const taken = [];
      for (let n = 0; n < count; n += 1) taken.push(await busy.next('busy'));
      return taken;
    };
    const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

    expect(await take(40)).toEqual(numbers(1, 40));
    expect(await stored()).toBe(40); // nothing is known of the second before
    now = 1_000;
    expect(await take(1)).toEqual([41]);
    expect(await stored()).toBe(51);
    expect(await take(10)).toEqual(numbers(42, 51));
    expect(await stored()).toBe(51);
    expect(await take(3)).toEqual(numbers(52, 54));
    expect(await stored()).toBe(62);

    for (const call of [...timers]) call();
    await until('what is left over is given back', async () => (await stored()) === 54);
    expect(await take(1)).toEqual([55]);
    await busy.close();
    expect(await stored()).toBe(55);

    now = 9_000; // idle since
    expect(await take(2)).toEqual([56, 57]);
    expect(await stored()).toBe(57);
  });

  it('give nothing back once another instance has taken numbers after', async () => {
    let now = 0;
    const { database } = await stage.runtime('owner');
    const busy = createCounters(database, { ...realTime, now: () => now });
    for (let n = 0; n < 20; n += 1) await busy.next('shared');
    now = 1_000;
    expect(await busy.next('shared')).toBe(21);
    expect(await other.next('shared')).toBe(27);
    await busy.close();
    expect(await busy.next('shared')).toBe(28);
    await busy.close();
    expect(await other.next('shared')).toBe(29);
  });

  it('give no number twice under load, with time passing', async () => {
    const taken: number[] = [];
    const end = Date.now() + 2_500;
    const taker = async (counters: Counters) => {
      while (Date.now() < end) taken.push(await counters.next('loaded'));
    };
    await Promise.all([taker(one), taker(one), taker(other)]);
    expect(new Set(taken).size).toBe(taken.length);
  });
});
