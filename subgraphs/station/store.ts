import { Schema, type Connection } from 'mongoose';
import type { StationEvent } from '../../schema/events/index.ts';
import type { District } from '../../schema/places.ts';
import {
  paginate,
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
  { _id: Number, version: Number, number: Number, district: String, state: String },
  { collection: 'stations', versionKey: false },
);
schema.index({ number: 1 });
schema.index({ district: 1, number: 1 });

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 1;

export function createStationStore(database: Connection) {
  const stations = database.model<StationRow>('Station', schema);

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

    list({ district, state }: StationFilter, page: PageRequest): Promise<Page<StationRow>> {
      const filter = { ...(district ? { district } : {}), ...(state ? { state } : {}) };
      return paginate(stations, filter, [['number', 1]], page);
    },
  };
}

export type StationStore = ReturnType<typeof createStationStore>;
