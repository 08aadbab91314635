import {
  type DashboardStationOrder,
  FleetStationsDocument,
  type FleetStationsQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { go, useSearch } from '../../app/paths.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useClock } from '../../shared/i18n/clock.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { ago, duration } from '../../shared/i18n/units.ts';
import { districtName } from '../../shared/stations/places.ts';
import { Button, Empty, Field, Skeleton } from '../../shared/ui/controls.tsx';
import { AsOf } from './as-of.tsx';
import { At } from './at.tsx';
import {
  everyStation,
  linkToBikes,
  linkToStations,
  longestText,
  readStations,
  situations,
  type StationSort,
  type StationsView,
} from './table-address.ts';
import { ChoiceFilter, DistrictFilter, NoSuchPage, pageOf, Pager, Sheet, WrongPage } from './table.tsx';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

type Line = FleetStationsQuery['dashboard']['stations']['nodes'][number];

const columns = {
  number: 'NUMBER',
  district: 'DISTRICT',
  racks: 'RACKS',
  bikes: 'BIKES',
  available: 'AVAILABLE',
  free: 'FREE_RACKS',
  emptySince: 'EMPTY_SINCE',
  emptyTimes: 'EMPTY_TIMES',
  emptyMinutes: 'EMPTY_MINUTES',
  fullSince: 'FULL_SINCE',
  fullTimes: 'FULL_TIMES',
  fullMinutes: 'FULL_MINUTES',
} as const satisfies Record<StationSort, string>;

const texts: ReadonlySet<StationSort> = new Set(['number', 'district', 'emptySince', 'fullSince']);

const minuteMs = 60_000;
/** For how long a station has been empty or full, at least, to choose from. */
const lastings = [10, 30, 60, 180, 720] as const;

const orderOf = ({ sort, descending }: StationsView): DashboardStationOrder =>
  `${columns[sort]}_${descending ? 'DESC' : 'ASC'}`;

const filterOf = ({ district, situation, forMinutes, text }: StationsView) => ({
  ...(district && { district }),
  // A closed one needs no bikes.
  ...(situation && {
    situation: situation === 'empty' ? ('EMPTY' as const) : ('FULL' as const),
    state: 'OPEN' as const,
    ...(forMinutes && { forMinutes }),
  }),
  ...(text.trim() && { text: text.trim() }),
});

/** All stations with what stands there, in the order and as far as the address says. */
export function StationsTable() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const view = readStations(useSearch());
  const show = (changes: Partial<StationsView>, replace = false) =>
    go(linkToStations({ ...view, page: null, ...changes }), { replace });
  const answer = useAnswer(
    query(FleetStationsDocument, { filter: filterOf(view), orderBy: orderOf(view), ...pageOf(view.page) }),
    { pace: watched, keepsLast: true },
  );
  const { data, error, isWaiting } = answer;
  const page = data?.dashboard.stations;
  const titles: Record<StationSort, string> = {
    number: words.stationName,
    district: words.district,
    racks: words.racks,
    bikes: words.bikesParked,
    available: words.bikesAvailable,
    free: words.freeRacks,
    ...words.spells,
  };
  return (
    <section className="card" aria-label={words.stationsTable}>
      <h2>{words.stationsTable}</h2>
      <Filters view={view} onView={show} />
      <AsOf answer={{ at: answer.at, error: page ? error : null }} />
      {isWaiting && !page && <Skeleton label={shared.loading} lines={6} />}
      {!page && error !== null && <WrongPage error={error} onFirst={() => show({})} />}
      {page?.nodes.length === 0 && page.totalCount > 0 && <NoSuchPage onFirst={() => show({})} />}
      {page?.totalCount === 0 && (
        <Empty title={words.noStationsMatch}>
          <Button onPress={() => show(everyStation)}>{words.showAll}</Button>
        </Empty>
      )}
      {page && page.nodes.length > 0 && (
        <>
          <Sheet
            label={words.stationsTable}
            columns={(Object.keys(columns) as StationSort[]).map((key) => ({
              ...{ key, title: titles[key] },
              isNumeric: !texts.has(key),
            }))}
            {...view}
            onSort={show}
            hasActions={false}
          >
            {page.nodes.map((station) => (
              <StationLine key={station.stationId} station={station} />
            ))}
          </Sheet>
          <Pager page={page} onPage={(place) => show({ page: place })} />
        </>
      )}
    </section>
  );
}

