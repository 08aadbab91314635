import {
  type DashboardBikeOrder,
  FleetBikesDocument,
  type FleetBikesQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { linkTo, linkToTab } from '../../app/links.ts';
import { go, useSearch } from '../../app/paths.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { duration } from '../../shared/i18n/units.ts';
import { actsForOthers, useActing } from '../../shared/session/acting.ts';
import { Button, Empty, Field, LinkButton, Skeleton } from '../../shared/ui/controls.tsx';
import { StatusIcon } from '../../shared/ui/icons.tsx';
import { AsOf } from './as-of.tsx';
import { At } from './at.tsx';
import { BikeCodes } from './bike-codes.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { ChangeCondition } from './change-condition.tsx';
import { Condition } from './condition.tsx';
import { MoveFile } from './move-file.tsx';
import {
  type BikeSort,
  type BikesView,
  conditions,
  digitsIn,
  everyBike,
  linkToBikes,
  mostDigits,
  mostPicked,
  type Picked,
  readBikes,
  uses,
} from './table-address.ts';
import { ChoiceFilter, DistrictFilter, NoSuchPage, pageOf, Pager, Sheet, WrongPage } from './table.tsx';
import { useBulk } from './use-bulk.ts';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

const minuteMs = 60_000;

type Line = FleetBikesQuery['dashboard']['bikes']['nodes'][number];

const columns = {
  number: 'BIKE_ID',
  condition: 'CONDITION',
  use: 'USE',
  station: 'STATION',
  since: 'SINCE',
} as const satisfies Record<BikeSort, string>;

const orderOf = ({ sort, descending }: BikesView): DashboardBikeOrder =>
  `${columns[sort]}_${descending ? 'DESC' : 'ASC'}`;

const filterOf = ({ condition, use, district, stationId, digits, forMinutes }: BikesView) => ({
  ...(condition && { condition: [condition] }),
  ...(use && { use: [use] }),
  ...(district && { district }),
  ...(stationId && { stationId }),
  ...(digits && { number: digits }),
  ...(forMinutes && { forMinutes }),
});

/** All bikes, in the order and as far as the address says. */
export default function Bikes() {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const acting = useActing();
  const view = readBikes(useSearch());
  const run = useBulk();
  const show = (changes: Partial<BikesView>, replace = false) =>
    go(linkToBikes({ ...view, page: null, ...changes }), { replace });
  // Others match after a change of the filter: whoever picked all did not see them.
  const showOthers = (changes: Partial<BikesView>, replace = false) =>
    show({ ...(view.picked === 'all' ? { picked: [] } : {}), ...changes }, replace);
  const pick = (picked: Picked) => show({ picked, page: view.page }, true);
  const filter = filterOf(view);
  const isFiltered = Object.keys(filter).length > 0;
  const answer = useAnswer(query(FleetBikesDocument, { filter, orderBy: orderOf(view), ...pageOf(view.page) }), {
    pace: watched,
    keepsLast: true,
  });
  const { data, error, isWaiting } = answer;
  const page = data?.dashboard.bikes;
  const mayChange = acting !== null && actsForOthers(acting.session);
  const titles: Record<BikeSort, string> = {
    number: shared.bikeNumber,
    condition: words.condition,
    use: words.use,
    station: words.place,
    since: words.since,
  };
  return (
    <>
      {mayChange && <MoveFile />}
      <section className="card" aria-label={words.tabs.bikes}>
        <Filters view={view} onView={showOthers} />
        <AsOf answer={{ at: answer.at, error: page ? error : null }} />
        {isWaiting && !page && <Skeleton label={shared.loading} lines={6} />}
        {!page && error !== null && <WrongPage error={error} onFirst={() => show({})} />}
        {/* Also when nothing matches any more: what was changed may not. */}
        {page && mayChange && (
          <BulkBar picked={view.picked} filter={filter} totalCount={page.totalCount} run={run} onPick={pick} />
        )}
        {page?.nodes.length === 0 && page.totalCount > 0 && <NoSuchPage onFirst={() => show({})} />}
        {page?.totalCount === 0 && (
          <Empty title={isFiltered ? words.noBikesMatch : shared.noBikes}>
            {isFiltered ? (
              <Button onPress={() => show(everyBike)}>{words.showAll}</Button>
            ) : (
              mayChange && <LinkButton href={linkToTab('register')}>{shared.registerBikes}</LinkButton>
            )}
          </Empty>
        )}
        {page && page.nodes.length > 0 && (
          <>
            <Sheet
              label={words.tabs.bikes}
              columns={(Object.keys(columns) as BikeSort[]).map((key) => ({ key, title: titles[key] }))}
              {...view}
              onSort={show}
              hasActions={mayChange}
              {...(mayChange && {
                picking: pickingOf(
                  view.picked,
                  page.nodes.map(({ bikeId }) => bikeId),
                  pick,
                ),
              })}
            >
              {page.nodes.map((bike) => (
                <BikeLine
                  key={bike.bikeId}
                  bike={bike}
                  mayChange={mayChange}
                  isPicked={view.picked === 'all' || view.picked.includes(bike.bikeId)}
                  onPick={(isPicked) =>
                    pick(
                      withPicked(
                        view.picked,
                        page.nodes.map(({ bikeId }) => bikeId),
                        bike.bikeId,
                        isPicked,
                      ),
                    )
                  }
                />
              ))}
            </Sheet>
            <Pager page={page} onPage={(place) => show({ page: place })}>
              <BikeCodes bikeIds={page.nodes.map(({ bikeId }) => bikeId)} />
            </Pager>
          </>
        )}
      </section>
    </>
  );
}

interface FiltersProps {
  view: BikesView;
  onView: (changes: Partial<BikesView>, replace?: boolean) => void;
}

function Filters({ view, onView }: FiltersProps) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  return (
    <div className="list-tools">
      <Field label={shared.bikeNumber}>
        {(ids) => (
          <input
            {...ids}
            type="search"
            name="number"
            inputMode="numeric"
            maxLength={mostDigits}
            autoComplete="off"
            value={view.digits}
            onChange={(event) => onView({ digits: digitsIn(event.target.value) }, true)}
          />
        )}
      </Field>
      <ChoiceFilter
        {...{ label: words.condition, name: 'condition', any: words.anyCondition, options: conditions }}
        labelOf={(name) => shared.conditionNames[name]}
        chosen={view.condition}
        onChoose={(condition) => onView({ condition })}
      />
      <ChoiceFilter
        {...{ label: words.use, name: 'use', any: words.anyUse, options: uses }}
        labelOf={(name) => words.uses[name]}
        chosen={view.use}
        onChoose={(use) => onView({ use })}
      />
      <DistrictFilter chosen={view.district} onChoose={(district) => onView({ district })} />
      {view.stationId && (
        <button type="button" className="chip" aria-pressed onClick={() => onView({ stationId: null })}>
          {words.onlyAt(view.stationId)}
        </button>
      )}
      {view.forMinutes && (
        <button type="button" className="chip" aria-pressed onClick={() => onView({ forMinutes: null })}>
          {words.onlyFor(duration(view.forMinutes * minuteMs, language))}
        </button>
      )}
    </div>
  );
}

