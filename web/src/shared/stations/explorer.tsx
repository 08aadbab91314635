import './explorer.css';
import { type ReactNode, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { type District, metersBetween, type Position } from '../../../../schema/places.ts';
import { Button, Field } from '../ui/controls.tsx';
import { useSharedWords, useSpeech, useWords } from '../i18n/speech.tsx';
import { bordersOf } from './borders.ts';
import { districtsOf, type Figure, figuresOf, groupsAt, place, type Placed } from './figures.ts';
import { StationMap } from './map.tsx';
import { districtName, matching, nameOf, situationOf, type Station } from './places.ts';
import { mostDistricts } from './use-stations.ts';
import { useHere } from './use-here.ts';
import { canZoomIn, closeTo, fit, isIn, type Size, toPosition, toWorld, type View, zoomed } from './view.ts';
import { stationWords } from './words.ts';

export interface ExplorerProps {
  stations: readonly Station[];
  /** Which districts are in sight. */
  onLook: (districts: readonly District[]) => void;
  /** What can be done at the station that is chosen. */
  actions?: (station: Station) => ReactNode;
  /** The station whose card is open at first. */
  opened: string | null;
}

/** As many as one reads before moving the map. */
const listed = 12;
const listedOnDemand = 200;
const margin = 30;
/** How near the map comes when a group of stations is pressed. */
const groupStep = 2.5;
const unseen: Size = { width: 0, height: 0 };

/** A map of stations, and the list that says the same. */
export default function Explorer({ stations, onLook, actions, opened }: ExplorerProps) {
  const words = useWords(stationWords);
  const { language } = useSpeech();
  const [size, setSize] = useState(unseen);
  const [moved, setView] = useState<View | null>(null);
  const [startsAt, setStartsAt] = useState(() => stations.find(({ stationId }) => stationId === opened)?.position);
  const [text, setText] = useState('');
  const [chosenId, setChosenId] = useState(opened);
  /** Chosen on the map: it stands first in the list. In the list it stays where it is, with the focus. */
  const [firstId, setFirstId] = useState(opened);

  // Counts change ten times a second, places hardly ever: all but the figures follows from these alone.
  const [placedBefore, setPlaced] = useState(() => place(stations));
  const placed = place(stations, placedBefore);
  if (placed !== placedBefore) setPlaced(placed);
  const whole = useMemo(
    () =>
      fit(
        placed.map(({ at }) => at),
        size,
        margin,
      ),
    [placed, size],
  );
  const view = moved ?? (startsAt ? closeTo(toWorld(startsAt), whole) : whole);
  const groups = useMemo(() => groupsAt(placed, view.scale), [placed, view.scale]);
  const figures = useMemo(() => figuresOf(groups, stations), [groups, stations]);
  const labels = useMemo(
    () => [...districtsOf(placed)].map(([district, at]) => [district, districtName(district, language), at] as const),
    [placed, language],
  );
  const borders = useMemo(() => bordersOf(placed), [placed]);
  const { here, locate } = useHere((position) => setView(closeTo(toWorld(position), view)));
  const position = here.status === 'known' ? here.position : null;
  // The list may come some frames after the picture.
  const settled = useDeferredValue(view);
  const inSight = useMemo(
    // Until the map knows how large it is, the list is as long as it will be for all of it: what is below stays there.
    () => (size === unseen ? placed : placed.filter(({ at }) => isIn(settled, size, at))),
    [placed, settled, size],
  );
  const found = useMemo(() => {
    const from = position ?? toPosition(settled.center);
    const known = (text.trim() ? placed : inSight).map(({ station }) => station);
    return matching(known, text)
      .map(({ stationId, position }) => ({ stationId, meters: metersBetween(from, position) }))
      .sort((one, other) => one.meters - other.meters);
  }, [placed, inSight, text, position, settled]);

  const byId = useMemo(() => new Map(stations.map((station) => [station.stationId, station])), [stations]);
  const chosen = (chosenId !== null && byId.get(chosenId)) || null;
  useLook(
    useMemo(() => lookedAt(inSight, chosen), [inSight, chosen]),
    onLook,
  );
  const first = firstId !== null && byId.get(firstId);
  const lines = first
    ? [
        { stationId: first.stationId, meters: metersBetween(position ?? toPosition(settled.center), first.position) },
        ...found.filter(({ stationId }) => stationId !== first.stationId),
      ]
    : found;

  function chooseOnMap(figure: Figure) {
    const [station, ...others] = figure.stations;
    if (!station) return;
    if (others.length > 0 && canZoomIn(view))
      return setView(zoomed({ ...view, center: figure.at }, size, middleOf(size), groupStep));
    setChosenId(station.stationId);
    setFirstId(station.stationId);
  }
  const showEverything = () => {
    setStartsAt(undefined);
    setView(null);
  };
  const chooseInList = (station: Station) => {
    const isSame = station.stationId === chosenId;
    setChosenId(isSame ? null : station.stationId);
    if (!isSame && !isIn(view, size, toWorld(station.position))) setView(closeTo(toWorld(station.position), view));
  };

  const home = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (opened !== null) home.current?.querySelector('[data-chosen="true"]')?.scrollIntoView({ block: 'center' });
  }, [opened]);

  return (
    <div className="explorer" ref={home}>
      <StationMap
        view={view}
        size={size}
        figures={figures}
        labels={labels}
        borders={borders}
        chosen={chosen?.position ?? null}
        here={position}
        onView={setView}
        onSize={setSize}
        onChoose={chooseOnMap}
        onEverything={showEverything}
      />
      <div className="explorer-side">
        <div className="explorer-tools">
          <Field label={words.search}>
            {(ids) => (
              <input
                {...ids}
                type="search"
                name="station"
                maxLength={100}
                autoComplete="off"
                placeholder={words.searchHint}
                value={text}
                onChange={(event) => {
                  setText(event.target.value);
                  setFirstId(null);
                }}
              />
            )}
          </Field>
          <Button weight="plain" onPress={locate}>
            {words.nearMe}
          </Button>
        </div>
        <p className="aside here" role="status">
          {here.status === 'locating' && words.locating}
          {here.status === 'refused' && words.locationRefused}
          {here.status === 'unknown' && words.locationUnknown}
        </p>
        <List
          lines={lines}
          stations={byId}
          chosen={chosen}
          measuredFrom={position}
          onChoose={chooseInList}
          actions={actions}
        />
      </div>
    </div>
  );
}

