/** What operators' tables ask of the picture: rows that match, in an order, a page of them; pure. */
import {
  ContractError,
  largestInt,
  maxPageSize,
  pageSize,
  readCursor,
  toCursor,
  type PageRequest,
} from '../../platform/index.ts';
import type { BikeCondition } from '../../schema/events/index.ts';
import { districtNames, type District } from '../../schema/places.ts';
import { movementsOf, type Movement } from './movements.ts';
import type { Parked } from './parked.ts';
import type { Picture } from './picture.ts';
import type { BikeView, StationView } from './projections.ts';
import { dayMs } from './past.ts';
import { tell, type Spells, type SpellsIn, type Told } from './spells.ts';

export type BikeUse = BikeView['use'];

export interface BikeFilter {
  condition?: BikeCondition[] | null;
  use?: BikeUse[] | null;
  stationId?: string | null;
  district?: District | null;
  number?: string | null;
  bikeIds?: number[] | null;
  forMinutes?: number | null;
}

export interface StationFilter {
  district?: District | null;
  state?: StationView['state'] | null;
  situation?: 'EMPTY' | 'FULL' | null;
  forMinutes?: number | null;
  text?: string | null;
}

/** A bike that was registered. */
type KnownBike = BikeView & { condition: BikeCondition };

/** With the station where it stands, as far as that is known. */
export type BikeLine = KnownBike & { station: StationView | undefined };

/** A station, and what stands there. */
export type StationLine = StationView & Parked;

/** … and when it was empty or full, worked out only where it is asked for. */
export type StationRow = StationLine & { told(what: keyof Spells): Told };

export interface TableRequest extends PageRequest {
  last?: number | null;
  before?: string | null;
}

