import './search.css';
import { type SubmitEvent, useMemo, useState } from 'react';
import {
  FleetBikeDocument,
  FleetReservationDocument,
  FleetRiderDocument,
  FleetStationDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { textRules } from '../../../../schema/text.ts';
import { asFarAsHad, query } from '../../shared/api/answer.ts';
import { type ShownAnswer, useAnswer } from '../../shared/api/use-answer.ts';
import { Button, Choice, Empty, Field, Skeleton } from '../../shared/ui/controls.tsx';
import { errorText } from '../../shared/ui/submission.tsx';
import { type FoundKind, foundIn, foundKinds, linkTo } from '../../app/links.ts';
import { go, useSearch } from '../../app/paths.ts';
import { bikeNumberIn, reserveNumberIn } from '../../shared/i18n/numbers.ts';
import { useSharedWords, useWords } from '../../shared/i18n/speech.tsx';
import { AsOf } from './as-of.tsx';
import { BikeCard, ReservationCard, RiderCard, StationCard } from './cards.tsx';
import { stationIdIn } from './table-address.ts';
import { watched } from './watched.ts';
import { fleetWords } from './words.ts';

type Wanted = NonNullable<ReturnType<typeof foundIn>>;

/** A bike, a rider, a reservation or a station by its number, with everything that belongs to it. */
export function Search() {
  const words = useWords(fleetWords);
  const address = useSearch();
  const wanted = useMemo(() => foundIn(address), [address]);
  return (
    <>
      <SearchForm wanted={wanted} />
      {wanted ? (
        <Found key={address} wanted={wanted} />
      ) : (
        <div className="card">
          <Empty title={words.searchTitle}>
            <p>{words.searchHint}</p>
          </Empty>
        </div>
      )}
    </>
  );
}

function SearchForm({ wanted }: { wanted: Wanted | null }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  const [kind, setKind] = useState<FoundKind>(wanted?.kind ?? 'reservation');
  const [id, setId] = useState(wanted?.id ?? '');
  const [shown, setShown] = useState(wanted);
  // A link leads to something else: the form stays, with the focus that it may have, and says what is shown now.
  if (wanted !== shown) {
    setShown(wanted);
    setKind(wanted?.kind ?? kind);
    setId(wanted?.id ?? '');
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = id.trim().replace(/^[#＃]/, '');
    if (text) go(linkTo(kind, text));
  };
  return (
    <form className="card search-form" role="search" onSubmit={submit}>
      <Choice
        label={words.searchFor}
        options={foundKinds.map((key) => ({ key, label: words.kinds[key] }))}
        chosen={kind}
        onChoose={setKind}
      />
      <Field label={{ bike: shared.bikeNumber, station: shared.stationNumber, ...words.number }[kind]}>
        {(ids) => (
          <input
            {...ids}
            name="id"
            type="search"
            required
            translate="no"
            inputMode={kind === 'rider' ? 'text' : 'numeric'}
            autoComplete="off"
            maxLength={textRules.userId.longest}
            value={id}
            onChange={(event) => setId(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit">{words.find}</Button>
    </form>
  );
}

function Found({ wanted: { kind, id } }: { wanted: Wanted }) {
  switch (kind) {
    case 'bike':
      return <FoundBike bikeId={bikeNumberIn(id)} />;
    case 'rider':
      return <FoundRider userId={id} />;
    case 'reservation':
      return <FoundReservation reserveNo={reserveNumberIn(id)} />;
    case 'station':
      return <FoundStation stationId={stationIdIn(id)} />;
  }
}

function FoundBike({ bikeId }: { bikeId: number | null }) {
  const answer = useAnswer(bikeId === null ? null : bikeAt(bikeId), { pace: watched });
  if (!answer.data?.bike) return <NotThere kind="bike" answer={answer} />;
  return (
    <>
      <AsOf answer={answer} />
      <BikeCard bike={answer.data.bike} />
    </>
  );
}

function FoundRider({ userId }: { userId: string }) {
  const answer = useAnswer(query(FleetRiderDocument, { userId }), { pace: watched });
  if (!answer.data?.user) return <NotThere kind="rider" answer={answer} />;
  const { user, pointAccount } = answer.data;
  return (
    <>
      <AsOf answer={answer} />
      <RiderCard rider={user} debt={pointAccount?.debt ?? 0} />
    </>
  );
}

function FoundReservation({ reserveNo }: { reserveNo: number | null }) {
  const answer = useAnswer(reserveNo === null ? null : reservationAt(reserveNo), { pace: watched });
  if (!answer.data?.reservation) return <NotThere kind="reservation" answer={answer} />;
  return (
    <>
      <AsOf answer={answer} />
      <ReservationCard reservation={answer.data.reservation} />
    </>
  );
}

function FoundStation({ stationId }: { stationId: string | null }) {
  const answer = useAnswer(stationId === null ? null : stationAt(stationId), { pace: watched });
  if (!answer.data?.station) return <NotThere kind="station" answer={answer} />;
  return (
    <>
      <AsOf answer={answer} />
      <StationCard station={answer.data.station} />
    </>
  );
}

const bikeAt = (bikeId: number) => asFarAsHad((names) => query(FleetBikeDocument, { bikeId, names }));
const reservationAt = (reserveNo: number) =>
  asFarAsHad((names) => query(FleetReservationDocument, { reserveNo, names }));
const stationAt = (stationId: string) => asFarAsHad((counts) => query(FleetStationDocument, { stationId, counts }));

function NotThere({ kind, answer }: { kind: FoundKind; answer: Pick<ShownAnswer<unknown>, 'error' | 'isWaiting'> }) {
  const words = useWords(fleetWords);
  const shared = useSharedWords();
  if (answer.isWaiting) return <Skeleton label={shared.loading} lines={6} />;
  const notFound: Record<FoundKind, string> = {
    reservation: shared.refusal.RESERVATION_NOT_FOUND.because,
    bike: shared.refusal.BIKE_NOT_FOUND.because,
    rider: words.noRider,
    station: words.noStation,
  };
  return (
    <div className="card" role="status">
      <Empty title={answer.error ? errorText(answer.error, shared) : notFound[kind]} />
    </div>
  );
}