const middleOf = ({ width, height }: Size) => ({ x: width / 2, y: height / 2 });

/** With all the city in sight, at least the district of the station that is chosen. */
function lookedAt(inSight: readonly Placed[], chosen: Station | null): readonly District[] {
  const seen = [...new Set(inSight.map(({ station }) => station.district))];
  return seen.length > mostDistricts && chosen ? [chosen.district] : seen;
}

function useLook(looked: readonly District[], onLook: (districts: readonly District[]) => void): void {
  const names = [...looked].sort().join();
  const tell = useRef(onLook);
  useEffect(() => {
    tell.current = onLook;
  });
  useEffect(() => tell.current(names === '' ? [] : (names.split(',') as District[])), [names]);
}

interface ListProps {
  lines: readonly { stationId: string; meters: number }[];
  stations: ReadonlyMap<string, Station>;
  chosen: Station | null;
  /** Null: distances would be from the middle of the map, and nobody stands there. */
  measuredFrom: Position | null;
  onChoose: (station: Station) => void;
  actions: ExplorerProps['actions'];
}

function List({ lines, stations, chosen, measuredFrom, onChoose, actions }: ListProps) {
  const words = useWords(stationWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const [wantsMore, setWantsMore] = useState(false);
  const shown = lines.slice(0, wantsMore ? listedOnDemand : listed).flatMap(({ stationId, meters }) => {
    const station = stations.get(stationId);
    return station ? [{ station, meters }] : [];
  });
  const nameIn = useCallback((station: Station) => nameOf(station, language), [language]);
  if (shown.length === 0) return <p className="empty">{words.none}</p>;
  return (
    <div className="station-list">
      <ul>
        {shown.map(({ station, meters }) => {
          const isChosen = station.stationId === chosen?.stationId;
          return (
            <li key={station.stationId} data-station={station.stationId} data-chosen={isChosen}>
              <button type="button" className="station-line" aria-expanded={isChosen} onClick={() => onChoose(station)}>
                <span className="sign" data-situation={situationOf(station)} aria-hidden="true" />
                <span className="station-name">
                  <strong>{nameIn(station)}</strong>
                  <span className="aside">
                    {[
                      words.number(station.number),
                      districtName(station.district, language),
                      ...(measuredFrom ? [words.far(meters)] : []),
                    ].join(' · ')}
                  </span>
                </span>
                <Counts station={station} />
              </button>
              {isChosen && (
                <div className="station-card">
                  {station.address && <p className="aside">{station.address}</p>}
                  {actions?.(station)}
                </div>
              )}
            </li>
          );
        })}
      </ul>
      {lines.length > shown.length && (
        <div className="station-more">
          <p className="aside number">{words.shown(shown.length, lines.length)}</p>
          {!wantsMore && (
            <Button weight="quiet" onPress={() => setWantsMore(true)}>
              {shared.more}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

/** The same that its figure says, in words. */
function Counts({ station }: { station: Station }) {
  const words = useWords(stationWords);
  const { bikesAvailable, freeRacks } = station;
  const situation = situationOf(station);
  if (situation === 'closed') return <span className="aside">{words.closed}</span>;
  if (bikesAvailable === undefined || freeRacks === undefined) return <span className="aside">{words.unknown}</span>;
  return (
    <span className="station-counts number">
      <strong data-zero={bikesAvailable === 0}>{words.bikes(bikesAvailable)}</strong>
      <span data-full={situation === 'full'}>{situation === 'full' ? words.full : words.racks(freeRacks)}</span>
    </span>
  );
}
