import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BikeView, StationView } from './projections.ts';
import type { Key } from './row-keys.ts';
import { createPictures, type PictureRows } from './picture.ts';
import { bikeNumbered, stationNumbered } from './open-data/testing.ts';

/** Rows that are read when they are let go. */
function rowsOf(bikes: BikeView[], stations: StationView[] = [], gate: Promise<void> = Promise.resolve()): PictureRows {
  async function* all(kind: 'bike' | 'station') {
    await gate;
    const views = kind === 'bike' ? bikes : stations;
    yield new Map(views.map((view) => ['bikeId' in view ? view.bikeId : view.stationId, view] as [Key, never]));
  }
  return { all };
}

const at = new Date('2026-11-27T00:00:00Z');
const free = bikeNumbered(1);
const reserved = bikeNumbered(1, { use: 'reserved' });

describe('the picture', () => {
  it('is the rows under what was committed since, before they were read, meanwhile or after', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const pictures = createPictures(
      () => rowsOf([free, bikeNumbered(2), bikeNumbered(3)], [stationNumbered(1)], gate),
      at,
    );
    pictures.absorb({ bikes: [reserved], at });
    const reading = pictures.read();
    pictures.absorb({ bikes: [bikeNumbered(2, { use: 'inUse' })], at });
    open();
    const { bikes, stations } = await reading;
    expect([...bikes.values()].map(({ bikeId, use }) => [bikeId, use]).sort()).toEqual([
      [1, 'reserved'],
      [2, 'inUse'],
      [3, 'free'],
    ]);
    expect([...stations.keys()]).toEqual(['ST-1']);
    pictures.absorb({ bikes: [free], stations: [stationNumbered(2)], at });
    const later = await pictures.read();
    expect([later.bikes.get(1)?.use, later.stations.size]).toEqual(['free', 2]);
  });

  it('is another version when a bike or a station changed, and only then', async () => {
    const pictures = createPictures(() => rowsOf([free]), at);
    const { version } = await pictures.read();
    pictures.absorb({ at: new Date(), accounts: [{ userId: '10', balance: 5 }] });
    expect(await pictures.read()).toMatchObject({ version, at });
    const later = new Date('2026-11-27T00:00:01Z');
    pictures.absorb({ at: later, stations: [stationNumbered(1)] });
    expect(await pictures.read()).toMatchObject({ version: version + 1, at: later });
  });

  it('is read anew when rebuilt rows take the place of the others, though they were being read', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let rows = rowsOf([free, bikeNumbered(2)], [], gate);
    const pictures = createPictures(() => rows, at);
    const reading = pictures.read();
    rows = rowsOf([reserved]);
    pictures.absorb({ generation: 1, at });
    open();
    expect([...(await reading).bikes.values()]).toEqual([reserved]);
  });

  it('is read anew when what it has may have missed a commit, and is another version then', async () => {
    let rows = rowsOf([free]);
    const pictures = createPictures(() => rows, at);
    const { version } = await pictures.read();
    rows = rowsOf([reserved]);
    pictures.forget();
    const anew = await pictures.read();
    expect([...anew.bikes.values()]).toEqual([reserved]);
    expect(anew.version).toBeGreaterThan(version);
  });

  it('counts what stands at each station as its bikes say, whatever was committed before and after rows were read', async () => {
    const bike = fc
      .record({
        bikeId: fc.integer({ min: 1, max: 5 }),
        condition: fc.constantFrom('IN_SERVICE' as const, 'MAINTENANCE' as const, 'LOST' as const, null),
        use: fc.constantFrom('free' as const, 'reserved' as const, 'inUse' as const),
        stationId: fc.constantFrom('ST-1', 'ST-2', undefined),
      })
      .map(({ bikeId, stationId, ...said }) => bikeNumbered(bikeId, { ...said, ...(stationId ? { stationId } : {}) }));
    const bikes = fc.array(bike, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(bikes, bikes, bikes, fc.boolean(), async (rows, before, after, isRebuilt) => {
        const pictures = createPictures(() => rowsOf(rows), at);
        pictures.absorb({ bikes: before, at });
        await pictures.read();
        if (isRebuilt) pictures.absorb({ generation: 1, at });
        pictures.absorb({ bikes: after, at });
        const picture = await pictures.read();
        for (const stationId of ['ST-1', 'ST-2']) {
          const here = [...picture.bikes.values()].filter(
            (one) => one.stationId === stationId && one.condition !== null,
          );
          expect(picture.parked(stationId)).toEqual({
            bikes: here.length,
            available: here.filter(({ condition, use }) => condition === 'IN_SERVICE' && use === 'free').length,
            disabled: here.filter(({ condition }) => condition === 'MAINTENANCE').length,
          });
        }
      }),
    );
  });

  it('can be asked for again after the database was away', async () => {
    let isAway = true;
    const rows = () => {
      if (isAway) throw new Error('away');
      return rowsOf([free]);
    };
    const pictures = createPictures(rows, at);
    await expect(pictures.read()).rejects.toThrow('away');
    isAway = false;
    expect((await pictures.read()).bikes.size).toBe(1);
  });
});
