import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pageAddresses, rideLink } from '../../../schema/page-addresses.ts';
import { stationIdOf } from '../../../schema/places.ts';
import {
  fleetTabs,
  foundIn,
  foundKinds,
  linkTo,
  linkToRide,
  linkToTab,
  rideWishIn,
  tabIn,
  vehicleIn,
} from './links.ts';

const searchOf = (link: string) => new URL(link, 'http://here').search;

describe('a link within the pages', () => {
  it('leads to what it was made of, whatever the number looks like', () => {
    fc.assert(
      fc.property(fc.constantFrom(...foundKinds), fc.string({ unit: 'grapheme', minLength: 1 }), (kind, id) => {
        expect(foundIn(searchOf(linkTo(kind, id)))).toEqual({ kind, id });
      }),
    );
  });

  it('of open data leads to its vehicle', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{22}$/), (id) => {
        expect(vehicleIn(searchOf(rideLink('vehicle', id)))).toBe(id);
      }),
    );
  });

  it.each(fleetTabs)('leads to the tab %s', (tab) => expect(tabIn(searchOf(linkToTab(tab)))).toBe(tab));

  it('to a tab that is not there leads to the first', () => expect(tabIn('?tab=elsewhere')).toBe('search'));

  it('stands on every bike, and leads to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (bikeId) => {
        expect(rideWishIn(searchOf(linkToRide(bikeId)))).toEqual({ kind: 'bike', bikeId });
      }),
    );
  });

  it('of others leads to a station', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (number) => {
        const stationId = stationIdOf(number);
        expect(rideWishIn(searchOf(rideLink('station', stationId)))).toEqual({ kind: 'station', stationId });
      }),
    );
  });

  it.each([
    ['?bike=%EF%BC%91%EF%BC%97', { kind: 'bike', bikeId: 17 }],
    ['?bike=0017', { kind: 'bike', bikeId: 17 }],
    ['?bike=', { kind: 'unclear' }],
    ['?bike', { kind: 'unclear' }],
    ['?bike=0', { kind: 'unclear' }],
    ['?bike=-1', { kind: 'unclear' }],
    ['?bike=1.5', { kind: 'unclear' }],
    ['?bike=1e3', { kind: 'unclear' }],
    ['?bike=seventeen', { kind: 'unclear' }],
    ['?bike=2147483648', { kind: 'unclear' }],
    ['?bike=99999999999999999999999', { kind: 'unclear' }],
    ['?bike=%', { kind: 'unclear' }],
    ['?bike=%00', { kind: 'unclear' }],
    ['?vehicle=', { kind: 'unclear' }],
    ['?vehicle=%00', { kind: 'unclear' }],
    [`?vehicle=${'a'.repeat(1_001)}`, { kind: 'unclear' }],
    ['?vehicle=%EA%B0%80', { kind: 'unclear' }],
    ['?bike=1&bike=2', { kind: 'unclear' }],
    ['?bike=1&station=ST-1', { kind: 'unclear' }],
    ['?station=1', { kind: 'unclear' }],
    ['?station=ST-0', { kind: 'unclear' }],
    ['?station=st-1', { kind: 'unclear' }],
    ['?station=ST-1&station=ST-2', { kind: 'unclear' }],
    ['?lang=en', null],
    ['?bikes=1', null],
    ['', null],
  ])('that a camera read, %s, asks for %p', (search, wish) => expect(rideWishIn(search)).toEqual(wish));

  const sources = globSync('**/*.{ts,tsx}', { cwd: join(import.meta.dirname, '..') }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  const written = Object.values(pageAddresses).filter((address) => address !== '/');
  it.each(sources)('is written in links.ts, not in %s', (file) => {
    const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
    for (const address of written) expect(text).not.toMatch(new RegExp(`['"\`]${address}(?![\\w/.-])`));
    expect(text).not.toMatch(/href=("\/"|\{?['"`]\/\?)/);
  });
});
