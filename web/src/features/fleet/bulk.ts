/** The same change for many bikes: what it will do to each, doing it call by call, and taking it back. */
import { type Client, GraphqlRequestError } from '../../../../schema/client/client.ts';
import {
  type BikeCondition,
  ChangeBikeConditionsDocument,
  FleetBikesDocument,
  type FleetBikesQuery,
  type FleetBikesQueryVariables,
  MoveBikesDocument,
  type RefusalCode,
  type StationState,
} from '../../../../schema/client/generated/graphql.ts';

export type FleetBike = FleetBikesQuery['dashboard']['bikes']['nodes'][number];
export type Filter = NonNullable<FleetBikesQueryVariables['filter']>;

export interface Destination {
  stationId: string;
  /** Null where there is no such station. */
  state: StationState | null;
}

export type Change = { reason: string } & (
  { kind: 'condition'; condition: BikeCondition } | { kind: 'move'; to: (bikeId: number) => Destination }
);

/** What the change will do to a bike, as far as is known before. */
export type Forecast = 'changes' | 'endsReservation' | 'same' | keyof typeof refusals;

/** Why a bike is left alone, as the service would say it. */
const refusals = {
  onRide: 'BIKE_ON_RIDE',
  notThere: 'BIKE_NOT_FOUND',
  noStation: 'STATION_NOT_FOUND',
  stationClosed: 'STATION_CLOSED',
} as const satisfies Record<string, RefusalCode>;

export function forecastOf(change: Change, bike: FleetBike | undefined): Forecast {
  if (!bike) return 'notThere';
  if (change.kind === 'condition') {
    if (bike.condition === change.condition) return 'same';
    return bike.use === 'RESERVED' && change.condition !== 'IN_SERVICE' ? 'endsReservation' : 'changes';
  }
  const { stationId, state } = change.to(bike.bikeId);
  if (state === null) return 'noStation';
  if (state === 'CLOSED') return 'stationClosed';
  if (bike.use === 'IN_USE') return 'onRide';
  return bike.station?.stationId === stationId ? 'same' : 'changes';
}

export interface BulkLine {
  bikeId: number;
  forecast: Forecast;
  /** As it was when it was looked at; unset for a number that no bike has. */
  before: FleetBike | undefined;
}

/** What became of a bike. Of those that are not sent it is known before. */
export type BulkOutcome =
  | { status: 'changed' }
  | { status: 'same' }
  | { status: 'refused'; code: RefusalCode }
  | { status: 'failed'; code: string };

export const isSent = (line: BulkLine) => outcomeBefore(line) === null;

export function outcomeBefore({ forecast }: BulkLine): BulkOutcome | null {
  if (forecast === 'changes' || forecast === 'endsReservation') return null;
  return forecast === 'same' ? { status: 'same' } : { status: 'refused', code: refusals[forecast] };
}

/** As many as one looks through before changing them; a city is changed by district. */
export const mostAtOnce = 2_000;
/** As many numbers as one question takes. */
const bikesPerQuestion = 200;

/**
 * The bikes that were picked, or all that match, as they are now.
 * @param onLooked hears of how many numbers it is known.
 */
export async function lookAt(
  client: Client,
  wanted: { bikeIds: readonly number[] } | { filter: Filter },
  signal: AbortSignal,
  onLooked?: (count: number) => void,
): Promise<FleetBike[]> {
  const bikes: FleetBike[] = [];
  if ('bikeIds' in wanted) {
    let looked = 0;
    for (const bikeIds of chunks(wanted.bikeIds, bikesPerQuestion)) {
      const variables = { filter: { bikeIds }, first: bikesPerQuestion };
      bikes.push(...(await client.request(FleetBikesDocument, variables, { signal })).dashboard.bikes.nodes);
      onLooked?.((looked += bikeIds.length));
    }
    return bikes;
  }
  for (let after: string | null = null; ;) {
    const variables: FleetBikesQueryVariables = { filter: wanted.filter, first: bikesPerQuestion, after };
    const page: FleetBikesQuery['dashboard']['bikes'] = (
      await client.request(FleetBikesDocument, variables, { signal })
    ).dashboard.bikes;
    bikes.push(...page.nodes);
    after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
    if (after === null || bikes.length >= mostAtOnce) return bikes.slice(0, mostAtOnce);
  }
}

