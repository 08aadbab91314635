import { describe, expect, it } from '@jest/globals';
import { movementsOf } from './movements.ts';
import { bikeNumbered } from './open-data/testing.ts';
import { dayMs, mostSteps, type Past, type Stand } from './past.ts';

const now = Date.parse('2026-11-27T04:00:00.000Z');
const ago = (minutes: number) => now - minutes * 60_000;
type Step = [minutesAgo: number, stationId?: string | undefined, isHeld?: 'held'];
const stood = (...steps: Step[]): Past<Stand> =>
  steps.map(([minutes, stationId, isHeld]) => ({
    ...{ at: ago(minutes), isFree: isHeld === undefined },
    ...(stationId && { stationId }),
  }));
/** Where it went, and when, as the minutes since. */
function told(steps: Step[], said: Parameters<typeof bikeNumbered>[1] = {}): string[] {
  const stationId = steps.at(-1)?.[1];
  const bike = bikeNumbered(7, {
    ...{ stands: stood(...steps), use: steps.at(-1)?.[2] ? 'inUse' : 'free', ...(stationId && { stationId }) },
    ...said,
  });
  return [...movementsOf(bike, 'ST-1', now)].map(
    ({ at, bikeId, hasArrived }) => `${bikeId} ${hasArrived ? 'came' : 'left'} ${(now - at) / 60_000}`,
  );
}

describe('the bikes that came to a station and left it', () => {
  it('are told by where each stood, a reservation there being neither', () => {
    expect(
      told([
        [60, 'ST-1'],
        [50, 'ST-1', 'held'],
        [45, undefined, 'held'],
        [20, 'ST-2'],
        [10, 'ST-1'],
      ]),
    ).toEqual(['7 came 60', '7 left 45', '7 came 10']);
    expect(
      told([
        [60, 'ST-2'],
        [10, 'ST-3'],
      ]),
    ).toEqual([]);
    // From one station to the next, by an operator.
    expect(
      told([
        [60, 'ST-1'],
        [10, 'ST-2'],
      ]),
    ).toEqual(['7 came 60', '7 left 10']);
  });

  it('are those of the last day, and of bikes that are registered', () => {
    const day = dayMs / 60_000;
    expect(
      told([
        [day + 5, 'ST-1'],
        [day, undefined, 'held'],
        [day - 1, 'ST-1'],
      ]),
    ).toEqual([`7 came ${day - 1}`]);
    expect(told([[60, 'ST-1']], { condition: null })).toEqual([]);
    // Rows from before where they stood was noted.
    expect([...movementsOf(bikeNumbered(7, { stationId: 'ST-1' }), 'ST-1', now)]).toEqual([]);
  });

  it('are no guess where the beginning of a past is forgotten', () => {
    const busy = Array.from({ length: mostSteps }, (_, index): Step =>
      index % 2 === 0 ? [500 - index, 'ST-1'] : [500 - index, 'ST-1', 'held'],
    );
    expect(told(busy)).toEqual([]);
    expect(told(busy.slice(1))).toEqual(['7 came 499']);
  });
});
