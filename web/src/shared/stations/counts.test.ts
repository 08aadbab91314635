import { describe, expect, it } from '@jest/globals';
import { countsOf, strangersIn, told, withCounts, type StationCount } from './counts.ts';
import type { Station } from './places.ts';

const count = (stationId: string, bikes: number): StationCount => ({
  stationId,
  state: 'OPEN',
  racks: 10,
  bikesParked: bikes,
  bikesAvailable: bikes,
  freeRacks: 10 - bikes,
});
const station = (stationId: string): Station =>
  ({ ...count(stationId, 1), number: 1, nameKo: '역', nameEn: 'Stn.' }) as unknown as Station;
const bikesIn = (stations: readonly Station[]) => stations.map(({ bikesParked }) => bikesParked);

describe('the counts of stations', () => {
  const stations = [station('ST-1'), station('ST-2')];
  const counts = told(countsOf([count('ST-1', 2), count('ST-2', 2)]), [count('ST-2', 5), count('ST-3', 1)]);

  it('are as the stream told them last, however often', () => {
    expect(bikesIn(withCounts(stations, 100, counts))).toEqual([2, 5]);
    expect(bikesIn(withCounts(stations, 100, told(counts, [count('ST-2', 5)])))).toEqual([2, 5]);
    expect(bikesIn(withCounts(stations, 100, null))).toEqual([1, 1]);
  });

  it('stay when the stream is lost, until somebody answered since', () => {
    const lost = { ...counts, lostAt: 200 };
    expect(bikesIn(withCounts(stations, 199, lost))).toEqual([2, 5]);
    expect(bikesIn(withCounts(stations, 200, lost))).toEqual([1, 1]);
    expect(bikesIn(withCounts(stations, null, lost))).toEqual([2, 5]);
  });

  it('tell of stations that are not known yet', () => {
    expect(strangersIn(counts, stations)).toBe(1);
    expect(strangersIn(counts, [...stations, station('ST-3')])).toBe(0);
  });
});