export function linesOf(change: Change, bikeIds: readonly number[], bikes: readonly FleetBike[]): BulkLine[] {
  const known = new Map(bikes.map((bike) => [bike.bikeId, bike]));
  return bikeIds.map((bikeId) => {
    const before = known.get(bikeId);
    return { bikeId, before, forecast: forecastOf(change, before) };
  });
}

export interface BulkRun {
  client: Client;
  change: Change;
  lines: readonly BulkLine[];
  /** Takes the change back: only where it is as the change left it. */
  isUndo?: boolean;
  /** Another for each change that somebody wants: each bike has a key of its own, so that a line sent again is no second change. */
  key: string;
  onOutcomes: (outcomes: readonly (readonly [bikeId: number, outcome: BulkOutcome])[]) => void;
  signal: AbortSignal;
}

/** A call takes a thousand; with fewer there is more to see, and each ends long before a subgraph must have answered. */
const linesPerCall = 100;

/** Ends after a call when aborted. */
export async function runBulk(run: BulkRun): Promise<void> {
  for (const lines of chunks(run.lines, linesPerCall)) {
    if (run.signal.aborted) return;
    const results = await call(run, lines);
    run.onOutcomes(lines.map(({ bikeId }, place) => [bikeId, results(place)]));
  }
}

async function call({ client, change, isUndo = false, key, signal }: BulkRun, lines: readonly BulkLine[]) {
  const keyed = lines.map((line) => ({ ...line, idempotencyKey: `${key}:${line.bikeId}` }));
  try {
    const { results } =
      change.kind === 'condition'
        ? (
            await client.request(ChangeBikeConditionsDocument, {
              input: { changes: keyed.map((line) => ({ ...conditionLine(change, line, isUndo), ...keyOf(line) })) },
            })
          ).changeBikeConditions
        : (
            await client.request(MoveBikesDocument, {
              input: { moves: keyed.map((line) => ({ ...moveLine(change, line, isUndo), ...keyOf(line) })) },
            })
          ).moveBikes;
    return (place: number): BulkOutcome => {
      const refusal = results[place]?.refusal;
      return refusal ? { status: 'refused', code: refusal.code } : { status: 'changed' };
    };
  } catch (error) {
    if (signal.aborted && !(error instanceof GraphqlRequestError)) throw error;
    const code = error instanceof GraphqlRequestError ? error.code : 'UNKNOWN';
    return (): BulkOutcome => ({ status: 'failed', code });
  }
}

const keyOf = ({ idempotencyKey }: { idempotencyKey: string }) => ({ idempotencyKey });

type Of<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;

/** Nobody else's change is overwritten: neither one since the bike was looked at, nor, taken back, one since. */
function conditionLine({ condition, reason }: Of<'condition'>, { bikeId, before }: BulkLine, isUndo: boolean) {
  const was = before?.condition ?? condition;
  const [to, from] = isUndo ? [was, condition] : [condition, was];
  return { bikeId, condition: to, from, reason };
}

function moveLine({ to, reason }: Of<'move'>, { bikeId, before }: BulkLine, isUndo: boolean) {
  const { stationId } = to(bikeId);
  const was = before?.station?.stationId;
  if (!isUndo) return { bikeId, stationId, reason, ...(was === undefined ? {} : { fromStationId: was }) };
  const { latitude, longitude } = before?.position ?? {};
  const back =
    was !== undefined
      ? { stationId: was }
      : latitude !== undefined && longitude !== undefined
        ? { position: { latitude, longitude } }
        : {};
  return { bikeId, ...back, fromStationId: stationId, reason };
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