interface FiltersProps {
  view: StationsView;
  onView: (changes: Partial<StationsView>, replace?: boolean) => void;
}

function Filters({ view, onView }: FiltersProps) {
  const words = useWords(fleetWords);
  const { language } = useSpeech();
  return (
    <div className="list-tools">
      <Field label={words.stationText}>
        {(ids) => (
          <input
            {...ids}
            type="search"
            name="stationText"
            maxLength={longestText}
            autoComplete="off"
            value={view.text}
            onChange={(event) => onView({ text: event.target.value }, true)}
          />
        )}
      </Field>
      <ChoiceFilter
        {...{ label: words.situation, name: 'situation', any: words.anySituation, options: situations }}
        labelOf={(name) => words.situations[name]}
        chosen={view.situation}
        onChoose={(situation) => onView({ situation, ...(!situation && { forMinutes: null }) })}
      />
      {view.situation && (
        <ChoiceFilter
          {...{ label: words.lasting, name: 'for', any: words.anyTime }}
          options={[...new Set([...lastings, view.forMinutes ?? lastings[0]])]
            .sort((one, other) => one - other)
            .map(String)}
          labelOf={(text) => duration(Number(text) * minuteMs, language)}
          chosen={view.forMinutes === null ? null : String(view.forMinutes)}
          onChoose={(text) => onView({ forMinutes: text === null ? null : Number(text) })}
        />
      )}
      <DistrictFilter chosen={view.district} onChoose={(district) => onView({ district })} />
    </div>
  );
}

function StationLine({ station }: { station: Line }) {
  const words = useWords(fleetWords);
  const { language } = useSpeech();
  const { stationId, number, nameKo, nameEn, district, state, racks, bikesParked, bikesAvailable, freeRacks } = station;
  const { empty, full } = station;
  return (
    <tr data-station-row={stationId}>
      <th scope="row" className="long-name">
        <a href={linkToBikes({ stationId })}>
          {number}. {language === 'en' ? (nameEn ?? nameKo) : nameKo}
        </a>{' '}
        {state === 'CLOSED' && <span className="pill">{words.closed}</span>}
      </th>
      <td>{districtName(district, language)}</td>
      {[racks, bikesParked, bikesAvailable, freeRacks].map((count, place) => (
        <td key={place} className="number" data-numeric="true">
          {formatCount(count)}
        </td>
      ))}
      {[empty, full].map((spells, place) => (
        <SpellCells key={place} spells={spells} />
      ))}
    </tr>
  );
}

/** Since when, and in the last day how often and how long. */
function SpellCells({ spells: { isNow, since, times, minutes } }: { spells: Line['empty'] }) {
  const words = useWords(fleetWords);
  const { language } = useSpeech();
  return (
    <>
      <td>{isNow ? since ? <Since time={since} /> : words.overADay : <span className="aside">–</span>}</td>
      <td className="number" data-numeric="true">
        {formatCount(times)}
      </td>
      <td className="number" data-numeric="true">
        {minutes === 0 ? '0' : duration(minutes * minuteMs, language)}
      </td>
    </>
  );
}

/** As people say it, and as a clock does. */
function Since({ time }: { time: string }) {
  const { language } = useSpeech();
  const words = useWords(fleetWords);
  const passed = useClock((now) => ago(Math.max(0, now - Date.parse(time)), language, words.justNow));
  return (
    <>
      <span>{passed}</span> <At time={time} />
    </>
  );
}
