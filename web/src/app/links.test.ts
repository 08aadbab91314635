import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pageAddresses, rideLink } from '../../../schema/page-addresses.ts';
import { fleetTabs, foundIn, foundKinds, linkTo, linkToTab, tabIn, vehicleIn } from './links.ts';

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
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        expect(vehicleIn(searchOf(rideLink('vehicle', id)))).toBe(id);
      }),
    );
  });

  it.each(fleetTabs)('leads to the tab %s', (tab) => expect(tabIn(searchOf(linkToTab(tab)))).toBe(tab));

  it('to a tab that is not there leads to the first', () => expect(tabIn('?tab=elsewhere')).toBe('search'));

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
