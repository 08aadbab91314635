import { describe, expect, it } from '@jest/globals';
import { bikeColor, createTally, nextArrivalMs, nextTrip, type City, type CityRider } from './city.ts';
import { createDice } from './dice.ts';

const rider = (number: number, more: Partial<CityRider> = {}): CityRider => ({
  userId: `demo-${number}`,
  points: 5_000,
  busy: false,
  ...more,
});
const cityOf = (more: Partial<City> = {}): City => ({
  riders: [rider(1), rider(2), rider(3)],
  bikeIds: [1, 2, 3, 4],
  takenBikeIds: new Set(),
  ...more,
});
const tripsOf = (city: City, count = 1_000) => {
  const dice = createDice(7);
  return Array.from({ length: count }, () => nextTrip(city, dice)).filter((trip) => trip !== null);
};
const shareOf = <Item>(items: readonly Item[], holds: (item: Item) => boolean) =>
  items.filter(holds).length / items.length;

describe('dice', () => {
  it('fall the same for the same seed, and differently for another', () => {
    const throws = (seed: number) => {
      const dice = createDice(seed);
      return Array.from({ length: 20 }, () => dice.between(0, 1_000));
    };
    expect(throws(1)).toEqual(throws(1));
    expect(throws(1)).not.toEqual(throws(2));
    expect(new Set(throws(0)).size).toBe(20);
  });

  it('keep to their limits and chances', () => {
    const dice = createDice(3);
    const numbers = Array.from({ length: 2_000 }, () => dice.between(5, 7));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...numbers)).toBeLessThan(7);
    expect(shareOf(numbers, () => dice.chance(0.2))).toBeCloseTo(0.2, 1);
    expect(dice.pick([])).toBeUndefined();
  });
});

describe('the next trip', () => {
  it('is none when all riders are busy, or there is no bike', () => {
    expect(tripsOf(cityOf({ riders: [rider(1, { busy: true })] }))).toEqual([]);
    expect(tripsOf(cityOf({ bikeIds: [] }))).toEqual([]);
  });

  it('is made only by those who have time', () => {
    const trips = tripsOf(cityOf({ riders: [rider(1, { busy: true }), rider(2), rider(3)] }));
    expect(new Set(trips.map(({ userId }) => userId))).toEqual(new Set(['demo-2', 'demo-3']));
  });

  it('mostly goes for a free bike, at times for one that is taken', () => {
    const trips = tripsOf(cityOf({ takenBikeIds: new Set([1, 2]) }));
    const share = shareOf(trips, ({ bikeId }) => bikeId <= 2);
    expect(share).toBeGreaterThan(0.03);
    expect(share).toBeLessThan(0.15);
    expect(new Set(trips.map(({ bikeId }) => bikeId))).toEqual(new Set([1, 2, 3, 4]));
  });

  it('goes for a taken one when no other is left', () => {
    expect(tripsOf(cityOf({ takenBikeIds: new Set([1, 2, 3, 4]) }), 10)).toHaveLength(10);
  });

  it('begins with a purchase of 1000 to 5000 points for those who have too few, with exceptions', () => {
    expect(tripsOf(cityOf()).every(({ purchase }) => purchase === null)).toBe(true);
    for (const points of [null, 0, 999]) {
      const purchases = tripsOf(cityOf({ riders: [rider(1, { points })] })).map(({ purchase }) => purchase);
      expect(new Set(purchases)).toEqual(new Set([null, 1_000, 2_000, 3_000, 4_000, 5_000]));
      expect(shareOf(purchases, (price) => price === null)).toBeLessThan(0.3);
    }
  });

  it('mostly is a short ride, sometimes a cancellation', () => {
    const trips = tripsOf(cityOf());
    const share = shareOf(trips, ({ rideMs }) => rideMs === null);
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.25);
    for (const { rideMs, walkMs } of trips) {
      expect(walkMs).toBeGreaterThanOrEqual(2_000);
      expect(rideMs ?? 0).toBeLessThanOrEqual(20_000);
    }
  });
});

describe('arrivals', () => {
  it.each([0.5, 1, 10])('come %d times a second on average', (rate) => {
    const dice = createDice(11);
    const gaps = Array.from({ length: 5_000 }, () => nextArrivalMs(rate, dice));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean * rate).toBeGreaterThan(900);
    expect(mean * rate).toBeLessThan(1_100);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  });

  it('are never more than ten seconds apart', () => {
    const dice = createDice(11);
    expect(Math.max(...Array.from({ length: 100 }, () => nextArrivalMs(0.01, dice)))).toBe(10_000);
  });
});

describe('bikes', () => {
  it('are mostly green', () => {
    const dice = createDice(5);
    const colors = Array.from({ length: 500 }, () => bikeColor(dice));
    expect(shareOf(colors, (color) => color === 'green')).toBeGreaterThan(0.5);
    expect(new Set(colors).size).toBeGreaterThan(2);
  });
});

describe('the tally', () => {
  const played = () => {
    const tally = createTally();
    for (let times = 0; times < 100; times += 1) {
      tally.did('asked');
      tally.reserveTook(times + 1);
    }
    tally.did('reserved');
    tally.did('returned');
    tally.refused('BIKE_ALREADY_RESERVED');
    tally.refused('INSUFFICIENT_POINTS');
    tally.refused('INSUFFICIENT_POINTS');
    tally.failed('CONNECTION_LOST');
    return tally;
  };

  it('tells the state in a line', () => {
    expect(played().progress(10.2, 3)).toBe(
      '   10 s   100 asked · 1 reserved · 3 under way · 0 cancelled · 1 returned · 3 refused · 1 errors',
    );
  });

  it('ends in a table of deeds, refusals and errors by code, and times', () => {
    const lines = played().summary(10).split('\n');
    expect(lines[0]).toBe('In 10 s (0.1 reservations a second):');
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}reservations asked for +100$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}INSUFFICIENT_POINTS +2$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}CONNECTION_LOST +1$/));
    expect(lines.indexOf('Refusals:')).toBeLessThan(lines.indexOf('Errors:'));
    expect(lines.at(-1)).toBe('reserveBike: p50 50 ms, p99 99 ms');
  });

  it('is short when nothing happened', () => {
    const summary = createTally().summary(0);
    expect(summary).toMatch(/Refusals: none\nErrors: none\nreserveBike: p50 –, p99 –$/);
    expect(summary).not.toMatch(/no rider was free/);
  });
});
