/** What the address says of the tables of bikes and stations. What makes no sense there is left out. */
import type { BikeCondition, BikeUse } from '../../../../schema/client/generated/graphql.ts';
import { type District, districtNames } from '../../../../schema/places.ts';
import { type FleetTab, linkToTab } from '../../app/links.ts';

/** Where a page of a list begins or ends; null for the first. */
export type PagePlace = { after: string } | { before: string } | null;

interface Ordered<Key extends string> {
  sort: Key;
  descending: boolean;
  page: PagePlace;
}

export const conditions = ['IN_SERVICE', 'MAINTENANCE', 'LOST', 'RETIRED'] as const satisfies BikeCondition[];
export const uses = ['FREE', 'RESERVED', 'IN_USE'] as const satisfies BikeUse[];

/** The bikes that something is to be done with: these, or all that match. */
export type Picked = 'all' | readonly number[];

export const bikeSorts = ['number', 'condition', 'use', 'station', 'since'] as const;
export type BikeSort = (typeof bikeSorts)[number];

export interface BikesView extends Ordered<BikeSort> {
  condition: BikeCondition | null;
  use: BikeUse | null;
  district: District | null;
  stationId: string | null;
  /** The first digits of the bikes' numbers. */
  digits: string;
  /** For how long they have been as they are, at least; null for any time. */
  forMinutes: number | null;
  picked: Picked;
}

export const situations = ['empty', 'full'] as const;
export type Situation = (typeof situations)[number];

export const stationSorts = [
  ...(['number', 'district', 'racks', 'bikes', 'available', 'free'] as const),
  ...(['emptySince', 'emptyTimes', 'emptyMinutes', 'fullSince', 'fullTimes', 'fullMinutes'] as const),
] as const;
export type StationSort = (typeof stationSorts)[number];

export interface StationsView extends Ordered<StationSort> {
  district: District | null;
  situation: Situation | null;
  /** For how long the situation has lasted, at least; null for any time, and without one. */
  forMinutes: number | null;
  /** Of their names or numbers. */
  text: string;
}

export const everyBike: BikesView = {
  ...{ condition: null, use: null, district: null, stationId: null, digits: '', forMinutes: null, picked: [] },
  ...{ sort: 'number', descending: false, page: null },
};

export const everyStation: StationsView = {
  ...{ district: null, situation: null, forMinutes: null, text: '' },
  ...{ sort: 'number', descending: false, page: null },
};

/** More digits than a number has. */
export const mostDigits = 10;
export const longestText = 100;
/** Beyond a day nobody knows how long a station has been empty. */
export const longestSituation = 24 * 60;
/** A month: who has a bike for longer is found by this, too. */
export const longestRide = 31 * 24 * 60;
/** Longer ones are no cursors. */
const longestCursor = 1_000;

export function readBikes(address: string): BikesView {
  const query = new URLSearchParams(address);
  return {
    ...readOrder(query, bikeSorts),
    condition: oneOf(conditions, query.get('condition')),
    use: oneOf(uses, query.get('use')),
    district: oneOf(districtNames, query.get('district')),
    stationId: /^ST-\d{1,6}$/.exec(query.get('at') ?? '')?.[0] ?? null,
    digits: digitsIn(query.get('q') ?? ''),
    forMinutes: minutesIn(query.get('for'), longestRide),
    picked: readPicked(query.get('pick') ?? ''),
  };
}

export function linkToBikes(view: Partial<BikesView>): string {
  const { condition, use, district, stationId, digits, forMinutes, picked, ...order } = view;
  const said = { condition, use, district, at: stationId, q: digits, ...orderIn({ ...everyBike, ...order }) };
  return linkWith('bikes', {
    ...said,
    for: forMinutes?.toString(),
    pick: typeof picked === 'string' ? picked : picked?.join(),
  });
}

/** As many as an address can say: a longer one is refused by servers on the way. */
export const mostPicked = 500;

function readPicked(text: string): Picked {
  if (text === 'all') return 'all';
  const numbers = text.split(',').flatMap((each) => (/^[1-9]\d{0,9}$/.test(each) ? [Number(each)] : []));
  return [...new Set(numbers.filter((number) => number < 2 ** 31))].slice(0, mostPicked);
}

/** The id of a station, of its number as people type it, or null. */
export function stationIdIn(text: string): string | null {
  const [, digits] = /^(?:ST-)?0*([1-9]\d{0,5})$/.exec(text.normalize('NFKC').trim().toUpperCase()) ?? [];
  return digits === undefined ? null : `ST-${digits}`;
}

export function readStations(address: string): StationsView {
  const query = new URLSearchParams(address);
  const situation = oneOf(situations, query.get('situation'));
  return {
    ...readOrder(query, stationSorts),
    district: oneOf(districtNames, query.get('district')),
    situation,
    forMinutes: situation && minutesIn(query.get('for'), longestSituation),
    text: (query.get('q') ?? '').slice(0, longestText),
  };
}

export function linkToStations({ district, situation, forMinutes, text, ...order }: Partial<StationsView>): string {
  const lasting = situation && forMinutes?.toString();
  return linkWith('stations', {
    ...{ district, situation, for: lasting, q: text },
    ...orderIn({ ...everyStation, ...order }),
  });
}

function minutesIn(said: string | null, most: number): number | null {
  const minutes = /^[1-9]\d{0,5}$/.test(said ?? '') ? Number(said) : 0;
  return minutes >= 1 && minutes <= most ? minutes : null;
}

/** The digits of a text, as people type them. */
export const digitsIn = (text: string) => text.normalize('NFKC').replace(/\D/g, '').slice(0, mostDigits);

function readOrder<Key extends string>(query: URLSearchParams, sorts: readonly [Key, ...Key[]]): Ordered<Key> {
  const [, minus, key] = /^(-?)(.*)$/.exec(query.get('sort') ?? '') ?? [];
  const sort = oneOf(sorts, key ?? null);
  const cursor = (name: string) => {
    const value = query.get(name) ?? '';
    return value !== '' && value.length <= longestCursor ? value : null;
  };
  const [after, before] = [cursor('after'), cursor('before')];
  return {
    sort: sort ?? sorts[0],
    descending: sort !== null && minus === '-',
    page: after ? { after } : before ? { before } : null,
  };
}

/** Numbers from the first are how a list begins: that order is not in the address. */
function orderIn({ sort, descending, page }: Ordered<string>): Record<string, string> {
  return { ...(sort === 'number' && !descending ? {} : { sort: `${descending ? '-' : ''}${sort}` }), ...page };
}

/** Only what differs from the whole list is said. */
function linkWith(tab: FleetTab, values: Record<string, string | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  const text = query.toString().replaceAll('%2C', ',');
  return linkToTab(tab) + (text && `&${text}`);
}

const oneOf = <Name extends string>(names: readonly Name[], said: string | null): Name | null =>
  names.find((name) => name === said) ?? null;