export interface TablePage<Line> {
  edges: { cursor: string; node: Line }[];
  nodes: Line[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  totalCount: number;
  /** Lines that match, before this page. */
  rowsBefore: number;
}

type Value = number | string;

/** By a value, then by number. */
interface Order<Line> {
  by(line: Line): Value;
  direction: 1 | -1;
}

type Orders<Line, Name extends string> = Record<Name, (line: Line) => Value>;
type OrderName<Name extends string> = `${Name}_${'ASC' | 'DESC'}`;

/** Of what nobody knows: behind everything that somebody does. */
const [noNumber, noTime] = [2 ** 31, '~'];

const conditionRank: Record<BikeCondition, number> = { IN_SERVICE: 0, MAINTENANCE: 1, LOST: 2, RETIRED: 3 };
const useRank: Record<BikeUse, number> = { free: 0, reserved: 1, inUse: 2 };
const districtRank = new Map<string, number>(districtNames.map((name, rank) => [name, rank]));

type BikeColumn = 'BIKE_ID' | 'CONDITION' | 'USE' | 'STATION' | 'SINCE';
const bikeColumns = (stationOf: (bike: BikeView) => StationView | undefined): Orders<KnownBike, BikeColumn> => ({
  BIKE_ID: ({ bikeId }) => bikeId,
  CONDITION: ({ condition }) => conditionRank[condition],
  USE: ({ use }) => useRank[use],
  STATION: (bike) => stationOf(bike)?.number ?? noNumber,
  SINCE: ({ since }) => since ?? noTime,
});
export type BikeOrder = OrderName<BikeColumn>;

const minuteMs = 60_000;

/** Since before all that is known, where it has been so for longer than a day. */
function sinceOf({ isNow, since }: Told): number {
  return isNow ? (since ?? 0) : Number.MAX_SAFE_INTEGER;
}

type SpellColumn = 'SINCE' | 'TIMES' | 'MINUTES';
type StationColumn =
  'NUMBER' | 'DISTRICT' | 'RACKS' | 'BIKES' | 'AVAILABLE' | 'FREE_RACKS' | `${'EMPTY' | 'FULL'}_${SpellColumn}`;
const stationColumns: Orders<StationRow, StationColumn> = {
  NUMBER: ({ number }) => number,
  DISTRICT: ({ district }) => districtRank.get(district) ?? noNumber,
  RACKS: ({ racks }) => racks,
  BIKES: ({ bikes }) => bikes,
  AVAILABLE: ({ available }) => available,
  FREE_RACKS: ({ racks, bikes }) => racks - bikes,
  EMPTY_SINCE: ({ told }) => sinceOf(told('empty')),
  EMPTY_TIMES: ({ told }) => told('empty').times,
  EMPTY_MINUTES: ({ told }) => minutesOf(told('empty')),
  FULL_SINCE: ({ told }) => sinceOf(told('full')),
  FULL_TIMES: ({ told }) => told('full').times,
  FULL_MINUTES: ({ told }) => minutesOf(told('full')),
};
export type StationOrder = OrderName<StationColumn>;

/** Whole minutes of the last day in which it was so. */
export const minutesOf = ({ ms }: Told) => Math.floor(ms / minuteMs);

/** @throws {ContractError} when it is no such number. */
function requireMinutes(minutes: number | null | undefined, most: number): void {
  if (typeof minutes === 'number' && (minutes < 1 || minutes > most))
    throw new ContractError(`"forMinutes" must be 1 to ${most}, not ${minutes}.`);
}

/** What a table shows. */
export interface Moment {
  picture: Picture;
  /** Of its stations. */
  spellsOf: SpellsIn;
  /** In ms since 1970. */
  now: number;
}

/** @throws {ContractError} when the page or the filter makes no sense. */
export function bikesTable(
  { picture: { bikes, stations }, now }: Omit<Moment, 'spellsOf'>,
  filter: BikeFilter,
  orderBy: BikeOrder,
  page: TableRequest,
): TablePage<BikeLine> {
  const { condition, use, stationId, district } = filter;
  const number = filter.number?.trim() ?? '';
  if (!/^\d{0,10}$/.test(number)) throw new ContractError('"number" must be the first digits of a number, at most 10.');
  const { bikeIds } = filter;
  if (bikeIds && bikeIds.length > maxPageSize) throw new ContractError(`"bikeIds" has at most ${maxPageSize} numbers.`);
  const wanted = bikeIds && new Set(bikeIds);
  const { forMinutes } = filter;
  requireMinutes(forMinutes, largestInt);
  const latest = typeof forMinutes === 'number' ? new Date(now - forMinutes * minuteMs).toISOString() : null;
  const stationOf = (bike: BikeView) => (bike.stationId === undefined ? undefined : stations.get(bike.stationId));
  // Heard of by its reservations only, it counts once it is registered.
  const isKnown = (bike: BikeView): bike is KnownBike => bike.condition !== null;
  function* matching(): Iterable<KnownBike> {
    for (const bike of bikes.values()) {
      if (!isKnown(bike)) continue;
      if (condition && !condition.includes(bike.condition)) continue;
      if (use && !use.includes(bike.use)) continue;
      if (typeof stationId === 'string' && bike.stationId !== stationId) continue;
      if (number && !String(bike.bikeId).startsWith(number)) continue;
      if (district && stationOf(bike)?.district !== district) continue;
      if (wanted && !wanted.has(bike.bikeId)) continue;
      if (latest !== null && (bike.since === undefined || bike.since > latest)) continue;
      yield bike;
    }
  }
  const found = pageOfTable(matching(), {
    ...{ list: 'bikes', orderBy, page },
    order: orderNamed(bikeColumns(stationOf), orderBy),
    keyOf: ({ bikeId }) => bikeId,
  });
  const edges = found.edges.map(({ cursor, node }) => ({ cursor, node: { ...node, station: stationOf(node) } }));
  return { ...found, edges, nodes: edges.map(({ node }) => node) };
}

/** Longer than this is not told apart from longer still. */
const longestMinutes = dayMs / minuteMs;

/** @throws {ContractError} when the page or the filter makes no sense. */
export function stationsTable(
  { picture, spellsOf, now }: Moment,
  { district, state, situation, forMinutes, text }: StationFilter,
  orderBy: StationOrder,
  page: TableRequest,
): TablePage<StationRow> {
  requireMinutes(forMinutes, longestMinutes);
  if (typeof forMinutes === 'number' && !situation)
    throw new ContractError('"forMinutes" is for how long the "situation" has lasted: say which.');
  const latest = typeof forMinutes === 'number' ? now - forMinutes * minuteMs : null;
  const toldOf =
    (station: StationView): StationRow['told'] =>
    (what) =>
      tell(spellsOf(station)[what], now);
  const wanted = plain(text ?? '');
  function* matching(): Iterable<StationRow> {
    for (const station of picture.stations.values()) {
      if (district && station.district !== district) continue;
      if (state && station.state !== state) continue;
      if (wanted && !isNamed(station, wanted)) continue;
      const line = { ...station, ...picture.parked(station.stationId), told: toldOf(station) };
      if (situation === 'EMPTY' && line.available > 0) continue;
      if (situation === 'FULL' && line.racks > line.bikes) continue;
      if (latest !== null && sinceOf(line.told(situation === 'EMPTY' ? 'empty' : 'full')) > latest) continue;
      yield line;
    }
  }
  return pageOfTable(matching(), {
    ...{ list: 'stations', orderBy, page },
    order: orderNamed(stationColumns, orderBy),
    keyOf: ({ number }) => number,
  });
}

/** What came to a station and left it, the newest first. @throws {ContractError} when the page makes no sense. */
export function movementsTable(
  { picture, now }: Omit<Moment, 'spellsOf'>,
  stationId: string,
  page: TableRequest,
): TablePage<Movement> {
  function* movements(): Iterable<Movement> {
    for (const bike of picture.bikes.values()) yield* movementsOf(bike, stationId, now);
  }
  return pageOfTable(movements(), {
    ...{ list: 'movements', orderBy: 'AT_DESC', page },
    order: { by: ({ at }) => at, direction: -1 },
    // A bike may come and leave in the same millisecond.
    keyOf: ({ bikeId, hasArrived }) => 2 * bikeId + Number(hasArrived),
  });
}

function isNamed({ number, nameKo, nameEn }: StationView, wanted: string): boolean {
  return String(number).startsWith(wanted) || [nameKo, nameEn ?? ''].some((name) => plain(name).includes(wanted));
}

/** As people type it: full-width letters, capitals and spaces make no difference. */
const plain = (text: string) => text.normalize('NFKC').toLowerCase().replaceAll(/\s/g, '');

function orderNamed<Line, Name extends string>(columns: Orders<Line, Name>, orderBy: OrderName<Name>): Order<Line> {
  const [, name, way] = /^(.*)_(ASC|DESC)$/.exec(orderBy) ?? [];
  return { by: columns[name as Name], direction: way === 'ASC' ? 1 : -1 };
}

interface Place {
  value: Value;
  key: number;
}

interface Asked<Line> {
  list: string;
  orderBy: string;
  order: Order<Line>;
  keyOf(line: Line): number;
  page: TableRequest;
}

/** One pass over the lines, which keeps no more of them than some pages. */
function pageOfTable<Line>(lines: Iterable<Line>, asked: Asked<Line>): TablePage<Line> {
  const { order, keyOf } = asked;
  const { size, isBackward, from } = readRequest(asked);
  const sign = isBackward ? -order.direction : order.direction;
  const compare = (one: Place, other: Place) => sign * (compareValues(one.value, other.value) || one.key - other.key);
  const nearest = createNearest<Place & { line: Line }>(size, compare);
  let [totalCount, ahead] = [0, 0];
  for (const line of lines) {
    totalCount += 1;
    const placed = { value: order.by(line), key: keyOf(line), line };
    if (from && compare(placed, from) <= 0) continue;
    ahead += 1;
    nearest.add(placed);
  }
  const found = nearest.all();
  if (isBackward) found.reverse();
  const nodes = found.map(({ line }) => line);
  const edges = found.map(({ value, key, line }) => ({
    cursor: toCursor([`${asked.list} ${asked.orderBy}`, value, key]),
    node: line,
  }));
  const rowsBefore = isBackward ? ahead - nodes.length : totalCount - ahead;
  return {
    edges,
    nodes,
    totalCount,
    rowsBefore,
    pageInfo: {
      hasNextPage: rowsBefore + nodes.length < totalCount,
      hasPreviousPage: rowsBefore > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const compareValues = (one: Value, other: Value) => (one < other ? -1 : Number(one > other));

function readRequest({ list, orderBy, page: { first, after, last, before } }: Asked<never>) {
  const isBackward = typeof last === 'number' || typeof before === 'string';
  if (isBackward && (typeof first === 'number' || typeof after === 'string')) {
    throw new ContractError('A page is the "first" ones "after" a cursor, or the "last" ones "before" it: not both.');
  }
  const [argument, cursor] = isBackward ? (['before', before] as const) : (['after', after] as const);
  return {
    isBackward,
    size: isBackward ? pageSize(last, 'last') : pageSize(first),
    from: typeof cursor === 'string' ? readPlace(cursor, argument, `${list} ${orderBy}`) : null,
  };
}

function readPlace(cursor: string, argument: 'after' | 'before', wanted: string): Place {
  const isPlace = (values: unknown[]): values is [string, Value, number] =>
    values.length === 3 &&
    typeof values[0] === 'string' &&
    (typeof values[1] === 'string' || Number.isFinite(values[1])) &&
    Number.isFinite(values[2]);
  const [order, value, key] = readCursor(cursor, isPlace, argument);
  if (order !== wanted) {
    throw new ContractError(`"${argument}" is a cursor of the order "${order.slice(0, 40)}", not of "${wanted}".`);
  }
  return { value, key };
}

/** How many pages are kept until the nearest are sorted out: each is looked at some times, and most never. */
const pagesKept = 8;

/** The nearest of many, as many as a page has. */
function createNearest<Item>(size: number, compare: (one: Item, other: Item) => number) {
  let kept: Item[] = [];
  /** Whoever is beyond is none of them. */
  let farthest: Item | undefined;
  const settle = () => {
    kept.sort(compare);
    kept = kept.slice(0, size);
    if (kept.length === size) farthest = kept.at(-1);
  };
  return {
    add(item: Item): void {
      if (farthest !== undefined && compare(item, farthest) > 0) return;
      kept.push(item);
      if (kept.length >= size * pagesKept) settle();
    },
    all(): Item[] {
      settle();
      return kept;
    },
  };
}
