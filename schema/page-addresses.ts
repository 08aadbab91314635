/** Where the pages are: the router, Vite, the pages' own links and `npm start` read this list; a test compares the ingress. */
export const pageAddresses = {
  dashboard: '/',
  ride: '/ride',
  fleet: '/fleet',
  playground: '/playground',
  developers: '/developers',
} as const;

export type PlaceName = keyof typeof pageAddresses;

const placeNames = Object.keys(pageAddresses) as PlaceName[];

/** The page that a path leads to; people and mail programs write `/fleet/` as well. */
export function placeAt(pathname: string): PlaceName | undefined {
  const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
  return placeNames.find((name) => pageAddresses[name] === path);
}

/** How others link to the ride page: to a station, or to a bike by its id in open data. */
export const rideLink = (to: 'station' | 'vehicle', id: string) =>
  `${pageAddresses.ride}?${to}=${encodeURIComponent(id)}`;

/** The document that is built for a page: the playground's is its own, because its editor is heavy. */
export const documentOf = (place: PlaceName) => (place === 'playground' ? 'playground.html' : 'index.html');
