import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gbfsSchemas, hasGbfsSchemas } from '../../../test/support/gbfs-schemas.ts';
import { gbfsVersions } from '../../../schema/open-data-addresses.ts';
import { discovery, envelope, fixedFeeds, liveFeeds, tariffFeeds, versionList } from './gbfs.ts';
import { bikeNumbered, pictureOf, pictures, stationNumbered, tariff } from './testing.ts';
import { vehicleIds } from './vehicle-ids.ts';

(hasGbfsSchemas() ? describe : describe.skip)('GBFS by its official schemas', () => {
  let schemaOf: Awaited<ReturnType<typeof gbfsSchemas>>;
  beforeAll(async () => {
    schemaOf = await gbfsSchemas();
  }, 120_000);

  const mistakes = (version: (typeof gbfsVersions)[number], name: string, data: string) => {
    const check = schemaOf(version, name);
    return check(JSON.parse(envelope(version, 1, new Date(), data))) ? null : check.errors;
  };
  const from = { vehicleIds: vehicleIds('secret'), publicUrl: 'https://bikes.example' };
  const base = 'http://127.0.0.1:8088';

  it.each(gbfsVersions)('is %s in every feed, whatever the picture', (version) => {
    const check = (name: string, data: string) => expect([name, mistakes(version, name, data)]).toEqual([name, null]);
    check('gbfs', discovery(base, version));
    check('gbfs_versions', versionList(base, version));
    for (const [name, feed] of Object.entries(fixedFeeds))
      check(name, feed({ contact: 'a@b.example', publicUrl: from.publicUrl }, version));
    for (const change of [
      {},
      { holdMinutes: 0.5 },
      { cap: 0 },
      { stepPrice: 0 },
      { stepPrice: 7 },
      { freeMinutes: 0 },
    ]) {
      for (const [name, feed] of Object.entries(tariffFeeds)) check(name, feed({ ...tariff, ...change }, version));
    }
    fc.assert(
      fc.property(pictures, (picture) => {
        for (const [name, feed] of Object.entries(liveFeeds)) check(name, feed({ picture, ...from }, version));
      }),
      { numRuns: 50 },
    );
  });

  it('notices what is wrong', () => {
    const picture = pictureOf([bikeNumbered(1, { stationId: 'ST-1' })], [stationNumbered(1)]);
    const right = liveFeeds['vehicle_status']?.({ picture, ...from }, '3.0') ?? '';
    expect(mistakes('3.0', 'vehicle_status', right)).toBeNull();
    expect(
      mistakes('3.0', 'vehicle_status', right.replace('"is_reserved":false', '"is_reserved":"no"')),
    ).not.toBeNull();
    expect(mistakes('3.0', 'vehicle_status', right.replace('"is_disabled":false,', ''))).not.toBeNull();
    expect(mistakes('3.0', 'station_status', right)).not.toBeNull();
  });
});
