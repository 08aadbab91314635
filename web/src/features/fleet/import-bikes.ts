import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import {
  RegisterBikesDocument,
  type RegisterBikesMutation,
  type RefusalCode,
} from '../../../../schema/client/generated/graphql.ts';
import type { BikeLine } from './bike-csv.ts';

/** What became of a line. */
export type LineOutcome =
  { status: 'done'; bikeId: number } | { status: 'refused'; code: RefusalCode } | { status: 'failed'; code: string };

export interface Import {
  client: Client;
  lines: readonly BikeLine[];
  /** Outcomes by the lines' keys, call by call. */
  onOutcomes: (outcomes: readonly (readonly [key: string, outcome: LineOutcome])[]) => void;
  signal: AbortSignal;
}

/** A call takes a thousand; with fewer there is more to see, and stopping takes no longer than a second. */
const linesPerCall = 250;

/** Registers each line once, however often it is sent: its key says which it is. Ends after a call when aborted. */
export async function importBikes({ client, lines, onOutcomes, signal }: Import): Promise<void> {
  for (let first = 0; first < lines.length && !signal.aborted; first += linesPerCall) {
    const call = lines.slice(first, first + linesPerCall);
    const outcomes = await register(client, call);
    onOutcomes(call.map(({ key }, place) => [key, outcomes(place)]));
  }
}

type Result = RegisterBikesMutation['registerBikes']['results'][number];

/** @returns what became of the line in each place */
async function register(client: Client, lines: readonly BikeLine[]): Promise<(place: number) => LineOutcome> {
  const bikes = lines.map(({ color, registeredDate, key }) => ({ color, registeredDate, idempotencyKey: key }));
  try {
    const { results } = (await client.request(RegisterBikesDocument, { input: { bikes } })).registerBikes;
    return (place) => outcomeOf(results[place]);
  } catch (error) {
    const code = error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
    return () => ({ status: 'failed', code });
  }
}

function outcomeOf(result: Result | undefined): LineOutcome {
  if (result?.bike) return { status: 'done', bikeId: result.bike.bikeId };
  return result?.refusal ? { status: 'refused', code: result.refusal.code } : { status: 'failed', code: 'UNKNOWN' };
}
