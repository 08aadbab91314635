import { NoStations, Stations } from '../../shared/stations/stations.tsx';
import { useStations } from '../../shared/stations/use-stations.ts';

/** Where bikes stand. The feed does not say at which station something happened: what is in sight is asked for again. */
export function DashboardStations({ updates }: { updates: number }) {
  const stations = useStations(updates);
  return stations.all?.length === 0 ? <NoStations /> : <Stations stations={stations} isFoldable />;
}
