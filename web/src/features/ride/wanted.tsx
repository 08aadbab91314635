import './wanted.css';
import { useEffect, useRef } from 'react';
import { ridePath, type RideWish } from '../../app/links.ts';
import { go } from '../../app/paths.ts';
import { Button } from '../../shared/ui/controls.tsx';
import { useSharedWords, useSpeech, useWords } from '../../shared/i18n/speech.tsx';
import { inFull } from '../../shared/i18n/refusals.ts';
import { nameOf, type Station } from '../../shared/stations/places.ts';
import { hindranceOf } from './asked-bike.ts';
import type { Ride } from './rider.ts';
import { useAskedBike } from './use-asked-bike.ts';
import { rideWords } from './words.ts';

interface WantedProps {
  wish: RideWish;
  ride: Ride | null;
  /** Null while they are not known. */
  stations: readonly Station[] | null;
}

/** What the address asked for, by a QR code or a link of others: what becomes of it here. */
export function Wanted({ wish, ride, stations }: WantedProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  switch (wish.kind) {
    case 'unclear':
      return <Card>{words.wantedUnclear}</Card>;
    case 'station': {
      const isUnknown = stations?.every(({ stationId }) => stationId !== wish.stationId);
      return isUnknown ? <Card>{inFull(shared.refusal.STATION_NOT_FOUND)}</Card> : null;
    }
    case 'bike':
      if (!ride) return <WantedBike bikeId={wish.bikeId} reserved={null} stations={stations ?? []} />;
      // Its own card says the rest.
      if (ride.bikeId === wish.bikeId && ride.reserveStatus !== 'RESERVED') return null;
      if (ride.bikeId !== wish.bikeId && ride.reserveStatus !== 'IN_USE') {
        return <WantedBike bikeId={wish.bikeId} reserved={ride.bikeId} stations={stations ?? []} />;
      }
      return (
        <Card title={words.wanted(wish.bikeId)}>
          {ride.bikeId === wish.bikeId ? words.wantedIsMine : words.wantedIsNotRidden(ride.bikeId)}
        </Card>
      );
  }
}

interface WantedBikeProps {
  bikeId: number;
  /** The other bike that the rider has reserved. */
  reserved: number | null;
  stations: readonly Station[];
}

function WantedBike({ bikeId, reserved, stations }: WantedBikeProps) {
  const words = useWords(rideWords);
  const shared = useSharedWords();
  const { language } = useSpeech();
  const { data, failure } = useAskedBike(bikeId);
  const whyNot = data && hindranceOf(data);
  function say(): string {
    if (!data) return failure ? words.wantedAway : shared.loading;
    if (whyNot) return inFull(shared.refusal[whyNot]);
    const station = stations.find(({ stationId }) => stationId === data.bike?.station?.stationId);
    return station ? words.wantedFreeAt(nameOf(station, language)) : words.wantedFree;
  }
  /** Nobody should cancel for a bike that they cannot have. */
  function sayInstead(): string {
    if (whyNot) return shared.refusal[whyNot].because;
    return data || failure ? words.wantedInstead : '';
  }
  return (
    <Card title={words.wanted(bikeId)}>
      {reserved === null ? say() : `${words.wantedIsNotHeld(reserved)} ${sayInstead()}`.trim()}
    </Card>
  );
}

function Card({ title, children }: { title?: string; children: string }) {
  const shared = useSharedWords();
  return (
    <section className="card wanted">
      {title && <h2>{title}</h2>}
      <p role="status">{children}</p>
      <Button weight="quiet" onPress={() => go(ridePath, { replace: true })}>
        {shared.close}
      </Button>
    </section>
  );
}

/**
 * An address has done its work once the rider rides, or has taken another bike meanwhile: later it would speak of a bike
 * that nobody asks about any more.
 */
export function useForgetMet(bikeId: number | null, ride: Ride | 'none' | null): void {
  const before = useRef(ride);
  useEffect(() => {
    const hadNone = before.current === 'none';
    before.current = ride;
    if (bikeId === null || ride === null || ride === 'none') return;
    const isMet = ride.bikeId === bikeId ? ride.reserveStatus === 'IN_USE' : hadNone;
    if (isMet) go(ridePath, { replace: true });
  }, [bikeId, ride]);
}
