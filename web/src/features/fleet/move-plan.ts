/** What a file of moves will do to each bike, before anything moves. */
import type { Client } from '../../../../schema/client/client.ts';
import type { StationFieldsFragment } from '../../../../schema/client/generated/graphql.ts';
import { type BulkLine, type Change, type Destination, linesOf, lookAt } from './bulk.ts';
import { stationsOf } from './import-stations.ts';
import type { MoveLine } from './move-csv.ts';

export interface MovePlan {
  lines: readonly MoveLine[];
  /** Of the lines that name a bike, in their order. */
  bulk: readonly BulkLine[];
  /** The stations that there are, by id. */
  stations: ReadonlyMap<string, StationFieldsFragment>;
  changeFor: (reason: string) => Change;
}

/** @param onLooked hears of how many bikes it is known. */
export async function planMoves(
  client: Client,
  lines: readonly MoveLine[],
  signal: AbortSignal,
  onLooked: (count: number) => void,
): Promise<MovePlan> {
  const wanted = new Map(lines.flatMap(({ move }) => (move ? [[move.bikeId, move.stationId]] : [])));
  const bikeIds = [...wanted.keys()];
  const known = bikeIds.length > 0 ? [...(await stationsOf(client)).values()] : [];
  const stations = new Map(known.map((station) => [station.stationId, station]));
  const bikes = await lookAt(client, { bikeIds }, signal, onLooked);
  function to(bikeId: number): Destination {
    const stationId = wanted.get(bikeId) ?? '';
    return { stationId, state: stations.get(stationId)?.state ?? null };
  }
  const changeFor = (reason: string): Change => ({ kind: 'move', to, reason });
  return { lines, stations, changeFor, bulk: linesOf(changeFor(''), bikeIds, bikes) };
}
