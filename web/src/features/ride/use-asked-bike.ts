import { WantedBikeDocument } from '../../../../schema/client/generated/graphql.ts';
import { type Pace, query } from '../../shared/api/answer.ts';
import { useAnswer } from '../../shared/api/use-answer.ts';

/** A rider stands before the bike; another may take it meanwhile, which no event tells. */
const beforeIt: Pace = { soonestMs: 5_000, longestMs: 30_000 };

/** What is known of a bike that the rider asks about; null asks about none. */
export function useAskedBike(bikeId: number | null) {
  return useAnswer(bikeId === null ? null : query(WantedBikeDocument, { bikeId }), { pace: beforeIt });
}
