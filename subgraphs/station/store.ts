import { Schema, type Connection } from 'mongoose';
import type { StationEvent } from '../../schema/events/index.ts';
import { boxAround, metresBetween, type District, type Position } from '../../schema/places.ts';
import {
  pageOf,
  pageSize,
  paginate,
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

/** A station, and how far it is. */
export interface NearStation {
  station: StationRow;
  meters: number;
}

/**
 * How far to look first: some 10 stations of Seoul. Each further look goes three times as far, the last around the
 * country.
 */
const firstLookMeters = 1_000;
const lookFurther = 3;
const farthestMeters = 2_000_000;

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 1;

export function createStationStore(database: Connection) {
  const stations = database.model<StationRow>('Station', schema);

  /** All that are so near, the nearest first. */
  async function within(near: Position, meters: number, filter: StationFilter = {}): Promise<NearStation[]> {
    const { south, north, west, east } = boxAround(near, meters);
    const rows = await stations
      .find({
        ...conditionsOf(filter),
        'position.latitude': { $gte: south, $lte: north },
        'position.longitude': { $gte: west, $lte: east },
      })
      .lean<StationRow[]>()
      .exec();
    return rows
      .map((station) => ({ station, meters: metresBetween(near, station.position) }))
      .filter((one) => one.meters <= meters)
      .sort((one, other) => one.meters - other.meters || one.station.number - other.station.number);
  }

  /** The nearest beyond a place in their list, at least one more than asked for where there are so many. */
  async function nearestBeyond(
    near: Position,
    limit: number,
    filter: StationFilter,
    place: [meters: number, number: number] | null,
    size: number,
  ): Promise<NearStation[]> {
    for (let meters = firstLookMeters; ; meters *= lookFurther) {
      const found = (await within(near, Math.min(meters, limit), filter)).filter((one) => isBeyond(one, place));
      if (found.length > size || meters >= limit) return found;
    }
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

    async byNumbers(numbers: readonly number[]): Promise<Map<number, StationRow>> {
      const rows = await stations
        .find({ _id: { $in: numbers } })
        .lean<StationRow[]>()
        .exec();
      return new Map(rows.map((row) => [row.number, row]));
    },

    async statesOf(numbers: readonly number[]): Promise<Map<string, StationState>> {
      const rows = await stations
        .find({ _id: { $in: numbers } }, { stationId: 1, state: 1 })
        .lean<StationRow[]>()
        .exec();
      return new Map(rows.map(({ stationId, state }) => [stationId, state]));
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
      const found = await nearestBeyond(near, limit, filter, place, size);
      const page = pageOf(found, size, {
        after,
        placeOf: ({ meters, station }) => [meters, station.number],
        totalCount: async () => (await within(near, limit, filter)).length,
      });
      return {
        ...page,
        edges: page.edges.map(({ cursor, node }) => ({ cursor, node: node.station, meters: Math.round(node.meters) })),
        nodes: page.nodes.map(({ station }) => station),
      };
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
