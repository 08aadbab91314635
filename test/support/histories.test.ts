import { describe, expect, it } from '@jest/globals';
import type { Attempt, Look } from './seeded-rider.ts';
import { unlinearizable } from './histories.ts';

let clock = 0;

/** An attempt that starts after all earlier ones and is answered at once; override its times for others. */
function attempt(rider: string, kind: Attempt['kind'], outcome: string | null, more: Partial<Attempt> = {}): Attempt {
  clock += 10;
  const refused =
    outcome !== null && !['APPROVED', 'RESERVED', 'PENDING', 'CANCELLED', 'IN_USE', 'RETURNED'].includes(outcome);
  return {
    rider,
    kind,
    key: `${rider}-${kind}-${clock}`,
    bikeId: 1,
    price: 0,
    of: '',
    calledAt: clock,
    answeredAt: outcome === null ? null : clock + 5,
    answer: outcome === null ? null : { outcome, refused, number: 1 },
    error: '',
    ...more,
  };
}

const buys = (rider: string, price: number) => attempt(rider, 'buy', 'APPROVED', { price });
const reserves = (rider: string, outcome: string | null, key = `${rider}-reserve`) =>
  attempt(rider, 'reserve', outcome, { key });
const ends = (rider: string, kind: 'cancel' | 'start' | 'return', outcome: string | null, of = `${rider}-reserve`) =>
  attempt(rider, kind, outcome, { of });

const isFine = (...heard: (Attempt | Look)[]) => unlinearizable(toStory(heard), false).length === 0;

function toStory(heard: (Attempt | Look)[]) {
  const isLook = (one: Attempt | Look): one is Look => 'points' in one;
  return { attempts: heard.filter((one) => !isLook(one)) as Attempt[], looks: heard.filter(isLook) };
}

function sees(rider: string, points: number): Look {
  clock += 10;
  return { rider, points, calledAt: clock, answeredAt: clock + 5 };
}

describe('what riders heard of one bike', () => {
  it('fits: one after the other, the second refused while the first has it', () => {
    const [a, b] = [buys('a', 1_000), buys('b', 1_000)];
    const story = [a, b, reserves('a', 'RESERVED'), reserves('b', 'BIKE_ALREADY_RESERVED', 'b-early')];
    expect(
      isFine(...story, ends('a', 'start', 'IN_USE'), ends('a', 'return', 'RETURNED'), reserves('b', 'RESERVED')),
    ).toBe(true);
  });

  it('does not fit when two have it at once', () => {
    expect(isFine(buys('a', 1_000), buys('b', 1_000), reserves('a', 'RESERVED'), reserves('b', 'RESERVED'))).toBe(
      false,
    );
  });

  it('does not fit when a free bike is refused', () => {
    expect(isFine(reserves('a', 'BIKE_ALREADY_RESERVED'))).toBe(false);
    const [bought, reserved, cancelled] = [
      buys('a', 1_000),
      reserves('a', 'RESERVED'),
      ends('a', 'cancel', 'CANCELLED'),
    ];
    expect(isFine(bought, reserved, cancelled, reserves('b', 'BIKE_ALREADY_RESERVED'))).toBe(false);
  });

  it('fits when what got no answer happened, late or never', () => {
    const lost = reserves('a', null);
    expect(isFine(buys('a', 1_000), lost, reserves('b', 'BIKE_ALREADY_RESERVED'))).toBe(true);
    expect(isFine(buys('b', 1_000), lost, reserves('b', 'RESERVED'))).toBe(true);
  });

  it('does not fit when a key is refused after it was accepted', () => {
    const story = [buys('a', 1_000), reserves('a', 'RESERVED'), ends('a', 'cancel', 'CANCELLED')];
    expect(isFine(...story, reserves('a', 'RESERVED'))).toBe(true);
    expect(isFine(...story, reserves('a', 'BIKE_ALREADY_RESERVED'))).toBe(false);
  });

  it('does not fit when a ride is cancelled, or started twice', () => {
    const riding = () => [buys('a', 2_000), reserves('a', 'RESERVED'), ends('a', 'start', 'IN_USE')];
    expect(isFine(...riding(), ends('a', 'cancel', 'NOT_CANCELLABLE'))).toBe(true);
    expect(isFine(...riding(), ends('a', 'cancel', 'CANCELLED'))).toBe(false);
    expect(isFine(...riding(), ends('a', 'start', 'IN_USE'))).toBe(false);
  });

  it('does not fit when a confirmed reservation ends by itself, unless time ran out', () => {
    const story = [buys('a', 1_000), buys('b', 1_000), reserves('a', 'RESERVED'), reserves('b', 'RESERVED')];
    expect(unlinearizable(toStory(story), true)).toEqual([]);
    expect(unlinearizable(toStory(story), false)).toHaveLength(1);
  });
});

describe('what riders heard of one account', () => {
  it('fits: the fee is taken, given back, and taken again', () => {
    const first = [buys('a', 1_000), reserves('a', 'RESERVED', 'a-1'), ends('a', 'cancel', 'CANCELLED', 'a-1')];
    expect(isFine(...first, reserves('a', 'RESERVED', 'a-2'))).toBe(true);
  });

  it('does not fit when one fee pays two reservations', () => {
    const story = [buys('a', 1_000), reserves('a', 'RESERVED', 'a-1'), ends('a', 'return', 'RETURNED', 'a-1')];
    expect(isFine(...story, reserves('a', 'RESERVED', 'a-2'))).toBe(false);
    expect(isFine(...story, reserves('a', 'INSUFFICIENT_POINTS', 'a-2'))).toBe(true);
  });

  it('does not fit when the fee is taken without a purchase', () => {
    expect(isFine(reserves('a', 'RESERVED'))).toBe(false);
    expect(isFine(reserves('a', 'NO_POINT_ACCOUNT'))).toBe(true);
  });

  it('does not fit when a rider has two reservations', () => {
    const story = [buys('a', 3_000), reserves('a', 'RESERVED', 'a-1')];
    const second = attempt('a', 'reserve', 'RESERVED', { bikeId: 2, key: 'a-2' });
    expect(isFine(...story, second)).toBe(false);
    const refused = attempt('a', 'reserve', 'RIDER_HAS_LIVE_RESERVATION', { bikeId: 2, key: 'a-2' });
    expect(isFine(...story, refused)).toBe(true);
  });

  it('does not fit when points that were seen are called too few', () => {
    expect(isFine(buys('a', 999), sees('a', 999), reserves('a', 'INSUFFICIENT_POINTS'))).toBe(true);
    expect(isFine(buys('a', 1_000), sees('a', 0), sees('a', 1_000), reserves('a', 'RESERVED'))).toBe(true);
    expect(isFine(buys('a', 1_000), sees('a', 1_000), reserves('a', 'NO_POINT_ACCOUNT'))).toBe(false);
  });

  it('does not fit when a balance is seen that never was', () => {
    expect(isFine(buys('a', 1_000), sees('a', 2_000))).toBe(false);
    expect(isFine(sees('a', 1_000), buys('a', 1_000))).toBe(false);
  });

  it('does not fit when an account that paid once is unknown', () => {
    const afterwards = [buys('a', 2_500), reserves('a', 'RESERVED', 'a-1'), ends('a', 'return', 'RETURNED', 'a-1')];
    expect(isFine(...afterwards, reserves('a', 'NO_POINT_ACCOUNT', 'a-2'))).toBe(false);
  });
});
