import { Schema, type Connection } from 'mongoose';
import {
  streams,
  type DemandEvent,
  type NewEvent,
  type ReservationEvent,
  type WaitingEvent,
} from '../../schema/events/index.ts';
import type { Decider } from '../../platform/event-core/decider.ts';
import {
  rowVersion,
  type Aggregate,
  type JournalDocument,
  type ViewChange,
  type ViewRow,
} from '../../platform/index.ts';
import type { BikeSlot } from './reservation.ts';
import {
  placeIn,
  type Awaited,
  type Entry,
  type Waiting,
  type WaitingCommand,
  type WaitingList,
  type WaitingRefusal,
} from './waiting.ts';

export type Lists = Aggregate<WaitingList, WaitingCommand, WaitingEvent, WaitingRefusal>;

export type ListDocument = JournalDocument<WaitingList, WaitingEvent>;
export type SlotDocument = JournalDocument<BikeSlot, ReservationEvent | DemandEvent>;

/** Any decision of the journal. */
export type AnyDocument = JournalDocument<BikeSlot | WaitingList, ReservationEvent | DemandEvent | WaitingEvent>;

/** A list, as it is found by those in it. */
export interface ListRow extends ViewRow {
  _id: string;
  list: string;
  isOpen: boolean;
  entries: Entry[];
}

const schema = new Schema<ListRow>(
  { _id: String, version: Number, list: String, isOpen: Boolean, entries: Schema.Types.Mixed },
  { collection: 'waiting', versionKey: false },
);
// Of the lists that ever were, few are open.
schema.index({ isOpen: 1, list: 1 });
schema.index({ 'entries.userId': 1 });

export function createWaitingRows(database: Connection) {
  const rows = database.model<ListRow>('WaitingList', schema);
  return {
    prepare: () => rows.createIndexes(),

    changesOf({ state, ...document }: ListDocument): ViewChange<ListRow>[] {
      const { stream } = document;
      const { entries } = state;
      const row = { version: rowVersion(document), list: stream, isOpen: entries.length > 0, entries: [...entries] };
      return [{ collection: rows.collection, row: { _id: stream, ...row } }];
    },

    /** Lists with somebody in them, in the order of their names, after one of them. */
    open: (after: string, limit: number): Promise<ListRow[]> =>
      rows
        .find({ isOpen: true, ...(after === '' ? {} : { list: { $gt: after } }) })
        .sort({ list: 1 })
        .limit(limit)
        .lean<ListRow[]>()
        .exec(),

    /** Riders with an offer that lasts for longer than until then. */
    async offered(at: string): Promise<string[]> {
      const found = await rows
        .find({ isOpen: true, 'entries.offer.until': { $gt: at } })
        .lean<ListRow[]>()
        .exec();
      return found.flatMap(({ entries }) =>
        entries.filter(({ offer }) => offer !== null && offer.until > at).map(({ userId }) => userId),
      );
    },

    /** The lists that these riders are in. */
    of: (userIds: readonly string[]): Promise<ListRow[]> =>
      rows
        .find({ isOpen: true, 'entries.userId': { $in: userIds } })
        .lean<ListRow[]>()
        .exec(),
  };
}

export type WaitingRows = ReturnType<typeof createWaitingRows>;

/** What those in a list wait for. @param stream as `streams.waiting` names it. */
export function awaitedIn(stream: string): Awaited {
  const [, bikeId, stationId = ''] = /^waiting-(?:bike-(\d+)|(.*))$/.exec(stream) ?? [];
  return bikeId === undefined ? { stationId } : { bikeId: Number(bikeId) };
}

export const listOf = ({ entries }: Pick<ListRow, 'entries'>): WaitingList => ({ status: 'list', entries });

/** Where the rider waits; where they came last, if a crash left them in two lists. */
export function whereIn(found: readonly ListRow[], userId: string): Waiting | null {
  const places = found.flatMap((row) => placeIn(listOf(row), awaitedIn(row._id), userId) ?? []);
  return places.reduce<Waiting | null>((last, each) => (last && isLater(last, each) ? last : each), null);
}

type Came = Pick<Waiting, 'userId' | 'since' | 'awaited'>;

/** Whether a rider came to one list later than to another; the names decide between equal times. */
function isLater(one: Pick<Came, 'since' | 'awaited'>, other: Pick<Came, 'since' | 'awaited'>): boolean {
  if (one.since !== other.since) return Date.parse(one.since) > Date.parse(other.since);
  return streams.waiting(one.awaited) > streams.waiting(other.awaited);
}

/** Whether the rider is in another list too, to which they came later: of two, the last one counts. */
export function isElsewhere({ _id, entries }: ListRow, place: Came): boolean {
  const there = entries.find(({ userId }) => userId === place.userId);
  const awaited = awaitedIn(_id);
  if (!there || streams.waiting(place.awaited) === _id) return false;
  return isLater({ since: there.since, awaited }, place);
}

/** The rules of slots, plus those of lists, which have streams of their own in the same journal. */
export function withWaiting<Command extends { type: string }, Made extends { type: string }, Code extends string>(
  slots: Decider<BikeSlot, Command, Made, Code>,
  lists: Decider<WaitingList, WaitingCommand, NewListEvent, WaitingRefusal>,
): Decider<BikeSlot | WaitingList, Command | WaitingCommand, Made | NewListEvent, Code | WaitingRefusal> {
  const slotIn = (state: BikeSlot | WaitingList) => (state.status === 'list' ? slots.initial : state);
  const listIn = (state: BikeSlot | WaitingList) => (state.status === 'list' ? state : lists.initial);
  return {
    initial: slots.initial,
    decide: (command, state, at) =>
      isForList(command) ? lists.decide(command, listIn(state), at) : slots.decide(command, slotIn(state), at),
    evolve: (state, event) =>
      isOfList(event) ? lists.evolve(listIn(state), event) : slots.evolve(slotIn(state), event),
  };
}

type NewListEvent = NewEvent<WaitingEvent>;

const commands: Record<WaitingCommand['type'], true> = {
  JoinList: true,
  LeaveList: true,
  TidyList: true,
  OfferBike: true,
};
const events: Record<WaitingEvent['type'], true> = {
  WaitingBegan: true,
  BikeOffered: true,
  BikeOfferWithdrawn: true,
  WaitingEnded: true,
};

const isForList = (command: { type: string }): command is WaitingCommand => Object.hasOwn(commands, command.type);
const isOfList = (event: { type: string }): event is NewListEvent => Object.hasOwn(events, event.type);

/** A stream holds decisions of one kind. */
export function listIn(document: AnyDocument): ListDocument | null {
  return document.state.status === 'list' ? (document as ListDocument) : null;
}