/** Of all that match, one that is taken out leaves those of the page. */
function withPicked(picked: Picked, onPage: readonly number[], bikeId: number, isPicked: boolean): Picked {
  const others = (picked === 'all' ? onPage : picked).filter((each) => each !== bikeId);
  return isPicked ? [...others, bikeId].slice(-mostPicked) : others;
}

function pickingOf(picked: Picked, onPage: readonly number[], onPick: (picked: Picked) => void) {
  const others = picked === 'all' ? [] : picked.filter((bikeId) => !onPage.includes(bikeId));
  return {
    isAll: picked === 'all' || onPage.every((bikeId) => picked.includes(bikeId)),
    onAll: (isAll: boolean) => onPick(isAll ? [...others, ...onPage].slice(-mostPicked) : others),
  };
}

interface BikeLineProps {
  bike: Line;
  mayChange: boolean;
  isPicked: boolean;
  onPick: (isPicked: boolean) => void;
}

function BikeLine({ bike, mayChange, isPicked, onPick }: BikeLineProps) {
  const words = useWords(fleetWords);
  return (
    <tr data-bike={bike.bikeId} data-picked={isPicked}>
      {mayChange && (
        <td>
          <input
            type="checkbox"
            className="pick"
            aria-label={words.bulk.pick(bike.bikeId)}
            checked={isPicked}
            onChange={({ target }) => onPick(target.checked)}
          />
        </td>
      )}
      <th scope="row" className="number">
        <a href={linkTo('bike', bike.bikeId)}>{bike.bikeId}</a>
      </th>
      <td>
        <Condition condition={bike.condition} />
      </td>
      <td>
        <Use bike={bike} />
      </td>
      <td className="long-name">
        <Place bike={bike} />
      </td>
      <td>{bike.since ? <At time={bike.since} /> : '–'}</td>
      {mayChange && (
        <td>
          <ChangeCondition bike={bike} />
        </td>
      )}
    </tr>
  );
}

function Use({ bike: { use, reserveNo, userId } }: { bike: Line }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  if (use === 'FREE') return <span className="aside">{words.uses.FREE}</span>;
  return (
    <>
      <span className="status" data-status={use}>
        <StatusIcon status={use} />
        <span>{words.uses[use]}</span>
      </span>
      {typeof userId === 'string' && (
        <>
          {' '}
          {shared.rider} <a href={linkTo('rider', userId)}>{userId}</a>
        </>
      )}
      {typeof reserveNo === 'number' && (
        <>
          {' '}
          <a className="number" href={linkTo('reservation', reserveNo)}>
            #{reserveNo}
          </a>
        </>
      )}
    </>
  );
}

function Place({ bike: { use, station, position } }: { bike: Line }) {
  const words = useWords(fleetWords);
  const { language } = useSpeech();
  if (station) {
    return (
      <a href={linkToBikes({ stationId: station.stationId })}>
        {station.number}. {language === 'en' ? (station.nameEn ?? station.nameKo) : station.nameKo}
      </a>
    );
  }
  if (position)
    return <span className="number">{`${position.latitude.toFixed(5)}, ${position.longitude.toFixed(5)}`}</span>;
  return <span className="aside">{use === 'IN_USE' ? '–' : words.placeUnknown}</span>;
}
