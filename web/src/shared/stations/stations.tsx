import './stations.css';
import { lazy, memo, Suspense, useState } from 'react';
import { Button, Empty, LinkButton, Skeleton } from '../ui/controls.tsx';
import { Fence } from '../ui/fence.tsx';
import { useClock } from '../i18n/clock.ts';
import { hourAndMinuteOn } from '../i18n/seoul-time.ts';
import { useSharedWords, useWords } from '../i18n/speech.tsx';
import type { ExplorerProps } from './explorer.tsx';
import type { Stations as Known } from './use-stations.ts';
import { stationWords } from './words.ts';

/** Loaded once there are stations to show. Pages around it are drawn ten times a second, too. */
const Explorer = memo(lazy(() => import('./explorer.tsx')));

interface StationsProps {
  stations: Known;
  actions?: ExplorerProps['actions'];
  /** The station whose card is open at first. */
  opened?: string | null;
  /** Can be folded away, and is on a narrow screen: the page is about something else. */
  isFoldable?: boolean;
}

const wide = '(min-width: 720px)';

/** A card with the map of stations, and its place until they are known; a system without any has nothing to show. */
export function Stations({ stations, actions, opened = null, isFoldable = false }: StationsProps) {
  const [isOpen, setOpen] = useState(() => !isFoldable || matchMedia(wide).matches);
  const words = useWords(stationWords);
  const shared = useSharedWords();
  const { all, areExpected, failure, look } = stations;
  const since = useClock((now) => (failure ? hourAndMinuteOn(failure.since, now) : ''));
  if (all ? all.length === 0 : !failure && !areExpected) return null;
  const coming = (
    <div className="stations-coming">
      <Skeleton label={shared.loading} lines={6} />
    </div>
  );
  return (
    <section className="card stations" aria-labelledby="stations-title">
      <h2 id="stations-title">
        <span>{words.stations}</span>
        {all && <span className="aside number">{words.count(all.length)}</span>}
        {isFoldable && (
          <Button weight="quiet" className="fold" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)}>
            {isOpen ? words.hideMap : words.showMap}
          </Button>
        )}
      </h2>
      {failure && (
        <p className="notice" data-tone="stale" role="status">
          {all ? words.outdated(since) : words.away}
        </p>
      )}
      {!all && !failure && isOpen && coming}
      {all && isOpen && (
        <Fence>
          <Suspense fallback={coming}>
            <Explorer key={opened} stations={all} opened={opened} onLook={look} {...(actions && { actions })} />
          </Suspense>
        </Fence>
      )}
    </section>
  );
}

/** How stations come into a system that has none: at an address, for those who may import there, or by a command. */
export function NoStations({ importAt }: { importAt: string | null }) {
  const words = useWords(stationWords);
  return (
    <section className="card no-stations">
      <Empty title={words.noneYet}>
        {importAt !== null && <LinkButton href={importAt}>{words.importThem}</LinkButton>}
        <p className="aside">
          <span>{words.importByCommand}</span> <code>npm run ops -- import-stations</code>
        </p>
      </Empty>
    </section>
  );
}
