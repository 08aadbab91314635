/** What the pages' addresses say: written and read here, and nowhere else. */
import { pageAddresses } from '../../../schema/page-addresses.ts';
import { stationNumberIn } from '../../../schema/places.ts';
import { bikeNumberIn } from '../shared/i18n/numbers.ts';

export const {
  dashboard: dashboardPath,
  ride: ridePath,
  fleet: fleetPath,
  playground: playgroundPath,
  developers: developersPath,
} = pageAddresses;

export const foundKinds = ['reservation', 'bike', 'rider', 'station'] as const;
/** What the fleet page finds by its number. */
export type FoundKind = (typeof foundKinds)[number];

export const fleetTabs = ['search', 'bikes', 'stations', 'reports', 'register', 'parked'] as const;
export type FleetTab = (typeof fleetTabs)[number];

export const linkTo = (kind: FoundKind, id: string | number) =>
  `${fleetPath}?${new URLSearchParams({ [kind]: String(id) })}`;

/** What a fleet address asks for, e.g. `?bike=12`. */
export function foundIn(search: string): { kind: FoundKind; id: string } | null {
  const query = new URLSearchParams(search);
  const kind = foundKinds.find((name) => query.get(name));
  return kind ? { kind, id: query.get(kind) ?? '' } : null;
}

export const linkToTab = (tab: FleetTab) => (tab === 'search' ? fleetPath : `${fleetPath}?tab=${tab}`);

export function tabIn(search: string): FleetTab {
  const wanted = new URLSearchParams(search).get('tab');
  return fleetTabs.find((tab) => tab === wanted) ?? 'search';
}

/** Stands on every bike, as a QR code: it never changes. */
export const linkToRide = (bikeId: number) => `${ridePath}?bike=${bikeId}`;

/** Ids in open data have 22 of these; ours may get longer, and never anything that the graph does not take. */
const vehicleForm = /^[\w-]{1,100}$/;

/** The bike that a rental link of open data means, by its id there; null where none can have that id. */
export function vehicleIn(search: string): string | null {
  const id = new URLSearchParams(search).get('vehicle');
  return id !== null && vehicleForm.test(id) ? id : null;
}

/** What a ride address asks for. Cameras and other people's pages write it, so it may name nothing. */
export type RideWish = { kind: 'bike'; bikeId: number } | { kind: 'station'; stationId: string } | { kind: 'unclear' };

export function rideWishIn(search: string): RideWish | null {
  if (new URLSearchParams(search).has('vehicle') && vehicleIn(search) === null) return { kind: 'unclear' };
  const named = [...new URLSearchParams(search)].filter(([name]) => name === 'bike' || name === 'station');
  const [only, ...others] = named;
  if (!only) return null;
  const [name, value] = only;
  const bikeId = bikeNumberIn(value);
  if (others.length > 0) return { kind: 'unclear' };
  if (name === 'bike') return bikeId === null ? { kind: 'unclear' } : { kind: 'bike', bikeId };
  return stationNumberIn(value) === undefined ? { kind: 'unclear' } : { kind: 'station', stationId: value };
}
