import { Schema, type Connection } from 'mongoose';
import type { StationEvent } from '../../schema/events/index.ts';
import { boxAround, metersBetween, type District, type Position } from '../../schema/places.ts';
import {
  pageOf,
  pageSize,
  paginate,
  partsOf,
  readCursor,
  rowVersion,
  type Connection as Page,
  type JournalDocument,
  type PageRequest,
  type ViewChange,
  type ViewRow,
} from '../../platform/index.ts';
import type { KnownStation, Station, StationState } from './station.ts';

/** A station as lists show it. */
export type StationRow = ViewRow & KnownStation & { _id: number };

export interface StationFilter {
  district?: District | null;
  state?: StationState | null;
}

/** Only the fields that rows are found and ordered by: rows are written and read as they are. */
const schema = new Schema<StationRow>(
  {
    _id: Number,
    version: Number,
    number: Number,
    district: String,
    state: String,
    position: { latitude: Number, longitude: Number },
  },
  { collection: 'stations', versionKey: false },
);
schema.index({ number: 1 });
schema.index({ district: 1, number: 1 });
schema.index({ 'position.latitude': 1 });

/** Which stations are near, and how near they must be. */
export interface Near {
  near: Position;
  /** Null: as far as it takes. */
  withinMeters: number | null;
}

/**
 * Of a station, as much as says how near it is: a look that goes far reads no more of each. The first look for a first page
 * has about twice as many as are shown, and reads whole rows.
 */
type Placed = Pick<StationRow, 'number' | 'stationId' | 'position'>;
const ofPlaced = { number: 1, stationId: 1, position: 1 };

/** A station, and how far it is. */
export interface NearStation {
  station: Placed | StationRow;
  meters: number;
}

const isWhole = (station: Placed | StationRow): station is StationRow => 'state' in station;

/** Seoul's: 2,800 stations on 605 km². */
const stationsPerSquareMeter = 4.6e-6;
/**
 * How many times as many as are wanted a look should find: stations stand closer in one place than in another. Of questions
 * for the nearest 50 in Seoul one in three needs a second look with 1.3, and one in a hundred the last, at all stations; with
 * 2 one in ten and none, for as many rows in all.
 */
const margin = 2;
/** The last look goes as far as it may: few are left, or few match. Another look costs about as much as 100 stations. */
const mostLooks = 3;
/** Around the country, from anywhere in it. */
const farthestMeters = 2_000_000;
/** Of rows that are read at once: more than a look has. Without it, each answer above 101 rows is two. */
const batchSize = 5_000;

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 1;

