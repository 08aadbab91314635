import { Schema, type Collection, type Connection } from 'mongoose';
import type { DemandRefusal, ReserveStatus } from '../../schema/events/index.ts';
import {
  createSharedReads,
  paginate,
  partsOf,
  writeRows,
  type Connection as Page,
  type PageRequest,
  type ViewRow,
} from '../../platform/index.ts';
import type { HourView } from './hours.ts';
import type { AccountView, BikeView, MinuteView, ReservationView, StationView } from './projections.ts';
import {
  keyOfView,
  kinds,
  plurals,
  readRowKey,
  rowKey,
  rowsIn,
  type Key,
  type Kind,
  type PositionView,
  type View,
  type Views,
  type Written,
} from './row-keys.ts';

type Row<View> = ViewRow & View;
export type ReservationRow = Row<ReservationView> & { _id: number };

export interface ReservationRowFilter {
  reserveStatus?: ReserveStatus[] | null;
  userId?: string | null;
  bikeId?: number | null;
  reserveNo?: number | null;
}

export type RowOrder = 'UPDATED_AT_DESC' | 'RESERVE_NO_DESC' | 'RESERVE_NO_ASC';

const reservationSchema = new Schema<ReservationRow>(
  {
    _id: Number,
    version: Number,
    reserveNo: Number,
    userId: String,
    bikeId: Number,
    reserveStatus: String,
    reserveDateTime: String,
    expiresAt: String,
    startDateTime: String,
    returnDateTime: String,
    fee: Number,
    refusalCode: String,
    updatedAt: String,
  },
  { versionKey: false },
);
reservationSchema.index({ updatedAt: -1, reserveNo: -1 });
reservationSchema.index({ reserveNo: -1 });
reservationSchema.index({ reserveStatus: 1, updatedAt: -1, reserveNo: -1 });
reservationSchema.index({ reserveDateTime: 1 });

const bikeSchema = new Schema<Row<BikeView>>(
  { _id: Number, version: Number, bikeId: Number, condition: String, use: String },
  { versionKey: false },
);
const accountSchema = new Schema<Row<AccountView>>(
  { _id: String, version: Number, userId: String, balance: Number },
  { versionKey: false },
);
const minuteSchema = new Schema<Row<MinuteView>>(
  { _id: String, version: Number, minute: String, refused: Schema.Types.Mixed },
  { versionKey: false },
);
const hourSchema = new Schema<Row<HourView>>({ _id: String, version: Number }, { versionKey: false });
const stationSchema = new Schema<Row<StationView>>({ _id: String, version: Number }, { versionKey: false });
type PositionRow = ViewRow & { _id: string; handled: number };
const positionSchema = new Schema<PositionRow>(
  { _id: String, version: Number, handled: Number },
  { versionKey: false },
);

const orders = {
  UPDATED_AT_DESC: [
    ['updatedAt', -1],
    ['reserveNo', -1],
  ],
  RESERVE_NO_DESC: [['reserveNo', -1]],
  RESERVE_NO_ASC: [['reserveNo', 1]],
} as const;

const collectionName = (kind: Kind, generation: number) =>
  generation === 0 ? plurals[kind] : `${plurals[kind]}_${generation}`;

/** A rebuilt row must count as older than any later commit. */
const rebuilt = 0;
const rowsPerRead = 1_000;

/**
 * One generation of the view: its collections. Except for the live one they are being built, or were replaced and wait
 * to be dropped; the feed says which is live.
 */
