import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createMemory } from '../../shared/api/memory.ts';
import { readBikes, readStations } from './table-address.ts';
import {
  alertsIn,
  keepThresholds,
  keptThresholds,
  readThresholds,
  thresholdIn,
  thresholdNames,
  watchedFor,
  type Thresholds,
} from './thresholds.ts';

const usual = readThresholds(null);
const valid: fc.Arbitrary<Thresholds> = fc.record({
  emptyMinutes: fc.option(fc.integer({ min: 1, max: watchedFor.emptyMinutes.most })),
  emptyShare: fc.option(fc.integer({ min: 1, max: watchedFor.emptyShare.most })),
  fullMinutes: fc.option(fc.integer({ min: 1, max: watchedFor.fullMinutes.most })),
  rideHours: fc.option(fc.integer({ min: 1, max: watchedFor.rideHours.most })),
  parkedEvents: fc.option(fc.integer({ min: 1, max: watchedFor.parkedEvents.most })),
});
const quiet = { open: 10, empty: 0, longEmpty: 0, longFull: 0, longRides: 0, parkedEvents: 0 };

describe('the thresholds of an operator', () => {
  it('are kept as they were set, also where storing is forbidden', () => {
    const memory = createMemory(() => {
      throw new Error('forbidden');
    });
    expect(keptThresholds(memory)).toEqual(usual);
    fc.assert(
      fc.property(valid, (thresholds) => {
        keepThresholds(thresholds, memory);
        expect(keptThresholds(memory)).toEqual(thresholds);
      }),
    );
  });

  it('are the usual ones where what was kept makes no sense', () => {
    const nonsense = ['', '{', 'null', '7', '[]', '{"emptyMinutes":0}', '{"emptyMinutes":1441,"emptyShare":"5"}'];
    for (const text of nonsense) expect(readThresholds(text)).toEqual(usual);
    expect(readThresholds('{"emptyMinutes":null,"rideHours":3,"emptyShare":1.5}')).toEqual({
      ...usual,
      emptyMinutes: null,
      rideHours: 3,
    });
    fc.assert(
      fc.property(fc.json(), (text) => {
        const read = readThresholds(text);
        expect(readThresholds(JSON.stringify(read))).toEqual(read);
      }),
    );
  });

  it('are read as people type them; none is none, and what is out of bounds is nothing', () => {
    expect(thresholdIn('emptyMinutes', ' ')).toBeNull();
    expect(thresholdIn('emptyMinutes', '１,440')).toBe(1_440);
    for (const text of ['0', '1441', '-1', '1.5', 'x']) expect(thresholdIn('emptyMinutes', text)).toBeUndefined();
    for (const name of thresholdNames) {
      expect(thresholdIn(name, String(watchedFor[name].most))).toBe(watchedFor[name].most);
      expect(thresholdIn(name, String(watchedFor[name].most + 1))).toBeUndefined();
    }
  });
});

describe('the alerts', () => {
  const namesOf = (figures: typeof quiet, thresholds = usual) => alertsIn(figures, thresholds).map(({ name }) => name);

  it('are those that have reached their threshold, and lead to their rows', () => {
    expect(namesOf(quiet)).toEqual([]);
    expect(namesOf({ ...quiet, empty: 2 })).toEqual([]);
    expect(namesOf({ ...quiet, empty: 3 })).toEqual(['emptyShare']);
    expect(namesOf({ ...quiet, parkedEvents: 4 }, { ...usual, parkedEvents: 5 })).toEqual([]);
    const all = alertsIn({ open: 3, empty: 1, longEmpty: 1, longFull: 2, longRides: 3, parkedEvents: 4 }, usual);
    expect(all.map(({ name, count }) => [name, count])).toEqual([
      ['emptyMinutes', 1],
      ['emptyShare', 33],
      ['fullMinutes', 2],
      ['rideHours', 3],
      ['parkedEvents', 4],
    ]);
    const searches = all.map(({ href }) => new URL(href, 'http://here').search);
    expect(readStations(searches[0] ?? '')).toMatchObject({ situation: 'empty', forMinutes: 30, sort: 'emptySince' });
    expect(readStations(searches[2] ?? '')).toMatchObject({ situation: 'full', forMinutes: 60, sort: 'fullSince' });
    expect(readBikes(searches[3] ?? '')).toMatchObject({ use: 'IN_USE', forMinutes: 720, sort: 'since' });
  });

  it('are none where nothing is watched, or there is no station', () => {
    const off = Object.fromEntries(thresholdNames.map((name) => [name, null])) as Thresholds;
    expect(namesOf({ open: 1, empty: 1, longEmpty: 1, longFull: 1, longRides: 1, parkedEvents: 1 }, off)).toEqual([]);
    expect(namesOf({ ...quiet, open: 0 })).toEqual([]);
  });

  it('lead to what their address can say, whatever the threshold', () => {
    fc.assert(
      fc.property(valid, (thresholds) => {
        const figures = { open: 1, empty: 1, longEmpty: 1, longFull: 1, longRides: 1, parkedEvents: 1_000_000 };
        for (const { name, threshold, href } of alertsIn(figures, thresholds)) {
          const { search } = new URL(href, 'http://here');
          if (name === 'rideHours') expect(readBikes(search).forMinutes).toBe(threshold * 60);
          if (name === 'emptyMinutes' || name === 'fullMinutes')
            expect(readStations(search).forMinutes).toBe(threshold);
        }
      }),
    );
  });
});
