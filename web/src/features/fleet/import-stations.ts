/** What a file of stations changes, and doing so: the same file a second time changes nothing. */
import type { Client } from '../../../../schema/client/client.ts';
import {
  ChangeStationsDocument,
  type ChangeStationsLine,
  OpenStationsDocument,
  type RefusalFieldsFragment,
  type StationFieldsFragment,
  type StationLineFieldsFragment,
  StationsDocument,
  type StationsQuery,
} from '../../../../schema/client/generated/graphql.ts';
import { randomId } from '../../shared/api/random-id.ts';
import type { FileLine, FileStation, StationProblem } from './station-csv.ts';

/** A line with something to do. */
export type Deed =
  /** With its idempotency key: where an answer was lost, asking again is told what was done, not that it is taken. */
  | { line: number; kind: 'open'; station: FileStation; idempotencyKey: string }
  | { line: number; kind: 'change'; station: FileStation; change: ChangeStationsLine };

/** What a line asks for. */
export type Step =
  | Deed
  | { line: number; kind: 'same'; station: FileStation }
  /** Opening it again says everything of a station anew, which nobody expects of a file. */
  | { line: number; kind: 'closed'; station: FileStation }
  | { line: number; kind: 'invalid'; station: null; problem: StationProblem };

/** What became of a deed; null where it was done. */
export type Result = Pick<RefusalFieldsFragment, 'code' | 'because'> | null;

/** Lines of one call: it takes a second or two, which is how often progress is told. */
const linesPerCall = 500;

export const isDeed = (step: Step): step is Deed => step.kind === 'open' || step.kind === 'change';

export function planFor(lines: readonly FileLine[], known: ReadonlyMap<number, StationFieldsFragment>): Step[] {
  return lines.map((read) => {
    const { line, station } = read;
    if (station === null) return { line, kind: 'invalid', station, problem: read.problem };
    const now = known.get(station.number);
    if (!now) return { line, kind: 'open', station, idempotencyKey: randomId() };
    if (now.state === 'CLOSED') return { line, kind: 'closed', station };
    const change = changeTo(station, now);
    return change ? { line, kind: 'change', station, change } : { line, kind: 'same', station };
  });
}

/** What the file says otherwise; what it does not say stays. */
function changeTo({ number: _number, ...said }: FileStation, now: StationFieldsFragment): ChangeStationsLine | null {
  const { position, ...fields } = said;
  const isThere = position.latitude === now.position.latitude && position.longitude === now.position.longitude;
  const changes = Object.entries(fields).filter(
    ([name, value]) => value !== null && value !== now[name as keyof typeof fields],
  );
  if (isThere && changes.length === 0) return null;
  return { stationId: now.stationId, ...Object.fromEntries(changes), ...(isThere ? {} : { position }) };
}

/** By number. */
export async function stationsOf(client: Client): Promise<Map<number, StationFieldsFragment>> {
  const known = new Map<number, StationFieldsFragment>();
  for (let after: string | null = null; ;) {
    const { stations }: StationsQuery = await client.request(StationsDocument, { after });
    for (const station of stations.nodes) known.set(station.number, station);
    after = stations.pageInfo.endCursor;
    if (!stations.pageInfo.hasNextPage) return known;
  }
}

/**
 * Call by call; ends after one when aborted.
 * @throws {GraphqlRequestError} when a call fails: what is not done then may be asked for again.
 */
export async function carryOut(
  client: Client,
  deeds: readonly Deed[],
  told: (results: readonly (readonly [deed: Deed, result: Result])[]) => void,
  signal?: AbortSignal,
): Promise<void> {
  const opening = deeds.filter((deed) => deed.kind === 'open');
  const changing = deeds.filter((deed) => deed.kind === 'change');
  for (const some of chunks(opening)) {
    if (signal?.aborted) return;
    const input = { stations: some.map(({ station, idempotencyKey }) => ({ ...station, idempotencyKey })) };
    const { results } = (await client.request(OpenStationsDocument, { input })).openStations;
    told(resultsOf(some, results));
  }
  for (const some of chunks(changing)) {
    if (signal?.aborted) return;
    const input = { changes: some.map(({ change }) => change) };
    const { results } = (await client.request(ChangeStationsDocument, { input })).changeStations;
    told(resultsOf(some, results));
  }
}

/** A deed that the answer leaves out is not done. */
function resultsOf(deeds: readonly Deed[], lines: readonly StationLineFieldsFragment[]): [Deed, Result][] {
  return deeds.flatMap((deed, place) => {
    const line = lines[place];
    return line ? [[deed, line.refusal ?? null]] : [];
  });
}

function chunks<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / linesPerCall) }, (_, index) =>
    items.slice(index * linesPerCall, (index + 1) * linesPerCall),
  );
}
