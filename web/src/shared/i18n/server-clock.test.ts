import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createServerClock } from './server-clock.ts';

const hour = 3_600_000;

/** A device whose clock is `ahead` of the true time, and a way to ask the server over a slow network. */
function device(ahead: number) {
  let time = Date.UTC(2026, 10, 26, 9);
  const clock = createServerClock(() => time + ahead);
  return {
    clock,
    trueTime: () => time,
    set: (next: number) => (ahead = next),
    ask(thereMs: number, backMs: number, resolutionMs = 1) {
      const sentAt = time + ahead;
      time += thereMs;
      const given = Math.floor(time / resolutionMs) * resolutionMs;
      time += backMs;
      clock.take({ time: given, resolutionMs, sentAt });
    },
  };
}

describe("the server's clock", () => {
  it('is right within half a round trip and the resolution, whatever the device says', () => {
    const skew = fc.integer({ min: -9e11, max: 9e11 });
    const trip = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(skew, trip, trip, fc.constantFrom(1, 1_000), (ahead, there, back, resolution) => {
        const { clock, trueTime, ask } = device(ahead);
        ask(there, back, resolution);
        expect(Math.abs(clock.now() - trueTime())).toBeLessThanOrEqual((there + back + resolution) / 2);
      }),
    );
  });

  it('keeps the best of several answers', () => {
    const { clock, trueTime, ask } = device(hour);
    ask(40, 40);
    ask(0, 9_000);
    ask(0, 9_000, 1_000);
    expect(Math.abs(clock.now() - trueTime())).toBeLessThanOrEqual(41);
  });

  it('believes a slow answer that cannot be true of what it knew, or that comes after a doubt', () => {
    const set = device(0);
    set.ask(10, 10);
    set.set(hour);
    set.ask(500, 500, 1_000);
    expect(Math.abs(set.clock.now() - set.trueTime())).toBeLessThan(1_001);
    const slept = device(0);
    slept.ask(1, 1);
    slept.set(-400);
    slept.clock.doubt();
    slept.ask(300, 300);
    expect(Math.abs(slept.clock.now() - slept.trueTime())).toBeLessThanOrEqual(301);
  });

  it('tells of a skew that misleads, and of no other', () => {
    for (const [ahead, told] of [
      [hour, hour],
      [-hour, -hour],
      [90_000, 0],
      [0, 0],
    ] as const) {
      const { clock, ask } = device(ahead);
      expect(clock.skew()).toBe(0);
      ask(0, 0);
      expect(Math.round(clock.skew() / 1_000) * 1_000).toBeCloseTo(told);
    }
  });

  it('takes no answer without a time, or from before its question', () => {
    const { clock, trueTime, ask } = device(5_000);
    ask(0, 0);
    clock.take({ time: Number.NaN, resolutionMs: 1, sentAt: clock.now() });
    clock.take({ time: 0, resolutionMs: 1, sentAt: trueTime() + hour });
    expect(clock.now()).toBeCloseTo(trueTime(), -1);
  });
});
