import { useEffect } from 'react';
import { BikeOfVehicleDocument } from '../../../../schema/client/generated/graphql.ts';
import { linkToRide } from '../../app/links.ts';
import { go } from '../../app/paths.ts';
import { query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';
import { useWords } from '../../shared/i18n/speech.tsx';
import { rideWords } from './words.ts';

/** Goes on to the bike that a link of open data means, or says why it cannot. */
export function VehicleLink({ vehicleId }: { vehicleId: string }) {
  const words = useWords(rideWords);
  const { data, failure } = useAnswer(query(BikeOfVehicleDocument, { vehicleId }));
  const bikeId = data?.bikeOfVehicle?.bikeId;
  useEffect(() => {
    if (bikeId !== undefined) go(linkToRide(bikeId), { replace: true });
  }, [bikeId]);
  if (bikeId !== undefined || (!data && !failure)) return null;
  return (
    <p className="notice" data-tone="stale" role="status">
      {data ? words.vehicleGone : words.vehicleAway}
    </p>
  );
}
