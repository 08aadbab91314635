/** Where the pages are: the router, Vite, the pages' own links and `npm start` read this list; a test compares the ingress. */
export const pageAddresses = {
  dashboard: '/',
  ride: '/ride',
  fleet: '/fleet',
  playground: '/playground',
  developers: '/developers',
} as const;

export type PlaceName = keyof typeof pageAddresses;

/** How others link to the ride page: to a station, or to a bike by its id in open data. */
export const rideLink = (to: 'station' | 'vehicle', id: string) =>
  `${pageAddresses.ride}?${to}=${encodeURIComponent(id)}`;

/** The document that is built for a page: the playground's is its own, because its editor is heavy. */
export const documentOf = (place: PlaceName) => (place === 'playground' ? 'playground.html' : 'index.html');
