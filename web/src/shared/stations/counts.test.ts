import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { graceMs, noCounts, type Shown, type StationCount, strangersIn, told, withCounts } from './counts.ts';
import type { Station } from './places.ts';

const count = (stationId: string, bikes: number): StationCount => ({
  stationId,
  state: 'OPEN',
  racks: 10,
  bikesParked: bikes,
  bikesAvailable: bikes,
  freeRacks: 10 - bikes,
});
const station = (stationId: string, bikes = 1): Station =>
  ({ ...count(stationId, bikes), number: 1, nameKo: '역', nameEn: 'Stn.' }) as unknown as Station;
const uncounted = ({ bikesParked: _parked, bikesAvailable: _available, freeRacks: _free, ...known }: Station) =>
  known as Station;
const bikesIn = (stations: readonly Station[]) => stations.map(({ bikesParked }) => bikesParked);

describe('the counts of stations', () => {
  const stations = [station('ST-1'), station('ST-2')];
  const first = { ...told(noCounts, [count('ST-1', 2), count('ST-2', 2)], 100), isLive: true };
  const counts = told(first, [count('ST-2', 5), count('ST-3', 1)], 200);
  const lost = { ...counts, isLive: false };

  it('are as the stream told them last, however often', () => {
    expect(bikesIn(withCounts(stations, 50, counts, new WeakMap()))).toEqual([2, 5]);
    expect(bikesIn(withCounts(stations, 50, told(counts, [count('ST-2', 5)], 300), new WeakMap()))).toEqual([2, 5]);
    expect(bikesIn(withCounts(stations, null, counts, new WeakMap()))).toEqual([2, 5]);
    expect(bikesIn(withCounts(stations, 50, null, new WeakMap()))).toEqual([1, 1]);
  });

  it.each([
    { known: counts, later: graceMs },
    { known: lost, later: 0 },
  ])('are as answered where that was asked $later ms since, station by station', ({ known, later }) => {
    const shown = [99, 100, 199, 200].map((time) => bikesIn(withCounts(stations, time + later, known, new WeakMap())));
    expect(shown).toEqual([
      [2, 5],
      [1, 5],
      [1, 5],
      [1, 1],
    ]);
  });

  it('are those of a stream that runs where an answer has none, and unknown once it is lost', () => {
    const away = stations.map(uncounted);
    expect(bikesIn(withCounts(away, 300, counts, new WeakMap()))).toEqual([2, 5]);
    expect(bikesIn(withCounts(away, 300, lost, new WeakMap()))).toEqual([undefined, undefined]);
  });

  it('leave a station the same object until something of it changes', () => {
    const ids = ['ST-1', 'ST-2', 'ST-3'];
    const message = fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), fc.integer({ min: 0, max: 2 })), {
      selector: ([id]) => id,
    });
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const answered = ids.map((id) => station(id));
        const shown: Shown = new WeakMap();
        let known = noCounts;
        let before = withCounts(answered, 0, known, shown);
        messages.forEach((lines, index) => {
          known = told(
            known,
            lines.map(([id, bikes]) => count(id, bikes)),
            index + 1,
          );
          const now = withCounts(answered, 0, known, shown);
          now.forEach((each, place) => {
            const bikes = known.of.get(each.stationId)?.count.bikesParked ?? 1;
            expect(each).toEqual(station(each.stationId, bikes));
            expect(each === before[place]).toBe(before[place]?.bikesParked === bikes);
          });
          before = now;
        });
      }),
    );
  });

  it('tell of stations that are not known yet', () => {
    expect(strangersIn(counts, new Set(['ST-1', 'ST-2']))).toBe(1);
    expect(strangersIn(counts, new Set(['ST-1', 'ST-2', 'ST-3']))).toBe(0);
  });
});
