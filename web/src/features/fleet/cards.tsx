import './cards.css';
import type { ReactNode } from 'react';
import type {
  FleetBikeQuery,
  FleetReservationQuery,
  FleetRiderQuery,
  FleetStationQuery,
  NamedPlaceFieldsFragment,
  ReservationFieldsFragment,
} from '../../../../schema/client/generated/graphql.ts';
import { Empty } from '../../shared/ui/controls.tsx';
import { BikeSwatch, StatusIcon } from '../../shared/ui/icons.tsx';
import { linkTo } from '../../app/links.ts';
import { formatCount } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { districtName, nameOf, placeName } from '../../shared/stations/places.ts';
import { At } from './at.tsx';
import { AuditTrail } from './audit-trail.tsx';
import { BikeCodes } from './bike-codes.tsx';
import { Condition } from './condition.tsx';
import { FaultLines } from './faults.tsx';
import { ChangeCondition } from './change-condition.tsx';
import { Force } from './force.tsx';
import { Movements } from './movements.tsx';
import { RiderReports } from './rider-reports.tsx';
import { linkToBikes } from './table-address.ts';
import { fleetWords } from './words.ts';

type Bike = NonNullable<FleetBikeQuery['bike']>;
type Rider = NonNullable<FleetRiderQuery['user']>;
type Reservation = NonNullable<FleetReservationQuery['reservation']>;
type Station = NonNullable<FleetStationQuery['station']>;

export function BikeCard({ bike }: { bike: Bike }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  return (
    <section className="card found" aria-labelledby="found-title">
      <h2 id="found-title">
        {shared.bikeTitle(bike.bikeId)} <BikeCodes bikeIds={[bike.bikeId]} /> <ChangeCondition bike={bike} />
      </h2>
      <dl className="facts">
        <Fact label={words.condition}>
          <Condition condition={bike.condition} />
        </Fact>
        <Fact label={words.availability}>{bike.isAvailable ? words.isAvailable : words.isNotAvailable}</Fact>
        <PlaceFact label={words.place} place={bike} />
        <Fact label={words.color}>
          <BikeSwatch color={bike.color} /> {shared.colorName(bike.color)}
        </Fact>
        <Fact label={words.registered}>
          <At time={bike.registeredDate} />
        </Fact>
      </dl>
      {bike.faults.length > 0 && (
        <>
          <h3>{words.faults.title}</h3>
          <FaultLines faults={bike.faults} />
        </>
      )}
      <h3>{words.now}</h3>
      {bike.currentReservation ? (
        <ReservationLines reservations={[bike.currentReservation]} mayEnd />
      ) : (
        <p className="aside">{words.nobody}</p>
      )}
      <History reservations={bike.reservations} />
      <AuditTrail
        entries={trailOf(bike)}
        became={(entry) => {
          if ('place' in entry)
            return isSomewhere(entry.place) ? <PlaceName place={entry.place} /> : words.placeUnknown;
          return entry.fault ? shared.faultNames[entry.fault] : <Condition condition={entry.condition} />;
        }}
      />
    </section>
  );
}

