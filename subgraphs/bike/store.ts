import { Schema, type Connection } from 'mongoose';
import type { BikeCondition, BikeEvent } from '../../schema/events/index.ts';
import {
  paginate,
  rowVersion,
  type Connection as Page,
  type JournalDocument,
  type PageRequest,
  type ViewChange,
  type ViewRow,
} from '../../platform/index.ts';
import type { Bike, Fault, RegisteredBike } from './bike.ts';

/** A bike as lists show it. */
export interface BikeRow extends ViewRow, RegisteredBike {
  _id: number;
  faults?: readonly Fault[];
  /** When the first of them was reported; missing where there are none. */
  faultySince?: string;
}

export interface BikeFilter {
  condition?: BikeCondition | null;
  color?: string | null;
}

/** Only the fields that rows are found and ordered by: rows are written and read as they are. */
const schema = new Schema<BikeRow>(
  { _id: Number, version: Number, bikeId: Number, color: String, condition: String, faultySince: String },
  { collection: 'bikes', versionKey: false },
);
schema.index({ bikeId: 1 });
schema.index({ condition: 1, bikeId: 1 });
schema.index({ faultySince: 1, bikeId: 1 });

/** Raise it when the rows must be rebuilt. */
export const viewsVersion = 1;

export function createBikeStore(database: Connection) {
  const bikes = database.model<BikeRow>('Bike', schema);

  return {
    prepare: () => bikes.createIndexes(),

    changesOf({ state, ...document }: JournalDocument<Bike, BikeEvent>): ViewChange<BikeRow>[] {
      if (state.status === 'unregistered') return [];
      const { status: _status, ...fields } = state;
      const since = state.faults?.[0]?.reportedAt;
      const row = { _id: state.bikeId, version: rowVersion(document), ...fields };
      return [{ collection: bikes.collection, row: since === undefined ? row : { ...row, faultySince: since } }];
    },

    async byIds(bikeIds: readonly number[]): Promise<Map<number, BikeRow>> {
      const rows = await bikes
        .find({ _id: { $in: bikeIds } })
        .lean<BikeRow[]>()
        .exec();
      return new Map(rows.map((row) => [row.bikeId, row]));
    },

    /** Bikes with faults that nobody has seen to, the longest first; of everybody, or that one person reported. */
    faulty: (reportedBy: string | null, page: PageRequest): Promise<Page<BikeRow>> =>
      paginate(
        bikes,
        // Of all bikes few are faulty: these are looked through for the person's.
        { faultySince: { $gt: '' }, ...(reportedBy === null ? {} : { 'faults.userId': reportedBy }) },
        [
          ['faultySince', 1],
          ['bikeId', 1],
        ],
        page,
      ),

    list({ condition, color }: BikeFilter, page: PageRequest): Promise<Page<BikeRow>> {
      const filter = { ...(condition ? { condition } : {}), ...(color ? { color } : {}) };
      return paginate(bikes, filter, [['bikeId', 1]], page);
    },
  };
}

export type BikeStore = ReturnType<typeof createBikeStore>;