export function createRows(database: Connection, generation: number) {
  const named = (kind: Kind) => collectionName(kind, generation);
  const reservations = database.model<ReservationRow>(
    `Reservation${generation}`,
    reservationSchema,
    named('reservation'),
  );
  const bikes = database.model<Row<BikeView>>(`Bike${generation}`, bikeSchema, named('bike'));
  const accounts = database.model<Row<AccountView>>(`Account${generation}`, accountSchema, named('account'));
  const minutes = database.model<Row<MinuteView>>(`Minute${generation}`, minuteSchema, named('minute'));
  const hours = database.model<Row<HourView>>(`Hour${generation}`, hourSchema, named('hour'));
  const stations = database.model<Row<StationView>>(`Station${generation}`, stationSchema, named('station'));
  const positions = database.model<PositionRow>(`Position${generation}`, positionSchema, named('position'));
  const collections: { [Name in Kind]: Collection } = {
    reservation: reservations.collection,
    bike: bikes.collection,
    account: accounts.collection,
    minute: minutes.collection,
    hour: hours.collection,
    station: stations.collection,
    position: positions.collection,
  };

  /** Several rows of a kind by their keys; missing ones are left out. */
  async function find<Name extends Kind>(kind: Name, keys: readonly Key[]): Promise<Map<Key, Views[Name]>> {
    const found = partsOf(keys).map((some) => collections[kind].find({ _id: { $in: some } } as object).toArray());
    return new Map((await Promise.all(found)).flat().map((row) => [row['_id'] as unknown as Key, toView(kind, row)]));
  }

  const positionOf = createSharedReads<Key, PositionView>((subjects) => find('position', subjects));

  return {
    generation,
    async prepare() {
      await reservations.createIndexes();
    },

    /** Copies a commit into the rows; safe to repeat, in any order. */
    async write(version: number, written: Written): Promise<void> {
      await Promise.all(
        kinds.map(async (kind) => {
          const rows = rowsIn(written, kind).map((view) => stored(kind, view, version));
          if (rows.length > 0) await writeRows(collections[kind], rows);
        }),
      );
    },

    /** Writes rows of a generation that is being built; only its builder calls it. */
    async put<Name extends Kind>(kind: Name, views: readonly Views[Name][]): Promise<void> {
      if (views.length === 0) return;
      const operations = views.map((view) => {
        const replacement = stored(kind, view, rebuilt);
        return { replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true } };
      });
      await collections[kind].bulkWrite(operations as never, { ordered: false });
    },

    async position(subject: string): Promise<number> {
      return (await positionOf(subject))?.version ?? 0;
    },

    find,
    /** Rows of several kinds by their names, with one query per kind; missing ones are left out. */
    async named(rowNames: readonly string[]): Promise<Map<string, View>> {
      const wanted = Map.groupBy(rowNames.map(readRowKey), ({ kind }) => kind);
      const found = [...wanted].map(async ([kind, some]) => {
        const views = await find(
          kind,
          some.map(({ key }) => key),
        );
        return [...views].map(([key, view]) => [rowKey(kind, key), view] as const);
      });
      return new Map((await Promise.all(found)).flat());
    },

    /** All rows of a kind, in batches, in no particular order. */
    async *all<Name extends Kind>(kind: Name): AsyncGenerator<Map<Key, Views[Name]>> {
      let some = new Map<Key, Views[Name]>();
      for await (const row of collections[kind].find({}, { batchSize: rowsPerRead })) {
        some.set(row['_id'] as unknown as Key, toView(kind, row));
        if (some.size < rowsPerRead) continue;
        yield some;
        some = new Map();
      }
      if (some.size > 0) yield some;
    },

    /** How many events are in the view. */
    async events(): Promise<number> {
      const [sum] = await positions.aggregate<{ events: number }>([
        { $group: { _id: null, events: { $sum: '$handled' } } },
      ]);
      return sum?.events ?? 0;
    },

    async drop(): Promise<void> {
      for (const collection of Object.values(collections)) await collection.drop().catch(ignoreMissing);
    },

    list(filter: ReservationRowFilter, order: RowOrder, page: PageRequest): Promise<Page<ReservationRow>> {
      const { reserveStatus, userId, bikeId, reserveNo } = filter;
      const conditions = {
        ...(reserveStatus ? { reserveStatus: { $in: reserveStatus } } : {}),
        ...(userId ? { userId } : {}),
        ...(typeof bikeId === 'number' ? { bikeId } : {}),
        ...(typeof reserveNo === 'number' ? { reserveNo } : {}),
      };
      return paginate(reservations, conditions, orders[order], page);
    },

    /** The highest number; 0 for none. */
    async newestReservation(): Promise<number> {
      const newest = await reservations
        .findOne()
        .sort({ reserveNo: -1 })
        .select({ reserveNo: 1 })
        .lean<ReservationRow>();
      return newest?.reserveNo ?? 0;
    },

    /** Those with numbers from `first` to `last`, in order. By their keys: a range of them scans on some engines. */
    async reservationsBetween(first: number, last: number): Promise<ReservationView[]> {
      const numbers = Array.from({ length: last - first + 1 }, (_, place) => first + place);
      const found = await find('reservation', numbers);
      return numbers.flatMap((number) => found.get(number) ?? []);
    },

    /**
     * The requests and refusals of these minutes (`YYYY-MM-DDTHH:MM`), the oldest first, and since; empty minutes are
     * left out.
     */
    async perMinute(names: readonly string[]): Promise<Map<string, MinuteCounts>> {
      const refused = find('minute', names);
      const groups = await reservations.aggregate<RequestGroup>([
        { $match: { reserveDateTime: { $gte: names[0] } } },
        {
          $group: {
            _id: {
              minute: { $substrBytes: ['$reserveDateTime', 0, 16] },
              status: '$reserveStatus',
              code: { $ifNull: ['$refusalCode', null] },
            },
            count: { $sum: 1 },
          },
        },
      ]);
      return countsPerMinute(groups, (await refused).values());
    },
  };
}

