/** The streams of the aggregates: the subjects of their events, and what each journal is divided into. */
export const streams = {
  /** In the journals of bike and of reservation, one each. */
  bike: (bikeId: number) => `bike-${bikeId}`,
  /** Who waits for a bike, or at a station. */
  waiting: (awaited: { bikeId: number } | { stationId: string }) =>
    `waiting-${'bikeId' in awaited ? `bike-${awaited.bikeId}` : awaited.stationId}`,
  station: (number: number) => `station-${number}`,
  account: (userId: string) => `account-${userId}`,
  approval: (confirmId: number) => `approval-${confirmId}`,
  /** One for each day (UTC), so that none grows for ever. @param at RFC 3339. */
  refusals: (at: string) => `refusals-${at.slice(0, 10)}`,
};
