import { linkToTab } from '../../app/links.ts';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { NoStations, Stations } from '../../shared/stations/stations.tsx';
import { useStations } from '../../shared/stations/use-stations.ts';

/** Where bikes stand. While no stream tells it, what is in sight is asked for again after something happened. */
export function DashboardStations({ updates }: { updates: number }) {
  const stations = useStations(updates);
  const acting = useActing();
  if (stations.all?.length !== 0) return <Stations stations={stations} isFoldable />;
  return <NoStations importAt={acting && actsForOthers(acting.session) ? linkToTab('register') : null} />;
}
