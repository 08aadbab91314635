import './page.css';
import { lazy, type ReactNode, Suspense, useRef } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components/Tabs';
import { useKeptFocus } from '../../shared/api/keep-focus.ts';
import { Skeleton } from '../../shared/ui/controls.tsx';
import { Fence } from '../../shared/ui/fence.tsx';
import { actsForOthers, seesEverything, useActing } from '../../shared/session/acting.ts';
import type { Session } from '../../shared/session/session.ts';
import { useSessionState } from '../../shared/session/session-context.ts';
import { type FleetTab, fleetTabs, linkToTab, tabIn } from '../../app/links.ts';
import { go, useSearch } from '../../app/paths.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { Alerts } from './alerts.tsx';
import { Search } from './search.tsx';
import { fleetWords } from './words.ts';

/** Loaded when they are looked at: the page opens with its search. */
const Bikes = lazy(() => import('./bikes.tsx'));
const FleetStations = lazy(() => import('./fleet-stations.tsx'));
const Parked = lazy(() => import('./parked.tsx'));
const Register = lazy(() => import('./register.tsx'));
const Reports = lazy(() => import('./reports.tsx'));

/** Where operators look things up and put them right. */
export default function FleetPage() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const acting = useActing();
  const { config } = useSessionState();
  const address = useSearch();
  const wanted = tabIn(address);
  if (!acting) {
    return config ? <p className="card empty">{words.needSignIn}</p> : <Skeleton label={shared.loading} lines={8} />;
  }
  if (!seesEverything(acting.session)) return <p className="card empty">{words.notAllowed}</p>;

  return (
    <Operations key={acting.session.userId + acting.session.roles.join()} session={acting.session} wanted={wanted} />
  );
}

function Operations({ session, wanted }: { session: Session; wanted: FleetTab }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const content = useRef<HTMLDivElement>(null);
  useKeptFocus(content);
  const mayChange = actsForOthers(session);
  const panels: Partial<Record<FleetTab, ReactNode>> = {
    search: <Search />,
    bikes: <Bikes />,
    stations: <FleetStations />,
    reports: <Reports />,
    ...(mayChange ? { register: <Register /> } : {}),
    parked: <Parked />,
  };
  const names = fleetTabs.filter((tab) => tab in panels);
  return (
    <div className="operations" ref={content}>
      {!mayChange && <p className="notice">{words.onlyLook}</p>}
      <Alerts />
      <Tabs
        selectedKey={names.find((name) => name === wanted) ?? 'search'}
        onSelectionChange={(name) => go(linkToTab(name as FleetTab))}
      >
        <TabList className="tab-list" aria-label={words.sections}>
          {names.map((name) => (
            <Tab key={name} id={name} className="tab">
              {words.tabs[name]}
            </Tab>
          ))}
        </TabList>
        {names.map((name) => (
          <TabPanel key={name} id={name} className="tab-panel">
            <Fence>
              <Suspense fallback={<Skeleton label={shared.loading} lines={6} />}>{panels[name]}</Suspense>
            </Fence>
          </TabPanel>
        ))}
      </Tabs>
    </div>
  );
}
