/** Where open data is: the dashboard answers there, the router shows it, and pages link to it. */

/** Versions of the General Bikeshare Feed Specification, side by side. */
export const gbfsVersions = ['3.0', '3.1-RC3'] as const;
export type GbfsVersion = (typeof gbfsVersions)[number];

/** A feed of GBFS; `gbfs` lists all others. */
export const gbfsPath = (version: GbfsVersion, feed: string) => `/gbfs/${version}/${feed}.json`;

/** Seoul's bikeList; any key will do. */
export const bikeListPath = (type: 'json' | 'xml', from: number, to: number) =>
  `/openapi/any-key/${type}/bikeList/${from}/${to}/`;
