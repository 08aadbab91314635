/** The free bike whose number is next to the given one: bikes of a station were mostly registered together. */
export function nearestFree(bikeId: number, free: readonly { bikeId: number }[]): number | null {
  const others = free.map((bike) => bike.bikeId).filter((number) => number !== bikeId);
  if (others.length === 0) return null;
  return others.reduce((best, number) => (Math.abs(number - bikeId) < Math.abs(best - bikeId) ? number : best));
}
