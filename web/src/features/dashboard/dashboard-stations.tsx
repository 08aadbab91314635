import { NoStations, Stations } from '../../shared/stations/stations.tsx';
import { useStations } from '../../shared/stations/use-stations.ts';

/** Where bikes stand. While no stream tells it, what is in sight is asked for again after something happened. */
export function DashboardStations({ updates }: { updates: number }) {
  const stations = useStations(updates);
  return stations.all?.length === 0 ? <NoStations /> : <Stations stations={stations} isFoldable />;
}
