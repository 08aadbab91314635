import type { Client } from '../../../../schema/client/client.ts';
import { ReturnBikeDocument } from '../../../../schema/client/generated/graphql.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { good, type Outcome, OutcomeText, refused, useSubmission } from '../../shared/ui/submission.tsx';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { nameOf, situationOf, type Station } from '../../shared/stations/places.ts';
import { Stations } from '../../shared/stations/stations.tsx';
import { useStations } from '../../shared/stations/use-stations.ts';
import { useHasOffer } from './known-wait.ts';
import { NextStep, useReserving } from './reserving.tsx';
import type { Ride } from './rider.ts';
import { rideWords } from './words.ts';

interface RideStationsProps {
  /** Null without a reservation. */
  ride: Ride | null;
  /** The station whose card is open at first. */
  opened: string | null;
  onBuy: () => void;
}

/** Where bikes stand: to reserve one there, or to bring it back. */
export function RideStations({ ride, opened, onBuy }: RideStationsProps) {
  return (
    <Stations
      stations={useStations()}
      opened={opened}
      actions={(station) => <AtStation key={station.stationId} station={station} ride={ride} onBuy={onBuy} />}
    />
  );
}

function AtStation({ station, ride, onBuy }: { station: Station; ride: Ride | null; onBuy: () => void }) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const submission = useSubmission();
  const reserving = useReserving(submission);
  const hasOffer = useHasOffer();
  const { stationId } = station;
  const name = nameOf(station, language);

  async function giveBack({ reserveNo }: Ride, client: Client, idempotencyKey: string): Promise<Outcome> {
    const input = { reserveNo, stationId, idempotencyKey };
    const { refusal } = (await client.request(ReturnBikeDocument, { input })).returnBike;
    return refusal ? refused(refusal) : good(() => rideWords[language].returnedAt(name));
  }

  const situation = situationOf(station);
  const canReserve = !ride && situation !== 'closed' && (station.bikesAvailable !== 0 || reserving.isReserving);
  const isEmpty = !ride && !reserving.hasReserved && situation !== 'closed' && station.bikesAvailable === 0;
  const canReturn = ride?.reserveStatus === 'IN_USE';
  return (
    <>
      {canReserve && (
        <Button
          weight={hasOffer ? 'plain' : 'primary'}
          isPending={submission.pending}
          onPress={() => void reserving.reserve({ stationId, name })}
        >
          {words.reserveHere}
        </Button>
      )}
      {isEmpty && !submission.outcome && <p className="aside">{shared.refusal.NO_BIKE_AT_STATION.because}</p>}
      {canReturn && situation === 'full' && <p className="aside">{words.fullHere}</p>}
      {canReturn && situation === 'closed' && <p className="aside">{words.closedHere}</p>}
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
      {!ride && (
        <NextStep
          reserving={reserving}
          taken={isEmpty ? { stationId, name } : null}
          onBuy={onBuy}
          onReserve={(bikeId) => void reserving.reserve({ bikeId })}
        />
      )}
    </>
  );
}