export type ViewRows = ReturnType<typeof createRows>;

/** The generations that have collections. */
export async function storedGenerations(database: Connection): Promise<number[]> {
  const found = new Set<number>();
  for (const { name } of await database.listCollections()) {
    const [, kind = '', generation = '0'] = /^([a-z]+?)(?:_(\d+))?$/.exec(name) ?? [];
    if (Object.values<string>(plurals).includes(kind)) found.add(Number(generation));
  }
  return [...found];
}

function ignoreMissing(error: unknown): void {
  const isMissing = error instanceof Error && /ns not found/i.test(error.message);
  if (!isMissing) throw error;
}

function stored<Name extends Kind>(kind: Name, view: Views[Name], version: number): ViewRow {
  const row = kind === 'position' ? { handled: (view as PositionView).version } : view;
  return { _id: keyOfView(kind, view), version, ...row };
}

function toView<Name extends Kind>(kind: Name, row: object): Views[Name] {
  const stored = row as Row<Views[Name]> & PositionRow;
  if (kind === 'position') return { subject: stored._id, version: stored.handled } as Views[Name];
  return withoutKey(stored);
}

/** Requests of one minute with the same outcome. */
interface RequestGroup {
  _id: { minute: string; status: ReserveStatus; code: DemandRefusal | null };
  count: number;
}

export interface MinuteCounts {
  requested: number;
  rejected: number;
  /** The rejected, and those for whom no number was taken. */
  refused: number;
  /** The most frequent first. */
  refusals: { code: DemandRefusal; count: number }[];
}

function countsPerMinute(
  groups: readonly RequestGroup[],
  refusedEarly: Iterable<MinuteView>,
): Map<string, MinuteCounts> {
  const minutes = new Map<string, MinuteCounts>();
  const countsOf = (minute: string): MinuteCounts => {
    const counts = minutes.get(minute) ?? { requested: 0, rejected: 0, refused: 0, refusals: [] };
    minutes.set(minute, counts);
    return counts;
  };
  const refuse = (counts: MinuteCounts, code: DemandRefusal, count: number) => {
    counts.refused += count;
    const known = counts.refusals.find((refusal) => refusal.code === code);
    if (known) known.count += count;
    else counts.refusals.push({ code, count });
  };
  for (const { _id, count } of groups) {
    const counts = countsOf(_id.minute);
    counts.requested += count;
    if (_id.status === 'REJECTED') counts.rejected += count;
    if (_id.code) refuse(counts, _id.code, count);
  }
  for (const { minute, refused } of refusedEarly) {
    for (const [code, count] of Object.entries(refused)) refuse(countsOf(minute), code as DemandRefusal, count);
  }
  for (const { refusals } of minutes.values()) refusals.sort((one, other) => other.count - one.count);
  return minutes;
}

function withoutKey<View>(row: Row<View>): View {
  const { _id, version: _version, ...view } = row;
  return view as View;
}
