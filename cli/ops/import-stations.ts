import { readFile } from 'node:fs/promises';
import type { Client } from '../../schema/client/client.ts';
import {
  ChangeStationsDocument,
  OpenStationsDocument,
  StationsDocument,
  type ChangeStationsLine,
  type StationFieldsFragment,
  type StationLineFieldsFragment,
  type StationsQuery,
} from '../../schema/client/generated/graphql.ts';
import { stationIdOf } from '../../schema/places.ts';
import { textOf } from '../../web/src/features/fleet/file-text.ts';
import { exitCodes, OpsError } from './ops-error.ts';
import { readStations, type FileLine, type FileStation } from './station-file.ts';

/** What becomes of a line; `why` where nothing does. */
export interface LineOutcome {
  line: number;
  stationId: string | null;
  outcome: 'opened' | 'changed' | 'same' | 'turned down';
  why?: string;
}

/** Lines of one call: it takes a second or two, which is how often progress is told. */
const linesPerCall = 500;

/**
 * Opens the stations of a file that are not there, and changes those that are otherwise: the same file a second time
 * changes nothing.
 */
export async function importStations(
  client: Client,
  file: string,
  dryRun: boolean,
  report: (line: string) => void,
): Promise<LineOutcome[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new OpsError(exitCodes.usage, `${file} cannot be read: ${(error as Error).message}`);
  });
  const text = textOf(bytes);
  if (text === null) throw new OpsError(exitCodes.usage, `${file} is no text.`);
  const { lines, problem } = readStations(text, Date.now());
  if (problem) throw new OpsError(exitCodes.usage, `${file} is no file of stations: ${problem}`);

  const known = await stationsOf(client);
  const plan = lines.map((line) => planFor(line, known));
  const opening = plan.flatMap((one) => ('open' in one ? [one] : []));
  const changing = plan.flatMap((one) => ('change' in one ? [one] : []));
  const outcomes = plan.flatMap((one) => ('outcome' in one ? [one.outcome] : []));
  let done = 0;
  const told = (
    results: readonly (StationLineFieldsFragment | undefined)[],
    planned: readonly { line: number }[],
    as: 'opened' | 'changed',
  ) => {
    planned.forEach(({ line }, index) => {
      const { station, refusal } = results[index] ?? {};
      const stationId = station?.stationId ?? null;
      outcomes.push(
        refusal
          ? { line, stationId, outcome: 'turned down', why: `${refusal.code}: ${refusal.because}` }
          : { line, stationId, outcome: as },
      );
    });
    done += planned.length;
    report(`${done} of ${opening.length + changing.length} stations`);
  };
  if (dryRun) {
    outcomes.push(
      ...opening.map(({ line, open }) => ({ line, stationId: stationIdOf(open.number), outcome: 'opened' as const })),
    );
    outcomes.push(
      ...changing.map(({ line, change }) => ({ line, stationId: change.stationId, outcome: 'changed' as const })),
    );
  } else {
    for (const some of chunks(opening)) {
      const input = { stations: some.map(({ open }) => open) };
      told((await client.request(OpenStationsDocument, { input })).openStations.results, some, 'opened');
    }
    for (const some of chunks(changing)) {
      const input = { changes: some.map(({ change }) => change) };
      told((await client.request(ChangeStationsDocument, { input })).changeStations.results, some, 'changed');
    }
  }
  return outcomes.sort((one, other) => one.line - other.line);
}

type Planned =
  { line: number; open: FileStation } | { line: number; change: ChangeStationsLine } | { outcome: LineOutcome };

function planFor({ line, station, problem }: FileLine, known: ReadonlyMap<number, StationFieldsFragment>): Planned {
  if (problem !== null) return { outcome: { line, stationId: null, outcome: 'turned down', why: problem } };
  const now = known.get(station.number);
  if (!now) return { line, open: station };
  const { stationId } = now;
  if (now.state === 'CLOSED') {
    return {
      outcome: { line, stationId, outcome: 'turned down', why: 'The station is closed; openStation opens it again.' },
    };
  }
  const change = changeTo(station, now);
  return change ? { line, change } : { outcome: { line, stationId, outcome: 'same' } };
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

async function stationsOf(client: Client): Promise<Map<number, StationFieldsFragment>> {
  const known = new Map<number, StationFieldsFragment>();
  for (let after: string | null = null; ;) {
    const { stations }: StationsQuery = await client.request(StationsDocument, { after });
    for (const station of stations.nodes) known.set(station.number, station);
    after = stations.pageInfo.endCursor;
    if (!stations.pageInfo.hasNextPage) return known;
  }
}

function chunks<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / linesPerCall) }, (_, index) =>
    items.slice(index * linesPerCall, (index + 1) * linesPerCall),
  );
}