/** What two services decided about a bike, newest first. */
function trailOf({ history, moves }: Bike) {
  const moved = moves.map((move) => ({ ...move, eventType: 'BikeMoved' }));
  return [...history, ...moved].toSorted((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

export function RiderCard({ rider, debt }: { rider: Rider; debt: number | string }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  return (
    <section className="card found" aria-labelledby="found-title">
      <h2 id="found-title">{shared.riderTitle(rider.userId)}</h2>
      <dl className="facts">
        <Fact label={words.balance}>{shared.points(rider.totalPoint)}</Fact>
        <Fact label={words.debt}>{shared.points(debt)}</Fact>
      </dl>
      <h3>{words.now}</h3>
      {rider.currentReservation ? (
        <ReservationLines reservations={[rider.currentReservation]} mayEnd />
      ) : (
        <p className="aside">{words.noneNow}</p>
      )}
      <RiderReports userId={rider.userId} />
      <History reservations={rider.reservations} />
      <Entries entries={rider.pointEntries} />
    </section>
  );
}

export function ReservationCard({ reservation }: { reservation: Reservation }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { refusal, overtime } = reservation;
  return (
    <section className="card found" aria-labelledby="found-title">
      <h2 id="found-title">
        {shared.reservationTitle(reservation.reserveNo)} <Force reservation={reservation} />
      </h2>
      <dl className="facts">
        <Fact label={shared.status}>
          <Status reservation={reservation} />
        </Fact>
        <Fact label={shared.bike}>
          <a href={linkTo('bike', reservation.bikeId)}>{reservation.bikeId}</a>{' '}
          <span className="aside">{shared.conditionNames[reservation.bike.condition]}</span>
        </Fact>
        <Fact label={shared.rider}>
          <RiderLink userId={reservation.userId} />{' '}
          <span className="aside number">{shared.points(reservation.user.totalPoint)}</span>
        </Fact>
        <Fact label={words.fee}>{shared.points(reservation.fee)}</Fact>
        {reservation.reserveStatus === 'RETURNED' && overtime !== null && (
          <Fact label={words.overtime}>{shared.points(overtime)}</Fact>
        )}
        <Fact label={words.requestedAt}>
          <At time={reservation.reserveDateTime} />
        </Fact>
        {reservation.expiresAt && (
          <Fact label={words.holdUntil}>
            <At time={reservation.expiresAt} />
          </Fact>
        )}
        {reservation.startDateTime && (
          <Fact label={words.startedAt}>
            <At time={reservation.startDateTime} />
          </Fact>
        )}
        <PlaceFact label={words.startPlace} place={reservation.startPlace} />
        {reservation.returnDateTime && (
          <Fact label={words.returnedAt}>
            <At time={reservation.returnDateTime} />
          </Fact>
        )}
        <PlaceFact label={words.returnPlace} place={reservation.returnPlace} />
        {refusal && <Fact label={words.why}>{shared.refusal[refusal.code].because}</Fact>}
      </dl>
      <AuditTrail
        entries={reservation.history}
        became={(entry) => (
          <>
            <Status reservation={entry} /> {entry.bikeWithdrawn && <span>{words.bikeWithdrawn}</span>}
          </>
        )}
      />
    </section>
  );
}

export function StationCard({ station }: { station: Station }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const { stationId, number, state, district, address, racks, openedDate, history } = station;
  const { bikesParked, bikesAvailable, freeRacks } = station;
  const counts = [
    [words.bikesParked, bikesParked],
    [words.bikesAvailable, bikesAvailable],
    [words.freeRacks, freeRacks],
  ] as const;
  return (
    <section className="card found" aria-labelledby="found-title">
      <h2 id="found-title">{words.stationTitle(number, nameOf(station, language))}</h2>
      <dl className="facts">
        <Fact label={shared.status}>{words.stationStates[state]}</Fact>
        <Fact label={words.district}>{districtName(district, language)}</Fact>
        {address && <Fact label={words.address}>{address}</Fact>}
        <Fact label={words.racks}>{formatCount(racks)}</Fact>
        {counts.map(
          ([label, count]) =>
            count !== undefined && (
              <Fact key={label} label={label}>
                {formatCount(count)}
              </Fact>
            ),
        )}
        {openedDate && (
          <Fact label={words.opened}>
            <At time={openedDate} />
          </Fact>
        )}
      </dl>
      <p>
        <a href={linkToBikes({ stationId })}>{words.bikesThere}</a>
      </p>
      <Movements stationId={stationId} />
      <AuditTrail entries={history} became={(entry) => words.stationStates[entry.state]} />
    </section>
  );
}

function History({ reservations }: { reservations: Bike['reservations'] }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const { nodes, totalCount } = reservations;
  return (
    <>
      <h3>
        <span>{words.history(totalCount)}</span>{' '}
        {totalCount > nodes.length && <span className="aside">{shared.newest(nodes.length)}</span>}
      </h3>
      {nodes.length > 0 ? <ReservationLines reservations={nodes} /> : <Empty title={words.noHistory} />}
    </>
  );
}

interface ReservationLinesProps {
  reservations: readonly ReservationFieldsFragment[];
  /** What is under way can be brought to its end. */
  mayEnd?: boolean;
}

function ReservationLines({ reservations, mayEnd = false }: ReservationLinesProps) {
  const shared = useSharedWords();
  return (
    <ul className="lines">
      {reservations.map((reservation) => (
        <li key={reservation.reserveNo}>
          <a className="number" href={linkTo('reservation', reservation.reserveNo)}>
            #{reservation.reserveNo}
          </a>
          <Status reservation={reservation} />
          <span>
            {shared.bike} <a href={linkTo('bike', reservation.bikeId)}>{reservation.bikeId}</a> · {shared.rider}{' '}
            <RiderLink userId={reservation.userId} />
          </span>
          <At time={reservation.reserveDateTime} />
          {mayEnd && <Force reservation={reservation} />}
        </li>
      ))}
    </ul>
  );
}

function Entries({ entries: { nodes, totalCount } }: { entries: Rider['pointEntries'] }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  return (
    <>
      <h3>
        <span>{words.entries(totalCount)}</span>{' '}
        {totalCount > nodes.length && <span className="aside">{shared.newest(nodes.length)}</span>}
      </h3>
      {nodes.length === 0 ? (
        <Empty title={words.noEntries} />
      ) : (
        <ul className="lines">
          {nodes.map((entry) => (
            <li key={entry.seq}>
              <strong className="number">{shared.pointsMoved(entry.amount)}</strong>
              <span>
                {shared.entryKinds[entry.kind]}
                {typeof entry.reserveNo === 'number' && (
                  <>
                    {' '}
                    <a href={linkTo('reservation', entry.reserveNo)}>#{entry.reserveNo}</a>
                  </>
                )}
              </span>
              <span className="aside number">= {shared.points(entry.balanceAfter)}</span>
              <At time={entry.at} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Status({ reservation: { reserveStatus } }: { reservation: Pick<ReservationFieldsFragment, 'reserveStatus'> }) {
  const shared = useSharedWords();
  return (
    <span className="status" data-status={reserveStatus}>
      <StatusIcon status={reserveStatus} />
      <span>{shared.statusNames[reserveStatus]}</span>
    </span>
  );
}

function RiderLink({ userId }: { userId: string }) {
  return <a href={linkTo('rider', userId)}>{userId}</a>;
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

type SomePlace = NamedPlaceFieldsFragment | null | undefined;

const isSomewhere = (place: SomePlace) => Boolean(place?.station ?? place?.position);

/** Where something stands, or stood; left out where nobody knows. */
function PlaceFact({ label, place }: { label: string; place: SomePlace }) {
  if (!isSomewhere(place)) return null;
  return (
    <Fact label={label}>
      <PlaceName place={place} />
    </Fact>
  );
}

function PlaceName({ place }: { place: SomePlace }) {
  const { language } = useSpeech();
  const station = place?.station;
  const name = placeName(place, station ? [station] : null, language);
  return station ? <a href={linkTo('station', station.stationId)}>{name}</a> : name;
}