export function createStationStore(database: Connection) {
  const stations = database.model<StationRow>('Station', schema);

  /** All that are so near, the nearest first. */
  async function within(
    near: Position,
    meters: number,
    filter: StationFilter = {},
    fields: typeof ofPlaced | null = ofPlaced,
  ): Promise<NearStation[]> {
    const { south, north, west, east } = boxAround(near, meters);
    const rows = await stations
      .find(
        {
          ...conditionsOf(filter),
          'position.latitude': { $gte: south, $lte: north },
          'position.longitude': { $gte: west, $lte: east },
        },
        fields,
        { batchSize },
      )
      .lean<(Placed | StationRow)[]>()
      .exec();
    return rows
      .map((station) => ({ station, meters: metersBetween(near, station.position) }))
      .filter((one) => one.meters <= meters)
      .sort((one, other) => one.meters - other.meters || one.station.number - other.station.number);
  }

  /**
   * The nearest beyond a place in their list, at least one more than asked for where there are so many; and how many there
   * are in all, where the last look has all of them.
   */
  async function nearestBeyond(
    near: Position,
    limit: number,
    filter: StationFilter,
    place: [meters: number, number: number] | null,
    size: number,
  ): Promise<{ found: NearStation[]; total?: number }> {
    const [before] = place ?? [0];
    let density = stationsPerSquareMeter;
    // Further pages read all that stand nearer, too.
    let fields = place ? ofPlaced : null;
    for (let look = 1; look < mostLooks; look += 1) {
      const meters = Math.sqrt(before ** 2 + (margin * (size + 1)) / (Math.PI * density));
      if (meters >= limit) break;
      const found = (await within(near, meters, filter, fields)).filter((one) => isBeyond(one, place));
      if (found.length > size) return { found };
      fields = ofPlaced;
      // Of the ring that was looked at: at the edge of a city it is another than around the place.
      density = Math.max(1, found.length) / (Math.PI * (meters ** 2 - before ** 2));
    }
    const all = await within(near, limit, filter, fields);
    return { found: all.filter((one) => isBeyond(one, place)), total: all.length };
  }

  /** By the command for it: the aggregation that `countDocuments` is takes some engines twice as long. */
  async function count(filter: StationFilter): Promise<number> {
    const query = conditionsOf(filter);
    // Of a whole collection, the command tells what the engine believes.
    if (Object.keys(query).length === 0) return stations.countDocuments().exec();
    const answer = await database.db?.command({ count: stations.collection.collectionName, query });
    return Number(answer?.['n']);
  }

  async function byNumbers(numbers: readonly number[]): Promise<Map<number, StationRow>> {
    const rows = await stations
      .find({ _id: { $in: numbers } })
      .lean<StationRow[]>()
      .exec();
    return new Map(rows.map((row) => [row.number, row]));
  }

  return {
    prepare: () => stations.createIndexes(),

    changesOf({ state, ...document }: JournalDocument<Station, StationEvent>): ViewChange<StationRow>[] {
      if (state.status === 'unknown') return [];
      const { status: _status, ...fields } = state;
      return [
        { collection: stations.collection, row: { _id: state.number, version: rowVersion(document), ...fields } },
      ];
    },

    byNumbers,

    async statesOf(numbers: readonly number[]): Promise<Map<string, StationState>> {
      const found = partsOf(numbers).map((some) =>
        stations
          .find({ _id: { $in: some } }, { stationId: 1, state: 1 })
          .lean<StationRow[]>()
          .exec(),
      );
      return new Map((await Promise.all(found)).flat().map(({ stationId, state }) => [stationId, state]));
    },

    list: (filter: StationFilter, page: PageRequest): Promise<Page<StationRow>> =>
      paginate(stations, conditionsOf(filter), [['number', 1]], page),

    within,

    /** The nearest first; of those equally near, by number. */
    async listNear(filter: StationFilter, { near, withinMeters }: Near, { first, after }: PageRequest) {
      const size = pageSize(first);
      const limit = Math.min(withinMeters ?? farthestMeters, farthestMeters);
      const isPlace = (values: unknown[]): values is [number, number] =>
        values.length === 2 && values.every(Number.isFinite);
      const place = after ? readCursor(after, isPlace) : null;
      const { found, total } = await nearestBeyond(near, limit, filter, place, size);
      const page = pageOf(found, size, {
        after,
        placeOf: ({ meters, station }) => [meters, station.number],
        totalCount: async () =>
          total ?? (limit === farthestMeters ? await count(filter) : (await within(near, limit, filter)).length),
      });
      const whole = page.nodes.flatMap(({ station }) => (isWhole(station) ? [[station.number, station] as const] : []));
      const rows =
        whole.length === page.nodes.length
          ? new Map(whole)
          : await byNumbers(page.nodes.map(({ station }) => station.number));
      const edges = page.edges.flatMap(({ cursor, node: { station, meters } }) => {
        const node = rows.get(station.number);
        return node ? [{ cursor, node, meters: Math.round(meters) }] : [];
      });
      return { ...page, edges, nodes: edges.map(({ node }) => node) };
    },
  };
}

const conditionsOf = ({ district, state }: StationFilter) => ({
  ...(district ? { district } : {}),
  ...(state ? { state } : {}),
});

/** Whether a station comes after a place in a list of those near. */
function isBeyond({ meters, station }: NearStation, place: [meters: number, number: number] | null): boolean {
  if (!place) return true;
  const [before, number] = place;
  return meters > before || (meters === before && station.number > number);
}

export type StationStore = ReturnType<typeof createStationStore>;
