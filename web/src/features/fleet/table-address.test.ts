import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { districtNames } from '../../../../schema/places.ts';
import { tabIn } from '../../app/links.ts';
import {
  bikeSorts,
  conditions,
  everyBike,
  everyStation,
  linkToBikes,
  linkToStations,
  longestRide,
  longestSituation,
  mostPicked,
  readBikes,
  readStations,
  situations,
  stationIdIn,
  stationSorts,
  uses,
} from './table-address.ts';

const searchOf = (link: string) => new URL(link, 'http://here').search;
const cursor = fc.string({ minLength: 1, maxLength: 50 });
const page = fc.oneof(fc.constant(null), fc.record({ after: cursor }), fc.record({ before: cursor }));
const maybe = <Value>(...values: readonly Value[]) => fc.option(fc.constantFrom(...values));

describe('the address of a table', () => {
  it('of bikes says what it was made of', () => {
    const views = fc.record({
      condition: maybe(...conditions),
      use: maybe(...uses),
      district: maybe(...districtNames),
      stationId: fc.option(fc.integer({ min: 1, max: 999_999 }).map((number) => `ST-${number}`)),
      digits: fc.stringMatching(/^\d{0,10}$/),
      forMinutes: fc.option(fc.integer({ min: 1, max: longestRide })),
      picked: fc.oneof(fc.constant('all' as const), fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 31 - 1 }))),
      sort: fc.constantFrom(...bikeSorts),
      descending: fc.boolean(),
      page,
    });
    fc.assert(fc.property(views, (view) => expect(readBikes(searchOf(linkToBikes(view)))).toEqual(view)));
    expect(tabIn(searchOf(linkToBikes({})))).toBe('bikes');
  });

  it('of stations says what it was made of', () => {
    const views = fc.record({
      district: maybe(...districtNames),
      situation: maybe(...situations),
      text: fc.string({ unit: 'grapheme', maxLength: 20 }),
      sort: fc.constantFrom(...stationSorts),
      descending: fc.boolean(),
      page,
    });
    const lasting = fc.option(fc.integer({ min: 1, max: longestSituation }));
    fc.assert(
      fc.property(views, lasting, (said, minutes) => {
        // Without a situation nothing lasts.
        const view = { ...said, forMinutes: said.situation && minutes };
        expect(readStations(searchOf(linkToStations(view)))).toEqual(view);
        expect(readStations(searchOf(linkToStations({ ...said, forMinutes: minutes })))).toEqual(view);
      }),
    );
    expect(tabIn(searchOf(linkToStations({})))).toBe('stations');
  });

  it('without anything is the whole list, and so is one that makes no sense', () => {
    const nonsense =
      '?tab=bikes&for=1.5&condition=NEW&use=&district=seoul&at=../x&q=abc&sort=--since&after=&before=&pick=0,-1,x,2147483648';
    for (const address of ['', nonsense]) expect(readBikes(address)).toEqual(everyBike);
    for (const address of ['', '?situation=odd&for=30&sort=since&district=x', '?for=30']) {
      expect(readStations(address)).toEqual(everyStation);
    }
    for (const said of ['0', '-1', '1441', '1e2', ' 5', 'x']) {
      expect(readStations(`?situation=empty&for=${said}`).forMinutes).toBeNull();
    }
    expect(linkToBikes(everyBike)).toBe(linkToBikes({}));
  });

  it('has each number once, and no more than an address can say', () => {
    expect(readBikes('?pick=7,7,,3').picked).toEqual([7, 3]);
    const many = Array.from({ length: 600 }, (_, index) => index + 1);
    expect(readBikes(`?pick=${many.join()}`).picked).toHaveLength(mostPicked);
  });

  it('of a station is read as people type its number', () => {
    for (const text of ['ST-101', 'st-101', ' 101', '００１０１']) expect(stationIdIn(text)).toBe('ST-101');
    for (const text of ['', '0', 'ST-', '1234567', '1 01', 'x']) expect(stationIdIn(text)).toBeNull();
  });

  it('is read whatever it says', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (query) => {
        expect(readBikes(`?${query}`)).toEqual(readBikes(searchOf(linkToBikes(readBikes(`?${query}`)))));
        expect(readStations(`?${query}`)).toEqual(readStations(searchOf(linkToStations(readStations(`?${query}`)))));
      }),
    );
  });
});
