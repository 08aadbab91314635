import type { Client } from '../../../../schema/client/client.ts';
import {
  type RefusalCode,
  ReserveBikeDocument,
  ReturnBikeDocument,
} from '../../../../schema/client/generated/graphql.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, situationOf, type Station } from '../../shared/stations/places.ts';
import { Stations } from '../../shared/stations/stations.tsx';
import type { Stations as Known } from '../../shared/stations/use-stations.ts';
import { isDecided, type Ride } from './rider.ts';
import { rideWords } from './words.ts';

interface RideStationsProps {
  stations: Known;
  /** Null without a reservation. */
  ride: Ride | null;
  onBuy: () => void;
}

/** Where bikes stand: to reserve one there, or to bring it back. */
export function RideStations({ stations, ride, onBuy }: RideStationsProps) {
  return (
    <Stations
      stations={stations}
      actions={(station) => <AtStation key={station.stationId} station={station} ride={ride} onBuy={onBuy} />}
    />
  );
}

const helpedByPoints: ReadonlySet<RefusalCode | undefined> = new Set([
  'INSUFFICIENT_POINTS',
  'NO_POINT_ACCOUNT',
  'OUTSTANDING_DEBT',
]);

function AtStation({ station, ride, onBuy }: { station: Station; ride: Ride | null; onBuy: () => void }) {
  const words = useWords(rideWords);
  const { language } = useSpeech();
  const submission = useSubmission();
  const { stationId } = station;
  const name = nameOf(station, language);

  async function reserve(client: Client, idempotencyKey: string): Promise<Outcome> {
    const { reserveBike } = await client.request(ReserveBikeDocument, { input: { stationId, idempotencyKey } });
    const { refusal, reservation } = reserveBike;
    if (refusal) return refused(refusal);
    return good(({ onItsWay }) =>
      isDecided(reservation) ? rideWords[language].reservedAt(reservation.bikeId, name) : onItsWay,
    );
  }
  async function giveBack({ reserveNo }: Ride, client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { reserveNo, stationId, idempotencyKey };
    const { refusal } = (await client.request(ReturnBikeDocument, { input })).returnBike;
    return refusal ? refused(refusal) : good(() => rideWords[language].returnedAt(name));
  }

  const canReserve = !ride && situationOf(station) !== 'closed' && station.bikesAvailable !== 0;
  const canReturn = ride?.reserveStatus === 'IN_USE' && situationOf(station) !== 'closed';
  return (
    <>
      {canReserve && (
        <Button
          isPending={submission.pending}
          onPress={() => void submission.submit(`reserve at ${stationId}`, reserve)}
        >
          {words.reserveHere}
        </Button>
      )}
      {canReturn && (
        <Button
          isPending={submission.pending}
          onPress={() =>
            void submission.submit(`return ${ride.reserveNo} at ${stationId}`, (client, key) =>
              giveBack(ride, client, key),
            )
          }
        >
          {words.returnHere}
        </Button>
      )}
      <OutcomeText submission={submission} />
      {helpedByPoints.has(submission.outcome?.refusal) && <Button onPress={onBuy}>{words.buyEnough}</Button>}
    </>
  );
}
